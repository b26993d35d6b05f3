# SPDX-License-Identifier: Apache-2.0
"""R2: the power goes while the ledger commits; whatever was called accepted is there when it comes back, and nothing is torn.

``GATEWAY_POWER_CUTS`` says how often (20), ``GATEWAY_POWER_SEED`` replays.
"""

import os
import random
import secrets
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.chaos import power

CUTS = int(os.environ.get("GATEWAY_POWER_CUTS", "20"))
LIES = 12

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.timeout(600),
    pytest.mark.skipif(power.missing() is not None, reason=f"power cut: {power.missing()} is missing"),
]

# Everything is imported once; each life is a fork, which acknowledges on stdout what a commit has made durable, as a
# receipt would, and dies of its first error.
WRITER = """
import hashlib, os, sys
from gateway.ledger.intake import Chunk
from gateway.ledger.store import open_ledger
from gateway.model.record import Draft, Level, Observation, Row, Slot, SourceKind
from gateway.model.record_type import LaneKind, RecordType
from gateway.model.words import Words
from gateway.testing.clock import FakeClock, FakeIds
types = {"LA": RecordType("LA", "la", Words("LA", "LA"), "CF", 10, LaneKind.CASE, (), {}, False)}
sha = lambda data: hashlib.sha256(data).digest()

def live(url, life):
    ledger = open_ledger(url, FakeClock(), FakeIds(), types)
    lease = ledger.start_run("s", SourceKind.STATE, Level.L1, ledger.clock.now())
    for number in range(10**6):
        case, raw = f"c{life}-{number}", f"raw {life} {number}".encode() * 20
        pieces = (b"<r><v>", Slot.VERSION, b"</v>", raw, b"</r>")
        draft = Draft("LA", f"LA:{case}:1", case, "o", "i", "2026-01-05T09:00:00+08:00", 1, pieces, sha(raw))
        seen = Observation(Row(case, {}, raw, sha(raw)), (draft,), ())
        ledger.commit_chunk(lease, Chunk((seen,), {}, f"{life}/{number}", 1, 0, "p", "m", "a"))
        print(draft.key, flush=True)

for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        try:
            live(*line.split())
        finally:
            os._exit(1)
    os.waitpid(pid, 0)
    print("dead", flush=True)
"""


class Writer:
    """Brings up ledgers that work until their disk is gone."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", WRITER],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip

    def live(self, mount: Path, life: int, wanted: int) -> list[str]:
        """Cut the power after ``wanted`` commits; return the keys that were called accepted, before and after it."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"sqlite:///{mount}/ledger.db {life}\n")
        self.process.stdin.flush()
        accepted: list[str] = []
        for line in self.process.stdout:
            if line == "dead\n":
                break
            accepted.append(line.strip())
            if len(accepted) == wanted:
                power.cut(mount)
        return accepted


@pytest.fixture(scope="module")
def writer() -> Iterator[Writer]:
    made = Writer()
    yield made
    made.process.kill()
    made.process.communicate()


def survive(writer: Writer, places: tuple[Path, Path], life: int, chance: random.Random, *, lies: bool) -> list[str]:
    mount, behind = places
    with power.powered(mount, behind, chance.randrange(10**9), lies=lies):
        return writer.live(mount, life, chance.randrange(1, 60))


def held(behind: Path) -> set[str]:
    """Return the keys in the ledger that stands on the disk; raises where it is damaged."""
    with closing(sqlite3.connect(behind / "ledger.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return {key for (key,) in connection.execute("SELECT key FROM record")}


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    mount, behind = tmp_path / "mount", tmp_path / "behind"
    mount.mkdir()
    behind.mkdir()
    return mount, behind


def test_r02_nothing_accepted_is_lost_when_the_power_goes(writer: Writer, places: tuple[Path, Path]) -> None:
    seed = int(os.environ.get("GATEWAY_POWER_SEED") or secrets.randbelow(10**9))
    chance, accepted = random.Random(seed), set[str]()
    for life in range(CUTS):
        accepted |= set(survive(writer, places, life, chance, lies=False))
        assert accepted - held(places[1]) == set(), f"GATEWAY_POWER_SEED={seed}, cut {life}"
    assert len(accepted) > 5 * CUTS


def test_r02_a_disk_that_lies_about_fsync_is_found_out(writer: Writer, places: tuple[Path, Path]) -> None:
    """The control: on such a disk the same ledger loses what it accepted, and this harness sees it."""
    chance, lost = random.Random(7), 0
    for life in range(LIES):
        accepted = set(survive(writer, places, life, chance, lies=True))
        try:
            lost += bool(accepted - held(places[1]))
        except (AssertionError, sqlite3.DatabaseError):
            lost += 1
        if lost:
            break
        for each in places[1].iterdir():
            each.unlink()
    assert lost
