# SPDX-License-Identifier: Apache-2.0
"""kill -9 in every mode, wherever it hurts: nothing is read twice or lost, and the source hears of everything (B2, B5, B14, B17, T4).

A process of its own is killed at one place after the other, each time with more to be collected; the next one takes over.
"""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from gateway.testing.clock import FakeClock
from tests.files.conftest import Office, SftpServer
from tests.sources.conftest import make_department
from tests.sources.keeping import Keeping, identity_of

ROOT = Path(__file__).resolve().parents[2]
STORE = "gateway.ledger.store:Ledger"
EVERYWHERE = [
    (f"{STORE}.start_run", "after", 1), ("gateway.ledger.intake:commit", "before", 1), ("gateway.ledger.intake:commit", "after", 1),
    (f"{STORE}.commit_chunk", "after", 1), (f"{STORE}.commit_chunk", "after", 2), (f"{STORE}.end_run", "before", 1),
]  # fmt: skip
FLAG, CHANGES, DATABASE = (
    "gateway.channels.database_flag:FlagSource", "gateway.channels.database_changes:ChangesSource",
    "gateway.channels.database:DatabaseSource",
)  # fmt: skip
MODES: dict[str, tuple[str, list[tuple[str, str, int]]]] = {
    "cursor": ("postgresql", [(f"{DATABASE}.read", "after", 1)]),
    "flag": ("mariadb", [
        (f"{FLAG}.read", "after", 1), (f"{FLAG}._claim", "after", 1), (f"{FLAG}.tell", "before", 1),
        (f"{FLAG}._values", "after", 2), (f"{FLAG}._write_back", "after", 1), (f"{FLAG}.tell", "after", 1),
        (f"{STORE}.told", "before", 1), (f"{STORE}.told", "after", 1),
    ]),
    "snapshot": ("postgresql", [
        (f"{DATABASE}.read", "after", 1), ("gateway.flow.absence:compare", "before", 1), (f"{DATABASE}.present", "after", 1),
        ("gateway.flow.absence:compare", "after", 1),
    ]),
    "changes": ("mariadb", [(f"{CHANGES}.read", "after", 1), (f"{CHANGES}._look_up", "after", 1)]),
}  # fmt: skip


class Pullers:
    """Processes that pull, one after the other."""

    def __init__(self, said: Path) -> None:
        self._said = said
        with said.open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.sources.puller"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=errors, text=True,
            )  # fmt: skip

    def __call__(
        self, directory: Path, adapter: str, options: dict[str, Any], point: tuple[str, str, int] | None
    ) -> None:
        """Pull in a process that dies at ``point``, or to its end."""
        told = {"directory": str(directory), "adapter": adapter, "options": options, "chunk": 3, "point": point}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(told) + "\n")
        self._process.stdin.flush()
        ended = int(self._process.stdout.readline() or 1)
        assert ended == (0 if point is None else -signal.SIGKILL), (point, self._said.read_text("utf-8")[-2000:])

    def stop(self) -> None:
        self._process.communicate(timeout=20)


@pytest.fixture(scope="module")
def pull(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pullers]:
    made = Pullers(tmp_path_factory.mktemp("pullers") / "said")
    yield made
    made.stop()


def heads(directory: Path) -> dict[str, tuple[int, bytes]]:
    keeping = Keeping(directory, FakeClock())
    try:
        assert keeping.open_notices() == 0
        return keeping.heads()
    finally:
        keeping.ledger.close()


@pytest.mark.parametrize("mode", MODES)
def test_b2_b5_b17_a_killed_puller_of_a_database_reads_nothing_twice_and_loses_nothing(
    request: pytest.FixtureRequest, pull: Pullers, tmp_path: Path, mode: str
) -> None:
    backend, points = MODES[mode]
    department = make_department(backend, request, tmp_path)
    q = "`" if backend == "mariadb" else '"'
    department.run(
        f"CREATE TABLE {q}AJ{q} ({q}ID{q} INTEGER PRIMARY KEY, {q}MC{q} VARCHAR(50), {q}GXSJ{q} VARCHAR(30), {q}TBBZ{q} VARCHAR(2),"
        f" {q}TBSJ{q} VARCHAR(30), {q}SBYY{q} VARCHAR(200))",
        f"CREATE TABLE {q}BG{q} ({q}XH{q} INTEGER PRIMARY KEY, {q}ID{q} INTEGER)",
    )
    options: dict[str, Any] = {
        "url": department.url,
        "table": "AJ",
        "row_id": ["ID"],
        "columns": ["ID", "MC"],
        "mode": mode,
    }
    if mode == "cursor":
        options["stamp"] = {"column": "GXSJ", "format": "%Y-%m-%d %H:%M:%S"}
    if mode == "flag":
        options["flag"] = {"claimed": "9"}
    if mode == "changes":
        options["changes"] = {"table": "BG", "sequence": "XH", "row_id": ["ID"]}
    wanted: dict[str, tuple[int, bytes]] = {}

    def more() -> None:
        """Seven rows more, five with the same stamp as the ones before."""
        numbers = range(len(wanted) + 1, len(wanted) + 8)
        values = [{"a": n, "b": f"第{n}件", "c": f"2026-01-05 09:00:{n % 2:02d}"} for n in numbers]
        department.run(
            many=(f"INSERT INTO {q}AJ{q} ({q}ID{q}, {q}MC{q}, {q}GXSJ{q}, {q}TBBZ{q}) VALUES (:a, :b, :c, '0')", values)
        )
        department.run(many=(f"INSERT INTO {q}BG{q} VALUES (:a, :b)", [{"a": n, "b": n} for n in numbers]))
        wanted.update({f"SX:{n}": (1, identity_of({"ID": n, "MC": f"第{n}件"})) for n in numbers})

    more()
    pull(tmp_path, "database", options, None)
    gone = {"SX:2", "SX:3"} if mode == "snapshot" else set()
    for number in sorted(gone):
        department.run(f"DELETE FROM {q}AJ{q} WHERE {q}ID{q} = {number[3:]}")
    for point in [*EVERYWHERE, *points]:
        more()
        pull(tmp_path, "database", options, point)
    pull(tmp_path, "database", options, None)
    assert heads(tmp_path) == wanted
    if mode == "flag":
        engine = sa.create_engine(department.url)
        with engine.connect() as connection:
            flags = connection.exec_driver_sql("SELECT TBBZ, COUNT(*), COUNT(TBSJ) FROM AJ GROUP BY TBBZ").all()
        engine.dispose()
        assert flags == [("1", len(wanted), len(wanted))]
    if mode == "snapshot":
        keeping = Keeping(tmp_path, FakeClock())
        proposed = {row for outcome, _code, row, _findings in keeping.refusals() if outcome == "proposed"}
        keeping.ledger.close()
        assert {f"SX:{row}" for row in proposed} == gone


FILES = "gateway.channels.files.source:FileSource"


@pytest.mark.parametrize("place", ["local", "sftp"])
def test_b16_b17_a_killed_puller_of_files_reads_nothing_twice_and_loses_nothing(
    pull: Pullers, tmp_path: Path, place: str
) -> None:
    """Killed between the renames of a claim, with a file half taken, before and after its commit, between its receipts."""
    drop = "gateway.channels.files.drop:LocalDrop" if place == "local" else "gateway.channels.files.sftp:SftpDrop"
    points = [
        *EVERYWHERE, (f"{FILES}.read", "after", 1), (f"{FILES}.read", "after", 2), (f"{FILES}.tell", "before", 1),
        (f"{FILES}.tell", "after", 1), (f"{STORE}.told", "after", 1), (f"{drop}.write", "after", 1), (f"{drop}.write", "after", 2),
        *[(f"{drop}.move", "after", nth) for nth in (1, 2, 3, 4)], (f"{drop}.fetch", "after", 2),
    ]  # fmt: skip
    (tmp_path / "drop").mkdir()
    server = SftpServer(tmp_path) if place == "sftp" else None
    office = Office(tmp_path, None, FakeClock(), server)  # type: ignore[arg-type] # the ledger is the puller's
    options = office.options()
    wanted: dict[str, tuple[int, bytes]] = {}
    files = 0
    try:
        for point in [*points, None]:
            files += 1
            numbers = range(len(wanted) + 1, len(wanted) + 8)
            office.put(f"{files}.csv", "ID,MC\n" + "".join(f"{n},第{n}件\n" for n in numbers), files)
            wanted |= {f"SX:{n}": (1, identity_of({"ID": str(n), "MC": f"第{n}件"})) for n in numbers}
            pull(tmp_path, "files", options, point)
    finally:
        if server is not None:
            server.stop()
    assert heads(tmp_path) == wanted
    assert office.names("claimed") == office.names("") == office.names("refused") == []
    told = [json.loads(path.read_text("utf-8")) for path in (office.drop / "receipts").glob("*.json")]
    assert [(each["rows"], each["accepted"], each["refused"], each["findings"]) for each in told] == [
        (7, 7, 0, [])
    ] * files
    assert len([name for name in office.names("done") if name.endswith(".csv")]) == files
