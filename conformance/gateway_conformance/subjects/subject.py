# SPDX-License-Identifier: Apache-2.0
"""What every profile's subject offers: a capture taken before any stimulus, and evidence of every exchange."""

from collections.abc import Sequence
from typing import Protocol

from gateway.model.words import Words
from gateway_conformance.capture import Capture, CapturedRecord
from gateway_conformance.evidence import Evidence


class Unanswered(Exception):
    """The system did not answer, or not with what the contract says, where a case only builds on the answer."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.reason = Words(zh, en)


class Subject(Protocol):
    """A system under test in one profile."""

    evidence: Evidence

    def capture(self) -> Capture:
        """Return what the system gave before any stimulus; raises Unanswered."""

    def before_driving(self) -> None:
        """Take the capture where no case has asked for it yet; that it cannot be had is told to those who do."""

    def current(self) -> Sequence[CapturedRecord]:
        """Return all that the system gives now; raises Unanswered."""

    def close(self) -> None:
        """Let go of connections and files."""
