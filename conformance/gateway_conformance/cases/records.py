# SPDX-License-Identifier: Apache-2.0
"""Record-level cases: what the gateway's validator says of the capture, each finding under the case that answers for it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from itertools import pairwise
from typing import Final

from gateway_conformance.bench import Bench
from gateway_conformance.capture import Capture, CapturedRecord, Judged
from gateway_conformance.case import case
from gateway_conformance.cases.claims import claimed
from gateway_conformance.subjects.subject import Unanswered
from gateway_conformance.verdict import Inconclusive

PARTY: Final = ("party", "applicant", "respondent", "agent", "payer")
EXAMINED: Final[dict[str, tuple[str, ...]]] = {
    "SCH-02": (), "SCH-07": (), "SCH-08": ("amount", "total", "fineAmount", "principalPaid"), "SCH-13": ("attachment",), "COD-01": ("orgCode",), "COD-02": ("idNo",), "COD-03": ("idNo",),
    "COD-04": ("regionCode",), "COD-05": ("itemCode",), "COD-06": ("itemCode",), "COD-07": ("orgCode",),
    "COD-08": ("stepCode",), "COD-09": ("decidedAt",), "COD-10": ("idKind",), "CMP-03": PARTY, "CMP-06": (),
    "XRC-02": (), "XRC-04": ("decidedAt",), "XRC-06": ("amount", "total", "principalPaid"), "CLK-02": ("occurredAt",),
    "PUB-01": ("decidedAt",), "PUB-02": ("disclosure", "decidedAt"), "PUB-03": ("disclosure", "decidedAt"),
}  # fmt: skip
"""Cases that say only what the validator finds, and the elements that make a record something for them to look at."""

FILLER_SHARE: Final = 0.005
FROM_CATALOGUE: Final = frozenset({"COD-05", "COD-08"})
RESULTS: Final = {"XK": "XK_JD", "QT": "XK_JD", "CF": "CF_JD", "ZS": "ZS_JD", "QZ": "QZ_JD"}


def say(bench: Bench, judged: Iterable[Judged], grave: frozenset[str] = frozenset()) -> None:
    """Take down validator findings, one a code and path, with examples; a warning only warns, unless it is ``grave``."""
    groups: dict[tuple[str, str, bool], list[Judged]] = defaultdict(list)
    for each in judged:
        groups[each.finding.code, each.finding.path, each.finding.refuses].append(each)
    for (code, path, refuses), found in sorted(groups.items(), key=lambda group: group[0]):
        finding = found[0].finding
        take = bench.fail if refuses or code in grave else bench.warn
        many_zh, many_en = (f"(共 {len(found)} 条)", f" ({len(found)} records)") if len(found) > 1 else ("", "")
        take(
            "a", f"{finding.message.zh}{many_zh}", f"{finding.message.en}{many_en}", hint=finding.hint, place=path,
            expected=code, examples=[each.record.key for each in found],
        )  # fmt: skip


def answered_for(capture: Capture, id_: str) -> list[Judged]:
    """Return the findings that a case answers for."""
    return [each for each in capture.judged if claimed(each, capture.judge) == id_]


def _record_case(id_: str, elements: tuple[str, ...]) -> Callable[[Bench], None]:
    def look(bench: Bench) -> None:
        if id_ in FROM_CATALOGUE and bench.description.file("items", "catalogue") is None:
            raise Inconclusive("没有给出批准的职权目录([items] catalogue)", "no approved list: [items] catalogue")
        capture = bench.capture
        bench.examined(len(capture.having(*elements)) if elements else len(capture.records))
        say(bench, answered_for(capture, id_))

    return look


for _id, _elements in EXAMINED.items():
    case(_id)(_record_case(_id, _elements))


@case("COD-11")
def case_numbers(bench: Bench) -> None:
    """Case numbers fit the pattern and stand for one case of one item."""
    import re

    pattern = re.compile(r"[0-9A-Z]{9}-\d{4}-(XK|CF|ZS|QZ|QT)-\d{8}")
    for number, records in bench.capture.by_case().items():
        bench.examined()
        if not pattern.fullmatch(number):
            bench.fail("b", "办件编号不符合规则", "a case number does not fit the pattern", examples=[number])
        items = {record.text("itemCode") for record in records if record.text("itemCode")}
        if len(items) > 1:
            bench.fail(
                "c",
                f"办件编号重复:{number} 用于 {len(items)} 个事项",
                "one case number for several items",
                examples=items,
            )
    say(bench, answered_for(bench.capture, "COD-11"))


@case("CMP-01")
def mandatory_elements(bench: Bench) -> None:
    """What the dictionary makes mandatory is there; every record of a case names its handler (steps: CMP-05)."""
    capture = bench.capture
    bench.examined(len(capture.records))
    say(bench, [each for each in answered_for(capture, "CMP-01") if each.record.type != "XK_HJ"])
    held = [record for record in capture.records if record.case and record.type != "XK_HJ"]
    _owed(bench, "b", held, "operatorName")


@case("CMP-02")
def no_fillers(bench: Bench) -> None:
    """Words that say nothing stand in less than half a percent of the records that have the element."""
    capture = bench.capture
    bench.examined(len(capture.records))
    found: dict[str, list[Judged]] = defaultdict(list)
    for each in answered_for(capture, "CMP-02"):
        found[each.finding.path].append(each)
    for path, judged in sorted(found.items()):
        share = len(judged) / max(1, sum(record.type == judged[0].record.type for record in capture.records))
        take = bench.fail if share >= FILLER_SHARE else bench.warn
        take("a", f"疑似填充值占 {share:.1%}:{judged[0].finding.message.zh}", f"{share:.1%} fillers: {judged[0].finding.message.en}",
             hint=judged[0].finding.hint, place=path, examples=[each.record.key for each in judged])  # fmt: skip


@case("CMP-05")
def steps_name_their_handler(bench: Bench) -> None:
    """Each step states post, handler and time."""
    steps = [record for record in bench.capture.records if record.type == "XK_HJ"]
    bench.examined(len(steps))
    for letter, element in zip("abc", ("operatorPost", "operatorName", "startedAt"), strict=True):
        _owed(bench, letter, steps, element)
    say(bench, [each for each in answered_for(bench.capture, "CMP-01") if each.record.type == "XK_HJ"])


def _owed(bench: Bench, letter: str, records: Sequence[CapturedRecord], element: str) -> None:
    lacking = [record for record in records if not record.text(element)]
    if lacking:
        label = bench.capture.judge.pack.shape("XK_HJ").find(element)
        named = label.label.zh if label else element
        bench.fail(
            letter, f"{named}缺失 {len(lacking)}/{len(records)} 条", f"{element} is missing in {len(lacking)} of {len(records)}",
            place=element, examples=[record.key for record in lacking],
        )  # fmt: skip


@case("CMP-04")
def every_item_has_a_case(bench: Bench) -> None:
    """Each item declared live has at least one case with a result."""
    done = {record.text("itemCode") for record in bench.capture.records if record.type in RESULTS.values()}
    for item in bench.description.live:
        bench.examined()
        if item not in done:
            bench.fail("a", f"事项 {item} 无样例办件", f"item {item} has no case with a result", examples=[item])


@case("XRC-01")
def no_orphans(bench: Bench) -> None:
    """Everything refers to a case or record that is there."""
    capture = bench.capture
    held = {record.key for record in capture.records}
    referring = capture.having("ownerKey", "sourceKey", "actKey")
    bench.examined(len(capture.by_case()) + len(referring))
    orphans = [
        record
        for record in referring
        if (target := record.text("ownerKey") or record.text("sourceKey") or record.text("actKey"))
        and target not in held
    ]
    if orphans:
        bench.fail(
            "b", f"{len(orphans)} 条记录所指的记录不存在", f"{len(orphans)} records refer to records that are not there",
            examples=[record.key for record in orphans],
        )  # fmt: skip
    say(bench, [each for each in answered_for(capture, "XRC-01") if each.record not in orphans])


@case("XRC-03")
def fixed_flow(bench: Bench) -> None:
    """Steps follow the flow that was filed for the item, and none is left out."""
    if bench.description.file("items", "catalogue") is None:
        raise Inconclusive("没有给出批准的职权目录([items] catalogue)", "no approved list: [items] catalogue")
    capture = bench.capture
    unknown = {each.record.case for each in answered_for(capture, "COD-08")}
    steps = [record for record in capture.records if record.type == "XK_HJ"]
    bench.examined(len(steps))
    say(bench, [each for each in answered_for(capture, "XRC-03") if each.record.case not in unknown])
    for number, records in capture.by_case().items():
        taken = sorted((r for r in records if r.type == "XK_HJ"), key=lambda r: r.text("startedAt") or "")
        decided = any(record.type == "XK_JD" for record in records)
        for before, after in pairwise(taken):
            told, went = before.text("nextStep"), after.text("stepCode")
            if decided and number not in unknown and told and told != went:
                bench.fail(
                    "b", f"办件流转 {before.text('stepCode')}→{went} 与所报下一环节 {told} 不符",
                    f"the case went {before.text('stepCode')} to {went}, not to {told}", examples=[number],
                )  # fmt: skip


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Unanswered(f"不是日期:{text}", f"not a date: {text}") from error


@case("PUB-04")
def published_in_time(bench: Bench) -> None:
    """Results are published within 7 working days of the decision (permits, penalties), others within 20."""
    clock = bench.capture.judge.clock
    decided = {record.key: record.text("decidedAt") or "" for record in bench.capture.records}
    for record in bench.capture.having("publishFrom"):
        source = record.text("sourceKey") or ""
        day = decided.get(source, "")[:10]
        if not day:
            continue
        bench.examined()
        limit = 7 if "-XK-" in source or "-CF-" in source else 20
        used = clock.working_days(_date(day), _date((record.text("publishFrom") or "")[:10]))
        if used > limit:
            bench.fail(
                "a",
                f"决定后第 {used} 个工作日才公开",
                f"published {used} working days after the decision",
                examples=[record.key],
            )
