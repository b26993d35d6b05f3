# SPDX-License-Identifier: Apache-2.0
"""A drop, on this disk or behind a real SFTP server, and what a department does to it."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.channels.files.manifest import Manifest
from gateway.channels.files.source import FileSource, open_files
from gateway.model.record import SourceKind
from gateway.sdk import AdapterSettings
from gateway.testing.clock import FakeClock
from tests.files.sftp_server import SftpServer
from tests.sources.keeping import Keeping


@dataclass
class Office:
    """A department that drops files, and the gateway that takes them."""

    directory: Path
    keeping: Keeping
    clock: FakeClock
    server: SftpServer | None = None

    @property
    def drop(self) -> Path:
        return self.directory / "drop"

    def put(self, name: str, data: bytes | str, sequence: int | None = None, *, ok: bool = True, **said: Any) -> None:
        """Drop a file, and its manifest last; ``said`` is what the manifest says wrongly."""
        raw = data.encode() if isinstance(data, str) else data
        (self.drop / name).write_bytes(raw)
        if ok:
            told = {
                "name": name,
                "size": len(raw),
                "sha256": hashlib.sha256(raw).hexdigest(),
                "sequence": sequence,
                **said,
            }
            (self.drop / f"{name}.ok").write_bytes(Manifest(**told).text())

    def age(self, name: str, seconds: float) -> None:
        at = self.clock.now().timestamp() - seconds
        os.utime(self.drop / name, (at, at))

    def options(self, **options: Any) -> dict[str, Any]:
        """Return the options of its source."""
        given: dict[str, Any] = {"directory": str(self.drop), "row_id": "ID", **options}
        if self.server is not None:
            (self.directory / "password").write_text("secret")
            given["directory"] = "/drop"
            given.setdefault("sftp", {"host": "127.0.0.1", "port": self.server.port, "user": "dept", "password": "file:password",
                             "host_key": self.server.host_key})  # fmt: skip
        return {name: value for name, value in given.items() if value is not None}

    def source(self, kind: SourceKind = SourceKind.STATE, **options: Any) -> FileSource:
        return open_files(AdapterSettings("files", kind, self.options(**options), self.directory), self.clock)

    def pull(self, chunk: int = 3, **options: Any) -> Any:
        return self.keeping.pull(self.source(**options), chunk).figures

    def names(self, folder: str) -> list[str]:
        return sorted(each.name for each in (self.drop / folder).iterdir() if each.is_file())


@pytest.fixture(params=["local", "sftp"])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    yield from _office(tmp_path, request.param == "sftp")


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[Office]:
    """An office with a drop on an SFTP server."""
    yield from _office(tmp_path, True)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Office]:
    """An office with a drop on this disk."""
    yield from _office(tmp_path, False)


def _office(tmp_path: Path, remote: bool) -> Iterator[Office]:
    (tmp_path / "drop").mkdir()
    clock = FakeClock()
    server = SftpServer(tmp_path) if remote else None
    made = Office(tmp_path, Keeping(tmp_path, clock), clock, server)
    try:
        yield made
    finally:
        made.keeping.ledger.close()
        if server is not None:
            server.stop()
