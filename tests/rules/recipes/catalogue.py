# SPDX-License-Identifier: Apache-2.0
"""Rules of the catalogue of powers and of senders."""

from tests.rules.recipes.recipe import LEVY, NO_MASTER, OTHER, PENALTY, PERMIT, bad, good

# --- catalogue
_YEAR_END = (
    OTHER, "only QL_SX XK_SL", "XK_SL/caseNo=MA0000015-2026-QT-00000001", "XK_SL/acceptedAt=2026-12-10T09:00:00+08:00",
    "XK_SL/occurredAt=2026-12-10T09:00:00+08:00",
)  # fmt: skip
bad(
    "CAT-024",
    "due-in-2027",
    *_YEAR_END[:3],
    "XK_SL/acceptedAt=2026-12-25T09:00:00+08:00",
    "XK_SL/occurredAt=2026-12-25T09:00:00+08:00",
    "XK_SL/dueDate=2027-01-11",
)
good("CAT-024", "due-in-2026", *_YEAR_END, "XK_SL/dueDate=2026-12-24")
bad("CAT-023", "sewage-charge-of-2018", LEVY, "QL_SX/name=排污费", "ZS_HD/periodFrom=2017-10-01")
good(
    "CAT-023",
    "sewage-charge-of-2017",
    LEVY,
    "QL_SX/name=排污费",
    "ZS_HD/periodFrom=2017-10-01",
    "ZS_JD/periodFrom=2017-10-01",
)
bad("SND-003", "dissolved-the-day-before", PENALTY, "only QL_JG QL_SX CF_LA", "QL_JG/validTo=2022-03-31")
good("SND-003", "its-last-day", PENALTY, "only QL_JG QL_SX CF_LA", "QL_JG/validTo=2022-04-01")
_LEVELS = ("QL_SX/basis#2-",)
bad("CAT-001", "ministry-rule", "QL_SX.xml", *_LEVELS, "QL_SX/basis/level=部门规章")
good("CAT-001", "with-a-law", "QL_SX.xml", "QL_SX/basis#1/level=部门规章")
_CF_ITEM = (
    "QL_SX/itemCode=CF-MA0000015-0001",
    "QL_SX/category=CF",
    "QL_SX/subcategory=CF02",
    "QL_SX/legalLimit-",
    "QL_SX/committedLimit-",
    *_LEVELS,
)
bad("CAT-002", "mere-document", "QL_SX.xml", *_CF_ITEM, "QL_SX/basis/level=规范性文件")
good("CAT-002", "local-rule", "QL_SX.xml", *_CF_ITEM, "QL_SX/basis/level=地方政府规章")
_QZ_ITEM = (
    "QL_SX/itemCode=QZ-MA0000015-0001",
    "QL_SX/category=QZ",
    "QL_SX/legalLimit-",
    "QL_SX/committedLimit-",
    *_LEVELS,
)
bad(
    "CAT-003",
    "freezing-by-regulation",
    "QL_SX.xml",
    *_QZ_ITEM,
    "QL_SX/subcategory=QZ05",
    "QL_SX/basis/level=行政法规",
    "QL_SX/effectiveFrom=2012-01-01",
)
good(
    "CAT-003",
    "freezing-by-regulation-in-2011",
    "QL_SX.xml",
    *_QZ_ITEM,
    "QL_SX/subcategory=QZ05",
    "QL_SX/basis/level=行政法规",
    "QL_SX/effectiveFrom=2011-12-31",
)
good(
    "CAT-003",
    "seizure-by-local-regulation",
    "QL_SX.xml",
    *_QZ_ITEM,
    "QL_SX/subcategory=QZ04",
    "QL_SX/basis/level=地方性法规",
)
bad(
    "CAT-004",
    "demolition-by-regulation",
    "QL_SX.xml",
    *_QZ_ITEM,
    "QL_SX/subcategory=QZ02",
    "QL_SX/basis/level=行政法规",
    "QL_SX/effectiveFrom=2012-01-01",
)
good(
    "CAT-004",
    "demolition-by-law",
    "QL_SX.xml",
    *_QZ_ITEM,
    "QL_SX/subcategory=QZ02",
    "QL_SX/basis/level=法律",
    "QL_SX/effectiveFrom=2012-01-01",
)
good(
    "CAT-004",
    "demolition-in-2011",
    "QL_SX.xml",
    *_QZ_ITEM,
    "QL_SX/subcategory=QZ02",
    "QL_SX/basis/level=行政法规",
    "QL_SX/effectiveFrom=2011-12-31",
)
_SHORT = ("only QL_JG QL_SX QL_LC XK_SQ XK_SL",)
bad("CAT-010", "unknown-version", PERMIT, "only QL_JG QL_SX QL_LC XK_SL", "XK_SL/itemVersion=2")
good("CAT-010", "no-catalogue-here", PERMIT, *NO_MASTER, *("only XK_SQ XK_SL",), "XK_SL/itemVersion=2")
bad("CAT-011", "one-review-only", PERMIT, "only QL_SX XK_SL", "QL_SX/reviews#2-")
bad("CAT-011", "not-published", PERMIT, "only QL_SX XK_SL", "QL_SX/status=legal-approved")
good("CAT-011", "suspended-later", PERMIT, "only QL_SX XK_SL", "QL_SX/status=suspended")
bad("CAT-012", "cancelled", PERMIT, "only QL_SX XK_SL", "QL_SX/status=cancelled", "QL_SX/cancelledBy=国发〔2015〕11号")
good(
    "CAT-012",
    "cancelled-later",
    PERMIT,
    "only QL_SX XK_SL",
    "QL_SX/status=cancelled",
    "QL_SX/cancelledBy=国发〔2022〕1号",
    "QL_SX/effectiveTo=2022-03-04",
)
bad("CAT-013", "internal", "QL_SX.xml", "QL_SX/internal=true")
good("CAT-013", "outward", PERMIT, "only QL_SX XK_SL", "QL_SX/internal=false")
bad("CAT-014", "ended-the-day-before", PERMIT, "only QL_SX XK_SL", "QL_SX/effectiveTo=2022-03-03")
good("CAT-014", "last-day", PERMIT, "only QL_SX XK_SL", "QL_SX/effectiveTo=2022-03-04")
_QT01 = (
    "only QL_SX XK_SL",
    "QL_SX/subcategory=QT01",
    "QL_SX/effectiveFrom=2010-01-01",
    "XK_SL/dueDate=2015-08-19",
    "XK_SL/occurredAt=2015-08-05T09:00:00+08:00",
    "XK_SL/acceptedAt=2015-08-05T09:00:00+08:00",
)
bad(
    "CAT-015",
    "first-day-without",
    OTHER,
    *_QT01,
    "XK_SL/dueDate=2015-08-20",
    "XK_SL/occurredAt=2015-08-06T09:00:00+08:00",
    "XK_SL/acceptedAt=2015-08-06T09:00:00+08:00",
)
good("CAT-015", "last-day", OTHER, *_QT01)
bad("CAT-016", "eleven-days", PERMIT, "XK_YQ/days=11")
good("CAT-016", "fifteen-days-in-joint-handling", PERMIT, "XK_YQ/days=15", "QL_SX/legalLimit/extension/n=15")
bad("CAT-017", "charged-without-basis", PERMIT, "QL_SX/chargeable=false")
good(
    "CAT-017",
    "nothing-charged",
    PERMIT,
    "QL_SX/chargeable=false",
    "XK_SF/total=0.00",
    "XK_SF/lines#1/amount=0.00",
    "XK_SF/lines#2/amount=0.00",
)
bad("CAT-018", "unknown-step", PERMIT, "XK_HJ#3/stepCode=S9", "XK_HJ#2/nextStep-")
good("CAT-018", "without-a-flow-here", PERMIT, "-QL_LC", "XK_HJ#3/stepCode=S9")
bad("CAT-019", "review-skipped", PERMIT, "-XK_HJ#2", "XK_HJ#1/nextStep-")
bad("CAT-019", "onward-to-nowhere", PERMIT, "XK_HJ#3/nextStep=S1")
good("CAT-019", "sent-back", PERMIT, "XK_HJ#3/stepCode=S1", "XK_HJ#3/nextStep-", "XK_HJ#2/nextStep=S1")
bad("CAT-020", "weekends-only", PERMIT, "XK_SL/dueDate=2022-03-17")
bad(
    "CAT-020",
    "holidays-ignored",
    OTHER,
    "only QL_SX XK_SL",
    "XK_SL/acceptedAt=2022-09-28T09:00:00+08:00",
    "XK_SL/occurredAt=2022-09-28T09:00:00+08:00",
    "XK_SL/dueDate=2022-10-12",
)
good(
    "CAT-020",
    "over-the-october-holidays",
    OTHER,
    "only QL_SX XK_SL",
    "XK_SL/acceptedAt=2022-09-28T09:00:00+08:00",
    "XK_SL/occurredAt=2022-09-28T09:00:00+08:00",
    "XK_SL/dueDate=2022-10-17",
)
bad("CAT-021", "later-than-committed", PERMIT, "XK_SL/dueDate=2022-03-21")
good("CAT-021", "as-committed", PERMIT, "XK_SL/dueDate=2022-03-18")
bad("CAT-022", "inspection", OTHER, "only QL_SX XK_SL", "QL_SX/subcategory=QT99")
good("CAT-022", "reward", OTHER, "only QL_SX XK_SL", "QL_SX/subcategory=QT03")

# --- sender
_BY = "package 2022-12-01T09:00:00+08:00 "
bad("SND-001", "somebody-elses", "CF_LA.xml", _BY + "11360100MA0000023C")
good("SND-001", "entrusted", "CF_LA.xml", "CF_LA/entrustedOrgCode=11360100MA0000023C", _BY + "11360100MA0000023C")
bad("SND-002", "strangers-number", PENALTY, "only QL_JG QL_SX CF_LA", "CF_LA/caseNo=MA0000023-2022-CF-00000001")
good("SND-002", "predecessors-number", PENALTY, "only QL_JG QL_SX CF_LA", "CF_LA/caseNo=MA000004X-2022-CF-00000001")
