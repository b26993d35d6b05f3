# SPDX-License-Identifier: Apache-2.0
"""A child process that maps and validates: ``python -m gateway.child``, spoken to by schedule/children.py.

It is told the mapping of every source when it starts, so that a file changed meanwhile can't make it work otherwise
than its parent. It holds no ledger, no keys and no connection to a source.
"""

import os
import resource
import signal
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, BinaryIO, Final

from pydantic_core import from_json

from gateway.flow.translate import translate
from gateway.ledger.packed import pack
from gateway.mapping.compile import compile_mapping
from gateway.model.record import Row
from gateway.pack import load_pack, load_packs
from gateway.parts import judging_packs, validator_for
from gateway.ports import Mapper, Validator
from gateway.schedule.collection import rare_collection
from gateway.schedule.frames import Made, Reply, Rewired, Task, Told, Wiring, how_it_ended, read, write

_ADDRESS_SPACE: Final = 4 * 1024**3
"""Bytes; a row that wants more gets a MemoryError, where the whole machine would else begin to swap."""

_PAGE: Final = 500
_WAITING: Final = 20
"""Times the limit of work that a task may last in all."""

Measure = Callable[[], Mapping[str, float]]


class Compute:
    """The mappings and the validator of a gateway, wired as the gateway itself wires them."""

    def __init__(self, wiring: Wiring) -> None:
        self._pack = pack = load_pack(wiring.pack)
        self.limit = wiring.limit
        self.validator: Validator = validator_for(judging_packs(pack, load_packs()))
        self._mappers: dict[str, Mapper] = {
            source: compile_mapping(mapping, pack, source) for source, mapping in wiring.mappings.items()
        }

    def rewire(self, told: Rewired) -> None:
        """Use another mapping of a source from now on."""
        self._mappers[told.source] = compile_mapping(told.mapping, self._pack, told.source)

    def do(self, task: Task) -> Any:
        """Do a task: the numbers wanted, or the drafts, refusals and warnings of each row, and whether it is ignored."""
        mapper = self._mappers[task.source]
        rows = [_row(each) for each in task.rows]
        if task.do == "wants":
            return [mapper.wants(row) for row in rows]
        seen = translate(rows, mapper, task.numbers, self.validator, task.level, task.now)
        made: list[Made] = [(each.drafts, each.refused, each.warnings, each.ignored) for each in seen]
        return made, pack(seen)


def _row(each: Told) -> Row:
    row_id, raw, digest, stamp = each
    return Row(row_id, from_json(raw), raw, digest, stamp)


def serve(measure: Measure = dict, prepare: Callable[[Compute], None] = lambda _compute: None) -> None:
    """Answer tasks until standard input ends. ``measure`` and ``prepare`` are the bench's."""
    tasks, replies = _pipes()
    _leave_alone()
    with suppress(EOFError, BrokenPipeError):
        compute = Compute(read(tasks))
        prepare(compute)
        write(replies, Reply(None, None, {}))
        with rare_collection():
            while True:
                told = read(tasks)
                if isinstance(told, Rewired):
                    compute.rewire(told)
                    write(replies, Reply(None, None, {}))
                else:
                    write(replies, _answer(compute, told, measure))


def _answer(compute: Compute, task: Task, measure: Measure) -> Reply:
    return _apart(compute, task) if task.apart else _tried(compute, task, compute.limit, measure)


def _tried(compute: Compute, task: Task, limit: float, measure: Measure) -> Reply:
    _limit(limit)
    try:
        made = compute.do(task)
    except Exception as fault:  # noqa: BLE001 # a task must never end the child: the parent looks for the culprit
        return Reply(None, _where(fault), measure())
    finally:
        _limit(0)
    return Reply(made, None, measure())


def _limit(seconds: float) -> None:
    """End this process by a signal after so many seconds of its own work; 0 takes the limit away.

    A busy machine must not make good rows look like endless ones: waiting counts little.
    """
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, seconds * _WAITING)


def _apart(compute: Compute, task: Task) -> Reply:
    """Have a task done by a copy of this process, which has one thread and may be copied: its death costs nothing."""
    reading, writing = os.pipe()
    copy = os.fork()
    if copy == 0:
        with os.fdopen(writing, "wb") as stream:
            write(stream, _tried(compute, task, _limit_apart(compute.limit, len(task.rows)), dict))
        os._exit(0)
    os.close(writing)
    reply: Reply | None = None
    with os.fdopen(reading, "rb") as stream, suppress(EOFError, UnpicklingError):
        reply = read(stream)
    _pid, status = os.waitpid(copy, 0)
    return Reply(None, how_it_ended(os.waitstatus_to_exitcode(status)), {}) if reply is None else reply


def _limit_apart(limit: float, rows: int) -> float:
    """Return the seconds that some rows of a page may last: their share, a fifth of the page's at least.

    A row alone gets all of it: a slow machine may cost halvings, but must not condemn a good row.
    """
    return limit if rows == 1 else limit * max(0.2, min(1.0, rows / _PAGE))


def _where(fault: Exception) -> str:
    """Name an exception and the line it came from; its text may hold personal data."""
    frames = traceback.extract_tb(fault.__traceback__, limit=-1)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"{type(fault).__name__}{place}"


def _pipes() -> tuple[BinaryIO, BinaryIO]:
    """Return the pipes of tasks and replies; whoever prints or reads from now on does neither there."""
    tasks, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    return tasks, replies


def _leave_alone() -> None:
    """Leave signals to the parent, but for those of the time limit, whose default action ends the process."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    for number in (signal.SIGALRM, signal.SIGPROF):
        signal.signal(number, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    least = _ADDRESS_SPACE if hard == resource.RLIM_INFINITY else min(_ADDRESS_SPACE, hard)
    resource.setrlimit(resource.RLIMIT_AS, (least, hard))


if __name__ == "__main__":
    serve()
