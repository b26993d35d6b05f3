# SPDX-License-Identifier: Apache-2.0
"""What happens to names in a folder while it is watched: inotify where the kernel has it, else only that time passes."""

import ctypes
import ctypes.util
import os
import select
import struct
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

_MODIFY: Final = 0x00000002
_CLOSE_WRITE: Final = 0x00000008
_MOVED_TO: Final = 0x00000080
_CREATE: Final = 0x00000100
_OVERFLOW: Final = 0x00004000
_MASK: Final = _MODIFY | _CLOSE_WRITE | _MOVED_TO | _CREATE
_FLAGS: Final = os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0)
_HEAD: Final = struct.Struct("iIII")
_LOOK: Final = 0.02


class Watch:
    """A watch on one folder; it knows which names were written under themselves, and in which order names appeared."""

    def __init__(self) -> None:
        self.written: set[str] = set()
        """Names that data was written to while they stood in the folder: nobody renamed a whole file to them."""
        self.appeared: dict[str, int] = {}
        """Number of the event by which a name was there whole for the first time: renamed to it, or last written."""
        self.whole = False
        """Whether every event since ``begin`` was heard; without it nothing follows from what was not heard."""
        self._events = 0
        self._handle = -1

    def begin(self, folder: Path) -> bool:
        """Watch a folder from now on; returns False where it is not there or this system cannot watch."""
        libc = _libc()
        if libc is None:
            return False
        handle: int = libc.inotify_init1(_FLAGS)
        if handle < 0:
            return False
        if libc.inotify_add_watch(handle, os.fsencode(folder), _MASK) < 0:
            os.close(handle)
            return False
        self._handle, self.whole = handle, True
        return True

    @property
    def watching(self) -> bool:
        """Whether a folder is watched."""
        return self._handle >= 0

    def wait(self) -> None:
        """Take down what happened; where nothing did, wait a moment for it."""
        if not self.watching:
            time.sleep(_LOOK)
            return
        if select.select([self._handle], [], [], _LOOK)[0]:
            with suppress(BlockingIOError):
                self._take(os.read(self._handle, 65536))

    def close(self) -> None:
        """Watch no more."""
        if self.watching:
            os.close(self._handle)
            self._handle = -1

    def _take(self, data: bytes) -> None:
        at = 0
        while at + _HEAD.size <= len(data):
            _watch, mask, _cookie, length = _HEAD.unpack_from(data, at)
            name = os.fsdecode(data[at + _HEAD.size : at + _HEAD.size + length].rstrip(b"\0"))
            at += _HEAD.size + length
            self._events += 1
            if mask & _OVERFLOW:
                self.whole = False
            if mask & (_MODIFY | _CLOSE_WRITE):
                self.written.add(name)
            if mask & (_MOVED_TO | _CLOSE_WRITE):
                self.appeared.setdefault(name, self._events)


def _libc() -> Any:
    """Return the C library where it has inotify, else None."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        libc = ctypes.CDLL(ctypes.util.find_library("c") or "libc.so.6", use_errno=True)
    except OSError:
        return None
    return libc if hasattr(libc, "inotify_init1") else None
