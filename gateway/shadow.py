# SPDX-License-Identifier: Apache-2.0
"""Shadow mode (影子模式): a source is collected, mapped and judged in a ledger of its own, and nothing leaves it.

The ledger under ``shadow/NAME.db`` has no destinations, so that versions, duplicates, case rules and vanished rows show as
they would; nothing of it enters the real one when the source goes live. The source itself is only looked at.
"""

import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.clock import SystemClock, SystemIds
from gateway.config import Configuration, SourceSettings
from gateway.flow.collect import Pull, pull
from gateway.ledger.runs import Figures
from gateway.ledger.shadow import Report, report_of
from gateway.ledger.store import open_ledger
from gateway.pack import load_pack, load_packs
from gateway.parts import handling_of, judging_packs, open_source, pack_stamp, validator_for
from gateway.ports import Looking
from gateway.rules import PackJudge, Rules

FOLDER = "shadow"


@dataclass(frozen=True, slots=True)
class Shadowed:
    """What one shadow run read, and what the source has come to so far."""

    figures: Figures
    report: Report

    def as_json(self) -> dict[str, Any]:
        """Return both, for machines."""
        return {
            "run": {name: getattr(self.figures, name) for name in self.figures.__dataclass_fields__},
            **self.report.as_json(),
        }


def shadow_ledger(configuration: Configuration, name: str) -> Path:
    """Return where the shadow ledger of a source lies."""
    return configuration.root / FOLDER / f"{name}.db"


def run_shadow(
    configuration: Configuration, settings: SourceSettings, progress: Callable[[int], None], *, whole: bool = False
) -> Shadowed:
    """Pull a source into its shadow ledger and report. Raises SourceError, SourceHeld, ConfigurationError, LedgerError.

    ``whole`` reads it from the beginning, whatever was read before, and looks for rows that are gone.
    """
    clock = SystemClock()
    pack = load_pack(configuration.site.pack)
    judging = judging_packs(pack, load_packs())
    rules = Rules(pack)
    handling = handling_of(configuration, settings, pack, validator_for(judging), pack_stamp(judging))
    discards = [code for code, rule in rules.catalogue.items() if rule.discards]
    url = f"sqlite:///{shadow_ledger(configuration, settings.name)}"
    seen = [0]

    def told(done: int, _expected: int | None) -> None:
        progress(done - seen[0])
        seen[0] = done

    with (
        closing(open_ledger(url, clock, SystemIds(), pack.types, discards=discards)) as ledger,
        closing(open_source(configuration, settings, clock)) as source,
    ):
        ledger.judge = PackJudge(judging)
        if isinstance(source, Looking):
            source.look()
        job = Pull(ledger, source, handling, clock, chunk=configuration.site.run.chunk, sweep=whole, progress=told)
        figures = pull(job).figures
        with ledger.reading() as connection:
            return Shadowed(figures, report_of(connection))


def forget(configuration: Configuration, name: str) -> bool:
    """Delete the shadow ledger of a source, to begin anew; tell whether there was one."""
    path = shadow_ledger(configuration, name)
    there = path.exists()
    for each in path.parent.glob(f"{path.name}*") if there else ():
        shutil.rmtree(each) if each.is_dir() else each.unlink()
    return there
