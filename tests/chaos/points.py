# SPDX-License-Identifier: Apache-2.0
"""Named crash points: places in the real code where a process of the tests may be told to die.

The product knows nothing of them. ``arm`` wraps functions of a process that the tests have started
(``tests.chaos.entry``); the wheel contains neither. A point strikes before a function is entered, after it has
returned, or, for a context manager, before its end is run.
"""

import functools
import importlib
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FunctionType
from typing import Any

BEFORE = "before"
AFTER = "after"


@dataclass(frozen=True, slots=True)
class Point:
    """Where it stands: ``module:function`` or ``module:Class.method``, and on which side of the call."""

    name: str
    target: str
    when: str


def _points() -> Iterator[Point]:
    """Yield the points in the order in which a record meets them."""
    store, intake, runs = "gateway.ledger.store:Ledger", "gateway.ledger.intake", "gateway.ledger.runs"
    deliver, settlement, claims = "gateway.flow.deliver", "gateway.ledger.settlement", "gateway.ledger.claims"
    soap, https = "gateway.channels.soap:PowerExchange", "gateway.channels.https:HttpsChannel"
    destinations = "gateway.ledger.destinations"
    # starting
    yield Point("config.loading", "gateway.config.loading:load", BEFORE)
    yield Point("config.loaded", "gateway.config.loading:load", AFTER)
    yield Point("migration.begun", "gateway.ledger.schema:ensure", BEFORE)
    yield Point("migration.before-commit", "gateway.ledger.schema:ensure", AFTER)
    yield Point("migration.committed", f"{store}.make", AFTER)
    yield Point("start.before-recovery", f"{destinations}:register", AFTER)
    yield Point("start.before-commit", f"{destinations}:recover", AFTER)
    yield Point("start.committed", "gateway.app:Gateway.service", BEFORE)
    # collecting
    yield Point("run.before-start", f"{store}.start_run", BEFORE)
    yield Point("run.before-commit", f"{runs}:start", AFTER)
    yield Point("run.started", f"{store}.start_run", AFTER)
    yield Point("page.read", "gateway.channels.database:DatabaseSource.read", AFTER)
    yield Point("page.translated", "gateway.flow.translate:translate", AFTER)
    yield Point("chunk.before-begin", f"{store}.commit_chunk", BEFORE)
    yield Point("chunk.cursor-moved", f"{runs}:move_cursor", AFTER)
    yield Point("chunk.numbers-kept", "gateway.ledger.numbers:Numbers.keep", AFTER)
    yield Point("chunk.folded", f"{intake}:_fold", AFTER)
    yield Point("chunk.gate-passed", f"{intake}:_decide", AFTER)
    yield Point("chunk.raws-written", f"{intake}:_write_raws", AFTER)
    yield Point("chunk.records-written", f"{intake}:_write_records", AFTER)
    yield Point("chunk.enqueued", "gateway.ledger.lanes:enqueue", AFTER)
    yield Point("chunk.before-commit", f"{intake}:commit", AFTER)
    yield Point("chunk.committed", f"{store}.commit_chunk", AFTER)
    yield Point("run.before-end", f"{store}.end_run", BEFORE)
    yield Point("run.ended", f"{store}.end_run", AFTER)
    # delivering
    yield Point("claim.begun", f"{claims}:claim", BEFORE)
    yield Point("claim.package-written", f"{claims}:_open_package", AFTER)
    yield Point("claim.committed", f"{deliver}:_next", AFTER)
    yield Point("send.before-first-byte", f"{soap}.submit", BEFORE)
    yield Point("send.signed", "gateway.documents.package:render_package", AFTER)
    yield Point("send.answered", f"{https}.post", AFTER)
    yield Point("receipt.read", f"{soap}.submit", AFTER)
    yield Point("settle.begun", f"{settlement}:settle", BEFORE)
    yield Point("settle.attempt-noted", f"{settlement}:_note_attempt", AFTER)
    yield Point("settle.evidence-kept", f"{settlement}:_keep_evidence", AFTER)
    yield Point("settle.records-moved", f"{settlement}:_settle_records", AFTER)
    yield Point("settle.before-commit", f"{settlement}:settle", AFTER)
    yield Point("settle.committed", f"{deliver}:deliver_one", AFTER)
    yield Point("unfinished.taken", f"{claims}:unfinished", AFTER)
    yield Point("question.before", f"{soap}.query_receipt", BEFORE)
    yield Point("question.answered", f"{soap}.query_receipt", AFTER)
    # beside the flow
    yield Point("overdue.before-park", f"{store}.park_overdue", BEFORE)
    yield Point("overdue.parked", f"{store}.park_overdue", AFTER)
    yield Point("stop.begun", "gateway.schedule.service:Service.stop", BEFORE)


POINTS = {each.name: each for each in _points()}
ALWAYS = frozenset(name for name in POINTS if not name.startswith(("overdue.", "stop.", "migration.committed")))


def find(target: str) -> tuple[Any, str, Any]:
    """Return the holder of a target, its name there, and the function itself; raises where it is no more."""
    module_name, _, path = target.partition(":")
    holder: Any = importlib.import_module(module_name)
    *outer, name = path.split(".")
    for each in outer:
        holder = getattr(holder, each)
    found = vars(holder)[name]
    if not isinstance(found, FunctionType | functools._lru_cache_wrapper):
        raise TypeError(target)
    return holder, name, found


def replace(target: str, made: Callable[[Any], Any]) -> Callable[[], None]:
    """Put ``made(original)`` in the place of a function, in every module of the gateway that has it by name.

    Returns what undoes it, for whoever lives on.
    """
    holder, name, original = find(target)
    replacement = made(original)
    places = [(holder, name)]
    if not isinstance(holder, type):
        modules = [each for each in list(sys.modules.values()) if getattr(each, "__name__", "").startswith("gateway")]
        places += [(each, known) for each in modules for known, value in list(vars(each).items()) if value is original]
    for place, known in places:
        setattr(place, known, replacement)

    def undo() -> None:
        for place, known in places:
            setattr(place, known, original)

    return undo


@dataclass
class Hits:
    """Counts how often each point was passed; dies at the ``nth`` passing of the one that is armed."""

    armed: str | None = None
    nth: int = 1
    log: Path | None = None
    counts: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def passed(self, name: str) -> None:
        with self._lock:
            count = self.counts[name] = self.counts.get(name, 0) + 1
            if name == self.armed and count == self.nth:
                self.strike(name)

    def strike(self, name: str) -> None:
        """Say where it struck, durably, and die as a power failure would have it."""
        if self.log is not None:
            with self.log.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps({"point": name, "nth": self.nth}) + "\n")
                stream.flush()
                os.fsync(stream.fileno())
        os.kill(os.getpid(), signal.SIGKILL)
        signal.pause()


def arm(hits: Hits, names: frozenset[str] | None = None) -> None:
    """Wrap the functions behind the points ``names``; all by default."""
    for point in POINTS.values():
        if names is None or point.name in names:
            replace(point.target, functools.partial(_wrapped, point, hits))


def _wrapped(point: Point, hits: Hits, original: Any) -> Any:
    @functools.wraps(original)
    def call(*values: Any, **named: Any) -> Any:
        if point.when == BEFORE:
            hits.passed(point.name)
        returned = original(*values, **named)
        if point.when == AFTER:
            hits.passed(point.name)
        return returned

    return call
