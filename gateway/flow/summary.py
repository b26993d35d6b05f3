# SPDX-License-Identifier: Apache-2.0
"""The closing figures of a run, counted as ledger.md "Counting"."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from gateway.flow.reconcile import Difference
from gateway.ledger.destinations import DeliveryFigures
from gateway.ledger.runs import Figures


@dataclass(frozen=True, slots=True)
class Summary:
    """What one run collected, what every destination said, and what reconciliation found.

    ``failures`` names sources and destinations that could not be reached, with the reason in words.
    """

    figures: Figures
    destinations: Mapping[str, DeliveryFigures]
    differences: Sequence[Difference]
    failures: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """Return the summary in the shape that ``--json`` prints."""
        names = ("rows", "collected", "accepted", "refused", "duplicates", "conflicts", "stale", "waiting")
        return {
            **{name: getattr(self.figures, name) for name in names},
            "destinations": {name: asdict(figures) for name, figures in self.destinations.items()},
            "reconciliation": {"differences": len(self.differences)},
        }

    @property
    def clean(self) -> bool:
        """Whether nothing was refused, left over or differs, and everybody was reached."""
        figures = self.figures
        troubled = figures.refused + figures.conflicts + figures.waiting + len(self.differences) + len(self.failures)
        return troubled == 0 and all(d.refused + d.pending + d.unknown == 0 for d in self.destinations.values())
