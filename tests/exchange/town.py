# SPDX-License-Identifier: Apache-2.0
"""A gateway whose intake runs in this process, its senders with their keys, and questions to its ledger."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from sqlalchemy import text

from gateway.app import Gateway
from gateway.config import load
from gateway.exchange.intake import Intake
from gateway.rules.identifiers import organisation_check_character
from gateway.trust.certificates import Authority, KeyPair, make_authority
from tests.reference.client import Sender

BEIJING = timezone(timedelta(hours=8))
RECEIVER = "11360100DEM0001107"
ORG = "990000017"
OTHER = "990000025"

SITE = """\
organisation: "{receiver}"
name: 收报检验用网关(虚构站点)
ledger:
  url: {ledger}
trust:
  key: file:keys/receipt.key
  certificate: keys/receipt.pem
run:
  linger: 50ms
intake:
  listen: 127.0.0.1:{port}
  certificate: keys/server.pem
  key: keys/server.key
  client_ca: keys/ca.pem
  client_certificates: {certificates}
  senders:
"""
SENDER = """\
  - name: {name}
    code: "{code}"
    client_certificates: [keys/{name}-client.pem]
    signing_certificates: [keys/{name}-sign.pem]
    level: {level}
"""


def code_of(number: int) -> str:
    """Return a made-up party code."""
    first = f"9901{number:04d}"
    return ORG if number == 0 else first + organisation_check_character(first)


@dataclass
class Town:
    """One gateway with an intake; senders are named s0, s1, …, the first with the code of ``ORG``."""

    folder: Path
    senders: int = 1
    level: str = "L1"
    certificates: str = "required"
    ledger: str = "sqlite:///var/ledger.db"
    options: Mapping[str, Any] = field(default_factory=dict)
    port: int = 0
    gateway: Gateway | None = None
    intake: Intake | None = None
    grown: list[int] = field(default_factory=list)
    opened: list[Sender] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in ("keys", "var", "sources.d", "destinations.d"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.authority = make_authority("test", datetime.now(BEIJING))
        self.keys = self.folder / "keys"
        (self.keys / "ca.pem").write_bytes(self.authority.certificate)
        keep(self.keys, "server", self.authority.issue("server", "gateway", hosts=["127.0.0.1"]))
        keep(self.keys, "receipt", self.authority.issue("receipts", "gateway"))
        for number in range(self.senders):
            make_sender(self.keys, f"s{number}", self.authority)
        self.configure()

    def configure(self) -> None:
        told = SITE.format(receiver=RECEIVER, ledger=self.ledger, port=self.port, certificates=self.certificates)
        for number in range(self.senders):
            told += SENDER.format(name=f"s{number}", code=code_of(number), level=self.level)
            told += "".join(f"    {key}: {value}\n" for key, value in self.options.items())
        (self.folder / "gateway.yaml").write_text(told, "utf-8")

    def start(self) -> None:
        self.gateway = Gateway.open(load(self.folder))
        self.intake = self.gateway.intake(self.grown.append)
        assert self.intake is not None
        self.intake.start()

    def stop(self) -> None:
        for each in self.opened:
            each.close()
        self.opened.clear()
        if self.intake is not None and self.gateway is not None:
            self.intake.stop()
            self.gateway.__exit__()
        self.intake = self.gateway = None

    @property
    def url(self) -> str:
        assert self.intake is not None
        return f"https://127.0.0.1:{self.intake.address[1]}/exchange"

    def city(self, name: str = "s0") -> dict[str, Any]:
        return city(self.keys, name, code_of(int(name[1:])))

    def sender(self, name: str = "s0") -> Sender:
        made = Sender(self.url, self.city(name), "gateway")
        self.opened.append(made)
        return made

    def rows(self, question: str, **values: Any) -> Sequence[Any]:
        assert self.gateway is not None
        with self.gateway.place.ledger.reading() as connection:
            return connection.execute(text(question), values).all()

    def one(self, question: str, **values: Any) -> Any:
        return self.rows(question, **values)[0][0]


def keep(folder: Path, name: str, pair: KeyPair) -> None:
    (folder / f"{name}.pem").write_bytes(pair.certificate)
    (folder / f"{name}.key").write_bytes(pair.key)


def make_sender(keys: Path, name: str, authority: Authority) -> None:
    keep(keys, f"{name}-client", authority.issue(f"{name} client", "department", client=True))
    keep(keys, f"{name}-sign", authority.issue(f"{name} signing", "department"))


def city(keys: Path, name: str, code: str) -> dict[str, Any]:
    """Return what the raw client wants to know."""
    return {
        "ca": str(keys / "ca.pem"),
        "sender": {
            "code": code,
            "client_certificate": str(keys / f"{name}-client.pem"),
            "client_key": str(keys / f"{name}-client.key"),
            "signing_key": str(keys / f"{name}-sign.key"),
            "signing_certificate": str(keys / f"{name}-sign.pem"),
        },
        "systems": {"gateway": {"code": RECEIVER, "receipt_certificate": str(keys / "receipt.pem")}},
    }
