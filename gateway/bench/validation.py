# SPDX-License-Identifier: Apache-2.0
"""The validation stage beside the bare library: the same documents, 500 at a time, parsed and validated with the XSD."""

import re
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from gateway.bench.failure import BenchFailure
from gateway.bench.references.ceiling import chunks, validator
from gateway.bench.references.generated import writers
from gateway.bench.workshop import make_rows, open_workshop
from gateway.documents.schema import Checked, Schema
from gateway.flow.validate import PackValidator
from gateway.pack import load_pack
from gateway.ports import Clock
from gateway.rules import Rules

EVERY: Final = 100
"""One document in so many is spoiled."""
_LEAF: Final = re.compile(rb"<(\w+)>([^<]+)</\1>")
_DAY: Final = re.compile(rb">\d{4}-\d\d-\d\d")

Documents = Sequence[Sequence[bytes]]


class Round(NamedTuple):
    """CPU seconds of one round: the library alone, the stage over clean documents, and over those with one in a hundred spoiled."""

    bare: float
    clean: float
    bad: float


def _misspelt(document: bytes, leaf: re.Match[bytes]) -> bytes:
    return document.replace(b"<%s>" % leaf[1], b"<%sX>" % leaf[1]).replace(b"</%s>" % leaf[1], b"</%sX>" % leaf[1])


def _left_out(document: bytes, leaf: re.Match[bytes]) -> bytes:
    return document.replace(leaf[0], b"", 1)


def _no_date(document: bytes, _leaf: re.Match[bytes]) -> bytes:
    return _DAY.sub(b">2022-13-45", document, count=1)


def _too_long(document: bytes, leaf: re.Match[bytes]) -> bytes:
    return document.replace(leaf[0], leaf[0].replace(b">" + leaf[2], b">" + b"9" * 5000, 1), 1)


_DAMAGE: Final[tuple[Callable[[bytes, re.Match[bytes]], bytes], ...]] = (_no_date, _misspelt, _left_out, _too_long)


def spoiled(documents: Documents) -> list[list[bytes]]:
    """Return the documents with one in a hundred spoiled, in four ways by turns. Raises BenchFailure where one can't be."""
    found, number = [], 0
    for chunk in documents:
        copy = list(chunk)
        for at in range(EVERY // 2, len(copy), EVERY):
            leaf = _LEAF.search(copy[at])
            damaged = copy[at] if leaf is None else _DAMAGE[number % len(_DAMAGE)](copy[at], leaf)
            if damaged == copy[at]:
                raise BenchFailure("a document of the bench cannot be spoiled")
            copy[at], number = damaged, number + 1
        found.append(copy)
    return found


def measure_validation(records: int, rounds: int, directory: Path, clock: Clock, seed: int) -> list[Round]:
    """Return the CPU seconds of each round. Raises BenchFailure where what is found is not what was spoiled."""
    source = make_rows(open_workshop(directory, clock.now()), "source", records, seed)
    pack = load_pack()
    stage = PackValidator(pack, Schema(pack.schema_path), Rules(pack)).check_schema
    bare = validator()
    made = [documents for _table, _rows, documents in chunks(source, writers())]
    clean = [[each.content for each in documents] for documents in made]
    bad = spoiled(clean)
    _require(stage, clean, bad)
    return [Round(_spent(bare, made), _spent(stage, clean), _spent(stage, bad)) for _ in range(rounds)]


def _require(stage: Callable[[Sequence[bytes]], list[Checked]], documents: Documents, bad: Documents) -> None:
    """See to it, in a first round that warms up, that exactly the spoiled documents are found."""
    for clean, other in zip(documents, bad, strict=True):
        found = [bool(each.findings) for each in stage(other)]
        if any(each.findings for each in stage(clean)) or found != [a != b for a, b in zip(clean, other, strict=True)]:
            raise BenchFailure("the validation stage did not find what was spoiled")


def _spent(validate: Callable[[list[Any]], object], chunked: Iterable[list[Any]]) -> float:
    begun = time.thread_time()
    for chunk in chunked:
        validate(chunk)
    return time.thread_time() - begun
