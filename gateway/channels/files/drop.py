# SPDX-License-Identifier: Apache-2.0
"""A drop (文件交换目录): the folder where files arrive, with its folders ``claimed done refused receipts`` beside them.

A local drop is entered once and then walked by file descriptors only: no link inside it is followed (promises.md S7).
"""

import errno
import os
import secrets
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, Protocol

from gateway.channels.files.findings import FileRefused, FileUnreadable, file_finding
from gateway.errors import SourceError
from gateway.model.finding import Finding

CLAIMED: Final = "claimed"
DONE: Final = "done"
REFUSED: Final = "refused"
RECEIPTS: Final = "receipts"
FOLDERS: Final = (CLAIMED, DONE, REFUSED, RECEIPTS)
ROOT: Final = ""

_PIECE: Final = 1024 * 1024
_OF_THE_FILE: Final = frozenset({errno.EACCES, errno.EPERM, errno.EIO, errno.ESTALE, errno.EBUSY, errno.ETXTBSY})
"""What the file system says of one file, while the others may be well."""
_NO_FILE: Final = frozenset({errno.ELOOP, errno.ENXIO, errno.EISDIR, errno.ENODEV})
"""What it says of a link, a pipe, a folder, a device."""


class Entry(NamedTuple):
    """One name in a folder; ``plain`` is a regular file with no other name, ``wrong`` says why it is not to be taken."""

    name: str
    size: int
    modified: float
    plain: bool
    wrong: Finding | None = None


class Drop(Protocol):
    """Where files arrive.

    Every method raises SourceError when the place is gone, FileUnreadable for one file that can't be read or moved now, and
    FileNotFoundError for one that is not there.
    """

    def prepare(self) -> None:
        """Make the folders."""

    def entries(self, folder: str) -> list[Entry]:
        """Return what is in a folder, its subfolders left out where they are ours, in the order of names."""

    def fetch(self, folder: str, name: str, into: BinaryIO, most: int) -> Entry:
        """Copy a file; raises FileRefused for what is no plain file, for one of more than ``most`` bytes or changed meanwhile."""

    def move(self, folder: str, name: str, to: str, to_name: str) -> None:
        """Rename within the drop, at once."""

    def write(self, folder: str, name: str, data: bytes) -> None:
        """Write a whole file, at once: nobody sees half of it."""

    def remove(self, folder: str, name: str) -> None:
        """Delete a file; one that is not there is no fault."""

    def close(self) -> None:
        """Let go of the place."""


class LocalDrop:
    """A directory of this machine, or mounted on it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folders: dict[str, int] = {}

    def prepare(self) -> None:
        """Make the folders; raises SourceError where the directory is not there or can't be written."""
        try:
            for folder in FOLDERS:
                with suppress(FileExistsError):
                    os.mkdir(folder, 0o770, dir_fd=self._folder(ROOT))
            for folder in (ROOT, *FOLDERS):
                if not os.access(".", os.W_OK | os.X_OK, dir_fd=self._folder(folder), effective_ids=True):
                    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        except OSError as fault:
            raise self._gone(fault) from fault

    def entries(self, folder: str) -> list[Entry]:
        """Return what is in a folder."""
        try:
            inside = self._folder(folder)
            names = sorted(os.listdir(inside))  # noqa: PTH208 # by descriptor, not by path
        except OSError as fault:
            raise self._gone(fault) from fault
        found = []
        for name in names:
            if folder == ROOT and name in FOLDERS:
                continue
            try:
                about = os.stat(name, dir_fd=inside, follow_symlinks=False)
            except FileNotFoundError:
                continue
            except OSError as fault:
                wrong = FileUnreadable(str(self._root), name, _said(fault)).finding
                found.append(Entry(name, 0, 0.0, plain=False, wrong=wrong))
            else:
                plain = stat.S_ISREG(about.st_mode) and about.st_nlink == 1
                found.append(Entry(name, about.st_size, about.st_mtime, plain))
        return found

    def fetch(self, folder: str, name: str, into: BinaryIO, most: int) -> Entry:
        """Copy a file through a descriptor that is none of a link, pipe or device."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            opened = os.open(name, flags, dir_fd=self._folder(folder))
        except FileNotFoundError:
            raise
        except OSError as fault:
            if fault.errno in _NO_FILE:
                raise FileRefused(file_finding("FIL-001", name, _said(fault))) from fault
            raise self._of(name, fault) from fault
        with os.fdopen(opened, "rb", buffering=0) as file:
            try:
                before = os.fstat(opened)
                if not stat.S_ISREG(before.st_mode) or before.st_nlink != 1:
                    raise FileRefused(file_finding("FIL-001", name))
                copy(file, into, most, name)
                after = os.fstat(opened)
            except OSError as fault:
                raise self._of(name, fault) from fault
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise FileRefused(file_finding("FIL-017", name))
        return Entry(name, after.st_size, after.st_mtime, plain=True)

    def move(self, folder: str, name: str, to: str, to_name: str) -> None:
        """Rename within the drop."""
        try:
            os.rename(name, to_name, src_dir_fd=self._folder(folder), dst_dir_fd=self._folder(to))
        except FileNotFoundError:
            raise
        except OSError as fault:
            raise self._of(name, fault) from fault

    def write(self, folder: str, name: str, data: bytes) -> None:
        """Write beside, flush to the disk, rename."""
        inside = self._folder(folder)
        beside = f".{secrets.token_hex(8)}.part"
        try:
            opened = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o640, dir_fd=inside)
            with os.fdopen(opened, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(opened)
            os.rename(beside, name, src_dir_fd=inside, dst_dir_fd=inside)
            os.fsync(inside)
        except OSError as fault:
            with suppress(OSError):
                os.unlink(beside, dir_fd=inside)
            raise self._gone(fault) from fault

    def remove(self, folder: str, name: str) -> None:
        """Delete a file."""
        try:
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=self._folder(folder))
        except OSError as fault:
            raise self._gone(fault) from fault

    def close(self) -> None:
        """Close the descriptors."""
        while self._folders:
            os.close(self._folders.popitem()[1])

    def _folder(self, name: str) -> int:
        held = self._folders.get(name)
        if held is not None:
            return held
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
        if name == ROOT:
            opened = os.open(self._root, flags)
        else:
            opened = os.open(name, flags | os.O_NOFOLLOW, dir_fd=self._folder(ROOT))
        self._folders[name] = opened
        return opened

    def _of(self, name: str, fault: OSError) -> SourceError:
        """Tell a file that can't be had from a place that is gone."""
        if fault.errno in _OF_THE_FILE:
            return FileUnreadable(str(self._root), name, _said(fault))
        return self._gone(fault)

    def _gone(self, fault: OSError) -> SourceError:
        self.close()
        return SourceError(f"{self._root}: {_said(fault)}", file_finding("FIL-016", "").hint)


def copy(file: "Readable", into: BinaryIO, most: int, name: str) -> None:
    """Copy at most ``most`` bytes; raises FileRefused for more, SourceError where the copy can't be written.

    ``into`` is not buffered, so that a full disk is met here and not when it is closed.
    """
    done = 0
    while piece := file.read(_PIECE):
        done += len(piece)
        if done > most:
            raise FileRefused(file_finding("FIL-006", name, f"> {most}"))
        _write(into, memoryview(piece))


def _write(into: BinaryIO, piece: memoryview) -> None:
    try:
        while piece:
            piece = piece[into.write(piece) :]
    except OSError as fault:
        wrong = file_finding("FIL-022", "", _said(fault))
        raise SourceError(f"{tempfile.gettempdir()}: {wrong.message.zh}", wrong.hint) from fault


def _said(fault: OSError) -> str:
    return os.strerror(fault.errno or 0)


class Readable(Protocol):
    """Something that bytes are read from."""

    def read(self, size: int, /) -> bytes | None:
        """Return the next bytes, none at the end."""
