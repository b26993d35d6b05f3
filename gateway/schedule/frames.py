# SPDX-License-Identifier: Apache-2.0
"""What the gateway and its child processes say to each other: pickled values, each behind its length.

Both ends are the same program on the same machine, over pipes that nobody else holds: pickle is safe there.
"""

import pickle
import signal
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO, Literal, NamedTuple, TypeAlias

from gateway.mapping.model import Mapping as SourceMapping
from gateway.model.record import Level, Observation, Row
from gateway.ports import AllocationRequest

_LENGTH = 8

Told: TypeAlias = tuple[str, bytes, bytes, str | None]
"""A row on its way to a child: row id, raw form, digest, stamp. Its values are read from the raw form there."""


class Wiring(NamedTuple):
    """What a child is told first: the pack, the mapping of every source, and the seconds that one task may last."""

    pack: str
    mappings: Mapping[str, SourceMapping]
    limit: float


class Rewired(NamedTuple):
    """A child gets another mapping of a source."""

    source: str
    mapping: SourceMapping


class Task(NamedTuple):
    """What a child is to do with rows of a source; ``apart`` when they are under suspicion and may kill it.

    ``level`` is the source's, ``now`` the time of the check.
    """

    do: Literal["wants", "observe"]
    source: str
    rows: Sequence[Told]
    numbers: Mapping[AllocationRequest, int]
    apart: bool = False
    level: Level | None = None
    now: str | None = None


class Reply(NamedTuple):
    """What a child made of a task, or how the task failed; ``measured`` is for the bench."""

    made: Any
    failed: str | None
    measured: Mapping[str, float]


Made: TypeAlias = tuple[tuple[Any, ...], tuple[Any, ...], tuple[Any, ...], bool]
"""Drafts, refusals and warnings of one row, and whether it is ignored; a child sends them with what it has packed of all rows."""


def told(rows: Sequence[Row]) -> list[Told]:
    """Return rows as a child gets them."""
    return [(row.row_id, row.raw, row.digest, row.stamp) for row in rows]


def observed(rows: Sequence[Row], made: Sequence[Made]) -> list[Observation]:
    """Return what a child made of ``rows``."""
    return [Observation(row, *each[:3], ignored=each[3]) for row, each in zip(rows, made, strict=True)]


def how_it_ended(code: int) -> str:
    """Say how a process ended, by its exit code or the negative number of the signal."""
    if code in (-signal.SIGALRM, -signal.SIGPROF):
        return "time limit"
    return signal.Signals(-code).name if code < 0 else f"exit {code}"


def write(stream: BinaryIO, value: object) -> None:
    """Send a value. Raises OSError where the other end is gone."""
    payload = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(len(payload).to_bytes(_LENGTH, "big"))
    stream.write(payload)
    stream.flush()


def read(stream: BinaryIO) -> Any:
    """Return the next value. Raises EOFError where the other end is gone, or went amid a value."""
    length = stream.read(_LENGTH)
    if len(length) < _LENGTH:
        raise EOFError
    payload = stream.read(int.from_bytes(length, "big"))
    return pickle.loads(payload)  # noqa: S301 # of our own process; a cut value raises EOFError or UnpicklingError
