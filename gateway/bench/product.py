# SPDX-License-Identifier: Apache-2.0
"""One measured run of the product, in a process of its own: ``python -m gateway.bench.product CONFIG WARM_CONFIG``.

The product runs as it is; the doors between its stages are wrapped here to see where the CPU goes.
"""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from gateway.app import Gateway
from gateway.bench.failure import BenchFailure
from gateway.bench.meter import Stages, serve
from gateway.config import load
from gateway.flow import collect
from gateway.flow.summary import Summary
from gateway.ports import Destination, Source
from gateway.schedule.once import RoundOptions, run_once
from gateway.schedule.workplace import DestinationPart, SourcePart, Workplace

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
    doors: Any = collect
    doors.translate = stages.timed("translate and validate", doors.translate)
    for validator in {id(each.handling.validator): each.handling.validator for each in place.sources}.values():
        # Its halves are timed where they stand: what else the validator does stays its own.
        for method, stage in (("check", "validate"), ("check_schema", "schema"), ("check_rules", "rules")):
            setattr(validator, method, stages.timed(stage, getattr(validator, method)))
    ledger: Any = _Timed(
        place.ledger, stages, remembered="ledger", numbers="ledger", commit_chunk="ledger", documents="claim"
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
    told["other checks"] = round(validate - told["schema"] - told["rules"], 2)
    return told


def _source(part: SourcePart, stages: Stages) -> SourcePart:
    def opened() -> Source:
        source: Any = _Timed(part.open(), stages, read="collect")
        return source  # type: ignore[no-any-return]

    return replace(part, open=opened)


def _destination(part: DestinationPart, stages: Stages) -> DestinationPart:
    def opened() -> Destination:
        destination: Any = _Timed(part.open(), stages, submit=f"deliver.{part.name}")
        return destination  # type: ignore[no-any-return]

    return replace(part, open=opened)


def main() -> None:
    """Warm up over the small source, then measure one round over the real one."""
    configuration, warm = (load(Path(each)) for each in sys.argv[1:3])
    with Gateway.open(warm) as gateway:
        _require_clean(gateway.run_once(_OPTIONS))
    with Gateway.open(configuration) as gateway:
        stages = Stages()
        place = instrumented(gateway.place, stages)

        def work() -> dict[str, Any]:
            before = gateway.place.ledger.commits
            summary = run_once(place, _OPTIONS)
            records = _require_clean(summary)
            commits = gateway.place.ledger.commits - before
            return {"records": records, "commits": commits, "stages": by_stage(stages, records)}

        serve(work)


def _require_clean(summary: Summary) -> int:
    if not summary.clean:
        raise BenchFailure(str(summary.as_json()) + str(summary.failures))
    return summary.figures.accepted


if __name__ == "__main__":
    main()
