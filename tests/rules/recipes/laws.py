# SPDX-License-Identifier: Apache-2.0
"""Rules of laws, on both sides of the dates on which they changed."""

from tests.rules.recipes.recipe import ADULT, CHILD, NO_MASTER, PENALTY, YOUTH, bad, good

_SUMMARY = (
    "CF_JD/procedure=1",
    "CF_JD/party/kind=1",
    "CF_JD/party/idKind=居民身份证",
    f"CF_JD/party/idNo={ADULT}",
    "CF_JD/hearingHeld-",
)
_OLD = (
    "CF_JD/decidedAt=2021-07-14T09:00:00+08:00",
    "CF_JD/occurredAt=2021-07-14T09:00:00+08:00",
    "CF_JD/deliveredAt=2021-07-15T09:00:00+08:00",
)
_NEW = (
    "CF_JD/decidedAt=2021-07-15T09:00:00+08:00",
    "CF_JD/occurredAt=2021-07-15T09:00:00+08:00",
    "CF_JD/deliveredAt=2021-07-16T09:00:00+08:00",
)
bad("LAW-001", "51-yuan-last-day", "CF_JD.xml", *_SUMMARY, *_OLD, "CF_JD/fineAmount=51.00")
bad("LAW-001", "1001-yuan-of-a-firm", "CF_JD.xml", "CF_JD/procedure=1", *_OLD, "CF_JD/fineAmount=1001.00")
good("LAW-001", "50-yuan-last-day", "CF_JD.xml", *_SUMMARY, *_OLD, "CF_JD/fineAmount=50.00")
good("LAW-001", "51-yuan-next-day", "CF_JD.xml", *_SUMMARY, *_NEW, "CF_JD/fineAmount=51.00")
good(
    "LAW-001",
    "road-traffic",
    "CF_JD.xml",
    *_SUMMARY,
    *_OLD,
    "CF_JD/fineAmount=200.00",
    "CF_JD/basis/lawName=中华人民共和国道路交通安全法",
)
bad("LAW-002", "201-yuan-first-day", "CF_JD.xml", *_SUMMARY, *_NEW, "CF_JD/fineAmount=201.00")
bad("LAW-002", "3001-yuan-of-a-firm", "CF_JD.xml", "CF_JD/procedure=1", *_NEW, "CF_JD/fineAmount=3001.00")
good("LAW-002", "200-yuan-first-day", "CF_JD.xml", *_SUMMARY, *_NEW, "CF_JD/fineAmount=200.00")
good("LAW-002", "201-yuan-general", "CF_JD.xml", *_SUMMARY, *_NEW, "CF_JD/procedure=2", "CF_JD/fineAmount=201.00")
bad(
    "LAW-003",
    "one-officer-first-day",
    "CF_DC.xml",
    "CF_DC/investigators#2-",
    "CF_DC/preserved-",
    "CF_DC/occurredAt=2021-07-15T09:00:00+08:00",
    "CF_DC/startedAt=2021-07-15T09:00:00+08:00",
)
good(
    "LAW-003",
    "one-officer-last-day",
    "CF_DC.xml",
    "CF_DC/investigators#2-",
    "CF_DC/preserved-",
    "CF_DC/occurredAt=2021-07-14T09:00:00+08:00",
    "CF_DC/startedAt=2021-07-14T09:00:00+08:00",
)
good("LAW-003", "two-officers", "CF_DC.xml", "CF_DC/preserved-")
_SPOT = ("CF_ZX/way=当场", "CF_ZX/surchargePaid-")
_SPOT_OLD = ("CF_ZX/paidAt=2021-07-14T09:00:00+08:00", "CF_ZX/occurredAt=2021-07-14T09:00:00+08:00")
_SPOT_NEW = ("CF_ZX/paidAt=2021-07-15T09:00:00+08:00", "CF_ZX/occurredAt=2021-07-15T09:00:00+08:00")
bad("LAW-005", "21-yuan-last-day", "CF_ZX.xml", *_SPOT, *_SPOT_OLD, "CF_ZX/principalPaid=21.00")
good("LAW-005", "20-yuan-last-day", "CF_ZX.xml", *_SPOT, *_SPOT_OLD, "CF_ZX/principalPaid=20.00")
good("LAW-005", "21-yuan-next-day", "CF_ZX.xml", *_SPOT, *_SPOT_NEW, "CF_ZX/principalPaid=21.00")
bad("LAW-006", "101-yuan-first-day", "CF_ZX.xml", *_SPOT, *_SPOT_NEW, "CF_ZX/principalPaid=101.00")
good("LAW-006", "100-yuan-first-day", "CF_ZX.xml", *_SPOT, *_SPOT_NEW, "CF_ZX/principalPaid=100.00")
_HEARING = ("CF_TZ/kind=听证", "CF_TZ/presider=郑示例")


def _held(requested: str, notified: str, held: str) -> tuple[str, ...]:
    at = "T09:00:00+08:00"
    return (
        *_HEARING,
        f"CF_TZ/requestedAt={requested}{at}",
        f"CF_TZ/notifiedAt={notified}{at}",
        f"CF_TZ/heldAt={held}{at}",
    )


bad("LAW-007", "six-days", "CF_TZ.xml", *_held("2021-07-01", "2021-07-05", "2021-07-11"))
good("LAW-007", "seven-days", "CF_TZ.xml", *_held("2021-07-01", "2021-07-05", "2021-07-12"))
bad("LAW-008", "seven-natural-days", "CF_TZ.xml", *_held("2021-07-10", "2021-07-15", "2021-07-22"))
good("LAW-008", "seven-working-days", "CF_TZ.xml", *_held("2021-07-10", "2021-07-15", "2021-07-26"))
good("LAW-008", "notified-the-day-before", "CF_TZ.xml", *_held("2021-07-10", "2021-07-14", "2021-07-21"))
bad("LAW-009", "eight-days", "CF_JD.xml", *_OLD, "CF_JD/deliveredAt=2021-07-22T09:00:00+08:00")
good("LAW-009", "seven-days", "CF_JD.xml", *_OLD, "CF_JD/deliveredAt=2021-07-21T09:00:00+08:00")
bad("LAW-010", "eight-working-days", "CF_JD.xml", *_NEW, "CF_JD/deliveredAt=2021-07-27T09:00:00+08:00")
good("LAW-010", "seven-working-days", "CF_JD.xml", *_NEW, "CF_JD/deliveredAt=2021-07-26T09:00:00+08:00")
_KEPT_OLD = (
    "CF_DC/occurredAt=2021-07-01T09:00:00+08:00",
    "CF_DC/startedAt=2021-07-01T09:00:00+08:00",
    "CF_DC/preserved/from=2021-07-01T09:00:00+08:00",
)
_KEPT_NEW = (
    "CF_DC/occurredAt=2021-07-15T09:00:00+08:00",
    "CF_DC/startedAt=2021-07-15T09:00:00+08:00",
    "CF_DC/preserved/from=2021-07-15T09:00:00+08:00",
)
bad("LAW-011", "eight-days", "CF_DC.xml", *_KEPT_OLD, "CF_DC/preserved/disposedAt=2021-07-09T09:00:00+08:00")
good("LAW-011", "seven-days", "CF_DC.xml", *_KEPT_OLD, "CF_DC/preserved/disposedAt=2021-07-08T09:00:00+08:00")
bad("LAW-012", "eight-working-days", "CF_DC.xml", *_KEPT_NEW, "CF_DC/preserved/disposedAt=2021-07-27T09:00:00+08:00")
good("LAW-012", "seven-working-days", "CF_DC.xml", *_KEPT_NEW, "CF_DC/preserved/disposedAt=2021-07-26T09:00:00+08:00")
bad("LAW-013", "heard-without-review", PENALTY, "CF_JD/hearingHeld=true", "CF_JD/legalReview-")
good("LAW-013", "not-heard", PENALTY, "CF_JD/hearingHeld=false", "CF_JD/legalReview-")
bad("LAW-014", "not-said", PENALTY, "CF_JD/socialInfluence-")
good(
    "LAW-014",
    "the-day-before",
    PENALTY,
    *NO_MASTER,
    "only CF_LA CF_GZ CF_JD",
    "year 2022 2021",
    "CF_JD/socialInfluence-",
    "CF_JD/decidedAt=2021-07-14T09:00:00+08:00",
    "CF_JD/occurredAt=2021-07-14T09:00:00+08:00",
    "CF_JD/deliveredAt=2021-07-15T09:00:00+08:00",
)
_PERSON = ("CF_JD/party/kind=1", "CF_JD/party/idKind=居民身份证")
bad(
    "LAW-015",
    "child",
    "CF_JD.xml",
    *_PERSON,
    f"CF_JD/party/idNo={CHILD}",
    "CF_JD/minor=true",
    "CF_JD/disclosure/form=2",
)
good(
    "LAW-015",
    "child-not-punished",
    "CF_JD.xml",
    *_PERSON,
    f"CF_JD/party/idNo={CHILD}",
    "CF_JD/minor=true",
    "CF_JD/disclosure/form=2",
    "CF_JD/result=不予处罚-未满14周岁",
    "CF_JD/kinds-",
    "CF_JD/fineAmount-",
)
bad("LAW-016", "youth-not-marked", "CF_JD.xml", *_PERSON, f"CF_JD/party/idNo={YOUTH}")
good("LAW-016", "adult", "CF_JD.xml", *_PERSON, f"CF_JD/party/idNo={ADULT}")
bad("LAW-017", "minor-published", "CF_JD.xml", *_PERSON, f"CF_JD/party/idNo={YOUTH}", "CF_JD/minor=true")
good(
    "LAW-017",
    "minor-on-request",
    "CF_JD.xml",
    *_PERSON,
    f"CF_JD/party/idNo={YOUTH}",
    "CF_JD/minor=true",
    "CF_JD/disclosure/form=2",
)
_SECURITY = ("CF_JD/basis/lawName=中华人民共和国治安管理处罚法", "CF_JD/deliveredAt-")
bad(
    "LAW-018",
    "published-in-2026",
    "CF_JD.xml",
    *_SECURITY,
    "CF_JD/decidedAt=2026-01-01T09:00:00+08:00",
    "CF_JD/occurredAt=2026-01-01T09:00:00+08:00",
)
good(
    "LAW-018",
    "published-in-2025",
    "CF_JD.xml",
    *_SECURITY,
    "CF_JD/decidedAt=2025-12-31T09:00:00+08:00",
    "CF_JD/occurredAt=2025-12-31T09:00:00+08:00",
)
bad("LAW-019", "no-influence-published", "CF_JD.xml", "CF_JD/socialInfluence=false")
good("LAW-019", "no-influence-on-request", "CF_JD.xml", "CF_JD/socialInfluence=false", "CF_JD/disclosure/form=2")
_REMEDY = ("CF_JD/procedure=1", "CF_JD/deliveredAt-", "CF_JD/remedy=六十日内复议或六个月内直接向法院起诉")
bad(
    "LAW-020",
    "sue-directly",
    "CF_JD.xml",
    *_REMEDY,
    "CF_JD/decidedAt=2024-01-01T09:00:00+08:00",
    "CF_JD/occurredAt=2024-01-01T09:00:00+08:00",
)
good(
    "LAW-020",
    "the-day-before",
    "CF_JD.xml",
    *_REMEDY,
    "CF_JD/decidedAt=2023-12-31T09:00:00+08:00",
    "CF_JD/occurredAt=2023-12-31T09:00:00+08:00",
)
_ACT_NEW = ("QZ_SS/implementedAt=2012-01-01T09:00:00+08:00", "QZ_SS/occurredAt=2012-01-01T09:00:00+08:00")
_ACT_OLD = ("QZ_SS/implementedAt=2011-12-31T09:00:00+08:00", "QZ_SS/occurredAt=2011-12-31T09:00:00+08:00")
bad("LAW-021", "one-officer-in-2012", "QZ_SS.xml", *_ACT_NEW, "QZ_SS/officers#2-")
good("LAW-021", "one-officer-in-2011", "QZ_SS.xml", *_ACT_OLD, "QZ_SS/officers#2-")
bad("LAW-022", "nobody-signed", "QZ_SS.xml", *_ACT_NEW, "QZ_SS/partySigned=false")
good("LAW-022", "witness-signed", "QZ_SS.xml", *_ACT_NEW, "QZ_SS/partySigned=false", "QZ_SS/witnessSigned=true")
good("LAW-022", "nobody-signed-in-2011", "QZ_SS.xml", *_ACT_OLD, "QZ_SS/partySigned=false")
bad(
    "LAW-023",
    "thirty-one-days",
    "QZ_JD.xml",
    "QZ_JD/from=2012-01-01T10:00:00+08:00",
    "QZ_JD/to=2012-02-01T10:00:00+08:00",
)
good(
    "LAW-023", "thirty-days", "QZ_JD.xml", "QZ_JD/from=2012-01-01T10:00:00+08:00", "QZ_JD/to=2012-01-31T10:00:00+08:00"
)
good(
    "LAW-023", "long-in-2011", "QZ_JD.xml", "QZ_JD/from=2011-12-31T10:00:00+08:00", "QZ_JD/to=2012-12-31T10:00:00+08:00"
)
_FREEZE = ("QZ_JD/kind=QZ05", "QZ_JD/account=示例银行尾号0001", "QZ_JD/amount=1000.00", "QZ_JD/list-")
bad("LAW-024", "four-working-days", "QZ_JD.xml", *_FREEZE, "QZ_JD/deliveredAt=2022-03-07T09:00:00+08:00")
good("LAW-024", "three-working-days", "QZ_JD.xml", *_FREEZE, "QZ_JD/deliveredAt=2022-03-04T09:00:00+08:00")
