# SPDX-License-Identifier: Apache-2.0
"""The job queue of cluster mode: coarse jobs as hints, in the ledger's own database (ledger.md B27).

The only door to Procrastinate. A job never carries truth: lost, doubled or late, it changes nothing but when work is
looked at. So jobs are deleted when they end, however they end, and a sweep gives out anew what the ledger says is open.
Jobs are enqueued in the ledger's own transaction and there without a lock of the queue: with one, a chunk could fail
for a job that stands in the queue already.
"""

import asyncio
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from importlib import resources
from typing import Any, Final

import structlog
from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.schema import SchemaManager
from procrastinate.worker import Worker
from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import make_url

from gateway.ledger.store import Ledger
from gateway.ledger.tables import site

DELIVER: Final = "deliver"
"""Queue of short work: draining lanes, and the sweep."""
COLLECT: Final = "collect"
"""Queue of long work: pulls, reconciliation, slices of plans and of back-fills."""

Handler = Callable[..., None]

_SWEEP: Final = "sweep"
_EVERY_HALF_MINUTE: Final = "* * * * * 0,30"
_SHAPE: Final = "jobs"
_POLL: Final = 5.0
_RECONNECT: Final = 2.0
_STALLED: Final = 120

_SCRIPTS: Final = resources.files("procrastinate.sql") / "migrations"

log = structlog.get_logger(__name__)


class Board:
    """Where jobs are put up; enqueueing needs no connection but the ledger's."""

    def __init__(self) -> None:
        self._app = App(connector=SyncPsycopgConnector())

    def make(self, connection: Connection) -> None:
        """Make or migrate the queue's tables, inside the caller's transaction."""
        scripts = sorted(each.name for each in _SCRIPTS.iterdir() if each.name.endswith(".sql"))
        newest = scripts[-1]
        stands_at = connection.execute(select(site.c.value).where(site.c.name == _SHAPE)).scalar()
        if stands_at == newest:
            return
        if stands_at is None and not inspect(connection).has_table("procrastinate_jobs"):
            _run_script(connection, SchemaManager.get_schema())
        elif stands_at is not None:
            for name in (each for each in scripts if each > stands_at):
                _run_script(connection, (_SCRIPTS / name).read_text(encoding="utf-8"))
        stamped = insert(site).values(name=_SHAPE, value=newest)
        connection.execute(stamped.on_conflict_do_update(index_elements=["name"], set_={"value": newest}))

    def enqueue(
        self, connection: Connection, queue: str, task: str, *, at: datetime | None = None, **what: Any
    ) -> None:
        """Put up a job inside the caller's transaction: it comes into being with it or not at all."""
        self._put(connection, queue, task, at, None, what)

    def enqueue_once(
        self, ledger: Ledger, queue: str, task: str, *, at: datetime | None = None, alone: bool = False, **what: Any
    ) -> None:  # fmt: skip
        """Put up a job, unless the same one waits already, in a transaction of its own.

        ``alone``: it is not taken while another one of its name runs anywhere.
        """
        lock = ":".join([task, *map(str, what.values())])
        try:
            with ledger.begin() as connection:
                self._put(connection, queue, task, at, lock, what, alone=alone)
        except AlreadyEnqueued:
            return

    def _put(
        self,
        connection: Connection,
        queue: str,
        task: str,
        at: datetime | None,
        lock: str | None,
        what: Mapping[str, Any],
        *,
        alone: bool = False,
    ) -> None:
        driver = connection.connection.driver_connection
        job = self._app.configure_task(
            task, queue=queue, queueing_lock=lock, lock=task if alone else None, schedule_at=at, connection=driver
        )
        job.defer(**what)

    def tidy(self, connection: Connection) -> None:
        """Delete jobs whose worker has died: they were hints, what they were for is given out anew."""
        connection.execute(
            text(
                "DELETE FROM procrastinate_jobs j WHERE status = 'doing' AND NOT EXISTS (SELECT 1 FROM procrastinate_workers w"
                " WHERE w.id = j.worker_id AND w.last_heartbeat > now() - make_interval(secs => :stalled))"
            ),
            {"stalled": _STALLED},
        )


def _run_script(connection: Connection, script: str) -> None:
    """Run many statements at once, which only the driver itself can."""
    driver: Any = connection.connection.driver_connection
    driver.execute(script)


class JobRunner:
    """Runs jobs in threads until stopped; a database that goes away is come back to, for ever."""

    def __init__(self, url: str, handlers: Mapping[tuple[str, str], Handler], slots: Mapping[str, int]) -> None:
        """``handlers`` are named by queue and task; ``slots`` is how many jobs of a queue may run at once."""
        self._conninfo = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._handlers = handlers
        self._slots = slots
        self._stopping = threading.Event()
        self._ending: Callable[[], None] = lambda: None
        self._thread = threading.Thread(target=self._run_again_and_again, name="jobs")

    def start(self) -> None:
        """Start taking jobs."""
        self._thread.start()

    def stop(self) -> None:
        """Take no more jobs; those under way go on."""
        self._stopping.set()
        with suppress(RuntimeError):  # the loop has just come to its end by itself
            self._ending()

    def join(self, seconds: float | None = None) -> None:
        """Wait for the end of the jobs under way, at most ``seconds``."""
        self._thread.join(seconds)

    def _run_again_and_again(self) -> None:
        while not self._stopping.is_set():
            try:
                asyncio.run(self._run())
            except Exception as fault:  # noqa: BLE001 # whatever the queue dies of, the worker lives on
                log.warning("job-queue-failed", error=f"{type(fault).__name__}: {fault}")
            self._stopping.wait(_RECONNECT)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(sum(self._slots.values()) + 2, thread_name_prefix="job"))
        connector = PsycopgConnector(conninfo=self._conninfo, min_size=1, max_size=4, timeout=10.0)
        app = App(connector=connector)
        for (queue, name), handler in self._handlers.items():
            self._register(app, queue, name, handler)
        async with app.open_async():
            workers = [
                Worker(
                    app,
                    queues=[queue],
                    name=queue,
                    concurrency=slots,
                    fetch_job_polling_interval=_POLL,
                    delete_jobs="always",
                    install_signal_handlers=False,
                )
                for queue, slots in self._slots.items()
            ]

            def end() -> None:
                for each in workers:
                    each.stop()  # type: ignore[no-untyped-call]

            def end_from_outside() -> None:
                loop.call_soon_threadsafe(end)

            self._ending = end_from_outside
            running = [asyncio.create_task(_taking(each)) for each in workers]
            if self._stopping.is_set():
                loop.call_soon(end)
            try:
                await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                end()
                await asyncio.gather(*running)
            finally:
                self._ending = lambda: None

    def _register(self, app: App, queue: str, name: str, handler: Handler) -> None:
        def work(**what: Any) -> None:
            handler(**what)

        task: Any = app.task(name=name, queue=queue)(work)
        if name == _SWEEP:
            app.periodic(cron=_EVERY_HALF_MINUTE, queueing_lock=_SWEEP)(task)


async def _taking(worker: Worker) -> None:
    await worker.run()  # type: ignore[no-untyped-call]
