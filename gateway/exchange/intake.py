# SPDX-License-Identifier: Apache-2.0
"""The whole intake, put together: senders and their leases, judging, committing, the faces and the server."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.clock import microseconds
from gateway.documents.soap import ExchangeFault
from gateway.errors import GatewayError
from gateway.exchange.app import Callers, Desk, Workbooks, application
from gateway.exchange.commits import Commits
from gateway.exchange.json_form import JsonForm
from gateway.exchange.limits import Limits
from gateway.exchange.office import Office, Standing
from gateway.exchange.published import Published
from gateway.exchange.server import Listening, Server
from gateway.exchange.turns import Turns
from gateway.flow.receive import Judging, Receiving, Sender
from gateway.ledger import doors, runs
from gateway.ledger.runs import RunLease
from gateway.ledger.store import Ledger
from gateway.model.finding import Finding
from gateway.ports import Clock

_WORKERS = 6
_LOOK_EVERY = 2.0
_STRANGERS = (4, 120)


@dataclass(frozen=True)
class Settings:
    """Everything the intake is made of; ``certificates`` maps SHA-256 fingerprints to the senders' codes."""

    listening: Listening
    senders: Sequence[Sender]
    certificates: Mapping[str, str]
    judging: Judging
    standing: Standing
    wsdl: Path
    schemas: Path
    openapi: Path
    notices: frozenset[str]
    code_of: Callable[[Finding], str]


class Intake:
    """Takes packages from the first to the last moment of a service."""

    def __init__(
        self, settings: Settings, ledger: Ledger, clock: Clock, grew: Callable[[int], None],
        workbooks: Workbooks | None = None,
    ) -> None:  # fmt: skip
        """Open the senders' runs and bind the address; nothing is served yet. Raises ConfigurationError, LedgerError."""
        self._ledger = ledger
        self._clock = clock
        self._door = _Door(ledger, clock)
        self._leases: dict[str, RunLease] = {
            each.name: ledger.join(each.name, each.level, each.waiting) for each in settings.senders
        }
        receiving = Receiving(ledger, settings.judging, clock)
        self._commits = Commits(ledger, receiving.issue, settings.notices, grew)
        self._turns = Turns(_WORKERS)
        office = Office(ledger, receiving, self._commits, settings.standing, clock, self._leases)
        desk = Desk(
            office=office,
            callers=_callers(settings, clock),
            turns=self._turns,
            published=Published(settings.wsdl, settings.schemas),
            json=JsonForm(settings.openapi),
            code_of=settings.code_of,
            closed=self._door.fault,
            ready=self._ready,
            waiting=lambda: self._commits.depth,
            workbooks=workbooks,
        )
        try:
            self._server = Server(settings.listening, lambda: application(desk))
        except GatewayError:
            self._end()
            raise
        self.address = self._server.address

    @property
    def depth(self) -> int:
        """How many packages wait for a commit."""
        return self._commits.depth

    @property
    def broken(self) -> bool:
        """Whether it has ended by itself, so that the process should end and be started anew."""
        return self._server.broken

    def start(self) -> None:
        """Serve."""
        self._server.start()

    def stop(self) -> None:
        """Finish what is under way: what was taken is committed and answered."""
        self._server.stop()
        self._end()

    def _end(self) -> None:
        self._turns.stop()
        self._commits.stop()
        with self._ledger.begin() as connection:
            for lease in self._leases.values():
                runs.leave(connection, lease, self._ledger.now())

    def _ready(self) -> Mapping[str, object]:
        fault = self._door.fault()
        return {"ready": fault is None, "reason": None if fault is None else fault.message}


def _callers(settings: Settings, clock: Clock) -> Callers:
    by_code = {each.code: each for each in settings.senders}
    return Callers(
        by_certificate={print_: by_code[code] for print_, code in settings.certificates.items()},
        by_code=by_code,
        limits={each.name: Limits(each.in_flight, each.rate, clock) for each in settings.senders},
        strangers=Limits(*_STRANGERS, clock),
        signed_only=not settings.listening.required,
    )


class _Door:
    """Whether the intake is open: asked of the ledger every two seconds, as a command of another process closes it."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._lock = threading.Lock()
        self._looked = float("-inf")
        self._fault: ExchangeFault | None = None

    def fault(self) -> ExchangeFault | None:
        """Return the fault that callers get now; None while open."""
        with self._lock:
            now = self._clock.monotonic()
            if now - self._looked >= _LOOK_EVERY:
                self._fault, self._looked = self._look(), now
            return self._fault

    def _look(self) -> ExchangeFault | None:
        try:
            with self._ledger.reading() as connection:
                closed = doors.closed(connection, microseconds(self._clock.now()))
        except GatewayError:
            return ExchangeFault("4001", "台账暂时不能读取 / the ledger can't be read now", 30)
        if closed is None:
            return None
        return ExchangeFault("4002", f"维护中:{closed.reason} / maintenance", closed.retry_after)
