# SPDX-License-Identifier: Apache-2.0
"""INC, IDM, VOL and REC for profiles that are pulled from: nothing lost at boundaries, pages that add up, reading without side effects."""

import contextlib
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from gateway_conformance.bench import Bench
from gateway_conformance.capture import CapturedRecord, keys
from gateway_conformance.case import case
from gateway_conformance.cases.service import Mark, Pulled, pulled
from gateway_conformance.subjects.subject import Unanswered
from gateway_conformance.verdict import Inconclusive

FIRST = datetime.fromisoformat("2026-05-06T09:00:00+08:00")
DAYS = 7
FAR = "2031-01-01T00:00:00+08:00"
EMPTY = "2000-02-01"
PAGES_WHILE = 200
ADDED = "XK_SQ"  # what records.add adds: its equal moments are the matter of INC-02
SEVERAL = 3  # records of a type that pages of one are tried on, where a type has as many
VOLUME, VOLUME_SECONDS = 10_000, 300.0


def _moment(bench: Bench, minutes: int = 0) -> str:
    """Return a moment of this case's own, so that cases do not meet; ``minutes`` later."""
    day = FIRST + timedelta(hours=bench.chance.randrange(20_000) / 10, minutes=minutes)
    return day.isoformat(timespec="seconds")


def _later(at: str, seconds: int) -> str:
    return (datetime.fromisoformat(at) + timedelta(seconds=seconds)).isoformat(timespec="seconds")


def _content(records: Sequence[CapturedRecord]) -> Counter[tuple[str, int, str]]:
    return Counter((record.key, record.version, record.digest) for record in records)


@case("INC-01", "S", "V")
def boundary_belongs_to_the_window(bench: Bench) -> None:
    """since(t) gives what was changed at t, and nothing that was changed before."""
    subject, at = pulled(bench), _moment(bench)
    added = bench.drive("records.add", count=3, at=at).keys
    bench.examined(len(added))
    lost = sorted(set(added) - set(keys(subject.pull(since=at))))
    if lost:
        bench.fail(
            "a",
            f"漏 {len(lost)} 条",
            f"{len(lost)} records changed at the boundary are missing",
            place="since",
            examples=lost,
        )
    if set(added) & set(keys(subject.pull(since=_later(at, 1)))):
        bench.fail("b", "since 之前变更的记录也给出了", "records changed before since were given", place="since")
    everything = {(r.key, r.version) for r in subject.pull()}
    oldest = {(r.key, r.version) for r in subject.pull(since="2000-01-01T00:00:00+08:00")}
    bench.examined(len(everything))
    if everything - oldest:
        bench.fail("c", f"全量比 since(2000) 多 {len(everything - oldest)} 条", "since(2000) lacks records of the full pull",
                   examples=sorted(key for key, _v in everything - oldest))  # fmt: skip


@case("INC-02", "S", "V")
def equal_timestamps(bench: Bench) -> None:
    """50 rows of one moment in pages of 20: none is lost, none comes twice."""
    at = _moment(bench)
    added = bench.drive("records.add", count=50, at=at).keys
    pages = pulled(bench).pages(since=at, size=20, limit=400)
    got = Counter(record.key for page in pages for record in page.records if record.key in set(added))
    bench.examined(len(added))
    lost = sorted(set(added) - set(got))
    if lost:
        bench.fail("a", f"同一时刻丢 {len(lost)} 条", f"{len(lost)} of 50 rows of one moment are lost", examples=lost)
    twice = sorted(key for key, count in got.items() if count > 1)
    if twice:
        bench.fail("b", f"同一时刻重复 {len(twice)} 条", f"{len(twice)} rows of one moment come twice", examples=twice)


@case("INC-03", "S", "V")
def late_commits(bench: Bench) -> None:
    """What a long transaction wrote becomes visible to a later increment."""
    mark = Mark(bench)
    late = bench.drive("transaction.begin").keys
    bench.clock.wait(10)
    bench.drive("records.add", count=2)
    early = set(keys(mark.changes()))
    if set(late) & early:
        raise Inconclusive("事务未提交,记录已可见", "the transaction was visible before its commit")
    bench.drive("transaction.commit")
    bench.examined(len(late))
    lost = sorted(set(late) - set(keys(mark.changes())))
    if lost:
        bench.fail(
            "a", f"长事务提交的 {lost[0]} 永久丢失", "what a long transaction committed is never given", examples=lost
        )


@case("INC-04", "S", "V")
def every_update_moves_the_stamp(bench: Bench) -> None:
    """A correction in the main table, a child table or the attachments comes with the next increment."""
    for part in ("main", "child", "attachment"):
        mark = Mark(bench)
        changed = bench.drive("record.touch", part=part).keys
        given = {record.key: record for record in mark.changes()}
        for key in changed:
            bench.examined()
            if key not in given:
                bench.fail(
                    "a",
                    f"改 {part} 表未更新变更时间",
                    f"a change in the {part} table does not move the stamp",
                    place=part,
                    examples=[key],
                )


@case("INC-07", "S", "V")
def windows_add_up(bench: Bench) -> None:
    """Windows cut at every quarter of an hour hold each change once: together they are the full pull."""
    subject, at = pulled(bench), _moment(bench)
    moments = [_later(at, 900 * number) for number in range(9)]
    added = [bench.drive("records.add", count=1, at=moment).keys for moment in moments[:-1]]
    since = [set(keys(subject.pull(since=moment, types=["XK_SQ"]))) for moment in moments]
    for number, made in enumerate(added):
        bench.examined()
        window = since[number] - since[number + 1]
        if set(made) - window:
            bench.fail("a", "并集比全量少", "a window lacks what was changed at its beginning", examples=made)
        if (window - set(made)) & {key for keys_ in added for key in keys_}:
            bench.fail("b", "窗口含别的窗口的记录", "a window holds records of another", examples=sorted(window))
    full = _content(subject.pull())
    paged = _content(subject.pull(size=37))
    bench.examined(sum(full.values()))
    if full != paged:
        less, more = full - paged, paged - full
        bench.fail("c", f"并集比全量少 {sum(less.values())} 多 {sum(more.values())}", "the pages do not add up to the full pull",
                   examples=[key for key, _v, _d in [*less, *more]])  # fmt: skip


@case("INC-09", "S", "F", "V")
def deletions_are_told(bench: Bench) -> None:
    """What is deleted in the source comes as a withdrawal."""
    mark = Mark(bench)
    gone = bench.drive("case.delete").keys
    told = {record.key for record in mark.changes() if record.type == "GG_CH"}
    now = {record.key for record in bench.subject.current()}
    for key in gone:
        bench.examined()
        if key not in told:
            kept = "仍以原样给出" if key in now else "消失但无撤回记录"
            bench.fail("a", f"{key} {kept}", f"{key}: no withdrawal", examples=[key])
            return


@case("IDM-01", "S", "V")
def pulling_twice(bench: Bench) -> None:
    """The same window pulled twice gives the same records under the same recordIds, in the same order."""
    subject = pulled(bench)
    first, second = subject.pull(), subject.pull()
    bench.examined(len(first))
    differing = [
        a.key
        for a, b in zip(first, second, strict=False)
        if (a.key, a.record_id, a.digest) != (b.key, b.record_id, b.digest)
    ]
    if differing or len(first) != len(second):
        same = Counter(keys(first)) == Counter(keys(second))
        why = "顺序或记录编号不同" if same else "记录不同"
        bench.fail("a", f"两次不一致:{why}", "two pulls of one window differ", examples=differing)


@case("IDM-02", "S", "V")
def reading_changes_nothing(bench: Bench) -> None:
    """A pull whose answer was lost can be made again and is complete; one page of the rarer types is looked at."""
    subject = pulled(bench)
    types = _one_page(bench)
    before = set(keys(subject.page(types=types, size=subject.page_size).records))
    subject.abandon_page(types)
    with contextlib.suppress(Inconclusive):
        bench.drive("records.add", count=1)  # what comes later must not push out what was there
    bench.clock.wait(1)
    after = set(keys(subject.page(types=types, size=subject.page_size).records))
    bench.examined(len(before))
    if before - after:
        bench.fail(
            "a", f"第二次少 {len(before - after)} 条", "the second pull lacks records", examples=sorted(before - after)
        )


def _one_page(bench: Bench) -> list[str]:
    """Return record types, the rarest first, that fit into one page together."""
    counted = Counter(record.type for record in bench.capture.records if record.type != ADDED)
    chosen, held = list[str](), 0
    for type_ in sorted(counted, key=lambda each: (counted[each], each)):
        if held + counted[type_] <= pulled(bench).page_size // 2:
            chosen.append(type_)
            held += counted[type_]
    return chosen


@case("IDM-05", "S", "V")
def one_id_one_content(bench: Bench) -> None:
    """One key and version never carries two contents, one recordId never two; declared digests are those of the content."""
    subject = pulled(bench)
    bench.drive("record.touch", part="main")
    contents, ids = defaultdict[tuple[str, int], set[str]](set), defaultdict[str, set[str]](set)
    for record in [*bench.capture.records, *subject.current(), *subject.current()]:
        bench.examined()
        contents[record.key, record.version].add(record.computed_digest)
        ids[record.record_id].add(f"{record.key}|{record.version}|{record.computed_digest}")
        if record.digest != record.computed_digest:
            bench.fail(
                "b", "contentDigest 与内容不符", "contentDigest is not that of the content", examples=[record.key]
            )
            return
    for (key, version), found in contents.items():
        if len(found) > 1:
            bench.fail(
                "a",
                f"{key} 第 {version} 版有 {len(found)} 种内容",
                f"{key} version {version} has {len(found)} contents",
                examples=[key],
            )
            return
    if any(len(found) > 1 for found in ids.values()):
        bench.fail("c", "同一 recordId 有两种内容", "one recordId carries two contents")


@case("IDM-06", "S", "V")
def no_duplicates_in_a_batch(bench: Bench) -> None:
    """No record stands twice in one package."""
    for page in pulled(bench).pages(limit=5):
        bench.examined(len(page.records))
        twice = [key for (key, _v), count in Counter((r.key, r.version) for r in page.records).items() if count > 1]
        if twice:
            bench.fail(
                "a", f"批内重复 {len(twice)} 条", f"{len(twice)} records stand twice in a package", examples=twice
            )
            return


@case("VOL-01", "S", "V")
def pages_add_up(bench: Bench) -> None:
    """Pages of 1, 7, 100 and 1000 are disjoint and complete."""
    subject = pulled(bench)
    counted = Counter(record.type for record in bench.capture.records)
    if not counted:
        return
    few = sorted(counted, key=lambda type_: (counted[type_] < SEVERAL, counted[type_], type_))
    others = [type_ for type_ in few if type_ != ADDED]
    for size, types in ((1, few[:1]), (7, others[:12]), (100, others), (1000, others)):
        whole = Counter(keys(subject.pull(types=types)))
        pages = subject.pages(types=types, size=size, limit=2 * sum(whole.values()) // size + 50)
        got = Counter(key for page in pages for key in keys(page.records))
        bench.examined(len(got))
        over = [len(page.records) for page in pages if len(page.records) > min(size, subject.page_size)]
        if got != whole or over:
            lost, twice = whole - got, got - whole
            bench.fail("a", f"页长 {size}:页间缺失 {sum(lost.values())} 条、重复 {sum(twice.values())} 条",
                       f"pages of {size}: {sum(lost.values())} lost, {sum(twice.values())} twice", examples=[*lost, *twice])  # fmt: skip
            return


@case("VOL-02", "S", "V")
def paging_while_rows_come(bench: Bench) -> None:
    """What was there when paging began is seen once, though rows are added meanwhile."""
    subject, at = pulled(bench), _moment(bench)
    there = Counter(bench.drive("records.add", count=28, at=at).keys)
    got, cursor = Counter[str](), None
    for _page in range(PAGES_WHILE):
        page = subject.page(types=[ADDED], since=at, size=5, cursor=cursor)
        got.update(key for key in keys(page.records) if key in there)
        if not page.more or got >= there:
            break
        cursor = page.cursor
        bench.drive("records.add", count=1, at=_later(at, 60 + _page))
    bench.examined(len(there))
    if got != there:
        lost, twice = there - got, got - there
        bench.fail(
            "a",
            f"翻页时丢 {sum(lost.values())} 条、重复 {sum(twice.values())} 条",
            "rows are lost or come twice while others are added",
            examples=[*lost, *twice],
        )


@case("VOL-04", "S", "V")
def volume(bench: Bench) -> None:
    """10,000 records within 5 minutes, reckoned from two volumes: the cost of a record must not grow.

    It fails only when three measurements in a row say so: what else the machine does must not look like growth.
    """
    subject, at = pulled(bench), "2026-06-01T09:00:00+08:00"
    bench.drive("records.add", count=100, at=at)
    small = _seconds(subject, at)
    bench.drive("records.add", count=300, at=at)
    needed, large = 0.0, 0.0
    for _measurement in range(3):
        large = _seconds(subject, at)
        needed = _reckoned(small, large)
        if needed <= VOLUME_SECONDS:
            break
    bench.examined(400)
    if needed > VOLUME_SECONDS:
        bench.fail(
            "a",
            f"按增长推算,{VOLUME} 条要用 {needed:.0f} 秒",
            f"{VOLUME} records would take {needed:.0f} s",
            expected="≤ 300 s",
            received=f"{small:.2f} s / 100, {large:.2f} s / 400",
        )


def _reckoned(small: float, large: float) -> float:
    """Return the seconds that VOLUME records would take, from those of 100 and of 400: a share by record, one by pair."""
    square = max(0.0, (large - 4 * small) / (400 * 400 - 4 * 100 * 100)) if large > 8 * small else 0.0
    linear = max(0.0, (large - square * 400 * 400) / 400)
    return square * VOLUME * VOLUME + linear * VOLUME


def _seconds(subject: Pulled, at: str) -> float:
    """Return the lesser of two times."""
    taken = []
    for _time in range(2):
        begun = time.monotonic()
        subject.pull(since=at, types=[ADDED])
        taken.append(time.monotonic() - begun)
    return min(taken)


@case("VOL-06", "S", "V")
def empty_window(bench: Bench) -> None:
    """A window without data, a day without cases: valid and empty."""
    subject = pulled(bench)
    asked: tuple[tuple[str, Callable[[], list[str]]], ...] = (
        ("since", lambda: keys(subject.pull(since=FAR))), ("day", lambda: subject.key_list(EMPTY)),
    )  # fmt: skip
    for name, ask in asked:
        bench.examined()
        try:
            held = ask()
        except Unanswered as fault:
            bench.fail(
                "a", f"空窗口报错:{fault.reason.zh}", f"an empty window is a fault: {fault.reason.en}", place=name
            )
            continue
        if held:
            bench.fail("b", f"空窗口返回 {len(held)} 条", f"an empty window holds {len(held)} records", place=name)


@case("REC-01", "S", "V")
def counts_agree(bench: Bench) -> None:
    """Daily counts by item and record type equal what was received, on days of the capture."""
    subject = pulled(bench)
    now = subject.current()
    days = sorted({record.day for record in now if record.day})
    for day in sorted(bench.chance.sample(days, min(DAYS, len(days)))):
        ours = Counter(
            (record.type, record.text("itemCode") or "")
            for record in now
            if record.day == day and record.type != "GG_CH"
        )
        theirs, records = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
        for row in subject.counts(day):
            if row.type not in {"", "GG_CH"}:
                theirs[row.type, row.item] += row.keys
                records[row.type, row.item] += row.records
        bench.examined(sum(ours.values()))
        wrong = sorted(name for name in {*ours, *theirs} if ours[name] != theirs[name] or records[name] < theirs[name])
        if wrong:
            type_, item = wrong[0]
            bench.fail("a", f"{day} {type_} {item}:对方 {theirs[wrong[0]]} 我方 {ours[wrong[0]]}",
                       f"{day} {type_} {item}: they count {theirs[wrong[0]]}, we {ours[wrong[0]]}", place=day)  # fmt: skip
            return


@case("REC-03", "S")
def zero_day(bench: Bench) -> None:
    """A day without cases is answered with a zero report: a valid answer that counts nothing."""
    subject = pulled(bench)
    for day in ("2000-02-01", "2000-02-05"):
        bench.examined()
        try:
            answer = subject.counts(day)
        except Unanswered as fault:
            bench.fail(
                "a", f"{day} 无零报告:{fault.reason.zh}", f"no zero report for {day}: {fault.reason.en}", place=day
            )
            return
        if any(row.records for row in answer):
            bench.fail("b", f"{day} 没有办件,却报了数", f"{day} has no cases but counts", place=day)
