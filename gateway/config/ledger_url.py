# SPDX-License-Identifier: Apache-2.0
"""Where the ledger is, and files that must be there: values of the configuration that point outside it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.config.faults import Absent, BadValue
from gateway.errors import ConfigurationError
from gateway.trust.secrets import Secret, is_reference

_URL = re.compile(r"(?P<dialect>[a-z0-9_]+(?:\+[a-z0-9_]+)?)://(?P<rest>.*)", re.DOTALL)
_PASSWORD = re.compile(r"[^/@]*:[^/@]+@")

LEDGER_DIALECTS: Mapping[str, str] = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}
"""Dialects a ledger may live on, and the driver that is meant."""


@dataclass(frozen=True, slots=True)
class LedgerUrl:
    """Where the ledger is: a database address, or a reference to one that holds a password."""

    written: str
    root: Path

    def __post_init__(self) -> None:
        if not is_reference(self.written):
            self._resolve(self.written)

    def __repr__(self) -> str:
        return f"LedgerUrl({_PASSWORD.sub('***@', self.written)})"

    def secret(self) -> Secret | None:
        """Return the reference, when it is one."""
        return Secret(self.written, self.root) if is_reference(self.written) else None

    def reveal(self) -> str:
        """Return the address for SQLAlchemy: driver named, SQLite path absolute; raises ConfigurationError."""
        secret = self.secret()
        try:
            return self._resolve(secret.reveal() if secret else self.written, may_hold_password=secret is not None)
        except BadValue as fault:
            raise ConfigurationError(f"ledger.url: {fault}") from fault

    def _resolve(self, text: str, *, may_hold_password: bool = False) -> str:
        match = _URL.fullmatch(text)
        dialect = match["dialect"] if match else ""
        driver = LEDGER_DIALECTS.get(dialect) or (dialect if dialect in LEDGER_DIALECTS.values() else None)
        if match is None or driver is None:
            raise BadValue(
                "不支持的数据库地址;应写 sqlite:///var/ledger.db 或 postgresql://用户@主机/库名",
                "is no supported address; write sqlite:///var/ledger.db or postgresql://user@host/name",
            )
        rest = match["rest"]
        if _PASSWORD.match(rest) and not may_hold_password:
            raise BadValue(
                "地址里不能写口令;把整个地址放进文件,这里写 file:secrets/ledger-url",
                "must not hold a password; put the whole address into a file and write file:secrets/ledger-url",
            )
        if driver == "sqlite":
            return self._sqlite(rest)
        return f"{driver}://{rest}"

    def _sqlite(self, rest: str) -> str:
        place = rest.removeprefix("/")
        if not rest.startswith("/") or not place or place == ":memory:":
            raise BadValue(
                "台账必须是文件,例如 sqlite:///var/ledger.db", "a ledger is a file, such as sqlite:///var/ledger.db"
            )
        return f"sqlite:///{(self.root / place).resolve()}"


def existing(path: Path, written: str) -> Path:
    """Return ``path`` when there is such a file; raises Absent, naming it as ``written``."""
    if not path.is_file():
        raise Absent(f"还没有文件 {written};请放到该位置", f"there is no file {written} yet; put it there")
    return path
