# SPDX-License-Identifier: Apache-2.0
"""A file system that loses power: what was not fsynced may be gone, torn or out of order when it comes back.

What is written lies in memory; ``fsync`` carries a file's writes to the folder behind it. At the cut each sector of each
write that no fsync has carried over reaches the folder or not, by chance. Names (create, rename, unlink) take effect
at once: this file system can refute a setting, it cannot prove one. Needs /dev/fuse and libfuse 2.
"""

import errno
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ctypes.util import find_library
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SECTOR = 512
CUT = ".cut"
_MOUNT_SECONDS = 20.0


def missing() -> str | None:
    """Name what this machine lacks for a power cut; None where it has all."""
    if not Path("/dev/fuse").exists():
        return "/dev/fuse"
    if find_library("fuse") is None:
        return "libfuse2"
    if os.geteuid() != 0:
        return "root"
    return None


@dataclass
class _File:
    """What a file shows now, and the writes that no fsync has carried over yet; None is a new length."""

    shown: bytearray
    loose: list[tuple[int, bytes | None]] = field(default_factory=list)

    def write(self, at: int, data: bytes) -> None:
        if len(self.shown) < at:
            self.shown.extend(bytes(at - len(self.shown)))
        self.shown[at : at + len(data)] = data
        self.loose.append((at, data))

    def truncate(self, length: int) -> None:
        del self.shown[length:]
        self.shown.extend(bytes(length - len(self.shown)))
        self.loose.append((length, None))


def _carry(path: Path, writes: list[tuple[int, bytes | None]]) -> None:
    with path.open("r+b") as file:
        for at, data in writes:
            if data is None:
                file.truncate(at)
            else:
                file.seek(at)
                file.write(data)


def _torn(chance: random.Random, writes: list[tuple[int, bytes | None]]) -> list[tuple[int, bytes | None]]:
    """Return the sectors of these writes that reached the disk before the power went."""
    reached: list[tuple[int, bytes | None]] = []
    share = chance.choice((0.0, 0.1, 0.5, 0.9))
    for at, data in writes:
        if data is None:
            if chance.random() < share:
                reached.append((at, None))
            continue
        reached += [
            (at + begin, data[begin : begin + SECTOR])
            for begin in range(0, len(data), SECTOR)
            if chance.random() < share
        ]
    chance.shuffle(reached)
    return reached


def serve(mount: Path, behind: Path, seed: int, *, lies: bool) -> None:
    """Be the file system until the power goes; ``lies`` lets fsync do nothing."""
    from fuse import FUSE, FuseOSError, Operations

    class Power(Operations):  # type: ignore[misc]  # fusepy has no types
        """One flat or nested folder of files."""

        def __init__(self) -> None:
            self.files: dict[str, _File] = {}
            self.chance = random.Random(seed)
            self.handles = 0

        def there(self, path: str) -> Path:
            return behind / path.lstrip("/")

        def file(self, path: str) -> _File:
            if path not in self.files:
                try:
                    self.files[path] = _File(bytearray(self.there(path).read_bytes()))
                except FileNotFoundError:
                    raise FuseOSError(errno.ENOENT) from None
            return self.files[path]

        def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
            try:
                found = os.lstat(self.there(path))
            except FileNotFoundError:
                raise FuseOSError(errno.ENOENT) from None
            told = {name: getattr(found, name) for name in _STAT}
            if path in self.files:
                told["st_size"] = len(self.files[path].shown)
            return told

        def readdir(self, path: str, fh: int) -> list[str]:
            return [".", "..", *(each.name for each in self.there(path).iterdir())]

        def mkdir(self, path: str, mode: int) -> None:
            self.there(path).mkdir(mode)

        def chmod(self, path: str, mode: int) -> None:
            self.there(path).chmod(mode)

        def utimens(self, path: str, times: Any = None) -> None:
            return None

        def open(self, path: str, flags: int) -> int:
            self.file(path)
            self.handles += 1
            return self.handles

        def create(self, path: str, mode: int, fi: Any = None) -> int:
            if path == f"/{CUT}":
                self.cut()
            self.there(path).touch(mode)
            self.files[path] = _File(bytearray())
            return self.open(path, 0)

        def cut(self) -> None:
            for path, each in self.files.items():
                with suppress(FileNotFoundError):
                    _carry(self.there(path), _torn(self.chance, each.loose))
            os.kill(os.getpid(), signal.SIGKILL)

        def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
            return bytes(self.file(path).shown[offset : offset + size])

        def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
            self.file(path).write(offset, data)
            return len(data)

        def truncate(self, path: str, length: int, fh: int | None = None) -> None:
            self.file(path).truncate(length)

        def fsync(self, path: str, datasync: int, fh: int) -> int:
            each = self.file(path)
            if not lies:
                _carry(self.there(path), each.loose)
                each.loose.clear()
            return 0

        def unlink(self, path: str) -> None:
            self.there(path).unlink()
            self.files.pop(path, None)

        def rename(self, old: str, new: str) -> None:
            self.there(old).rename(self.there(new))
            if old in self.files:
                self.files[new] = self.files.pop(old)

    FUSE(Power(), str(mount), foreground=True, nothreads=True, default_permissions=False)


_STAT = ("st_mode", "st_size", "st_uid", "st_gid", "st_nlink", "st_atime", "st_mtime", "st_ctime")


@contextmanager
def powered(mount: Path, behind: Path, seed: int, *, lies: bool = False) -> Iterator[subprocess.Popen[bytes]]:
    """Mount the file system for as long as the block lasts; the power is cut at its end if it was not before."""
    command = [sys.executable, "-m", "tests.chaos.power", str(mount), str(behind), str(seed), *["lies"][: int(lies)]]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        for _ in range(int(_MOUNT_SECONDS / 0.02)):
            if os.path.ismount(mount):
                break
            assert process.poll() is None, "the file system did not come up"
            time.sleep(0.02)
        yield process
    finally:
        cut(mount)
        process.kill()
        process.wait()
        subprocess.run(["umount", "-l", str(mount)], check=False, capture_output=True)


def cut(mount: Path) -> None:
    """Cut the power; nothing where it is cut already."""
    with suppress(OSError):
        os.close(os.open(mount / CUT, os.O_CREAT | os.O_WRONLY))


if __name__ == "__main__":
    serve(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), lies=sys.argv[4:] == ["lies"])
