# SPDX-License-Identifier: Apache-2.0
"""A drop for those who only look (影子模式): what waits is copied once, and everything else happens to the copies."""

import os
import tempfile
from pathlib import Path
from typing import BinaryIO

from gateway.channels.files.drop import ROOT, Drop, Entry, LocalDrop
from gateway.channels.files.findings import FileRefused, FileUnreadable, file_finding
from gateway.errors import SourceError


class CopiedDrop:
    """Copies of what waits in a drop, in a folder of its own that is gone when it is closed."""

    def __init__(self, drop: Drop, largest: int) -> None:
        self._drop = drop
        self._largest = largest
        self._place: tempfile.TemporaryDirectory[str] | None = None
        self._copies: LocalDrop | None = None
        self._left: list[Entry] = []

    def prepare(self) -> None:
        """Copy what waits, the first time; raises SourceError where the drop can't be read or there is no room."""
        self._copied()

    def entries(self, folder: str) -> list[Entry]:
        """Return what is in a folder; what could not be copied is named as it lies in the drop itself."""
        found = self._copied().entries(folder)
        return sorted([*found, *self._left], key=lambda entry: entry.name) if folder == ROOT else found

    def fetch(self, folder: str, name: str, into: BinaryIO, most: int) -> Entry:
        """Copy a file of the copies."""
        return self._copied().fetch(folder, name, into, most)

    def move(self, folder: str, name: str, to: str, to_name: str) -> None:
        """Rename among the copies."""
        self._copied().move(folder, name, to, to_name)

    def write(self, folder: str, name: str, data: bytes) -> None:
        """Write beside the copies."""
        self._copied().write(folder, name, data)

    def remove(self, folder: str, name: str) -> None:
        """Delete a copy."""
        self._copied().remove(folder, name)

    def close(self) -> None:
        """Let go of both, and delete the copies."""
        self._drop.close()
        if self._copies is not None:
            self._copies.close()
            self._copies = None
        if self._place is not None:
            self._place.cleanup()
            self._place = None

    def _copied(self) -> LocalDrop:
        if self._copies is None:
            self._place = tempfile.TemporaryDirectory(prefix="gateway-look-")
            try:
                self._copy(Path(self._place.name))
            except OSError as fault:
                raise SourceError(
                    f"{type(fault).__name__}: {fault.strerror}", file_finding("FIL-022", "").hint
                ) from fault
            self._copies = LocalDrop(Path(self._place.name))
            self._copies.prepare()
        return self._copies

    def _copy(self, place: Path) -> None:
        self._left = []
        for entry in self._drop.entries(ROOT):
            if not entry.plain or "/" in entry.name or entry.name.startswith("."):
                self._left.append(entry._replace(plain=False))
                continue
            copied = place / entry.name
            try:
                with copied.open("xb", buffering=0) as into:
                    self._drop.fetch(ROOT, entry.name, into, self._largest)
            except FileNotFoundError:  # gone meanwhile
                copied.unlink(missing_ok=True)
            except (FileRefused, FileUnreadable) as fault:
                copied.unlink(missing_ok=True)  # half of a file is no file
                self._left.append(entry._replace(plain=False, wrong=fault.finding))
            else:
                os.utime(copied, (entry.modified, entry.modified))
