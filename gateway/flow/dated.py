# SPDX-License-Identifier: Apache-2.0
"""Validate by the day of the event (按事件日期选包): each document goes to the pack that was in force on that day."""

import re
from collections.abc import Callable, Sequence
from datetime import date

from gateway.model.record import Level
from gateway.model.record_type import Role
from gateway.pack import Pack, PackSet
from gateway.ports import Examined, Validator


class PackOfDay:
    """Tells the pack of a document from the day of its event.

    The day is peeked at before anything is parsed. A document that shows none goes to the newest pack, whose schema
    will say what is missing.
    """

    def __init__(self, packs: PackSet) -> None:
        """Learn how the packs name the time of an event."""
        self._packs = packs
        names = {kind.roles[Role.OCCURRED_AT].rpartition("/")[2] for pack in packs for kind in pack.types.values()}
        tags = "|".join(re.escape(name) for name in sorted(names))
        self._day = re.compile(rf"<(?:{tags})>\s*([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})".encode())

    def of(self, document: bytes) -> Pack:
        """Return the pack in force on the day that a document shows."""
        if len(self._packs) == 1:
            return self._packs.newest
        seen = self._day.search(document)
        try:
            return self._packs.select(date.fromisoformat(seen[1].decode())) if seen else self._packs.newest
        except ValueError:  # no such day; the schema says so
            return self._packs.newest


class DatedValidator:
    """Checks documents against the packs of a set, each against that of its day."""

    def __init__(self, packs: PackSet, validator_of: Callable[[Pack], Validator]) -> None:
        """Make a validator for each pack."""
        self._validators = {pack.name: validator_of(pack) for pack in packs}
        self._pack_of = PackOfDay(packs).of

    def check(self, documents: Sequence[bytes], level: Level | None = None, now: str | None = None) -> list[Examined]:
        """Return the findings and facts of each document, in the order given."""
        places: dict[str, list[int]] = {}
        for place, document in enumerate(documents):
            places.setdefault(self._pack_of(document).name, []).append(place)
        found: list[Examined] = [Examined()] * len(documents)
        for name, chosen in places.items():
            results = self._validators[name].check([documents[place] for place in chosen], level, now)
            for place, examined in zip(chosen, results, strict=True):
                found[place] = examined
        return found
