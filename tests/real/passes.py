# SPDX-License-Identifier: Apache-2.0
"""Build the department, the city and the site, and let the gateway run over them twice."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.app import Gateway
from gateway.config import load
from gateway.flow.summary import Summary
from gateway.ledger.overview import refusal_codes
from gateway.schedule.once import RoundOptions
from tests.real import loader, site, systems

SET = "penalties"


@dataclass(frozen=True)
class Pass:
    """One run over the penalties: the line it prints, and who could not be reached."""

    line: dict[str, Any]
    failures: Mapping[str, str] = field(default_factory=dict)
    refusals: Mapping[str, int] = field(default_factory=dict)
    """Refusals that the ledger holds, by the code of their first finding."""


def run(directory: Path, data: Path) -> Iterator[Pass]:
    """Run both passes in an empty ``directory`` and yield each as it ends; both reference systems stop afterwards.

    The invented items go out first and are in no figure: a case may not run ahead of its item. Raises RuntimeError
    where they do not arrive.
    """
    loader.load(directory / "department.sqlite", data)
    city = systems.make_city(directory / "city")
    with systems.running(city) as addresses:
        configuration = load(site.write(directory, city, addresses))
        with Gateway.open(configuration) as gateway:
            published = gateway.run_once(RoundOptions(sources=(site.ITEMS,)))
        if not published.clean:
            raise RuntimeError(f"the items did not arrive: {published.as_json()} {dict(published.failures)}")
        for number in (1, 2):
            with Gateway.open(configuration) as gateway:
                summary = gateway.run_once(RoundOptions(sources=(site.PENALTIES,)))
                with gateway.place.ledger.reading() as connection:
                    refusals = refusal_codes(connection)
            yield Pass(line(number, summary), summary.failures, refusals)


def line(number: int, summary: Summary) -> dict[str, Any]:
    """Return what a pass prints."""
    return {"set": SET, "pass": number, **summary.as_json()}
