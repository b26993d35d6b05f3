# SPDX-License-Identifier: Apache-2.0
"""``--workers N``: children compute and hold no ledger handle, and change nothing (ledger.md B28)."""

import os
import signal
import subprocess
import sys
import time
import zlib
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import ChildError
from gateway.schedule.children import ChildProcesses
from tests.workers.conftest import CHUNK, DEADLY, RECORDS, pull_all

RECORD = """SELECT key, version, hex(content_digest), hex(identity), state, lane, order_key, case_no, org_code, item_code,
  occurred_at, source_id, row_id FROM record ORDER BY id"""
PLACES = "SELECT segment_id, offset, length, raw_segment_id, raw_offset, raw_length FROM record ORDER BY id"
MEMORY = "SELECT source_id, row_id, hex(digest), keys FROM row_memory ORDER BY source_id, row_id"

_HOST = """
import sys
from pathlib import Path
from gateway.app import Gateway
from gateway.config import load
with Gateway.open(load(Path(sys.argv[1])), workers=2) as gateway:
    gateway.children.start()
    print(*gateway.children.pids, flush=True)
    sys.stdin.read()
"""


def test_b28_children_make_what_the_process_itself_makes(make_yard: Any) -> None:
    """Same records, order keys, digests, row memory and cursors, page by page in the same order."""
    alone, helped = make_yard("alone"), make_yard("helped")
    assert alone.collect(0) == helped.collect(2)
    assert alone.ledger(RECORD) == helped.ledger(RECORD)
    assert len(alone.ledger(RECORD)) == RECORDS
    assert alone.ledger(MEMORY) == helped.ledger(MEMORY)
    assert alone.collect(0) == helped.collect(2)  # nothing but re-reads
    for yard in (alone, helped):
        yard.remark("一律补正")
    assert alone.collect(0) == helped.collect(2)  # second versions: what children packed as first ones is not taken
    for question in (RECORD, PLACES, MEMORY):
        assert alone.ledger(question) == helped.ledger(question)
    assert helped.ledger("SELECT version, count(*) FROM record GROUP BY version") == [(1, RECORDS), (2, RECORDS)]
    assert _payloads(alone) == _payloads(helped)


def _payloads(yard: Any) -> list[bytes]:
    return [zlib.decompress(each) for (each,) in yard.ledger("SELECT payload FROM segment ORDER BY id")]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="linux: looks into /proc")
def test_b28_a_child_holds_no_ledger_handle(make_yard: Any) -> None:
    """Open files of a child that works: neither the ledger nor its lock; nor any socket."""
    with make_yard().gateway(2) as gateway:
        gateway.children.start()
        pull_all(gateway)
        assert len(gateway.children.pids) == 2
        for pid in gateway.children.pids:
            targets = [str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir()]
            assert not [each for each in targets if "ledger.db" in each or each.startswith("socket:")]


def test_b28_interrupts_leave_children_to_their_parent(make_yard: Any) -> None:
    with make_yard().gateway(1) as gateway:
        gateway.children.start()
        (child,) = gateway.children.pids
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(child, number)
        assert pull_all(gateway).accepted == RECORDS
        assert gateway.children.pids == [child]
    assert not _alive(child)


def test_b28_children_end_when_their_parent_is_killed(make_yard: Any) -> None:
    host = subprocess.Popen(
        [sys.executable, "-c", _HOST, str(make_yard().folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert host.stdout is not None
    children = [int(each) for each in host.stdout.readline().split()]
    assert len(children) == 2
    host.kill()
    host.communicate()
    end = time.monotonic() + 20
    while any(map(_alive, children)) and time.monotonic() < end:
        time.sleep(0.02)
    assert not any(map(_alive, children))


def test_b28_short_pulls_start_no_child(make_yard: Any) -> None:
    """A page that holds a few rows is handled in the process: an idle gateway has no children."""
    yard = make_yard()
    yard.collect(0)
    with yard.gateway(2) as gateway:
        figures = pull_all(gateway)
        assert 0 < figures.rereads == figures.rows
        assert gateway.children.pids == []


def test_b28_pages_that_come_while_children_start_are_not_held_up(make_yard: Any) -> None:
    with make_yard().gateway(1) as gateway:
        assert pull_all(gateway).accepted == RECORDS


def test_a_child_that_can_not_be_started_is_told_by_code_and_the_work_is_done(make_yard: Any) -> None:
    """GW-611."""
    yard = make_yard()
    with yard.gateway(1, (*DEADLY, "--no-start")) as gateway:
        with pytest.raises(ChildError, match="GW-611"):
            gateway.children.start()
        assert pull_all(gateway).accepted == RECORDS


def test_closing_ends_what_is_under_way(make_yard: Any) -> None:
    with make_yard().gateway(1) as gateway:
        children: ChildProcesses = gateway.children
        children.start()
        pids = children.pids
        children.close()
        assert not any(map(_alive, pids))
        with pytest.raises(RuntimeError):
            children.wanted("penalties", [])


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


assert RECORDS // 2 > CHUNK  # each of the two tables needs more than one page
