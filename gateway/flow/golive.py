# SPDX-License-Identifier: Apache-2.0
"""The look of the go-live lock at each sync: is the attestation still good, is the interface still the attested one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from gateway.clock import microseconds, moment
from gateway.flow.compare_keys import KeyListing
from gateway.flow.sweep import Consumed
from gateway.ledger import golive
from gateway.ledger.golive import Lock
from gateway.ledger.store import Ledger
from gateway.ports import Fingerprinted, Source
from gateway.semantics.golive import Looked, Moved, looked_at
from gateway.semantics.interface import Change, Interface

Checked = Callable[[str, bytes, int], Sequence[str]]
"""Returns why an attestation does not hold for a source: its name, the envelope, the time in microseconds."""
CasesOf = Callable[[Sequence[Change]], Sequence[str]]
"""Returns the cases that look at what has changed, to be run again."""


class Step(NamedTuple):
    """An automatic step of one item of a source, and the cases to run again where its interface has changed."""

    source: str
    item: str
    moved: Moved
    cases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Watch:
    """The watch over the lock. ``flag``: what drifted goes with a flag; ``shown`` are interfaces of senders that push."""

    lock: Lock
    flag: bool
    checked: Checked
    cases_of: CasesOf
    shown: Mapping[str, Interface] = field(default_factory=dict)

    def at_sync(self, ledger: Ledger, source: Source) -> list[Step]:
        """Look at a source that is about to be read. Raises SourceError where its interface can't be had."""
        if not self.lock.covers(source.name):
            return []
        return self.look(ledger, source.name, interface_of(source))

    def at_times(self, ledger: Ledger) -> list[Step]:
        """Look at everything that needs no source to be opened: ends of attestations and overrides, and senders."""
        with ledger.reading() as connection:
            names = sorted({each.source for each in golive.items(connection) if self.lock.covers(each.source)})
        for name in sorted(self.shown):
            self._note_sender(ledger, name)
        return [step for name in names for step in self.look(ledger, name, self.shown.get(name))]

    def after_sync(self, ledger: Ledger, source: Source) -> None:
        """Keep the day of a source that cannot be read a second time; of the others the key sweep does."""
        taken = isinstance(source, Consumed) and source.consumes and not isinstance(source, KeyListing)
        if not self.lock.covers(source.name) or not taken:
            return
        now = moment(ledger.now())
        began = now.replace(hour=0, minute=0, second=0, microsecond=0)
        ledger.again(
            lambda connection: golive.note_file_day(
                connection, source.name, f"{now:%Y-%m-%d}", microseconds(began), microseconds(now)
            )
        )

    def _note_sender(self, ledger: Ledger, name: str) -> None:
        """Keep the day of a sender: packages that are missing between those that came are its differences."""
        day = f"{moment(ledger.now()):%Y-%m-%d}"
        with ledger.reading() as connection:
            gaps, noted = golive.open_gaps(connection, name), golive.source_days(connection, name, day)
        if noted.get(day) != gaps:
            ledger.again(lambda connection: golive.note_source_day(connection, name, day, 0, gaps, ledger.now()))

    def look(self, ledger: Ledger, name: str, seen: Interface | None) -> list[Step]:
        """Compare what a source rests on with what is seen of it, and write down the steps that follow."""
        now = ledger.now()
        with ledger.reading() as connection:
            rows = golive.items(connection, {name})
            shown = {each.attestation or "": golive.envelope(connection, each.attestation or "") for each in rows}
        refused = {digest: self.checked(name, each or b"", now) for digest, each in shown.items() if digest}
        steps: list[Step] = []
        with_moves = []
        for row in rows:
            drift = row.interface.changes(seen) if row.interface is not None and seen is not None else ()
            looked = Looked(refused.get(row.attestation or "", ()), drift)
            moves = looked_at(row.standing, looked, now, flag=self.flag)
            cases = tuple(self.cases_of(drift)) if drift else ()
            steps += [Step(name, row.item, each, cases) for each in moves]
            if moves:
                with_moves.append((row, moves, cases))
        if with_moves:
            ledger.again(lambda connection: golive.steps(connection, with_moves, now))
        return steps


def interface_of(source: Source) -> Interface | None:
    """Return the interface of a source, None where it can't tell one. Raises SourceError."""
    return source.interface() if isinstance(source, Fingerprinted) else None


def told(step: Step) -> dict[str, object]:
    """Return a step as the log tells it."""
    return {
        "source": step.source, "item": step.item, "stage": step.moved.to.stage.value, "what": step.moved.detail,
        "cases": " ".join(step.cases), "valid_until": _day(step.moved.to.valid_until),
    }  # fmt: skip


def _day(at: int) -> str:
    return moment(at).isoformat(timespec="seconds") if at else ""
