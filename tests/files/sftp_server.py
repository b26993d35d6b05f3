# SPDX-License-Identifier: Apache-2.0
"""A real SFTP server over a folder, for tests."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import asyncssh


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
