# SPDX-License-Identifier: Apache-2.0
"""One measured run of the product, in a process of its own: ``python -m gateway.bench.product CONFIG WARM_CONFIG _ WORKERS HOW``.

The product runs as it is; the doors between its stages are wrapped here to see where the CPU goes.
"""

import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from gateway.app import Gateway
from gateway.bench.child import CPU, MEMORY, WITHOUT_RULES, leave_out_rules, time_doors
from gateway.bench.failure import BenchFailure
from gateway.bench.meter import Stages, serve
from gateway.config import load
from gateway.flow import translating
from gateway.flow.summary import Summary
from gateway.flow.translating import Hands
from gateway.ledger.destinations import figures
from gateway.ledger.tables import destination, package
from gateway.ports import Destination, Source
from gateway.schedule.children import ChildProcesses
from gateway.schedule.once import RoundOptions, run_once
from gateway.schedule.workplace import DestinationPart, SourcePart, Workplace

WITHOUT = "no rules"
_OPTIONS = RoundOptions(reconcile=False)


class _Timed:
    """Something with a few of its methods timed; all else is its own."""

    def __init__(self, inner: Any, stages: Stages, **methods: str) -> None:
        self._inner = inner
        for name, stage in methods.items():
            setattr(self, name, stages.timed(stage, getattr(inner, name)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def instrumented(place: Workplace, stages: Stages) -> Workplace:
    """Return the workplace with every door between stages timed, never more than once for a chunk or a package."""
    doors: Any = translating
    doors.translate = stages.timed("translate and validate", doors.translate)
    for validator in {id(each.handling.validator): each.handling.validator for each in place.sources}.values():
        time_doors(validator, stages)
    if place.ledger.judge is not None:
        judge: Any = _Timed(place.ledger.judge, stages, judge="case rules")
        place.ledger.judge = judge
    ledger: Any = _Timed(
        place.ledger, stages, remembered="ledger", numbers="ledger", commit_chunk="ledger", payloads="claim"
    )
    return replace(
        place,
        ledger=ledger,
        sources=tuple(_source(each, stages) for each in place.sources),
        destinations=tuple(_destination(each, stages) for each in place.destinations),
    )


def by_stage(stages: Stages, records: int) -> dict[str, float]:
    """Return microseconds per record by stage; what holds another stage is told without it."""
    told = stages.per_record(records)
    validate = told.pop("validate")
    told["translate"] = round(told.pop("translate and validate") - validate, 2)
    told["ledger"] = round(told["ledger"] - told.get("case rules", 0.0), 2)
    told["other checks"] = round(validate - told["schema"] - told["rules"], 2)
    return told


def _source(part: SourcePart, stages: Stages) -> SourcePart:
    def opened() -> Source:
        source: Any = _Timed(part.open(), stages, read="collect")
        return source  # type: ignore[no-any-return]

    return replace(part, open=opened)


def _destination(part: DestinationPart, stages: Stages) -> DestinationPart:
    def opened() -> Destination:
        channel: Any = _Timed(part.open(), stages, submit=f"deliver.{part.name}")
        return channel  # type: ignore[no-any-return]

    return replace(part, open=opened)


def main() -> None:
    """Warm up over the small source, then measure one round over the real one."""
    configuration, warm = (load(Path(each)) for each in sys.argv[1:3])
    workers, how = int(sys.argv[4]), sys.argv[5]
    rules = how != WITHOUT
    program = ("-m", "gateway.bench.child", *(() if rules else (WITHOUT_RULES,)))
    with Gateway.open(warm, workers=0) as gateway:
        _require_clean(gateway.run_once(_OPTIONS))
        with Gateway.open(configuration, workers=workers, program=program) as measured:
            _warm_children(measured.children, gateway.place)
            _measure(measured, how)


def _measure(gateway: Gateway, how: str) -> None:
    stages = Stages()
    if how == WITHOUT:
        for part in gateway.place.sources:
            leave_out_rules(part.handling.validator)
        gateway.place.ledger.judge = None  # rules of cases; the gate of a case is the ledger's own and stays
    place = instrumented(gateway.place, stages)
    if how == "drain":
        _wait_for_the_pause(gateway.place)
    before = gateway.children.measured
    commits = gateway.place.ledger.commits

    def work() -> dict[str, Any]:
        records = _run(place, how)
        helped = _more(gateway.children.measured, before)
        cpu, memory = helped.pop(CPU, 0.0), sum(each.get(MEMORY, 0.0) for each in gateway.children.measured)
        helped.pop(MEMORY, None)
        for stage, seconds in helped.items():
            stages.seconds[stage] = stages.seconds.get(stage, 0.0) + seconds
        return {
            "records": records,
            "commits": gateway.place.ledger.commits - commits,
            "stages": by_stage(stages, records),
            "children_cpu_seconds": cpu,
            "children_peak_rss_mb": memory,
        }

    serve(work)


def _run(place: Workplace, how: str) -> int:
    """Run one round and return how many records it brought to where it should."""
    if how == "dead":
        return run_once(place, replace(_OPTIONS, patience=0.0)).figures.accepted
    if how != "drain":
        return _require_clean(run_once(place, _OPTIONS))
    before = _delivered(place)
    run_once(place, _OPTIONS)
    return _delivered(place) - before


def _delivered(place: Workplace) -> int:
    with place.ledger.reading() as connection:
        return sum(each.accepted for each in figures(connection).values())


def _wait_for_the_pause(place: Workplace) -> None:
    """Wait until a destination that was dead may be tried again: its pause is no part of the drain."""
    while True:
        with place.ledger.reading() as connection:
            resting = connection.execute(select(func.max(destination.c.not_before))).scalar_one()
            put_off = connection.execute(select(func.max(package.c.not_before)).where(package.c.state == "open"))
            until = max(resting or 0, put_off.scalar_one() or 0)
        left = until / 1e6 - place.clock.now().timestamp()
        if left <= 0:
            return
        time.sleep(min(left, 1.0))


def _warm_children(children: ChildProcesses, place: Workplace) -> None:
    """Start the children and let each of them work on the first rows of the warm sources."""
    if not children.size:
        return
    children.start()
    for part in place.sources:
        with closing(part.open()) as source:
            rows = source.read(source.window(None), None, 300).rows
        made = part.handling
        hands = Hands(part.name, made.mapper, made.validator, made.level)
        for each in [children.observe(hands, rows, {}) for _ in range(children.size)]:
            each.result()


def _more(after: Sequence[Mapping[str, float]], before: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return what the children say of themselves now, less what they said before, all of them together."""
    total: Counter[str] = Counter()
    for each in after:
        total.update(each)
    for each in before:
        total.subtract(each)
    return dict(total)


def _require_clean(summary: Summary) -> int:
    if not summary.clean:
        raise BenchFailure(str(summary.as_json()) + str(summary.failures))
    return summary.figures.accepted


if __name__ == "__main__":
    main()
