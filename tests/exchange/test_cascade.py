# SPDX-License-Identifier: Apache-2.0
"""County to city to platform: one gateway is another's destination, and either may be killed (R1, R3)."""

import json
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.trust.certificates import make_authority
from tests.chaos import site
from tests.chaos.systems import System, make_keys
from tests.exchange.town import BEIJING, keep
from tests.flow.town import ITEM, TABLE, company, now

CASES = 60
WAIT = 90.0
INTAKE = """\
intake:
  listen: 127.0.0.1:{port}
  certificate: keys/server.pem
  key: keys/server.key
  client_ca: keys/ca.pem
  senders:
    - name: county
      code: "{county}"
      client_certificates: [keys/county-client.pem]
      signing_certificates: [keys/county-sign.pem]
      organisations: all
      level: L2
"""
COUNTY = "36010000X"


class Running:
    """A gateway process that may be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "gateway", "run", "--directory", str(self.folder)]
        with (self.folder / "run.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def kill(self, how: int = signal.SIGKILL) -> None:
        assert self.process is not None
        self.process.send_signal(how)
        self.process.wait(60)

    def count(self, question: str) -> int:
        path = self.folder / "var" / "ledger.db"
        if not path.exists():
            return 0
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as connection:
            try:
                return int(connection.execute(question).fetchone()[0])
            except sqlite3.OperationalError:
                return 0


class Cascade:
    """A county's gateway over a department's table, the city's gateway, and the city's platform."""

    def __init__(self, folder: Path) -> None:
        self.keys = make_keys(folder / "systems")
        self.platform = System("platform", folder / "systems" / "municipal", ())
        self.platform.start()
        self.database = folder / "department.db"
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(TABLE)
        port = _free_port()
        self.city = Running(folder / "city")
        self.county = Running(folder / "county")
        self._write_city(port)
        self._write_county(port)

    def _write_city(self, port: int) -> None:
        folder = self.city.folder
        site.write_gateway(folder, self.keys)
        site.write_destination(
            folder,
            self.keys,
            "municipal",
            self.platform.url,
            ("case_order: true", "timeouts: {connect: 2, total: 5}", "max_in_flight: 5s"),
        )
        with (folder / "gateway.yaml").open("a", encoding="utf-8") as file:
            file.write(INTAKE.format(port=port, county=COUNTY))
        (folder / "keys").mkdir()
        authority = make_authority("cascade", datetime.now(BEIJING))
        (folder / "keys" / "ca.pem").write_bytes(authority.certificate)
        keep(folder / "keys", "server", authority.issue("city", "city", hosts=["127.0.0.1"]))
        keep(folder / "keys", "county-client", authority.issue("county client", "county", client=True))
        keep(folder / "keys", "county-sign", authority.issue("county signing", "county"))

    def _write_county(self, port: int) -> None:
        folder, keys = self.county.folder, self.city.folder / "keys"
        own = {
            "code": COUNTY,
            "signing_key": str(keys / "county-sign.key"),
            "signing_certificate": str(keys / "county-sign.pem"),
        }
        site.write_gateway(folder, {"sender": own})
        shutil.copytree(Path(__file__).parents[1] / "flow" / "mappings", folder / "mappings")
        site.write_source(
            folder, "applications", "applications.yaml",
            [f"url: sqlite:///{self.database}", 'stamp: {column: GXSJ, format: "%Y-%m-%d %H:%M:%S"}', "overlap: 5s",
             "table: application", "row_id: [BH]"],
            'schedule: "* * * * *"',
        )  # fmt: skip
        receiver = self.keys["sender"]["code"]
        (folder / "destinations.d" / "city.yaml").write_text(
            f'receiver: "{receiver}"\nurl: https://127.0.0.1:{port}/exchange\nca: {keys}/ca.pem\n'
            f"certificate: {keys}/county-client.pem\nkey: {keys}/county-client.key\n"
            f"receipt_certificate: {self.keys['sender']['signing_certificate']}\n"
            "case_order: true\nrecords: 7\ntimeouts: {connect: 2, total: 5}\nmax_in_flight: 5s\n",
            encoding="utf-8",
        )

    def apply(self, first: int, count: int) -> None:
        with closing(sqlite3.connect(self.database, timeout=10)) as connection, connection:
            for number in range(first, first + count):
                case = f"{ITEM.owner.organisation}-2025-XK-{number:08d}"
                row = (
                    case, ITEM.code, ITEM.owner.code, "南昌示例有限公司", company(number),
                    f"2025-09-{number % 28 + 1:02d} 09:00:00", "申请示例许可", "2", "-", now(),
                )  # fmt: skip
                connection.execute(f"INSERT INTO application VALUES ({', '.join('?' * len(row))})", row)

    def held(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for record in self.platform.dump()["records"]:
            counts[record["key"]] = counts.get(record["key"], 0) + 1
        return counts

    def close(self) -> None:
        for each in (self.county, self.city):
            if each.process is not None and each.process.poll() is None:
                each.kill()
        self.platform.stop()


@pytest.fixture
def cascade(tmp_path: Path) -> Iterator[Cascade]:
    made = Cascade(tmp_path)
    yield made
    made.close()


def test_r01_records_reach_the_platform_through_two_gateways_killed_in_turn(cascade: Cascade) -> None:
    """R1, R3: kill -9 of the city's gateway while it receives, of the county's while it sends: nothing lost, nothing twice."""
    cascade.apply(1, CASES)
    cascade.city.start()
    cascade.county.start()
    _until(lambda: cascade.city.count("SELECT count(*) FROM received_record") >= 7, cascade)
    cascade.city.kill()
    _until(lambda: cascade.county.count("SELECT count(*) FROM record") == CASES, cascade)
    cascade.city.start()
    _until(lambda: cascade.city.count("SELECT count(*) FROM received_record") >= 21, cascade)
    cascade.county.kill()
    cascade.county.start()
    _until(lambda: sum(cascade.held().values()) >= CASES, cascade)
    assert set(cascade.held().values()) == {1}
    assert len(cascade.held()) == CASES
    _until(lambda: cascade.county.count("SELECT count(*) FROM delivery WHERE state = 'settled'") == CASES, cascade)
    numbers = cascade.city.count("SELECT count(*) FROM received_package")
    assert cascade.city.count("SELECT max(receipt_no) FROM received_package") == numbers
    for each in (cascade.county, cascade.city):
        each.kill(signal.SIGTERM)
        assert each.process is not None
        assert each.process.returncode == 0, (each.folder / "run.log").read_text("utf-8")[-2000:]
    _reconciled(cascade)


def _reconciled(cascade: Cascade) -> None:
    """The county compares with the city over the city's own statements and keys: no difference."""
    cascade.city.start()
    _until(lambda: _answers(cascade), cascade)
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "reconcile", "--directory", str(cascade.county.folder), "--json"],
        capture_output=True, text=True, encoding="utf-8", timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    told: Any = json.loads(done.stdout)
    assert not told.get("differences"), told


def _answers(cascade: Cascade) -> bool:
    text = (cascade.county.folder / "destinations.d" / "city.yaml").read_text("utf-8")
    port = int(text.partition("127.0.0.1:")[2].partition("/")[0])
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _until(true: Any, cascade: Cascade) -> None:
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        if true():
            return
        time.sleep(0.1)
    paths = [each.folder / name for each in (cascade.county, cascade.city) for name in ("var/gateway.log", "run.log")]
    logs = "\n".join(path.read_text("utf-8")[-3000:] for path in paths if path.exists())
    raise AssertionError(logs)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
