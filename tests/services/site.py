# SPDX-License-Identifier: Apache-2.0
"""A gateway beside one reference department that is asked over SOAP, and questions to its ledger."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from gateway.app import Gateway
from gateway.config import load
from gateway.flow.summary import Summary
from gateway.schedule.once import RoundOptions
from gateway_reference import pki
from gateway_reference.department import keys as keyring
from gateway_reference.department import life
from gateway_reference.department.keys import Keys
from gateway_reference.department.listening import Running
from gateway_reference.department.running import Settings, build

SITE = """\
organisation: "{receiver}"
name: 取数检验用网关(虚构站点)
ledger:
  url: sqlite:///var/ledger.db
trust:
  key: file:{keys}/receipts.key
  certificate: {keys}/receipts.pem
"""
SOURCE = """\
org: "{org}"
department: 南昌市示例局
kind: event
level: L2
adapter: department
options:
  url: {url}
  ca: {keys}/ca.pem
  certificate: {keys}/bench.pem
  key: {keys}/bench.key
  signing_certificates: [{keys}/system.pem]
  wait: 2s
  whole: 5s
"""


class Place:
    """One department in this process and one gateway directory; ``options`` are lines for the source."""

    def __init__(self, folder: Path, keys: Keys, *options: str) -> None:
        self.folder = folder / "site"
        self.keys = keys
        self.running: Running = build(Settings("S", folder / "department"), keys)
        for name in ("var", "sources.d", "destinations.d"):
            (self.folder / name).mkdir(parents=True)
        told = SITE.format(receiver=pki.SENDER, keys=keys.directory)
        (self.folder / "gateway.yaml").write_text(told, "utf-8")
        self.configure(*options)

    @property
    def department(self) -> Any:
        return self.running.department

    def configure(self, *options: str, **changes: str) -> None:
        told = SOURCE.format(org=life.ORGANISATION, url=self.running.service.url, keys=self.keys.directory)
        for before, after in changes.items():
            told = told.replace(before, after)
        (self.folder / "sources.d" / "bureau.yaml").write_text(
            told + "".join(f"  {each}\n" for each in options), "utf-8"
        )

    def close(self) -> None:
        self.running.close()

    def sync(self, *, whole: bool = False) -> Summary:
        with Gateway.open(load(self.folder), workers=0) as gateway:
            return gateway.run_once(RoundOptions(patience=0, reconcile=False, whole=whole))

    def gateway(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start the command line as its user would."""
        return subprocess.Popen(
            [sys.executable, "-m", "gateway", *arguments, "-C", str(self.folder)], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )  # fmt: skip

    def ask(self, question: str, *values: Any) -> list[Any]:
        with closing(sqlite3.connect(self.folder / "var" / "ledger.db")) as connection:
            return connection.execute(question, values).fetchall()

    def one(self, question: str, *values: Any) -> Any:
        return self.ask(question, *values)[0][0]

    @property
    def cursor(self) -> str:
        return str(self.one("SELECT cursor FROM source WHERE name = 'bureau'"))

    def held(self) -> set[tuple[str, int, bytes]]:
        """Return key, version and digest of everything accepted."""
        return {tuple(row) for row in self.ask("SELECT key, version, content_digest FROM record")}

    def shown(self) -> set[tuple[str, int, bytes]]:
        """Return the same of everything the department shows."""
        return {
            (row.key, row.version, bytes.fromhex(self.department.digest(row.document)))
            for row in self.department.visible()
        }


def killed(process: "subprocess.Popen[str]") -> None:
    """Kill a process at once, as a power cut would."""
    os.kill(process.pid, signal.SIGKILL)


def make_keys(folder: Path) -> Keys:
    return keyring.make(folder)
