# SPDX-License-Identifier: Apache-2.0
"""SUP for profile S, and what of it all profiles share: notices of supervision are taken, kept as one task each, and replied to."""

from zlib import crc32

from gateway_conformance.bench import Bench
from gateway_conformance.case import case
from gateway_conformance.cases.service import Mark, by_key, service
from gateway_conformance.subjects.wire import EXCHANGE
from gateway_conformance.verdict import Inconclusive

LEVELS = (("1", "预警"), ("2", "黄牌"), ("3", "红牌"))


def alert(number: str, case_no: str, item: str, organisation: str, level: str = "1") -> str:
    """Return an alert; its sequence comes of its number, so that no key carries two contents."""
    at = "2026-03-05T09:00:00+08:00"
    return (
        f'<p:alert xmlns:p="{EXCHANGE}" xmlns="{EXCHANGE}"><caseNo>{case_no}</caseNo><itemCode>{item}</itemCode><itemVersion>1</itemVersion>'
        f"<orgCode>{organisation}</orgCode><regionCode>360100</regionCode><sequence>{1000 + crc32(number.encode()) % 9_000_000}</sequence><version>1</version><operation>C</operation>"
        f"<occurredAt>{at}</occurredAt><alertNo>{number}</alertNo><level>{level}</level><ruleCode>S04</ruleCode><text>距承诺时限一个工作日</text>"
        f"<raisedAt>{at}</raisedAt><replyBy>2026-03-10T09:00:00+08:00</replyBy></p:alert>"
    )


def instruction(number: str, alert_no: str, case_no: str, item: str, organisation: str) -> str:
    """Return an instruction that an alert led to."""
    at = "2026-03-06T09:00:00+08:00"
    return (
        f'<p:instruction xmlns:p="{EXCHANGE}" xmlns="{EXCHANGE}"><caseNo>{case_no}</caseNo><itemCode>{item}</itemCode><itemVersion>1</itemVersion>'
        f"<orgCode>{organisation}</orgCode><regionCode>360100</regionCode><sequence>{1000 + crc32(number.encode()) % 9_000_000}</sequence><version>1</version><operation>C</operation>"
        f"<occurredAt>{at}</occurredAt><instructionNo>{number}</instructionNo><alertNo>{alert_no}</alertNo><text>请说明办理情况</text>"
        f"<issuedBy>南昌市示例监察室</issuedBy><issuedAt>{at}</issuedAt><replyBy>2026-03-11T09:00:00+08:00</replyBy></p:instruction>"
    )


def case_of(bench: Bench) -> tuple[str, str, str]:
    """Return number, item and organisation of a case that an alert can be about."""
    record = next((r for r in bench.capture.records if r.type == "XK_SL"), None) or next(
        (r for r in bench.capture.records if r.case), None
    )
    if record is None:
        raise Inconclusive("没有办件可供发预警", "there is no case to raise an alert about")
    return record.case, record.text("itemCode") or "", record.text("orgCode") or ""


def number_of(bench: Bench, kind: str) -> str:
    """Return a number for a notice."""
    return f"{kind}20260305-{bench.chance.randrange(10_000):04d}"


@case("SUP-01")
def notices_are_taken(bench: Bench) -> None:
    """An alert of each level and an instruction are acknowledged and stand as tasks."""
    case_no, item, organisation = case_of(bench)
    base = number_of(bench, "YJ")
    sent = {f"{base}-{level}": alert(f"{base}-{level}", case_no, item, organisation, level) for level, _name in LEVELS}
    number = number_of(bench, "DB")
    sent[number] = instruction(number, base, case_no, item, organisation)
    for number, notice in sent.items():
        bench.examined()
        if not bench.subject.give_notice(notice):
            bench.fail("a", f"未确认 {number}", f"{number} was not acknowledged", examples=[number])
    held = set(bench.drive("notice.list").keys)
    lost = sorted(set(sent) - held)
    if lost:
        bench.fail(
            "b",
            f"已确认但没有保存 {len(lost)} 个通知",
            f"{len(lost)} notices were acknowledged but not kept",
            examples=lost,
        )


@case("SUP-02")
def replies_arrive(bench: Bench) -> None:
    """The department's reply comes as feedback that names the notice."""
    case_no, item, organisation = case_of(bench)
    number = number_of(bench, "YJ")
    bench.subject.give_notice(alert(number, case_no, item, organisation))
    mark = Mark(bench)
    answer = bench.drive("notice.reply", number=number)
    replies = [record for record in by_key(mark.changes(), answer.keys) if record.type == "JC_FK"]
    bench.examined()
    if not replies:
        bench.fail("a", f"督办 {number} 无反馈", f"no feedback for {number}", examples=[number])
        return
    for record in replies:
        if record.text("alertNo") != number:
            bench.fail(
                "b",
                "反馈没有写明通知编号",
                "the feedback does not name the notice",
                place="alertNo",
                examples=[record.key],
            )
        for element in ("explanation", "repliedBy", "repliedAt"):
            if not record.text(element):
                bench.fail(
                    "c", f"反馈缺 {element}", f"a feedback without {element}", place=element, examples=[record.key]
                )
    later = bench.subject.judge(replies)
    wrong = [
        each
        for each in later.judged
        if each.finding.refuses and not each.finding.code.startswith("CA") and each.finding.path != "feedback/alertNo"
    ]
    if wrong and not bench.failures:
        bench.fail(
            "d",
            f"反馈不合标准:{wrong[0].finding.message.zh}",
            f"the feedback is not valid: {wrong[0].finding.message.en}",
            place=wrong[0].finding.path,
        )


@case("SUP-03", "S")
def one_task_a_notice(bench: Bench) -> None:
    """A notice that comes twice makes one task."""
    subject, (case_no, item, organisation) = service(bench), case_of(bench)
    number = number_of(bench, "YJ")
    for _time in range(2):
        subject.answer("PutNotice", alert(number, case_no, item, organisation))
    bench.examined()
    count = bench.drive("notice.list").keys.count(number)
    if count > 1:
        bench.fail("a", f"重复建单:{count} 个任务", f"{count} tasks for one notice", examples=[number])
    elif not count:
        raise Inconclusive("通知没有形成任务(见 SUP-01)", "the notice made no task (see SUP-01)")


@case("SUP-05", "S")
def unknown_case(bench: Bench) -> None:
    """A notice for an unknown case is refused with the code that says so."""
    _known, item, organisation = case_of(bench)
    number = number_of(bench, "YJ")
    reply = service(bench).call("PutNotice", alert(number, "MA0000015-2022-XK-99999999", item, organisation))
    bench.examined()
    fault = reply.fault()
    if fault is None:
        bench.fail("a", "未知办件的通知被接受", "a notice for an unknown case was taken")
    elif fault[0] != "2002":
        bench.fail(
            "b",
            f"未知办件报 {fault[0] or 'HTTP ' + str(reply.status)},应为 2002",
            "another code than 2002",
            expected="2002",
            received=fault[0],
        )
