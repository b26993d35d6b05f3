# SPDX-License-Identifier: Apache-2.0
"""IDM, ORD, COR-03, VOL-07 and RCP-04/05 for profile P: what the client does when it was not answered, or put off."""

from collections import defaultdict
from itertools import pairwise

from gateway_conformance.bench import Bench
from gateway_conformance.case import case
from gateway_conformance.cases.push import accepted, added, calls_with, came, client, missing, rule, sender, tasks
from gateway_conformance.standin.log import Call
from gateway_conformance.subjects.arrivals import REAL_TIME
from gateway_conformance.verdict import Inconclusive

TRIES = 6
ROUNDS = 3
GROWS, SURELY = 1.2, 2.0
BUSY = 300.0
PATIENCE = 120.0


def _lost(bench: Bench, action: str) -> tuple[Call, list[Call], list[Call]]:
    """Leave one package unanswered; returns it, the queries for it, and the later calls with its record."""
    subject = client(bench)
    with subject.undisturbed() as after:
        with subject.holding():
            key = added(bench)[0]
            subject.script(rule(action, [key], times=1))
        first = came(bench, key, after)[0]
        package = first.package
        if package is None:
            raise Inconclusive("数据包不可读", "the package cannot be read")
        stored = action == "drop-after-store"
        subject.wait(
            lambda: (
                calls_with(bench, key, first.number)
                or (stored and any(call.status == 200 for call in subject.log.queries(package, after=first.number)))
            )
        )
        return first, subject.log.queries(package, after=first.number), calls_with(bench, key, first.number)


@case("IDM-03", "P")
def same_id_again(bench: Bench) -> None:
    """What was not answered comes again under the same packageId with the same body."""
    for action in ("drop-before-store", "drop-after-store"):
        first, queries, again = _lost(bench, action)
        bench.examined()
        if first.package is None:
            continue
        if not again:
            if action == "drop-before-store" or not queries:
                bench.fail(
                    "c",
                    "没有回执的数据包不再重发,也不查询",
                    "a package without a receipt is neither sent again nor asked for",
                    examples=first.package.keys,
                )
            continue
        later = again[0].package
        if later is None:
            continue
        if later.package_id != first.package.package_id:
            given_up = first.package.package_id in {
                each for call in again if call.package for each in call.package.voided
            }
            if not (given_up and queries):
                bench.fail("a", "重发换了报文编号", "sent again under another packageId", examples=later.keys)
        elif later.computed_body_digest != first.package.computed_body_digest:
            bench.fail(
                "b",
                "重发时同一编号的内容变了",
                "sent again under the same packageId with another body",
                examples=later.keys,
            )


@case("RCP-05", "P")
def asks_before_it_sends_again(bench: Bench) -> None:
    """A receipt that does not come is asked for before the package is sent again."""
    first, queries, again = _lost(bench, "drop-before-store")
    bench.examined()
    if first.package is None:
        return
    if again and not [call for call in queries if call.number < again[0].number]:
        bench.fail(
            "a", "没有先查询回执就重发", "sent again without asking for the receipt", examples=first.package.keys
        )
    elif not again and not queries:
        bench.fail(
            "b",
            "丢回执即丢件:既不查询也不重发",
            "a lost receipt is a lost package: neither asked nor sent again",
            examples=first.package.keys,
        )
    elif not again:
        bench.fail(
            "c", "查到未收到之后没有重发", "never sent again though it was never received", examples=first.package.keys
        )


@case("IDM-04", "P")
def duplicate_is_success(bench: Bench) -> None:
    """A record answered 0001 with its proof is done: not sent again, no task."""
    subject = client(bench)
    with subject.undisturbed() as after:
        with subject.holding():
            key = added(bench)[0]
            subject.script(rule("refuse", [key], code="0001"))
        came(bench, key, after)
        bench.examined()
        subject.idle(2 * REAL_TIME)
        again = calls_with(bench, key, after)[1:]
        if again:
            bench.fail(
                "a",
                f"收到重复回执仍重发 {len(again)} 次",
                f"sent {len(again)} times more after a duplicate",
                examples=[key],
            )
            return
        try:
            open_tasks = tasks(bench)
        except Inconclusive:
            return
        if key in open_tasks:
            bench.fail(
                "b", "重复回执被当作失败:仍有待办", "a duplicate is treated as a failure: a task stands", examples=[key]
            )


@case("ORD-01", "P", "F")
def in_business_order(bench: Bench) -> None:
    """Records of a case arrive in the order in which things happened, also where the first is answered late."""
    subject = sender(bench)
    _inversions(bench, [record.key for record in bench.capture.records])
    with subject.undisturbed() as after:
        with subject.holding():
            keys = bench.drive("script.run", name="A").keys
            subject.script(rule("delay", keys[:1], seconds=0.3, times=1))
        if not keys:
            raise Inconclusive("脚本 A 没有返回业务主键", "script A returned no keys")
        came(bench, keys[0], after)
        accepted(bench, keys, after)
        _inversions(bench, [key for key in keys if key.startswith("XK_")])


def _inversions(bench: Bench, keys: list[str]) -> None:
    """Fail for the first record of a case that was taken though an earlier one was not there yet."""
    wanted = set(keys)
    by_case = defaultdict[str, list[tuple[str, int, str]]](list)
    seen = set[str]()
    for record in sender(bench).log.fresh:
        sequence = record.text("sequence") or ""
        if (
            record.key in wanted
            and record.key not in seen
            and record.case
            and record.version == 1
            and sequence.isdecimal()
        ):
            seen.add(record.key)
            by_case[record.case].append((record.text("occurredAt") or "", int(sequence), record.key))
    for number, records in by_case.items():
        bench.examined(len(records))
        for before, after in pairwise(records):
            if after[0] < before[0] and after[1] < before[1]:
                bench.fail(
                    "a",
                    f"{number}:{before[2]} 先于 {after[2]} 到达",
                    f"{before[2]} came before {after[2]}",
                    examples=[after[2]],
                )
                return


@case("ORD-02", "P", "F")
def numbers_without_gaps(bench: Bench) -> None:
    """packageSeq grows by one in each stream; a number stands for one package; what was given up is named."""
    subject = sender(bench)
    with subject.undisturbed() as after:
        keys = [added(bench)[0] for _time in range(3)]
        accepted(bench, keys, after)
    gaps: list[int] = []

    def closed() -> bool:
        gaps[:] = _gaps(subject.log.submissions())
        return not gaps

    subject.wait(closed, REAL_TIME)
    bench.examined(len(subject.log.submissions()))
    if gaps:
        bench.fail("a", f"缺序号 {gaps[0]}", f"the number {gaps[0]} is missing", examples=gaps)
    used = defaultdict[tuple[str, str], set[str]](set)
    for call in subject.log.submissions():
        if call.package:
            used[call.package.head.get("streamId", ""), call.package.head.get("packageSeq", "")].add(
                call.package.package_id
            )
    twice = sorted(seq for (_stream, seq), ids in used.items() if len(ids) > 1)
    if twice:
        bench.fail(
            "b", f"序号 {twice[0]} 用于两个数据包", f"the number {twice[0]} stands for two packages", examples=twice
        )
    if any(not seq.isdecimal() or int(seq) < 1 for _stream, seq in used):
        bench.fail("c", "packageSeq 不是从 1 起的序号", "packageSeq is no number from 1")


def _gaps(calls: list[Call]) -> list[int]:
    """Return the numbers that are missing in the streams; as many as packages that were given up unseen are explained."""
    streams = defaultdict[str, set[int]](set)
    packages = [call.package for call in calls if call.package]
    for package in packages:
        seq = package.head.get("packageSeq", "")
        if seq.isdecimal():
            streams[package.head.get("streamId", "")].add(int(seq))
    seen = {package.package_id for package in packages}
    given_up = len({each for package in packages for each in package.voided} - seen)
    found = [number for held in streams.values() for number in range(min(held), max(held)) if number not in held]
    return sorted(found)[given_up:]


@case("ORD-03", "P")
def others_flow(bench: Bench) -> None:
    """A refused record holds back its own case only: the other cases go on."""
    subject = client(bench)
    with subject.undisturbed() as after:
        with subject.holding():
            refused = added(bench)[0]
            subject.script(rule("refuse", [refused], code="2001"))
        came(bench, refused, after)
        subject.idle(60)  # the client makes up its mind about the answer
        others = added(bench, 5)
        bench.examined(len(others))
        if not accepted(bench, others, after):
            held = missing(bench, others, after)
            bench.fail(
                "a",
                f"一件失败全队停:{len(held)} 件没有送出",
                f"one refusal holds back {len(held)} other cases",
                examples=held,
            )


@case("COR-03", "P")
def refused_is_mended(bench: Bench) -> None:
    """A record refused for its content is not sent again as it was; mended, it comes as its next version."""
    subject = client(bench)
    with subject.undisturbed() as after:
        with subject.holding():
            key = added(bench)[0]
            subject.script(rule("refuse", [key], code="1002", times=1))
        first = came(bench, key, after)[0]
        subject.idle(REAL_TIME)
        bench.examined()
        before = next(record for record in first.package.records if record.key == key) if first.package else None
        again = [
            record
            for call in calls_with(bench, key, first.number)
            if call.package
            for record in call.package.records
            if record.key == key and before and record.computed_digest == before.computed_digest
        ]
        if again:
            bench.fail("a", "被拒后原样重发", "sent again as it was after its refusal", examples=[key])
            return
        bench.drive("record.fix", key=key)
        subject.wait(lambda: not missing(bench, [key], first.number))
        mended = [
            r
            for call in calls_with(bench, key, first.number)
            if call.package
            for r in call.package.records
            if r.key == key
        ]
        if not mended:
            bench.fail("b", "改正后没有重新报送", "never sent again though it was mended", examples=[key])
        elif before and mended[-1].version <= before.version:
            bench.fail(
                "c",
                "改正后的记录没有升版本",
                "mended under the same version",
                expected=before.version + 1,
                received=mended[-1].version,
                examples=[key],
            )


@case("VOL-07", "P")
def busy_slows_down(bench: Bench) -> None:
    """BUSY with a wait: no package before it ends, then it comes."""
    subject = client(bench)
    with subject.undisturbed() as after:
        with subject.holding():
            key = added(bench)[0]
            subject.script(rule("fault", code="4001", retryAfter=int(BUSY), times=1))
        first = came(bench, key, after)[0]
        bench.examined()
        if not subject.wait(lambda: calls_with(bench, key, first.number)):
            bench.fail("b", "忙之后不再发送", "nothing is sent after the receiver was busy", examples=[key])
            return
        answered = first.answered or first.at
        early = [
            call
            for call in subject.log.submissions(after=first.number)
            if call.at - answered < bench.clock.bound(BUSY) * 0.98
        ]
        if early:
            waited = (early[0].at - answered) * bench.clock.scale
            bench.fail(
                "a",
                f"忙时 {waited:.0f} 秒内重发",
                f"sent again after {waited:.0f} s",
                expected=f"≥ {BUSY:.0f} s",
                received=f"{waited:.0f} s",
            )


@case("RCP-04", "P")
def waits_grow(bench: Bench) -> None:
    """503 six times: the waits between attempts grow, nothing is lost."""
    shares, waits = list[float](), list[float]()
    for _round in range(ROUNDS):
        key, moments, arrived = _unavailable(bench)
        bench.examined(len(moments))
        if len(moments) < TRIES:
            if not arrived:
                bench.fail(
                    "b",
                    f"503 之后 {key} 丢失:既未送达也无待办",
                    f"{key} is lost after 503: neither sent nor a task",
                    examples=[key],
                )
            return
        waits = [later - before for before, later in pairwise(moments)]
        shares.append(sum(waits[-2:]) / max(sum(waits[:2]), 1e-9))
        if not arrived:
            bench.fail(
                "b",
                f"503 之后 {key} 丢失:既未送达也无待办",
                f"{key} is lost after 503: neither sent nor a task",
                examples=[key],
            )
            return
        if shares[-1] >= SURELY:
            return
    if sum(share > GROWS for share in shares) < ROUNDS:
        seconds = sum(waits) / len(waits) * bench.clock.scale
        bench.fail(
            "a", f"间隔固定 {seconds:.0f} 秒", f"a fixed wait of about {seconds:.0f} s", received=f"{seconds:.0f} s"
        )


def _unavailable(bench: Bench) -> tuple[str, list[float], bool]:
    """Answer 503 six times; returns the key, when the attempts came, and whether the record arrived or is a task."""
    subject = client(bench)
    with subject.undisturbed() as after:
        with subject.holding():
            key = added(bench)[0]
            subject.script(rule("http-503", [key]), rule("http-503", operation="QueryReceipt"))
        package = came(bench, key, after)[0].package

        def attempts() -> list[Call]:
            asked = subject.log.queries(package, after=after) if package else []
            return sorted([*calls_with(bench, key, after), *asked], key=lambda call: call.number)

        subject.wait(lambda: len(attempts()) >= TRIES, 4 * 3600)
        moments = [call.at for call in attempts()][:TRIES]
        subject.script()
        subject.resume()
        arrived = accepted(bench, [key], after)
        if not arrived:
            try:
                arrived = key in tasks(bench)
            except Inconclusive:
                arrived = False
        return key, moments, arrived
