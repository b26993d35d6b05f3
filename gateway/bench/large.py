# SPDX-License-Identifier: Apache-2.0
"""A large ledger: how long a search by case number takes in it, and a replay plan of a tenth of its records.

The ledger is filled with rows as they stand there after a year's work, without their documents, which neither reads:
cases of four records, everything delivered to both destinations but for the plan's tenth, which one of them refused.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import Any, Final

from sqlalchemy import Connection, Table, insert, text

from gateway.app import Gateway, make_plan
from gateway.bench.failure import BenchFailure
from gateway.bench.rows import RECEIVERS, body
from gateway.bench.workshop import make_rows, open_workshop, write_configuration
from gateway.config import load
from gateway.ledger import queries
from gateway.ledger.batches import insert_rows
from gateway.ledger.queries import Wanted
from gateway.ledger.replays import Asked, Mode
from gateway.ledger.store import Ledger
from gateway.ledger.tables import case_file, delivery, lane, package, record, record_key, segment, source, versions
from gateway.model.person import Actor
from gateway.pack import load_pack, load_packs
from gateway.parts import judging_packs, pack_stamp
from gateway.ports import Clock

_STAGES: Final = ("XK_SQ", "XK_SL", "XK_JD", "XK_SD")
_PARKED: Final = 10
"""Of so many cases one is parked at the first destination."""
_AT_ONCE: Final = 2_500
"""Cases written in one transaction."""
_SEARCHES: Final = 50
_NOW: Final = 1_780_000_000_000_000
_OWNER: Final = body(11)
_PARTS: Final = {
    record: (
        "id", "type", "key", "version", "content_digest", "identity", "state", "lane", "order_key", "case_no",
        "org_code", "item_code", "occurred_at", "source_id", "row_id", "run_id", "accepted_at", "segment_id", "offset",
        "length", "raw_segment_id", "raw_offset", "raw_length", "versions_id",
    ),
    record_key: (
        "key", "type", "version", "record_id", "identity", "source_id", "row_id", "several_rows", "lane", "case_no",
        "withdrawn", "accepted", "order_key",
    ),
    case_file: ("case_no", "rev"),
    delivery: (
        "destination_id", "record_id", "lane", "order_key", "state", "package_no", "receipt_no", "code",
    ),
    lane: ("destination_id", "name", "state", "priority", "since", "org_code", "due"),
}  # fmt: skip

Told = Callable[[str], None]
"""Called with what has just been done."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was measured in one ledger; times in seconds."""

    records: int
    filled: float
    searches: tuple[float, ...]
    items: int
    planned: float

    def as_json(self) -> dict[str, Any]:
        """Return the figures as ``gateway bench --json`` prints them."""
        milliseconds = sorted(each * 1e3 for each in self.searches)
        return {
            "records": self.records,
            "filled_seconds": round(self.filled, 1),
            "search_ms": {"median": round(median(milliseconds), 2), "max": round(milliseconds[-1], 2)},
            "plan": {"items": self.items, "seconds": round(self.planned, 2)},
        }


def measure_large(
    records: int, directory: Path, clock: Clock, seed: int, urls: Sequence[tuple[str, str]], tell: Told
) -> dict[str, Found]:
    """Return what was measured in each ledger, named and given by its URL; every one is empty at first."""
    workshop = open_workshop(directory, clock.now())
    nothing = make_rows(workshop, "nothing", 0, seed)
    nowhere = dict.fromkeys(RECEIVERS, "https://127.0.0.1:9/exchange")
    found = {}
    for name, url in urls:
        configuration = load(write_configuration(workshop, f"large-{name}", nothing, nowhere, url))
        with Gateway.open(configuration, workers=0) as gateway:
            ledger = gateway.place.ledger
            begun = time.perf_counter()
            _fill(ledger, records, pack_stamp(judging_packs(load_pack(configuration.site.pack), load_packs())))
            filled = time.perf_counter() - begun
            tell(f"{name}: {records} / {filled:.0f} s")
            searches = tuple(_searches(ledger, records // len(_STAGES), seed))
            begun = time.perf_counter()
            asked = Asked(destination=next(iter(RECEIVERS)), state="parked")
            me = Actor("bench", None, "account")
            shown = make_plan(
                configuration, ledger, asked, Mode.DOCUMENT, frozenset(), None, "bench", me, keep=True
            )  # fmt: skip
            planned = time.perf_counter() - begun
        found[name] = Found(records, filled, searches, shown["to_send"], planned)
        tell(f"{name}: {found[name].as_json()}")
    return found


def _searches(ledger: Ledger, cases: int, seed: int) -> Iterator[float]:
    """Search for cases as ``gateway records list --case`` does, each in a transaction of its own; yield seconds."""
    chance = random.Random(seed)  # noqa: S311 # nothing is secret
    for _ in range(_SEARCHES):
        wanted = Wanted(case_no=_case(chance.randrange(cases)))
        begun = time.perf_counter()
        with ledger.reading() as connection:
            held = [*queries.records(connection, wanted, 100), *queries.refused(connection, wanted, 100)]
        yield time.perf_counter() - begun
        if len(held) != len(_STAGES):
            raise BenchFailure(f"{wanted.case_no}: {len(held)}")


def _fill(ledger: Ledger, records: int, stamp: str) -> None:
    with ledger.begin() as connection:
        connection.execute(insert(source).values(id=1_000, name="bench", kind="state", level="L2", waiting_limit=0))
        connection.execute(insert(versions).values(id=1_000, pack=stamp, mapping="bench", adapter="bench"))
        connection.execute(
            insert(segment).values(id=1_000, kind="document", codec="zlib", created_at=_NOW, payload=b"")
        )
    cases = records // len(_STAGES)
    for first in range(0, cases, _AT_ONCE):
        with ledger.begin() as connection:
            _write(
                connection,
                [route.destination_id for route in ledger.routes],
                range(first, min(first + _AT_ONCE, cases)),
            )
    with ledger.begin() as connection:
        connection.execute(text("ANALYZE"))


def _write(connection: Connection, places: Sequence[int], cases: range) -> None:
    rows: dict[Any, list[tuple[Any, ...]]] = {table: [] for table in _PARTS}
    packages = []
    for here in places:
        number = cases.start // _AT_ONCE * len(places) + places.index(here) + 1
        packages.append(
            {
                "no": number, "package_id": f"bench-{number}", "destination_id": here, "stream_id": f"bench-{here}",
                "seq": cases.start // _AT_ONCE + 1, "purpose": "business", "created_at": _NOW, "records": "[]",
                "body_digest": "", "state": "settled", "epoch": 2, "receipt_no": number,
            }
        )  # fmt: skip
    for case in cases:
        name, parked = _case(case), case % _PARKED == 0
        rows[case_file].append((name, 1))
        if parked:
            rows[lane].append((places[0], name, "blocked", 2, _NOW, _OWNER.code, (1 << 63) - 1))
        for stage, kind in enumerate(_STAGES, 1):
            number, key = case * len(_STAGES) + stage, f"{kind}:{name}:{stage}"
            digest, order = sha256(key.encode()).digest(), f"{stage:04d} 2026-01-01T00:00:00 {stage:06d} 000001"
            at = f"2026-{case % 12 + 1:02d}-{case % 28 + 1:02d}T10:00:00+08:00"
            rows[record].append(
                (number, kind, key, 1, digest, digest, "accepted", name, order, name, _OWNER.code,
                 f"XK-{_OWNER.organisation}-0001", at, 1_000, str(number), 1, _NOW, 1_000, 0, 0, 1_000, 0, 0, 1_000)
            )  # fmt: skip
            rows[record_key].append(
                (key, kind, 1, number, digest, 1_000, str(number), False, name, name, False, True, order)
            )
            for package_row, here in zip(packages, places, strict=True):
                refused = parked and here == places[0]
                rows[delivery].append(
                    (here, number, name, order, "parked", package_row["no"], None, "1002") if refused
                    else (here, number, name, order, "settled", package_row["no"], package_row["receipt_no"], "0000")
                )  # fmt: skip
    connection.execute(insert(package), packages)
    for table, columns in _PARTS.items():
        _insert(connection, table, columns, rows[table])


def _insert(connection: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> None:
    if connection.dialect.name == "sqlite":
        insert_rows(connection, table, columns, rows)
        return
    named = ", ".join(f'"{name}"' for name in columns)
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({named}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _case(number: int) -> str:
    return f"{_OWNER.organisation}-2026-XK-{number:08d}"
