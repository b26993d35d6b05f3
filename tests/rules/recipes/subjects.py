# SPDX-License-Identifier: Apache-2.0
"""Rules of publication, payment, levies, coercion and permits."""

from tests.rules.recipes.recipe import EXECUTION, LEVY, MEASURE, PENALTY, PERMIT, PUBLISHED, bad, good

# --- publication
_LEVY_PUBLISHED = "published-levy.xml"
bad("CAS-036", "eighth-working-day", PUBLISHED, "GK_XX/publishFrom=2022-05-17")
good("CAS-036", "seventh-working-day", PUBLISHED, "GK_XX/publishFrom=2022-05-16")
good("CAS-036", "late-where-asked-for", PUBLISHED, "CF_JD/disclosure/form=2", "GK_XX/publishFrom=2022-05-18")
good("CAS-036", "eighth-working-day-in-2014", PUBLISHED, "year 2022 2014", "GK_XX/publishFrom=2014-05-19")
bad("CAS-037", "twenty-first-working-day", _LEVY_PUBLISHED, "GK_XX/publishFrom=2022-05-10")
good("CAS-037", "twentieth-working-day", _LEVY_PUBLISHED, "GK_XX/publishFrom=2022-05-09")
bad("CAS-037", "penalty-of-2014", PUBLISHED, "year 2022 2014", "GK_XX/publishFrom=2014-06-09")
bad("CAS-038", "fourth-working-day", "taken-down-penalty.xml", "GK_XX/takenDownAt=2022-07-11T09:00:00+08:00")
good("CAS-038", "third-working-day", "taken-down-penalty.xml", "GK_XX/takenDownAt=2022-07-08T09:00:00+08:00")

# --- payment of fines, and the court
_NO_REMEDY = ("-GG_FY", "-GG_BG", "CF_ZX/instalments-", "CF_ZX/approver-")


def _paid(day: str) -> tuple[str, ...]:
    return f"CF_ZX/paidAt={day}T09:00:00+08:00", f"CF_ZX/occurredAt={day}T09:00:00+08:00"


bad("CAS-039", "sixteenth-day", PENALTY, *_NO_REMEDY, *_paid("2022-05-25"))
good("CAS-039", "fifteenth-day", PENALTY, *_NO_REMEDY, *_paid("2022-05-24"))
good(
    "CAS-039",
    "deferred",
    PENALTY,
    *_NO_REMEDY,
    *_paid("2022-05-25"),
    "CF_ZX/deferral/until=2022-07-01",
    "CF_ZX/deferral/approver=吴示例",
)
bad("CAS-040", "ten-days-of-three-per-cent-and-a-fen", PENALTY, *_paid("2022-06-03"), "CF_ZX/surchargePaid=300.01")
good("CAS-040", "ten-days-of-three-per-cent", PENALTY, *_paid("2022-06-03"), "CF_ZX/surchargePaid=300.00")
_COURT = (
    *_NO_REMEDY,
    "-CF_JA",
    "CF_ZX/kind=申请法院强制执行",
    "CF_ZX/principalPaid-",
    "CF_ZX/surchargePaid-",
    "CF_ZX/paidAt-",
    "CF_ZX/way-",
    "CF_ZX/receiptNo-",
)
bad("CAS-048", "ten-months", PENALTY, *_COURT, "CF_ZX/occurredAt=2023-02-10T09:00:00+08:00")
good("CAS-048", "nine-months", PENALTY, *_COURT, "CF_ZX/occurredAt=2023-02-09T09:00:00+08:00")
bad("CAS-049", "six-months", PENALTY, *_COURT, "CF_ZX/occurredAt=2022-11-09T09:00:00+08:00")
good("CAS-049", "six-months-and-a-day", PENALTY, *_COURT, "CF_ZX/occurredAt=2022-11-10T09:00:00+08:00")

# --- levies: late fees, deferral, refunds
_TAX = ("QL_SX/subcategory=ZS01",)
_CONTRIBUTIONS = ("QL_SX/subcategory=ZS03",)
bad("CAS-041", "a-fen-more", LEVY, *_TAX, "ZS_JN/lateFee=9.12")
good("CAS-041", "fourteen-days", LEVY, *_TAX, "ZS_JN/lateFee=9.10")
bad("CAS-042", "old-rate", LEVY, *_CONTRIBUTIONS, "ZS_JN/lateFee=36.40")
good("CAS-042", "new-rate", LEVY, *_CONTRIBUTIONS, "ZS_JN/lateFee=9.10")
_OLD_RATE = (*_CONTRIBUTIONS, "year 2022 2010", "QL_JG/validFrom=2009-12-01", "QL_SX/effectiveFrom=2010-01-01")
bad("CAS-043", "more-than-two-in-a-thousand", LEVY, *_OLD_RATE, "ZS_JN/lateFee=36.42")
good("CAS-043", "two-in-a-thousand", LEVY, *_OLD_RATE, "ZS_JN/lateFee=36.40")
bad("CAS-044", "more-than-owed", LEVY, "ZS_JN/lateFee=1300.01", "-ZS_TF")
good("CAS-044", "as-much-as-owed", LEVY, "ZS_JN/lateFee=1300.00", "-ZS_TF")
_DEFERRED = (*_TAX, "ZS_JM/kind=缓", "ZS_JN/lateFee-", "-ZS_TF")
bad("CAS-045", "three-months-and-a-day", LEVY, *_DEFERRED, "ZS_JM/until=2022-07-27")
good("CAS-045", "three-months", LEVY, *_DEFERRED, "ZS_JM/until=2022-07-26")


def _refunded(day: str) -> tuple[str, ...]:
    return "-ZS_JA", f"ZS_TF/paidAt={day}T09:00:00+08:00", f"ZS_TF/occurredAt={day}T09:00:00+08:00"


bad("CAS-046", "thirty-first-day", LEVY, *_TAX, *_refunded("2022-06-27"))
good("CAS-046", "thirtieth-day", LEVY, *_TAX, *_refunded("2022-06-24"))
bad(
    "CAS-047",
    "three-years-and-a-day",
    LEVY,
    *_TAX,
    *_refunded("2025-05-20"),
    "ZS_TF/appliedAt=2025-05-11T09:00:00+08:00",
)
good("CAS-047", "three-years", LEVY, *_TAX, *_refunded("2025-05-20"), "ZS_TF/appliedAt=2025-05-10T09:00:00+08:00")
good(
    "CAS-047",
    "found-by-the-office",
    LEVY,
    *_TAX,
    *_refunded("2025-05-20"),
    "ZS_TF/appliedAt-",
    "ZS_TF/foundBy=征收机关",
)

# --- coercion
bad("CAS-050", "before-the-deadline", EXECUTION, "QZ_CG/deadline=2022-05-23")
good("CAS-050", "the-day-after", EXECUTION, "QZ_CG/deadline=2022-05-22")
good("CAS-050", "urgent", EXECUTION, "QZ_CG/deadline=2022-05-23", "QZ_SS/urgent=true")
bad("CAS-051", "never-approved", MEASURE, "-QZ_SP")
good("CAS-051", "not-closed-yet", MEASURE, "-QZ_SP", "-QZ_JA")


# --- permits
def _accepted(day: str) -> tuple[str, ...]:
    at = f"{day}T09:00:00+08:00"
    return (
        "only XK_SQ XK_SL", f"XK_SL/acceptedAt={at}", f"XK_SL/occurredAt={at}", "XK_SL/dueDate=2022-04-06",
    )  # fmt: skip


bad("CAS-052", "sixth-working-day", PERMIT, *_accepted("2022-03-09"))
good("CAS-052", "fifth-working-day", PERMIT, *_accepted("2022-03-08"))
bad(
    "CAS-053",
    "large-confiscation",
    PENALTY,
    "CF_JD/kinds=CF02|CF03|CF07",
    "CF_JD/confiscatedIncome=15000.00",
    "CF_JD/confiscatedGoodsValue=5000.00",
)
good(
    "CAS-053",
    "just-below",
    PENALTY,
    "CF_JD/kinds=CF02|CF03|CF07",
    "CF_JD/confiscatedIncome=15000.00",
    "CF_JD/confiscatedGoodsValue=4999.99",
)
