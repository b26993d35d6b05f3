# SPDX-License-Identifier: Apache-2.0
"""A child of the measured gateway: the product's own, that also tells its CPU time, its stages and its peak memory.

``--without-rules`` makes business rules find nothing and cost nothing: the references know none.
"""

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from gateway import child
from gateway.bench.meter import Stages, peak_rss_mb
from gateway.documents.schema import Checked
from gateway.model.finding import Finding

WITHOUT_RULES = "--without-rules"
CPU, MEMORY = "cpu", "peak_rss_mb"
DOORS = (("check", "validate"), ("check_schema", "schema"), ("check_rules", "rules"))
"""Methods of the validator that are timed, and the stages they are."""


def leave_out_rules(validator: Any) -> None:
    """Let a validator find what its schema finds and nothing else."""

    def check_rules(
        checked: Sequence[Checked], *, facts: list[object] | None = None, **_: object
    ) -> list[tuple[Finding, ...]]:
        if facts is not None:
            facts.extend([None] * len(checked))
        return [findings for _element, findings in checked]

    validator.check_rules = check_rules


def time_doors(validator: Any, stages: Stages) -> None:
    """Time what a validator does, where it stands: what else the validator does stays its own."""
    for method, stage in DOORS:
        setattr(validator, method, stages.timed(stage, getattr(validator, method)))


def main() -> None:
    """Serve as the product's child does."""
    stages = Stages()
    doors: Any = child
    doors.translate = stages.timed("translate and validate", doors.translate)

    def prepare(compute: child.Compute) -> None:
        if WITHOUT_RULES in sys.argv:
            leave_out_rules(compute.validator)
        time_doors(compute.validator, stages)

    def measure() -> Mapping[str, float]:
        return {CPU: time.process_time(), MEMORY: peak_rss_mb(), **stages.seconds}

    child.serve(measure, prepare)


if __name__ == "__main__":
    main()
