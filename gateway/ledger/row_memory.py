# SPDX-License-Identifier: Apache-2.0
"""Row memory: the last that the ledger has seen of every row of a source (ledger.md B2)."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Select, bindparam, select

from gateway.ledger.batches import among, listed
from gateway.ledger.tables import row_memory

_PART: Final = 5_000
_COLUMNS: Final = (row_memory.c.row_id, row_memory.c.digest, row_memory.c["keys"])


class Remembered(NamedTuple):
    """What is remembered of a row: the digest of its raw form, and the keys it stands for."""

    digest: bytes
    keys: tuple[str, ...]


def remembered(
    connection: Connection, source_id: int, row_ids: Iterable[str], *, lock: bool = False
) -> dict[str, Remembered]:
    """Return what is remembered of these rows of a source, locked until the transaction ends where ``lock``."""
    dialect = connection.dialect.name
    wanted = {"source_id": source_id, "among": listed(dialect, dict.fromkeys(row_ids))}
    return dict(map(_read, connection.execute(_of_rows(dialect, lock=lock), wanted)))


def everything_remembered(connection: Connection, source_id: int) -> Iterator[dict[str, Remembered]]:
    """Yield all rows of a source that stand for a key, in parts."""
    last = ""
    while rows := connection.execute(_PAGE_OF_SOURCE, {"source_id": source_id, "last": last}).all():
        yield dict(map(_read, rows))
        last = rows[-1].row_id


def _read(row: Any) -> tuple[str, Remembered]:
    row_id, digest, keys = row
    return row_id, Remembered(digest, tuple(filter(None, keys.split("\n"))))


@lru_cache
def _of_rows(dialect: str, *, lock: bool) -> Select[Any]:
    question = select(*_COLUMNS).where(
        row_memory.c.source_id == bindparam("source_id"), among(dialect, row_memory.c.row_id)
    )
    return question.with_for_update() if lock else question


_PAGE_OF_SOURCE: Final = (
    select(*_COLUMNS)
    .where(
        row_memory.c.source_id == bindparam("source_id"), row_memory.c.row_id > bindparam("last"),
        row_memory.c["keys"] != "",
    )
    .order_by(row_memory.c.row_id)
    .limit(_PART)
)  # fmt: skip
