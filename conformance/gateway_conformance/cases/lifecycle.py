# SPDX-License-Identifier: Apache-2.0
"""FLW, COR, CLK-03 and PUB-05: scripted cases are carried out by the system, then judged by the gateway's validator."""

from collections.abc import Sequence
from math import ceil

from gateway_conformance.bench import Bench
from gateway_conformance.capture import CapturedRecord
from gateway_conformance.case import case
from gateway_conformance.cases.claims import claimed
from gateway_conformance.cases.records import answered_for, say
from gateway_conformance.cases.service import Mark, by_key
from gateway_conformance.verdict import Inconclusive

REAL_TIME = 15 * 60.0
EVENTS = 10
LOOK = 10.0  # seconds between two looks
DEADLINES = (
    "2022-01-27T10:00:00+08:00", "2022-09-27T10:00:00+08:00", "2024-02-05T09:30:00+08:00", "2023-09-26T15:00:00+08:00",
    "2025-01-22T11:00:00+08:00", "2025-09-24T09:00:00+08:00",
)  # fmt: skip
AWKWARD = ("2024-02-29T10:00:00+08:00", "2024-12-31T16:00:00+08:00", "2025-02-28T09:00:00+08:00")
LATE = frozenset({"CAS-020", "CAS-022"})
"""Warnings of the validator that are the very matter of a script: a notice or an approval that came too late."""


def run(bench: Bench, name: str) -> list[CapturedRecord]:
    """Let the system carry a script out and return the records it gave, in the order in which things happened."""
    mark = Mark(bench)
    answer = bench.drive("script.run", name=name)
    found = by_key(mark.changes(), answer.keys)
    bench.examined(len(found))
    if not answer.keys:
        raise Inconclusive(f"脚本 {name} 没有返回业务主键", f"script {name} returned no keys")
    return found


def types(records: Sequence[CapturedRecord]) -> list[str]:
    """Return the record types in order."""
    return [record.type for record in records]


def wanted(bench: Bench, letter: str, records: Sequence[CapturedRecord], *needed: str) -> bool:
    """Fail where record types are missing; returns whether all are there."""
    missing = [type_ for type_ in needed if type_ not in types(records)]
    if missing:
        bench.fail(
            letter,
            f"缺少 {'、'.join(missing)} 报文",
            f"no {', '.join(missing)} was given",
            place=missing[0],
            examples=[r.key for r in records],
        )
    return not missing


def judged(bench: Bench, records: Sequence[CapturedRecord], id_: str) -> None:
    """Take down what the validator says of a script under this case."""
    later = bench.subject.judge(records)
    say(bench, [each for each in later.judged if claimed(each, later.judge) == id_], LATE)


@case("FLW-01")
def full_case(bench: Bench) -> None:
    """Script A: application, acceptance, steps, decision and delivery all come, in this order."""
    records = run(bench, "A")
    order = ("XK_SQ", "XK_SL", "XK_HJ", "XK_JD", "XK_SD")
    if wanted(bench, "a", records, *order):
        first = [types(records).index(type_) for type_ in order]
        if first != sorted(first):
            bench.fail("b", "报文次序不对", "the messages come in another order", received=types(records))


@case("FLW-02")
def refusals_say_why(bench: Bench) -> None:
    """Script B: a refusal to accept and one to grant carry reason and remedy."""
    records = run(bench, "B")
    refusals = [
        r
        for r in records
        if (r.type == "XK_SL" and r.text("result") == "2") or (r.type == "XK_JD" and r.text("result") == "不予")
    ]
    if not refusals:
        raise Inconclusive("脚本 B 没有产生不予受理或不予许可", "script B made no refusal")
    for record in refusals:
        for element, zh in (("reason", "理由"), ("remedy", "救济途径")):
            if not record.text(element):
                bench.fail(
                    "b",
                    f"不予{'受理' if record.type == 'XK_SL' else '许可'}无{zh}",
                    f"a refusal without {element}",
                    place=element,
                    examples=[record.key],
                )
    say(bench, answered_for(bench.capture, "FLW-02"))


@case("FLW-03")
def one_supplement(bench: Bench) -> None:
    """Script C: one supplement notice, within 5 working days."""
    records = run(bench, "C")
    notices = [r for r in records if r.type == "XK_BZ" and r.text("kind") == "notice"]
    if not notices:
        bench.fail("b", "没有补正通知报文", "no supplement notice was given")
    judged(bench, records, "FLW-03")
    say(bench, answered_for(bench.capture, "FLW-03"))


@case("FLW-04")
def clock_stops(bench: Bench) -> None:
    """Script D: a special procedure has a start and an end that names it."""
    records = run(bench, "D")
    procedures = [record for record in records if record.type == "XK_TB"]
    starts = {record.text("sequence") for record in procedures if record.text("phase") == "start"}
    ends = {record.text("startSequence") for record in procedures if record.text("phase") == "end"}
    if not starts:
        bench.fail("a", "没有特别程序开始的报文", "no start of a special procedure was given")
    if starts - ends:
        bench.fail(
            "b",
            "特别程序没有结束报文,时限无法扣除",
            "a special procedure never ends: its days cannot be deducted",
            examples=sorted(filter(None, starts - ends)),
        )
    if ends - starts:
        bench.fail("c", "特别程序的结束没有对应的开始", "an end names no start")


@case("FLW-05")
def one_extension(bench: Bench) -> None:
    """Script E: one extension, within the item's limit, approved, the applicant told."""
    records = run(bench, "E")
    if wanted(bench, "b", records, "XK_YQ"):
        for record in (record for record in records if record.type == "XK_YQ"):
            for element in ("approver", "reason", "toldApplicantAt"):
                if not record.text(element):
                    bench.fail(
                        "c",
                        f"延期缺 {element}",
                        f"an extension without {element}",
                        place=element,
                        examples=[record.key],
                    )
    judged(bench, records, "FLW-05")
    say(bench, answered_for(bench.capture, "FLW-05"))


@case("FLW-06")
def deadlines(bench: Bench) -> None:
    """Due dates count working days by the State Council's arrangement, over Spring Festival and October."""
    _accepted(bench, DEADLINES)
    say(bench, answered_for(bench.capture, "FLW-06"))


@case("CLK-03")
def awkward_dates(bench: Bench) -> None:
    """29 February, year's end and month's end are handled: the records hold the date that was given."""
    for at in AWKWARD:
        mark = Mark(bench)
        answer = bench.drive("case.accept", at=at)
        for record in by_key(mark.changes(), answer.keys):
            bench.examined()
            if (record.text("occurredAt") or "")[:10] != at[:10]:
                bench.fail(
                    "a",
                    f"跨年/闰日错误:{record.text('occurredAt')}",
                    "an awkward date comes back as another",
                    expected=at,
                    examples=[record.key],
                )


def _accepted(bench: Bench, moments: Sequence[str]) -> None:
    for at in moments:
        mark = Mark(bench)
        answer = bench.drive("case.accept", at=at)
        records = by_key(mark.changes(), answer.keys)
        if not records:
            raise Inconclusive("没有收到 case.accept 写入的记录", "what case.accept wrote never came")
        accepted = [record for record in records if record.type == "XK_SL"]
        bench.examined(len(accepted))
        if not any(record.text("dueDate") for record in accepted):
            bench.fail("b", "受理记录没有应办结日期", "an acceptance without dueDate", examples=answer.keys)
        judged(bench, records, "FLW-06")


@case("FLW-07")
def overdue_is_reported(bench: Bench) -> None:
    """Script F: a case past its due date is in the next pull."""
    records = run(bench, "F")
    bench.examined()
    if not {"XK_SQ", "XK_SL"} <= set(types(records)):
        bench.fail("a", "超期件未出现在报送中", "a case past its due date is held back")


@case("FLW-08")
def applicant_withdraws(bench: Bench) -> None:
    """Script G: the applicant's withdrawal ends the case with the result that stands for it."""
    records = run(bench, "G")
    ends = [record for record in records if record.type == "XK_JD"]
    if not ends:
        bench.fail("a", "撤件后仍为在办", "the case goes on after its applicant gave it up")
    elif ends[-1].text("result") != "撤回申请":
        bench.fail(
            "b",
            f"撤件的办理结果为 {ends[-1].text('result')}",
            "the result does not say that the application was withdrawn",
            expected="撤回申请",
        )


@case("FLW-09")
def real_time(bench: Bench) -> None:
    """Ten events, one after the other: 95 of 100 arrive within 15 minutes, none takes more than twice that."""
    mark, waits = Mark(bench), list[float]()
    for _event in range(EVENTS):
        added = set(bench.drive("records.add", count=1).keys)
        begun = bench.clock.monotonic()
        while added - {record.key for record in mark.changes()}:
            if bench.clock.monotonic() - begun > bench.clock.bound(2 * REAL_TIME):
                bench.fail(
                    "a", "30 分钟内没有出现", "an event did not arrive within 30 minutes", examples=sorted(added)
                )
                return
            bench.clock.wait(LOOK)
        waits.append((bench.clock.monotonic() - begun) * bench.clock.scale)
        bench.examined()
    slow = percentile(waits, 95)
    if slow > REAL_TIME + bench.clock.scale:  # one second of the bench is lost in reading
        bench.fail(
            "b",
            f"95% 分位延迟 {slow / 60:.1f} 分钟",
            f"the 95th percentile of the delays is {slow / 60:.1f} minutes",
            expected="≤ 15",
        )


def percentile(values: Sequence[float], share: int) -> float:
    """Return the nearest-rank percentile: the least value that ``share`` of 100 do not exceed."""
    return sorted(values)[ceil(len(values) * share / 100) - 1]


@case("FLW-10")
def closed_is_closed(bench: Bench) -> None:
    """After the end of a case only what the standard lists."""
    records = run(bench, "A")
    judged(bench, records, "FLW-10")
    say(bench, answered_for(bench.capture, "FLW-10"))
    bench.examined(len(bench.capture.by_case()))


@case("FLW-12")
def measures_end(bench: Bench) -> None:
    """Script K: a seizure is extended once at most, tested days are deducted, every line is disposed of in time."""
    records = run(bench, "K")
    wanted(bench, "b", records, "QZ_JD", "QZ_CL")
    judged(bench, records, "FLW-12")
    say(bench, answered_for(bench.capture, "FLW-12"))


@case("FLW-13")
def on_the_spot(bench: Bench) -> None:
    """Script L: an on-the-spot measure has its approval, reported within 24 hours."""
    records = run(bench, "L")
    approvals = [record for record in records if record.type == "QZ_SP"]
    if not approvals:
        bench.fail("b", "当场强制没有补批", "an on-the-spot measure without an approval")
    judged(bench, records, "FLW-13")
    say(bench, answered_for(bench.capture, "FLW-13"))


@case("FLW-14")
def revoked_penalty(bench: Bench) -> None:
    """Script M: a remedy against a closed penalty and the change of the act are both reported."""
    records = run(bench, "M")
    wanted(bench, "a", records, "GG_FY", "GG_BG")


@case("COR-01")
def correction_keeps_the_key(bench: Bench) -> None:
    """Script I: a correction keeps the key, raises the version by one, is marked as one and says why."""
    mark = Mark(bench)
    answer = bench.drive("script.run", name="I")
    for record in by_key(mark.changes(), answer.keys):
        bench.examined()
        before = mark.held.get(record.key)
        if before is None:
            bench.fail("a", "更正件换了编号", "a correction under another key", examples=[record.key])
        elif record.version != before.version + 1:
            bench.fail(
                "b",
                f"更正的版本是 {record.version},应为 {before.version + 1}",
                "the version is not the next one",
                examples=[record.key],
            )
        elif record.text("operation") != "U" or not record.text("remark"):
            bench.fail(
                "c",
                "更正没有标为更正或没有原因",
                "a correction that is not marked as one, or without a reason",
                examples=[record.key],
            )
    say(bench, answered_for(bench.capture, "COR-01"))


@case("COR-02")
def withdrawal_is_whole(bench: Bench) -> None:
    """A withdrawal names key, version, reason and approver, and takes the next version."""
    mark = Mark(bench)
    gone = bench.drive("case.delete").keys
    told = [record for record in mark.changes() if record.type == "GG_CH" and record.key in gone]
    if not told:
        raise Inconclusive("没有收到撤回记录(见 INC-09)", "no withdrawal was given (see INC-09)")
    for record in told:
        bench.examined()
        lacking = [e for e in ("targetKey", "targetVersion", "reason", "approver") if not record.text(e)]
        if lacking:
            bench.fail(
                "a",
                f"撤回缺 {'、'.join(lacking)}",
                f"a withdrawal without {', '.join(lacking)}",
                place=lacking[0],
                examples=[record.key],
            )
            return
        if str(record.version - 1) != (record.text("targetVersion") or "").lstrip("+0"):
            bench.fail(
                "b",
                "撤回的版本不是目标版本的下一版",
                "a withdrawal does not take the next version",
                examples=[record.key],
            )
            return
    judged(bench, told, "COR-02")


@case("PUB-05")
def revoked_is_taken_down(bench: Bench) -> None:
    """Nothing stays published of a decision that was withdrawn or revoked."""
    run(bench, "M")
    bench.drive("case.delete", published=True)
    now = list(bench.subject.current())
    held = {record.key for record in now if record.type != "GG_CH"}
    revoked = {
        r.text("actKey") for r in now if r.type == "GG_BG" and r.text("kind") in {"撤销", "确认无效", "确认违法"}
    }
    for record in now:
        if record.type == "GK_XX":
            bench.examined()
            source = record.text("sourceKey")
            if source in revoked or source not in held:
                bench.fail("a", "撤回后仍公开", "still published after its withdrawal", examples=[record.key])
