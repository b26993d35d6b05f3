# SPDX-License-Identifier: Apache-2.0
"""Rules of cases."""

from tests.rules.recipes.recipe import (
    EXECUTION,
    LEVY,
    MEASURE,
    NO_MASTER,
    ON_THE_SPOT,
    PENALTY,
    PERMIT,
    PUBLISHED,
    REQUISITION,
    YOUTH,
    bad,
    good,
)

bad("CAS-001", "no-filing", PENALTY, "-CF_LA", "-CF_ZG")
bad("CAS-001", "no-application", PERMIT, "-XK_SQ", "-XK_SL")
good("CAS-001", "begins-with-acceptance", PERMIT, "-XK_SQ")
good("CAS-001", "summary-begins-with-decision", PENALTY, "-CF_LA", "CF_JD/procedure=1")
bad(
    "CAS-002",
    "step-after-decision",
    PERMIT,
    "XK_HJ#3/startedAt=2022-03-15T09:00:00+08:00",
    "XK_HJ#3/finishedAt=2022-03-17T09:00:00+08:00",
    "XK_HJ#3/occurredAt=2022-03-17T09:00:00+08:00",
)
bad(
    "CAS-002",
    "seizure-goes-on",
    MEASURE,
    "QZ_CL#2/occurredAt=2022-04-25T09:00:00+08:00",
    "QZ_CL#2/disposedAt=2022-04-25T09:00:00+08:00",
)
good(
    "CAS-002",
    "paid-after-closure",
    PENALTY,
    "CF_ZX/occurredAt=2022-07-20T09:00:00+08:00",
    "CF_ZX/paidAt=2022-07-20T09:00:00+08:00",
)
bad("CAS-003", "two-decisions", PERMIT, "+XK_JD 21")
good("CAS-003", "corrected-decision", PERMIT, "+XK_JD 8", "XK_JD#2/version=2", "XK_JD#2/operation=U")
bad("CAS-004", "two-filings", PENALTY, "+CF_LA 21")
good("CAS-004", "corrected-filing", PENALTY, "+CF_LA 1", "CF_LA#2/version=2", "CF_LA#2/operation=U")
bad("CAS-005", "two-notices", PERMIT, "+XK_BZ 21", "XK_BZ#3/kind=notice", "XK_BZ#3/deadline=2022-03-10")
good("CAS-005", "notice-and-answer", PERMIT, "XK_BZ#1/noticeNo=洪示例补〔2022〕9号")
bad("CAS-006", "two-extensions", PERMIT, "+XK_YQ 21")
bad("CAS-006", "seizure-twice", MEASURE, "+QZ_YQ 21")
good("CAS-006", "one-extension", PERMIT, "XK_YQ/days=9")
bad(
    "CAS-007",
    "decided-before-accepted",
    PERMIT,
    *NO_MASTER,
    "only XK_SQ XK_SL XK_JD",
    "XK_JD/decidedAt=2022-03-03T09:00:00+08:00",
    "XK_JD/occurredAt=2022-03-03T09:00:00+08:00",
)
bad(
    "CAS-007",
    "delivered-before-decided",
    PERMIT,
    "XK_SD/deliveredAt=2022-03-15T09:00:00+08:00",
    "XK_SD/occurredAt=2022-03-15T09:00:00+08:00",
)
good(
    "CAS-007",
    "at-once",
    PERMIT,
    "XK_SD/deliveredAt=2022-03-16T09:00:00+08:00",
    "XK_SD/occurredAt=2022-03-16T09:00:00+08:00",
)
bad("CAS-008", "end-of-another", PERMIT, "XK_TB#2/startSequence=4")
bad("CAS-008", "resumption-of-nothing", PENALTY, "CF_ZZ#2/startSequence=5")
good("CAS-008", "not-ended-yet", PERMIT, "-XK_TB#2")
bad("CAS-009", "no-notice", PENALTY, "-CF_GZ", "-CF_TZ")
bad(
    "CAS-009",
    "notice-after-decision",
    PENALTY,
    "CF_GZ/deliveredAt=2022-05-07T09:00:00+08:00",
    "CF_GZ/occurredAt=2022-05-07T09:00:00+08:00",
)
good(
    "CAS-009",
    "no-penalty",
    PENALTY,
    "-CF_GZ",
    "-CF_TZ",
    "-CF_ZX",
    "CF_JD/result=不予处罚-轻微",
    "CF_JD/kinds-",
    "CF_JD/fineAmount-",
)
_OFFERED = ("CF_GZ/hearingOffered=true", "CF_GZ/hearingBasis=行政处罚法")
_OLD_CASE = (
    *NO_MASTER,
    "only CF_LA CF_GZ CF_JD",
    "year 2022 2021",
    "CF_JD/socialInfluence-",
    "CF_JD/legalReview-",
    "CF_JD/deliveredAt-",
    *_OFFERED,
)


def _decided(notice: str, decided: str) -> tuple[str, ...]:
    at = "T09:00:00+08:00"
    return (
        f"CF_GZ/deliveredAt={notice}{at}", f"CF_GZ/occurredAt={notice}{at}", f"CF_JD/decidedAt={decided}{at}",
        f"CF_JD/occurredAt={decided}{at}",
    )  # fmt: skip


bad("CAS-010", "third-day", PENALTY, *_OLD_CASE, *_decided("2021-07-09", "2021-07-12"))
good("CAS-010", "fourth-day", PENALTY, *_OLD_CASE, *_decided("2021-07-09", "2021-07-13"))
bad(
    "CAS-011",
    "fifth-working-day",
    PENALTY,
    *_OLD_CASE,
    "CF_JD/socialInfluence=true",
    *_decided("2021-07-15", "2021-07-22"),
)
good(
    "CAS-011",
    "sixth-working-day",
    PENALTY,
    *_OLD_CASE,
    "CF_JD/socialInfluence=true",
    *_decided("2021-07-15", "2021-07-23"),
)
good(
    "CAS-011",
    "waived",
    PENALTY,
    *_OFFERED,
    *_decided("2022-04-15", "2022-05-06"),
    "CF_TZ/kind=听证",
    "CF_TZ/waived=true",
    "CF_TZ/heldAt-",
)
good(
    "CAS-011",
    "notified-the-day-before",
    PENALTY,
    *_OLD_CASE,
    "CF_JD/socialInfluence=true",
    *_decided("2021-07-14", "2021-07-19"),
)
_ONE = (*NO_MASTER, "only CF_LA CF_DC", "CF_DC/preserved-", "CF_DC/investigators#2-", "year 2022 2012")
bad("CAS-012", "one-officer", PENALTY, *_ONE)
good("CAS-012", "one-officer-in-a-summary-case", PENALTY, *_ONE, "CF_LA/procedure=1")
bad("CAS-013", "investigator-presides", PENALTY, "CF_TZ/presider=赵示例")
good("CAS-013", "somebody-else", PENALTY, "CF_TZ/presider=郑示例")
_REVOKED = ("CF_JD/kinds=CF02|CF08", "CF_JD/suspendedLicenceNo=示例证0001")
bad("CAS-014", "revoked-without-hearing", PENALTY, *_OLD_CASE[:-2], *_REVOKED, *_decided("2021-06-01", "2021-07-14"))
good("CAS-014", "revoked-after-offer", PENALTY, *_OLD_CASE, *_REVOKED, *_decided("2021-06-01", "2021-07-14"))
good(
    "CAS-014",
    "lowered-grade-is-new",
    PENALTY,
    *_OLD_CASE[:-2],
    "CF_JD/kinds=CF02|CF99",
    *_decided("2021-06-01", "2021-07-14"),
)
bad("CAS-015", "grade-lowered-without-hearing", PENALTY, "CF_JD/kinds=CF02|CF10")
good("CAS-015", "grade-lowered-after-offer", PENALTY, "CF_JD/kinds=CF02|CF10", *_OFFERED)
bad("CAS-016", "large-fine", PENALTY, "CF_JD/fineAmount=20000.00")
good("CAS-016", "just-below", PENALTY, "CF_JD/fineAmount=19999.99")
bad("CAS-017", "more-than-imposed", PENALTY, "-GG_BG", "CF_ZX/principalPaid=1000.01")
good("CAS-017", "surcharge-apart", PENALTY, "-GG_BG", "CF_ZX/surchargePaid=30.00")
bad("CAS-018", "above-the-fine", PENALTY, "CF_ZX/surchargePaid=1000.01")
good("CAS-018", "as-much-as-the-fine", PENALTY, "CF_ZX/surchargePaid=1000.00")
good(
    "CAS-018",
    "decided-in-2011",
    PENALTY,
    *NO_MASTER,
    "only CF_LA CF_GZ CF_JD CF_ZX",
    "year 2022 2011",
    "CF_JD/socialInfluence-",
    "CF_JD/legalReview-",
    "CF_ZX/surchargePaid=5000.00",
)
_LONG = (*NO_MASTER, "only CF_LA CF_GZ CF_JD")
bad(
    "CAS-019",
    "ninety-one-days",
    PENALTY,
    *_LONG,
    "CF_JD/decidedAt=2022-07-01T09:00:00+08:00",
    "CF_JD/occurredAt=2022-07-01T09:00:00+08:00",
    "CF_JD/deliveredAt-",
)
good(
    "CAS-019",
    "ninety-days",
    PENALTY,
    *_LONG,
    "CF_JD/decidedAt=2022-06-30T09:00:00+08:00",
    "CF_JD/occurredAt=2022-06-30T09:00:00+08:00",
    "CF_JD/deliveredAt-",
)
_LATE_NOTICE = (*NO_MASTER, "only XK_SQ XK_BZ", "-XK_BZ#2")
bad("CAS-020", "sixth-working-day", PERMIT, *_LATE_NOTICE, "XK_BZ/occurredAt=2022-03-09T09:00:00+08:00")
good("CAS-020", "fifth-working-day", PERMIT, *_LATE_NOTICE, "XK_BZ/occurredAt=2022-03-08T09:00:00+08:00")
bad(
    "CAS-021",
    "eleventh-working-day",
    PERMIT,
    "XK_SD/deliveredAt=2022-03-31T09:00:00+08:00",
    "XK_SD/occurredAt=2022-03-31T09:00:00+08:00",
)
good(
    "CAS-021",
    "tenth-working-day",
    PERMIT,
    "XK_SD/deliveredAt=2022-03-30T09:00:00+08:00",
    "XK_SD/occurredAt=2022-03-30T09:00:00+08:00",
)
bad(
    "CAS-022",
    "thirty-hours",
    ON_THE_SPOT,
    "QZ_SP/reportedAt=2022-03-06T15:30:00+08:00",
    "QZ_SP/approvedAt=2022-03-06T16:00:00+08:00",
    "QZ_SP/occurredAt=2022-03-06T16:00:00+08:00",
)
good(
    "CAS-022",
    "twenty-four-hours",
    ON_THE_SPOT,
    "QZ_SP/reportedAt=2022-03-06T09:30:00+08:00",
    "QZ_SP/approvedAt=2022-03-06T16:00:00+08:00",
    "QZ_SP/occurredAt=2022-03-06T16:00:00+08:00",
)
_EXEC = (*NO_MASTER, "only QZ_SP QZ_JD QZ_SS")
bad("CAS-023", "no-demand", EXECUTION, "-QZ_CG")
good("CAS-023", "urgent", EXECUTION, "-QZ_CG", "QZ_SS/urgent=true")
good("CAS-023", "in-2011", EXECUTION, *_EXEC, "year 2022 2011")
bad(
    "CAS-024",
    "at-night",
    EXECUTION,
    "QZ_SS/implementedAt=2022-06-06T22:00:00+08:00",
    "QZ_SS/occurredAt=2022-06-06T22:00:00+08:00",
)
bad(
    "CAS-024",
    "dragon-boat-festival",
    EXECUTION,
    "QZ_SS/implementedAt=2022-06-03T10:00:00+08:00",
    "QZ_SS/occurredAt=2022-06-03T10:00:00+08:00",
)
good(
    "CAS-024",
    "before-ten",
    EXECUTION,
    "QZ_SS/implementedAt=2022-06-06T21:59:59+08:00",
    "QZ_SS/occurredAt=2022-06-06T21:59:59+08:00",
)
good(
    "CAS-024",
    "at-night-urgent",
    EXECUTION,
    "QZ_SS/implementedAt=2022-06-06T22:00:00+08:00",
    "QZ_SS/occurredAt=2022-06-06T22:00:00+08:00",
    "QZ_SS/urgent=true",
)
bad("CAS-025", "thirty-six-days", MEASURE, "QZ_YQ/to=2022-05-06T10:00:00+08:00")
good("CAS-025", "thirty-days-and-testing", MEASURE, "QZ_YQ/to=2022-05-05T10:00:00+08:00")
bad("CAS-026", "line-left", MEASURE, "-QZ_CL#2")
bad("CAS-026", "not-returned", REQUISITION, "-ZY_FH")
good("CAS-026", "not-closed-yet", MEASURE, "-QZ_CL#2", "-QZ_JA")
bad("CAS-027", "more-than-listed", MEASURE, "QZ_CL#1/lines/quantity=3")
good(
    "CAS-027",
    "in-two-parts",
    MEASURE,
    "QZ_CL#1/lines/quantity=1",
    "+QZ_CL 21",
    "QZ_CL#3/lines/lineNo=1",
    "QZ_CL#3/lines/quantity=1",
)
bad("CAS-028", "version-not-there", "withdrawn-decision.xml", "GG_CH/targetVersion=2", "GG_CH/version=3")
good("CAS-028", "newest-version", "withdrawn-decision.xml", "GG_CH/reason=误报")
bad("CAS-029", "unknown-act", PENALTY, "GG_BG/actKey=CF_JD:MA0000015-2022-CF-00000001:77")
good("CAS-029", "known-act", PENALTY, "GG_BG/refund-")
bad("CAS-030", "deemed-as-of-later", PERMIT, "XK_SL/deemed=true")
good(
    "CAS-030",
    "deemed-as-of-receipt",
    PERMIT,
    *NO_MASTER,
    "XK_SL/deemed=true",
    "XK_SL/acceptedAt=2022-03-01T09:00:00+08:00",
)
bad("CAS-031", "another-party", PENALTY, "CF_JD/party/name=南昌另一示例有限公司")
good("CAS-031", "same-party", PENALTY, "CF_JD/party/contact=赵示例")
bad("CAS-032", "nobody", PENALTY, "-CF_LA", "CF_JD/procedure=1", "CF_JD/party-")
good("CAS-032", "party-of-the-filing", PENALTY, "CF_JD/party-")
bad("CAS-033", "more-than-paid", LEVY, "ZS_TF/amount=1300.00")
good("CAS-033", "all-of-it", LEVY, "ZS_TF/amount=1208.40")
bad("CAS-034", "more-than-levied", LEVY, "ZS_JM/amount=1300.01")
good("CAS-034", "all-of-it", LEVY, "ZS_JM/amount=1300.00")
bad("CAS-035", "no-such-decision", MEASURE, "QZ_SS/decisionSequence=5")
good("CAS-035", "only-decision", MEASURE, "QZ_SS/decisionSequence-")
bad(
    "PUB-002",
    "minor",
    PUBLISHED,
    "CF_JD/party/kind=1",
    "CF_JD/minor=true",
    "CF_JD/party/idKind=居民身份证",
    f"CF_JD/party/idNo={YOUTH}",
    "CF_JD/disclosure/form=2",
)
good("PUB-002", "adult", PUBLISHED, "CF_JD/minor=false")
bad("PUB-003", "mere-warning", PUBLISHED, "-CF_ZX", "CF_JD/kinds=CF01", "CF_JD/fineAmount-")
good("PUB-003", "warning-and-fine", PUBLISHED, "CF_JD/kinds=CF01|CF02")
bad(
    "PUB-004",
    "in-2026",
    PUBLISHED,
    "CF_JD/disclosure/form=2",
    "CF_JD/basis/lawName=中华人民共和国治安管理处罚法",
    "GK_XX/publishFrom=2026-01-01",
    "GK_XX/publishTo=2026-04-01",
)
good(
    "PUB-004",
    "in-2025",
    PUBLISHED,
    "CF_JD/disclosure/form=2",
    "CF_JD/basis/lawName=中华人民共和国治安管理处罚法",
    "GK_XX/publishFrom=2025-12-31",
    "GK_XX/publishTo=2026-03-31",
)
