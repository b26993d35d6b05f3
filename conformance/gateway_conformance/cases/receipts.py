# SPDX-License-Identifier: Apache-2.0
"""RCP and SUP-03, SUP-05 for profile P: each record by its own answer, each notice one task."""

import contextlib
from collections import Counter

from gateway_conformance.bench import Bench
from gateway_conformance.case import case
from gateway_conformance.cases.feedback import alert, case_of, number_of
from gateway_conformance.cases.push import accepted, added, calls_with, came, client, missing, rule, sender, tasks
from gateway_conformance.subjects.arrivals import REAL_TIME
from gateway_conformance.subjects.push import PushSubject
from gateway_conformance.verdict import Inconclusive


@case("RCP-01", "P", "F")
def receipts_are_tied(bench: Bench) -> None:
    """Twenty records, answered at different times and differently: every answer is held under its own recordId."""
    subject = sender(bench)
    with subject.undisturbed() as after:
        with subject.holding():
            first = added(bench, 10)
            subject.script(rule("refuse", first[1::2], code="0001"), rule("delay", first[:1], seconds=0.2, times=1))
            keys = [*first, *added(bench, 10)]
        came(bench, keys[0], after)
        accepted(bench, keys, after)
        given = {
            record.record_id: (record.key, call.package.answers[record.record_id])
            for call in subject.log.submissions(after=after)
            if call.package
            for record in call.package.records
            if record.key in keys and record.record_id in call.package.answers
        }
        subject.settle()
        subject.wait(lambda: set(given) <= set(bench.drive("receipt.list").keys), 5 * 60)
        answer = bench.drive("receipt.list")
        bench.examined(len(given))
        lost = sorted(key for record_id, (key, _code) in given.items() if record_id not in answer.keys)
        if lost:
            bench.fail(
                "a", f"{len(lost)} 条记录没有存下回执", f"no receipt is held for {len(lost)} records", examples=lost
            )
        codes = answer.told.get("codes")
        if isinstance(codes, dict):
            wrong = [
                key
                for record_id, (key, code) in given.items()
                if record_id in codes
                and code not in (codes[record_id] if isinstance(codes[record_id], list) else [codes[record_id]])
            ]
            if wrong:
                bench.fail("b", f"回执错配 {wrong[0]}", "an answer is held under another record", examples=wrong)


@case("RCP-02", "P", "F")
def only_the_refused_come_back(bench: Bench) -> None:
    """Eighteen of twenty are taken: only the two refused come back, mended."""
    subject = sender(bench)
    with subject.undisturbed() as after:
        with subject.holding():
            keys = added(bench, 20)
            refused = [keys[4], keys[13]]
            subject.script(rule("refuse", refused, code="1002"))
        came(bench, keys[0], after)
        taken = [key for key in keys if key not in refused]
        if not accepted(bench, taken, after):
            lost = missing(bench, taken, after)
            bench.fail("b", f"部分接收后丢 {len(lost)} 条", f"{len(lost)} records never came", examples=lost)
            return
        subject.wait(lambda: all(calls_with(bench, key, after) for key in refused))
        last = len(subject.log.calls)
        bench.examined(len(keys))
        subject.idle(REAL_TIME)
        if not isinstance(subject, PushSubject):
            _stay_refused(bench, refused, after)
        subject.script()
        fixed = [key for one in refused for key in bench.drive("record.fix", key=one).keys]
        if not accepted(bench, fixed, last):
            bench.fail(
                "c", "改正的记录没有重新报送", "the mended records never came", examples=missing(bench, fixed, last)
            )
        again = sorted(
            {
                record.key
                for call in subject.log.submissions(after=last)
                if call.package
                for record in call.package.records
            }
            & set(taken)
        )
        if again:
            bench.fail(
                "a",
                f"整批重发:已接收的 {len(again)} 条又来",
                f"{len(again)} records that were taken come again",
                examples=again,
            )


def _stay_refused(bench: Bench, refused: list[str], after: int) -> None:
    """Refused records are not dropped again as they were, and a person is told (for a client these are RCP-03)."""
    for key in refused:
        versions = Counter(
            (record.version, record.computed_digest)
            for call in calls_with(bench, key, after)
            if call.package
            for record in call.package.records
            if record.key == key
        )
        if max(versions.values(), default=0) > 1:
            bench.fail("d", "被拒的记录原样重报", "a refused record is dropped again as it was", examples=[key])
            return
    with contextlib.suppress(Inconclusive):
        silent = sorted(set(refused) - tasks(bench))
        if silent:
            bench.fail("e", "被拒的记录没有形成待办", "no task stands for a refused record", examples=silent)


@case("RCP-03", "P")
def refused_for_good(bench: Bench) -> None:
    """What is refused for good is not sent again, and a task stands for it."""
    subject = client(bench)
    with subject.undisturbed() as after:
        with subject.holding():
            keys = added(bench, 2)
            codes = dict(zip(keys, ("2004", "1002"), strict=True))
            subject.script(rule("refuse", keys, codes=codes))
        for key in keys:
            came(bench, key, after)
        subject.idle(2 * REAL_TIME)
        open_tasks = tasks(bench)
        for key, code in codes.items():
            bench.examined()
            again = calls_with(bench, key, after)[1:]
            if again:
                bench.fail(
                    "a", f"永久错误({code})仍重试 {len(again)} 次", f"{code}: sent {len(again)} times more", received=len(again),
                    examples=[key],
                )  # fmt: skip
            elif key not in open_tasks:
                bench.fail("b", f"永久拒收({code})没有形成待办", f"{code}: no task stands for it", examples=[key])


@case("RCP-06", "P", "F")
def unknown_code(bench: Bench) -> None:
    """An unknown code is no success: it raises an alarm, and the record is tried again or stands as a task."""
    subject = sender(bench)
    with subject.undisturbed() as after:
        with subject.holding():
            key = added(bench)[0]
            subject.script(rule("refuse", [key], code="9999"))
        first = came(bench, key, after)[0]
        bench.examined()
        alarmed = False

        def seen() -> bool:
            nonlocal alarmed
            alarmed = alarmed or key in tasks(bench)
            return alarmed

        subject.wait(lambda: first.answered, 60)
        for _look in range(40):
            if seen():
                break
            subject.log.wait(lambda: False, subject.within(REAL_TIME) / 40)
        again = calls_with(bench, key, first.number)
        if not again and not alarmed:
            bench.fail("a", "未知码当成功", "an unknown code is taken for success", examples=[key])
        elif not alarmed:
            bench.fail("b", "未知码没有告警", "an unknown code raises no alarm", examples=[key])
        subject.script()
        later = added(bench)[0]
        if not accepted(bench, [later], after):
            bench.fail("c", "未知码之后不再发送", "nothing is sent after an unknown code", examples=[later])


@case("SUP-03", "P")
def one_task_a_notice(bench: Bench) -> None:
    """A notice that is given again, because its acknowledgement was lost, or afterwards, makes one task."""
    subject, (case_no, item, organisation) = client(bench), case_of(bench)
    number = number_of(bench, "YJ")
    notice = alert(number, case_no, item, organisation)
    with subject.undisturbed():
        subject.script(rule("drop-before-store", operation="AckNotices", times=1))
        subject.give_notice(notice)
        subject.script()
        last = len(subject.log.calls)
        record_id = subject.put_up(notice)
        subject.wait(lambda: subject.acknowledgements(record_id, after=last), 120)
        bench.examined()
        count = bench.drive("notice.list").keys.count(number)
    if count > 1:
        bench.fail("a", f"重复建单:{count} 个任务", f"{count} tasks for one notice", examples=[number])
    elif not count:
        raise Inconclusive("通知没有形成任务(见 SUP-01)", "the notice made no task (see SUP-01)")


@case("SUP-05", "P")
def unknown_case(bench: Bench) -> None:
    """A notice about an unknown case stops nothing and is not swallowed: not acknowledged, or a task for a person."""
    subject, (case_no, item, organisation) = client(bench), case_of(bench)
    strange, good = number_of(bench, "YJ"), number_of(bench, "YJ") + "-1"
    with subject.undisturbed():
        record_id = subject.put_up(alert(strange, f"{case_no[:-8]}99999999", item, organisation))
        bench.examined()
        taken = subject.give_notice(alert(good, case_no, item, organisation))
        subject.take_down(record_id)
        if not taken:
            bench.fail(
                "a",
                "未知办件的通知使后面的通知不再被接收",
                "a notice about an unknown case stops those behind it",
                examples=[strange],
            )
        elif subject.acknowledgements(record_id):
            held = set(bench.drive("notice.list").keys)
            try:
                held |= tasks(bench)
            except Inconclusive:
                return
            if strange not in held:
                bench.fail(
                    "b",
                    "未知办件的通知被确认后丢弃",
                    "a notice about an unknown case was acknowledged and dropped",
                    examples=[strange],
                )
