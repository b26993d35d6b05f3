# SPDX-License-Identifier: Apache-2.0
"""R1 and R8 for what is pushed: killed while five senders push, and a disk that is full."""

import random
import signal
import threading
import uuid
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import event

from gateway.app import Gateway
from gateway.config import load
from tests.exchange.test_cascade import Running, _free_port
from tests.exchange.town import Town, code_of
from tests.reference.client import Sender, Sent, file_case, filing

SEED = 20261125
SENDERS = 5
KILLS = 4
WANTED = 40


def test_r08_a_full_disk_is_a_retryable_fault_and_nothing_half(build: Callable[..., Town]) -> None:
    """R8: no receipt without a durable commit; when there is room again the next try is taken, without a hand."""
    town = build()
    assert town.gateway is not None
    ledger = town.gateway.place.ledger
    sender = town.sender()
    assert sender.submit([file_case(1)]).codes == ["0000"]
    full = True

    def limit(connection: object) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar() if full else 1_000_000  # type: ignore[attr-defined]
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")  # type: ignore[attr-defined]

    event.listen(ledger._writing_engine, "begin", limit)
    records = [file_case(100 + number, fact="事" * 900) for number in range(200)]
    package_id = str(uuid.uuid4())
    for _ in range(3):
        reply = sender.submit(records, package_id=package_id)
        assert reply.fault == "4001"
        assert int(reply.first("retryAfter") or 0) > 0
    assert town.one("SELECT count(*) FROM record") == 1
    assert sender.query(package_id=package_id).first("status") == "never-received"
    full = False
    again = sender.submit(records, package_id=package_id)
    assert set(again.codes) == {"0000"}
    assert again.receipt_no == 2


def test_r01_killed_while_five_senders_push(tmp_path: Path) -> None:
    """R1, R11: what was receipted is there, once, under the same receipt number, however often the gateway is killed."""
    print("seed", SEED)
    chance = random.Random(SEED)
    town = Town(tmp_path / "site", senders=SENDERS, port=_free_port(), options={"rate": 100000})
    running = Running(town.folder)
    told: list[tuple[str, str, int]] = []
    stop = threading.Event()
    threads = [threading.Thread(target=_push, args=(town, number, told, stop)) for number in range(SENDERS)]
    running.start()
    for thread in threads:
        thread.start()
    try:
        for kill in range(KILLS):
            wanted = WANTED * (kill + 1)
            assert _until(lambda wanted=wanted: len(told) >= wanted), (town.folder / "run.log").read_text("utf-8")[
                -2000:
            ]  # type: ignore[misc]
            threading.Event().wait(chance.random() * 0.2)
            running.kill(signal.SIGKILL)
            running.start()
        assert _until(lambda: len(told) >= WANTED * (KILLS + 1))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        running.kill(signal.SIGTERM)
    with Gateway.open(load(town.folder)) as gateway, gateway.place.ledger.reading() as connection:
        rows = connection.exec_driver_sql(
            "SELECT r.key, p.package_id, p.receipt_no FROM record r JOIN received_record s ON s.record_id = r.id "
            "JOIN received_package p ON p.receipt_no = s.receipt_no"
        ).all()
    held = {row[0]: (row[1], row[2]) for row in rows}
    assert len(held) == len(rows)
    assert [each for each in told if held.get(each[0]) != each[1:]] == []
    assert sorted({row[2] for row in rows}) == list(range(1, len(rows) + 1))


def _push(town: Town, number: int, told: list[tuple[str, str, int]], stop: threading.Event) -> None:
    """Push one record a package until told to stop; a package without an answer is sent again as it is."""
    url = f"https://127.0.0.1:{town.port}/exchange"
    sender = Sender(url, town.city(f"s{number}"), "gateway")
    code = code_of(number)
    at = 0
    while not stop.is_set():
        at += 1
        case = f"{code}-2020-CF-{at:08d}"
        payload = filing(case, org=code).replace(b"990000017-0001", f"{code}-0001".encode())
        record = Sent("CF_LA", f"CF_LA:{case}:1", 1, payload)
        package_id = str(uuid.uuid4())
        request = sender.package([record], package_id=package_id)
        while not stop.is_set():
            try:
                reply = sender.post(b'<SubmitPackage xmlns="urn:jx:power-exchange:1.0">%b</SubmitPackage>' % request)
            except OSError:
                stop.wait(0.05)
                continue
            except Exception:  # noqa: BLE001 - half an answer: the package is sent again
                sender.close()
                continue
            if reply.fault is None:
                assert reply.codes == ["0000"], reply.codes
                told.append((record.key, package_id, reply.receipt_no))
                break
            assert reply.fault == "4001"
            stop.wait(0.05)
    sender.close()


def _until(true: Callable[[], bool]) -> bool:
    pause = threading.Event()
    for _ in range(1200):
        if true():
            return True
        pause.wait(0.05)
    return False
