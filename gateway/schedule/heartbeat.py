# SPDX-License-Identifier: Apache-2.0
"""Signs of life of this process's workers, in a thread of its own; needed on PostgreSQL only (promises.md R7, R20)."""

import threading

import structlog

from gateway.errors import LedgerError
from gateway.ledger.store import Ledger
from gateway.ledger.workers import BEAT

log = structlog.get_logger(__name__)


class Heartbeat:
    """Beats until stopped. While the database is away nobody can be seen, and nobody can be taken for gone either."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Start beating."""
        self._thread.start()

    def stop(self) -> None:
        """Stop, and wait for the end of the beat under way."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _beat(self) -> None:
        while not self._stopping.wait(BEAT):
            try:
                self._ledger.beat()
                self._ledger.seal()  # what the last commit before a rest left open (B29)
            except LedgerError as error:
                log.warning("heartbeat-failed", code=error.code, error=error.spoken("zh"))
