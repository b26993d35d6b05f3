# SPDX-License-Identifier: Apache-2.0
"""What every profile's subject offers: a capture taken before any stimulus, and evidence of every exchange."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from gateway.model.words import Words
from gateway.semantics.interface import Interface
from gateway_conformance.capture import Capture, CapturedRecord
from gateway_conformance.evidence import Evidence


class Unanswered(Exception):
    """The system did not answer, or not with what the contract says, where a case only builds on the answer."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.reason = Words(zh, en)


@dataclass(frozen=True, slots=True)
class Counted:
    """One line of a system's own count of a day: record type, item (empty for none), records and keys."""

    type: str
    item: str
    records: int
    keys: int


class Subject(Protocol):
    """A system under test in one profile."""

    evidence: Evidence
    held: dict[str, CapturedRecord]
    """The last version of every key that ``catch_up`` and ``changes`` have read so far."""

    def capture(self) -> Capture:
        """Return what the system gave before any stimulus; raises Unanswered."""

    def before_driving(self) -> None:
        """Take the capture where no case has asked for it yet; that it cannot be had is told to those who do."""

    def driven(self, keys: Sequence[str]) -> None:
        """Hear which keys the system says it touched: they are what a subject that is pushed to waits for."""

    def catch_up(self) -> None:
        """Read everything up to now; raises Unanswered."""

    def changes(self) -> list[CapturedRecord]:
        """Return what came after the last reading, in the order of the changes; raises Unanswered or Inconclusive."""

    def judge(self, records: Sequence[CapturedRecord]) -> Capture:
        """Return records that came later, to be judged like the capture."""

    def sweep(self) -> Sequence[bytes]:
        """Return raw messages of the system."""

    def give_notice(self, notice: str) -> bool:
        """Give a notice of supervision; returns whether the system acknowledged it; raises Unanswered."""

    def interface(self) -> Interface | None:
        """Return the interface that the attestation is bound to, None where it cannot be read.

        It is made by the functions that the gateway's sources use: ``relations_interface`` (gateway.channels) for views,
        ``package_layout`` (gateway.channels.files) for files, ``of_push`` (gateway.semantics.interface), ``service_interface``
        (gateway.documents).
        """

    def current(self) -> Sequence[CapturedRecord]:
        """Return all that the system gives now; raises Unanswered."""

    def close(self) -> None:
        """Let go of connections and files."""
