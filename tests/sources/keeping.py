# SPDX-License-Identifier: Apache-2.0
"""A ledger with the plainest of mappings: one record a row, its text the row itself."""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from sqlalchemy import select

from gateway.flow.collect import Handling, Pull, Pulled, pull
from gateway.flow.withdraw import WithdrawalForm
from gateway.ledger.store import Ledger, open_ledger
from gateway.ledger.tables import record_key, refusal
from gateway.model.finding import Finding, Stage
from gateway.model.record import Draft, Level, Refused, Row, Slot
from gateway.model.record_type import LaneKind, RecordType
from gateway.model.words import Words
from gateway.pack import load_pack
from gateway.ports import AllocationRequest, Clock, Examined, Mapped, Source
from gateway.testing.clock import FakeIds

TYPES = {
    "SX": RecordType("SX", "sx", Words("事项", "item"), "QL", 0, LaneKind.OWN, (), {}, False),
    "GG_CH": RecordType("GG_CH", "withdrawal", Words("撤回", "withdrawal"), "GG", 0, LaneKind.CASE, (), {}, True),
}


class PlainMapper:
    """One record a row; a row whose column ``MC`` says 坏 is refused, one without ``token`` has no order."""

    version = "plain"
    asks = False

    def __init__(self, key: str = "ID", token: str | None = None) -> None:
        self._key = key
        self._token = token

    def wants(self, _row: Row) -> tuple[AllocationRequest, ...]:
        return ()

    def map(self, row: Row, _numbers: Mapping[AllocationRequest, int]) -> Mapped:
        if row.values.get("MC") == "坏":
            bad = Finding("MAP-001", Stage.TRANSLATE, "MC", Words("名称不对", "wrong name"), Words("改名称", "mend it"))
            return Mapped((), (Refused((bad,), "SX", f"SX:{row.values[self._key]}"),))
        content = {k: v for k, v in row.values.items() if k not in ("GXSJ", "FILE_NAME", "FILE_SEQUENCE", "FILE_ROW")}
        text = repr(sorted(content.items())).encode()
        token = None if self._token is None else str(row.values[self._token])
        key = f"SX:{row.values[self._key]}"
        pieces = (b"<r>", Slot.VERSION, text, b"</r>")
        at = "2026-01-05T09:00:00+08:00"
        return Mapped((Draft("SX", key, None, "org", None, at, 1, pieces, identity_of(content), token),), ())


def identity_of(content: Mapping[str, object]) -> bytes:
    return hashlib.sha256(repr(sorted(content.items())).encode()).digest()


class Anything:
    """A validator that finds nothing."""

    def check(self, documents: Sequence[bytes], level: Level | None = None, now: str | None = None) -> list[Examined]:
        return [Examined((), None)] * len(documents)


HANDLING = Handling(
    PlainMapper(), Anything(), Level.L1, None, "pack", "adapter", withdrawal=WithdrawalForm.of(load_pack())
)


class Keeping:
    """A ledger in a file, opened and closed as processes come and go."""

    def __init__(self, directory: Path, clock: Clock) -> None:
        self.url = f"sqlite:///{directory / 'ledger.db'}"
        self.clock = clock
        self.ledger = self.open()

    def open(self) -> Ledger:
        return open_ledger(self.url, self.clock, FakeIds(), TYPES, exclusive=False)

    def pull(self, source: Source, chunk: int = 3, **more: object) -> Pulled:
        with closing(source):
            return pull(Pull(self.ledger, source, HANDLING, self.clock, chunk=chunk, **more))  # type: ignore[arg-type]

    def heads(self) -> dict[str, tuple[int, bytes]]:
        """Version and identity of every key that is not withdrawn."""
        with self.ledger.reading() as connection:
            rows = connection.execute(select(record_key).where(record_key.c.withdrawn.is_(False)))
            return {row.key: (row.version, row.identity) for row in rows}

    def refusals(self) -> list[tuple[str, str, str, str]]:
        with self.ledger.reading() as connection:
            rows = connection.execute(select(refusal).where(refusal.c.superseded.is_(False)).order_by(refusal.c.id))
            return [(row.outcome, row.code, row.row_id, row.findings) for row in rows]

    def open_notices(self) -> int:
        from sqlalchemy import func

        from gateway.ledger.source_tables import source_notice

        with self.ledger.reading() as connection:
            return int(connection.execute(select(func.count()).select_from(source_notice)).scalar_one())
