# SPDX-License-Identifier: Apache-2.0
"""Archives (压缩包): data files only, one level deep, held to caps before a byte is unpacked (promises.md S7)."""

import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Final, NamedTuple

from gateway.channels.files.findings import FileRefused, file_finding
from gateway.model.words import Words

SUFFIX: Final = ".zip"
MOST_ENTRIES: Final = 1_000
MOST_RATIO: Final = 100
_SMALL: Final = 8 * 1024 * 1024
_LINK: Final = stat.S_IFLNK


class Member(NamedTuple):
    """One file of an archive, unpacked for as long as it is read."""

    name: str
    path: Path


def members(path: Path, name: str, most: int) -> Iterator[Member]:
    """Yield the files of an archive in the order of their names; raises FileRefused for one that can't be accepted.

    ``most`` are the bytes of all of them unpacked. Each file is gone when the next one is asked for.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            parts = [part for part in archive.infolist() if not part.is_dir()]
            _check(parts, name, most)
            left = most
            for part in sorted(parts, key=shown):
                with tempfile.TemporaryDirectory(prefix="gateway-") as place:
                    target = Path(place) / f"member{PurePosixPath(shown(part)).suffix.lower()[:8]}"
                    with archive.open(part) as packed, target.open("wb") as file:
                        shutil.copyfileobj(_Capped(packed, min(left, part.file_size + 1), name), file, 1024 * 1024)
                    left -= target.stat().st_size
                    yield Member(shown(part), target)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError) as fault:
        raise _refused(name, "损坏", f"damaged ({type(fault).__name__})") from fault


def shown(part: zipfile.ZipInfo) -> str:
    """Return the name of a part; what is not marked as UTF-8 was written by a Chinese Windows."""
    if part.flag_bits & 0x800:
        return part.filename
    try:
        return part.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return part.filename


def _check(parts: list[zipfile.ZipInfo], name: str, most: int) -> None:
    if len(parts) > MOST_ENTRIES or sum(part.file_size for part in parts) > most:
        raise _refused(name, "解压后过大", "too large when unpacked")
    seen: set[str] = set()
    for part in parts:
        inner = shown(part)
        pure = PurePosixPath(inner.replace("\\", "/"))
        if pure.is_absolute() or ".." in pure.parts or ":" in inner or "\x00" in inner or inner.lower() in seen:
            raise _refused(name, "文件名指向目录外或重复", "a name leads outside or appears twice")
        seen.add(inner.lower())
        if stat.S_IFMT(part.external_attr >> 16) not in (0, stat.S_IFREG):
            raise _refused(name, "含有链接或特殊文件", "it holds links or special files")
        if part.flag_bits & 0x1:
            raise _refused(name, "已加密", "encrypted")
        if pure.suffix.lower() in (".zip", ".rar", ".7z", ".gz", ".tar", ".bz2", ".xz"):
            raise _refused(name, "含有嵌套压缩包", "it holds archives")
        if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _refused(name, "压缩方法不是存储或 Deflate", "packed by another method than stored or deflated")
        if part.file_size > _SMALL and part.file_size > MOST_RATIO * max(1, part.compress_size):
            raise _refused(name, "压缩比异常", "packed suspiciously tight")


class _Capped:
    """Stops where a part unpacks to more than it said."""

    def __init__(self, packed: IO[bytes], most: int, name: str) -> None:
        self._packed = packed
        self._left = most
        self._name = name

    def read(self, size: int = -1, /) -> bytes:
        piece = self._packed.read(size)
        self._left -= len(piece)
        if self._left < 0:
            raise _refused(self._name, "解压后比声明的大", "a part unpacks to more than it says")
        return piece


def _refused(name: str, zh: str, en: str) -> FileRefused:
    return FileRefused(file_finding("FIL-007", name, Words(zh, en)))
