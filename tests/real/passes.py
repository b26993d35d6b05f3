# SPDX-License-Identifier: Apache-2.0
"""Build the department, the city and the site, and let the gateway run over them twice."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.app import Gateway
from gateway.config import Configuration, load
from gateway.flow.summary import Summary
from gateway.schedule.once import RoundOptions
from tests.real import evidence, site, systems
from tests.real.sets import RealSet


@dataclass(frozen=True)
class Pass:
    """One run over a set: the line it prints, and who could not be reached."""

    line: dict[str, Any]
    failures: Mapping[str, str] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)
    """Findings of the refusals that the ledger holds, by code and place."""


def run(directory: Path, data: Path, chosen: RealSet) -> Iterator[Pass]:
    """Run both passes in an empty ``directory`` and yield each as it ends; both reference systems stop afterwards.

    ``data`` is the folder that holds the set's folder. Raises RuntimeError where the invented items do not arrive.
    """
    chosen.load(directory / site.DEPARTMENT, data / chosen.folder)
    city = systems.make_city(directory / "city")
    with systems.running(city) as addresses:
        configuration = load(site.write(directory, city, addresses, chosen))
        if chosen.items is not None:
            publish(configuration)
        for number in (1, 2):
            with Gateway.open(configuration) as gateway:
                summary = gateway.run_once(RoundOptions(sources=(chosen.name,)))
            yield Pass(line(chosen, number, summary), summary.failures, evidence.reasons(directory))


def publish(configuration: Configuration) -> None:
    """Send the invented items first, in no figure: a case may not run ahead of its item. Raises RuntimeError."""
    with Gateway.open(configuration) as gateway:
        published = gateway.run_once(RoundOptions(sources=(site.ITEMS,)))
    if not published.clean:
        raise RuntimeError(f"the items did not arrive: {published.as_json()} {dict(published.failures)}")


def line(chosen: RealSet, number: int, summary: Summary) -> dict[str, Any]:
    """Return what a pass prints."""
    return {"set": chosen.name, "pass": number, **summary.as_json()}
