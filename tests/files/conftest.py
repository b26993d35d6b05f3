# SPDX-License-Identifier: Apache-2.0
"""A drop, on this disk or behind a real SFTP server, and what a department does to it."""

import asyncio
import hashlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from gateway.channels.files.manifest import Manifest
from gateway.channels.files.source import FileSource, open_files
from gateway.model.record import SourceKind
from gateway.sdk import AdapterSettings
from gateway.testing.clock import FakeClock
from tests.sources.keeping import Keeping


class SftpServer:
    """asyncssh over a folder, in a thread of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._met: list[asyncssh.SSHServerConnection] = []
        self.denied: set[str] = set()
        self.key = asyncssh.generate_private_key("ssh-ed25519")
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(20)
        self.port = self._server.get_port()

    async def _listen(self) -> Any:
        root = self.root
        met = self._met

        class Login(asyncssh.SSHServer):
            def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
                met.append(conn)

            def password_auth_supported(self) -> bool:
                return True

            def validate_password(self, username: str, password: str) -> bool:
                return (username, password) == ("dept", "secret")

        denied = self.denied

        class Folder(asyncssh.SFTPServer):
            def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
                if path.rpartition(b"/")[2].decode() in denied:
                    raise asyncssh.SFTPPermissionDenied("not yours")
                return super().open(path, pflags, attrs)

        return await asyncssh.listen(
            "127.0.0.1", 0, server_host_keys=[self.key], server_factory=Login,
            sftp_factory=lambda channel: Folder(channel, chroot=str(root).encode()),
        )  # fmt: skip

    @property
    def met(self) -> int:
        """How often somebody has called."""
        return len(self._met)

    @property
    def host_key(self) -> str:
        return " ".join(self.key.export_public_key().decode().split()[:2])

    def stop(self) -> None:
        async def close() -> None:
            self._server.close()
            for conn in self._met:
                conn.abort()
                await conn.wait_closed()
            await self._server.wait_closed()

        asyncio.run_coroutine_threadsafe(close(), self._loop).result(20)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


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
