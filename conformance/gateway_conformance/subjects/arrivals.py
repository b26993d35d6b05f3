# SPDX-License-Identifier: Apache-2.0
"""What comes by itself, pushed or dropped as files, as the bench in the gateway's place sees it: what came, and when."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

from gateway_conformance.capture import Capture, CapturedRecord, Judge
from gateway_conformance.clock import ScaledClock
from gateway_conformance.evidence import Evidence
from gateway_conformance.standin.intake import BenchScript
from gateway_conformance.standin.log import Log
from gateway_conformance.stimulus import Hook, NoStimulus, Prompt
from gateway_conformance.subjects.subject import Unanswered
from gateway_conformance.sut import Description
from gateway_conformance.verdict import Inconclusive

REAL_TIME: Final = 15 * 60.0
"""The real-time bound of the standard, seconds: what is due has come, or the system has had its chance."""
LEAST: Final = 4.0
FIRST: Final = 15.0
"""Real seconds that every wait for something to come lasts at least, the first one longer: below, the bench itself
would be measured."""
QUIET: Final = 0.5
LOOK: Final = 0.02
GLANCE: Final = 0.1
MESSAGES: Final = 300


class Arrivals:
    """A system that sends: everything that came is in ``log``; ``rules`` say what the bench fails, ``gate`` holds it back."""

    log: Log
    rules: BenchScript
    gate: threading.Event
    patience: float = 2 * REAL_TIME
    """Seconds of the standard after which what has not come counts as lost."""

    def __init__(
        self, description: Description, clock: ScaledClock, judge: Judge, stimulus: Hook | NoStimulus | Prompt
    ) -> None:
        self.description, self.evidence, self.clock = description, Evidence(), clock
        self._judge, self._stimulus = judge, stimulus
        self.held: dict[str, CapturedRecord] = {}
        self._from = 0
        self._expected: set[str] = set()
        self._capture: Capture | None = None
        self._driven = False
        self._silent = False

    # waiting -----------------------------------------------------------------------------------------------------

    def within(self, seconds: float) -> float:
        """Return the real seconds that a wait for something to come lasts."""
        return max(self.clock.bound(seconds), LEAST)

    def wait(self, holds: Callable[[], object], seconds: float | None = None, least: float = LEAST) -> bool:
        """Wait until something holds, at most so many seconds of the standard (default: patience); returns whether it does.

        It is looked at when something comes, and every now and then: what the system does by itself tells nobody.
        """
        end = self.clock.monotonic() + max(self.clock.bound(self.patience if seconds is None else seconds), least)
        while not self.log.wait(holds, max(0.0, min(GLANCE, end - self.clock.monotonic()))):
            if self.clock.monotonic() >= end:
                return False
        return True

    def idle(self, seconds: float) -> None:
        """Let seconds of the standard pass in which something wrong could come."""
        self.log.wait(lambda: False, max(self.clock.bound(seconds), QUIET))

    def _pending(self) -> set[str] | None:
        """Return what waits in the system's outbox; None where it does not tell."""
        if not isinstance(self._stimulus, Hook) or not self._stimulus.offers("outbox.list"):
            return None
        try:
            return set(self._stimulus.drive("outbox.list").keys)
        except Inconclusive:
            return None

    def settle(self) -> None:
        """Wait until the system has nothing more to send: it says so, or nothing has come for long enough."""
        begun = self.clock.monotonic()
        while True:
            pending = self._pending()
            if pending is not None and not pending:
                return
            quiet = self.within(self.patience) if pending else max(self.clock.bound(REAL_TIME), QUIET)
            left = quiet - (self.clock.monotonic() - max(self.log.last_fresh, begun))
            if left <= 0:
                return
            self.log.wait(lambda: False, LOOK if pending else min(left, QUIET))

    # what came ---------------------------------------------------------------------------------------------------

    def _first(self) -> None:
        """Wait for the first package; raises Unanswered."""
        seconds = 0.0 if self._silent else max(self.clock.bound(2 * REAL_TIME), FIRST)
        if not self.log.wait(lambda: self.log.fresh, seconds):
            self._silent = True  # waited for once: what still comes is taken when it is asked for
            raise Unanswered("没有收到任何可读的数据包", "no package came that could be read")

    def capture(self) -> Capture:
        """Return what the system had pushed before any stimulus: the last version of each record; raises Unanswered."""
        if self._capture is None:
            self._first()
            self.settle()
            heads = {record.key: record for record in list(self.log.fresh)}
            bodies = [call.body for call in self.log.submissions()]
            self._capture = Capture(
                list(heads.values()), bodies, self._judge, self.description.text("system", "dept"), self._now()
            )
        return self._capture

    def before_driving(self) -> None:
        """Take the capture before the first stimulus of the run; that it cannot be had is told to those who ask for it."""
        if not self._driven:
            self._driven = True
            with suppress(Unanswered):
                self.capture()

    def driven(self, keys: Sequence[str]) -> None:
        """Hear which keys the system says it touched: changes are waited for until these have come."""
        self._expected |= set(keys)

    def catch_up(self) -> None:
        """Take everything that came as read; raises Unanswered where nothing ever came."""
        self.before_driving()
        if not self.log.fresh:
            raise Unanswered("没有收到任何可读的数据包", "no package came that could be read")
        self._from, self._expected = len(self.log.fresh), set()
        self.held = dict(self.log.heads)

    def changes(self) -> list[CapturedRecord]:
        """Return what came after the last reading, each content once, in the order of arrival."""
        self._await()
        found = self.log.fresh[self._from :]
        self._from += len(found)
        self.held.update({record.key: record for record in found})
        self._expected -= {record.key for record in found}
        return found

    def _await(self) -> None:
        self.wait(lambda: self._expected <= {record.key for record in self.log.fresh[self._from :]})

    def current(self) -> Sequence[CapturedRecord]:
        """Return the last version of every record, withdrawals among them, in the order of first arrival."""
        self._await()
        return list(self.log.heads.values())

    def judge(self, records: Sequence[CapturedRecord]) -> Capture:
        """Return records that came later, to be judged like the capture."""
        return Capture(records, (), self._judge, self.description.text("system", "dept"), self._now())

    def _now(self) -> str:
        return self.clock.now().isoformat(timespec="seconds")

    def sweep(self) -> Sequence[bytes]:
        """Return bodies of requests, unreadable ones first; raises Unanswered where none came."""
        self.wait(lambda: self.log.calls)
        self.before_driving()
        with_body = [call for call in list(self.log.calls) if call.body]
        if not with_body:
            raise Unanswered("没有收到任何请求", "no request came")
        chosen = sorted(with_body, key=lambda call: (not call.unreadable, call.operation != "SubmitPackage"))
        return [call.body for call in chosen[:MESSAGES]]

    # cases at work -----------------------------------------------------------------------------------------------

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Hold packages back unanswered while a stimulus is given, so that a script can name what it touches."""
        self.gate.clear()
        try:
            yield
        finally:
            self.gate.set()

    @contextmanager
    def undisturbed(self) -> Iterator[int]:
        """Give the number of the last call; afterwards every script is lifted and the system has sent what it has."""
        self.before_driving()
        try:
            yield len(self.log.calls)
        finally:
            self.rules.set()
            self.gate.set()
            self.resume()
            self.settle()

    def resume(self) -> None:
        """Tell the system, where it listens to that, that an operator lets it go on now."""
        if isinstance(self._stimulus, Hook) and self._stimulus.offers("push.resume"):
            with suppress(Inconclusive):
                self._stimulus.drive("push.resume")

    def script(self, *rules: dict[str, Any]) -> None:
        """Put rules of faults in force (conformance/README.md), and no others."""
        self.rules.set(*rules)
