# SPDX-License-Identifier: Apache-2.0
"""A drop on an SFTP server: its host key is configured, never taken on trust; links there are not followed."""

import base64
import errno
import posixpath
import secrets
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import StringIO
from pathlib import Path
from typing import BinaryIO, Final

import paramiko

from gateway.channels.database_options import secret
from gateway.channels.files.drop import FOLDERS, ROOT, Entry, copy
from gateway.channels.files.findings import FileRefused, FileUnreadable, file_finding
from gateway.channels.files.options import SftpOptions
from gateway.errors import ConfigurationError, SourceError

_REQUEST: Final = 32 * 1024


class _Windows:
    """Reads a file piece by piece, each asked for in requests that are on their way together: paramiko's own prefetch asks
    for the whole file at once, and holds what comes back."""

    def __init__(self, file: paramiko.SFTPFile, size: int) -> None:
        self._file = file
        self._size = size
        self._at = 0

    def read(self, size: int, /) -> bytes:
        end = min(self._at + size, self._size)
        wanted = [(at, min(_REQUEST, end - at)) for at in range(self._at, end, _REQUEST)]
        self._at = end
        return b"" if not wanted else b"".join(self._file.readv(wanted))


class SftpDrop:
    """A directory of an SFTP server; connects at the first call, and again after a failure."""

    def __init__(self, options: SftpOptions, directory: str, place: str, configured: Path) -> None:
        """Take what is needed to connect; raises ConfigurationError for a host key that is none."""
        self._options = options
        self._directory = directory
        self._place = place
        self._configured = configured
        self._host_key = _host_key(options.host_key, place)
        self._client: paramiko.SFTPClient | None = None
        self._transport: paramiko.Transport | None = None

    def prepare(self) -> None:
        """Make the folders."""
        with self._speaking() as client, self._standing():
            for folder in FOLDERS:
                try:
                    about = client.lstat(self._path(folder))
                except FileNotFoundError:
                    client.mkdir(self._path(folder), 0o770)
                else:
                    if not stat.S_ISDIR(about.st_mode or 0):
                        raise SourceError(f"{self._path(folder)}: no folder")

    def entries(self, folder: str) -> list[Entry]:
        """Return what is in a folder."""
        with self._speaking() as client, self._standing():
            listed = client.listdir_attr(self._path(folder))
        return sorted(
            Entry(each.filename, each.st_size or 0, float(each.st_mtime or 0), stat.S_ISREG(each.st_mode or 0))
            for each in listed
            if not (folder == ROOT and each.filename in FOLDERS)
        )

    def fetch(self, folder: str, name: str, into: BinaryIO, most: int) -> Entry:
        """Copy a file; it must be a plain one, and the same before and after."""
        with self._speaking() as client:
            path = self._path(folder, name)
            before = client.lstat(path)
            if not stat.S_ISREG(before.st_mode or 0):
                raise FileRefused(file_finding("FIL-001", name))
            if (before.st_size or 0) > most:
                raise FileRefused(file_finding("FIL-006", name, f"> {most}"))
            with self._of(name), client.open(path, "rb") as file:
                copy(_Windows(file, before.st_size or 0), into, most, name)
            after = client.lstat(path)
        if (before.st_size, before.st_mtime) != (after.st_size, after.st_mtime):
            raise FileRefused(file_finding("FIL-017", name))
        return Entry(name, after.st_size or 0, float(after.st_mtime or 0), plain=True)

    def move(self, folder: str, name: str, to: str, to_name: str) -> None:
        """Rename within the drop."""
        with self._speaking() as client, self._of(name):
            client.posix_rename(self._path(folder, name), self._path(to, to_name))

    def write(self, folder: str, name: str, data: bytes) -> None:
        """Write beside, rename."""
        with self._speaking() as client, self._standing():
            beside = self._path(folder, f".{secrets.token_hex(8)}.part")
            with client.open(beside, "wbx") as file:
                file.write(data)
            client.posix_rename(beside, self._path(folder, name))

    def remove(self, folder: str, name: str) -> None:
        """Delete a file."""
        with self._speaking() as client, suppress(FileNotFoundError):
            client.remove(self._path(folder, name))

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()
        self._client = self._transport = None

    def _path(self, *parts: str) -> str:
        return posixpath.join(self._directory, *(part for part in parts if part))

    @contextmanager
    def _speaking(self) -> Iterator[paramiko.SFTPClient]:
        try:
            if self._client is None:
                self._client = self._connect()
            yield self._client
        except (FileNotFoundError, SourceError):
            raise
        except (paramiko.SSHException, OSError, EOFError) as fault:
            self.close()
            said = str(fault) if isinstance(fault, paramiko.SSHException) else type(fault).__name__
            raise SourceError(f"{self._address}: {said}", file_finding("FIL-016", "").hint) from fault

    @contextmanager
    def _standing(self) -> Iterator[None]:
        """Tell a drop that is gone, where no file is asked for that another may have taken."""
        try:
            yield
        except FileNotFoundError as fault:
            raise SourceError(f"{self._address}: {fault.strerror}", file_finding("FIL-016", "").hint) from fault

    @contextmanager
    def _of(self, name: str) -> Iterator[None]:
        """Tell what the server says of one file from a connection that is lost."""
        try:
            yield
        except FileNotFoundError:
            raise
        except OSError as fault:
            # paramiko: EACCES for "permission denied", an error without a number for any other word of the server.
            if fault.errno == errno.EACCES or (type(fault) is OSError and fault.errno is None):
                raise FileUnreadable(self._address, name, fault.strerror or str(fault) or "failure") from fault
            raise

    @property
    def _address(self) -> str:
        return f"sftp://{self._options.host}:{self._options.port}{self._directory}"

    def _connect(self) -> paramiko.SFTPClient:
        options = self._options
        seconds = options.timeout.total_seconds()
        # What is configured wrongly is told before anybody is called.
        key = None if options.key is None else self._private_key(options.key)
        password = None if options.password is None else self._revealed(options.password)
        dialled = socket.create_connection((options.host, options.port), seconds)
        transport = self._transport = paramiko.Transport(dialled)
        transport.banner_timeout = transport.handshake_timeout = transport.auth_timeout = seconds
        # Only the configured kind of key is asked for, so that a server with several shows the known one.
        transport.get_security_options().key_types = _kinds(self._host_key)
        transport.start_client(timeout=seconds)
        if transport.get_remote_server_key() != self._host_key:
            raise paramiko.SSHException("the host key is not the configured one")
        if key is not None:
            transport.auth_publickey(options.user, key)
        else:
            transport.auth_password(options.user, password or "")
        client = paramiko.SFTPClient.from_transport(transport)
        if client is None:
            raise paramiko.SSHException("no SFTP")
        channel = client.get_channel()
        if channel is not None:
            channel.settimeout(seconds)
        return client

    def _revealed(self, reference: str) -> str:
        return secret(reference, self._configured, self._place)

    def _private_key(self, reference: str) -> paramiko.PKey:
        text = self._revealed(reference)
        for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
            with suppress(paramiko.SSHException, ValueError, IndexError):
                return kind.from_private_key(StringIO(text))
        raise ConfigurationError(f"{self._place}: options.sftp.key: 不是私钥 / no private key")


def _host_key(text: str, place: str) -> paramiko.PKey:
    kind, _, rest = text.partition(" ")
    try:
        return paramiko.PKey.from_type_string(kind, base64.b64decode(rest.split()[0], validate=True))
    except (ValueError, IndexError, paramiko.SSHException) as fault:
        raise ConfigurationError(f"{place}: options.sftp.host_key: 不是公钥 / no public key") from fault


def _kinds(key: paramiko.PKey) -> list[str]:
    return ["rsa-sha2-512", "rsa-sha2-256"] if key.get_name() == "ssh-rsa" else [key.get_name()]
