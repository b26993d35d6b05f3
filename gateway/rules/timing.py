# SPDX-License-Identifier: Apache-2.0
"""The legal clock as case rules need it; ``gateway.legal.LegalClock`` is such."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Protocol


class Clock(Protocol):
    """Limits of the law and their ends."""

    def calendar(self, known_on: date | None = None) -> Any:
        """Return the calendar of working days."""

    def limit(self, code: str, on: date) -> Any:
        """Return the limit in force on the date that decides, or None."""

    def due(
        self, limit: Any, start: date | datetime, *, on: date | None = None, suspensions: Sequence[Any] = (),
        extension: int = 0, term: Any = None, known_on: date | None = None,
    ) -> Any:  # fmt: skip
        """Return the end of a limit."""

    def admissible(
        self, limit: Any, start: date | datetime, *, on: date | None = None, suspensions: Sequence[Any] = (),
        extension: int = 0, term: Any = None, known_on: date | None = None,
    ) -> Sequence[Any]:  # fmt: skip
        """Return the ends that pass."""
