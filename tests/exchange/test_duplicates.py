# SPDX-License-Identifier: Apache-2.0
"""R11 and S21: the same again, many times and at once, and a sender that wants everything for itself."""

import random
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.exchange.town import Town
from tests.reference.client import Sent, file_case

SEED = 20261124
KEYS = 60


def test_r11_duplicated_intake_is_harmless(build: Callable[..., Town]) -> None:
    """R11: each record 1-10 times, at once, over SOAP 1.1 and 1.2, with the same or other content: one row a key.

    The same content always names the receipt that first took it; other content is a conflict and kept.
    """
    print("seed", SEED)
    town = build(options={"in_flight": 16, "rate": 100000})
    chance = random.Random(SEED)
    records = [file_case(number) for number in range(KEYS)]
    others = [file_case(number, fact="超出经营范围") for number in range(KEYS)]
    sends = [
        (number, chance.random() < 0.2, chance.random() < 0.5)
        for number in range(KEYS)
        for _ in range(chance.randint(1, 10))
    ]
    chance.shuffle(sends)
    said: dict[int, list[tuple[str, int]]] = {}
    lock = threading.Lock()
    local = threading.local()

    def send(work: tuple[int, bool, bool]) -> None:
        number, other, soap12 = work
        if not hasattr(local, "sender"):
            local.sender = town.sender()
        reply = local.sender.submit([(others if other else records)[number]], soap12=soap12)
        held = int(reply.first("receiptNo") or 0)
        if reply.codes != ["0000"]:
            numbers = [int(e.text or 0) for e in reply.receipt.iter() if str(e.tag).endswith("receiptNo")]
            held = numbers[-1]
        with lock:
            said.setdefault(number, []).append((reply.codes[0], held))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, sends))
    assert town.one("SELECT count(*) FROM record") == len(said)
    for number, answers in said.items():
        codes = [code for code, _ in answers]
        assert codes.count("0000") == 1, (number, answers)
        assert set(codes) <= {"0000", "0001", "2005"}
        assert len({held for _, held in answers}) == 1, (number, answers)
    conflicts = sum(code == "2005" for answers in said.values() for code, _ in answers)
    assert town.one("SELECT count(*) FROM refusal WHERE outcome = 'conflict'") == conflicts
    numbers = [row[0] for row in town.rows("SELECT receipt_no FROM received_package ORDER BY receipt_no")]
    assert numbers == list(range(1, len(sends) + 1))


def test_r11_one_package_at_once_has_one_receipt(build: Callable[..., Town]) -> None:
    """Who comes while it is being processed is told to come again; everybody else gets the one receipt."""
    town = build(options={"in_flight": 16})
    package_id = str(uuid.uuid4())
    records = [file_case(number) for number in range(40)]

    def send(_: int) -> str:
        reply = town.sender().submit(records, package_id=package_id)
        return reply.fault or str(reply.receipt_no)

    with ThreadPoolExecutor(6) as pool:
        said = set(pool.map(send, range(12)))
    assert said <= {"1", "4001"}
    assert "1" in said
    assert town.one("SELECT count(*) FROM received_package") == 1


def test_b16_packages_that_wait_together_share_a_commit(build: Callable[..., Town]) -> None:
    """B16: fewer commits than packages, every receipt number once and dense."""
    town = build(senders=4, options={"in_flight": 8})
    assert town.gateway is not None
    ledger = town.gateway.place.ledger
    with ThreadPoolExecutor(6) as pool:
        with ledger.begin():  # the one writer is busy: what comes meanwhile queues up
            futures = [pool.submit(_first, town, number) for number in range(6)]
            _until(lambda: town.intake is not None and town.intake.depth >= 4)
            before = ledger.commits
        numbers = sorted(future.result() for future in futures)
    assert numbers == list(range(1, 7))
    assert ledger.commits - before < 6


def _first(town: Town, number: int) -> int:
    record: Sent = file_case(number)
    return town.sender("s0").submit([record]).receipt_no


def _until(true: Callable[[], bool]) -> None:
    gate = threading.Event()
    for _ in range(3000):
        if true():
            return
        gate.wait(0.01)
    raise AssertionError("never came true")


def test_s21_one_sender_cannot_take_the_intake_for_itself(build: Callable[..., Town]) -> None:
    """S21: over its share a sender is told 4001 with the time to wait; another goes on without a single refusal."""
    town = build(senders=2, options={"in_flight": 2, "rate": 100000})
    stop = threading.Event()
    busy: list[str] = []

    def flood(worker: int) -> None:
        sender = town.sender("s0")
        number = 0
        while not stop.is_set():
            number += 1
            reply = sender.submit([file_case(10_000 * worker + number)])
            busy.append(reply.fault or "0000")
            assert reply.fault in (None, "4001")

    threads = [threading.Thread(target=flood, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    quiet = town.sender("s1")
    said = [quiet.call("Ping").status for _ in range(15)]
    stop.set()
    for thread in threads:
        thread.join()
    assert said == [200] * 15
    assert "4001" in busy
    assert "0000" in busy


def test_a_sender_over_its_rate_is_told_when_to_come_back(build: Callable[..., Town]) -> None:
    town = build(options={"rate": 3})
    sender = town.sender()
    assert [sender.call("Ping").status for _ in range(3)] == [200] * 3
    reply = sender.call("Ping")
    assert reply.fault == "4001"
    assert 1 <= int(reply.headers["retry-after"]) <= 60
