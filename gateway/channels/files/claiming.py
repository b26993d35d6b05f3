# SPDX-License-Identifier: Apache-2.0
"""Claiming (领取): which file of a drop is complete and comes next, taken by a rename, and put away when it is done with.

A file that can't be read or moved now is set aside for the run and named; it never keeps the others waiting.
"""

from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from tempfile import TemporaryFile
from typing import BinaryIO, Final

from gateway.channels.files import manifest
from gateway.channels.files.drop import CLAIMED, DONE, REFUSED, ROOT, Drop, Entry
from gateway.channels.files.findings import FileRefused, FileUnreadable, file_finding
from gateway.channels.files.manifest import Manifest
from gateway.channels.files.options import FileOptions
from gateway.ports import Clock, FileStep, Unreadable

MOST_NAME: Final = 150
"""Bytes that a file's name may have."""


class Claims:
    """The files of one drop, as runs take them in turn."""

    def __init__(self, drop: Drop, options: FileOptions, clock: Clock) -> None:
        self._drop = drop
        self._options = options
        self._clock = clock
        self._sequences: dict[str, tuple[Entry, int]] = {}
        self._put: dict[str, set[str]] = {}
        self._told: list[Unreadable] | None = None
        self._queue: deque[Entry] = deque()
        self._aside: dict[str, Unreadable | None] = {}

    def begin(self) -> None:
        """Begin a run: what was set aside before is tried again."""
        self._told = None
        self._queue.clear()
        self._aside.clear()
        self._put.clear()

    def following(self, first: str | None) -> Entry | None:
        """Return the next file, claimed by this run or by one that died, ``first`` before any other; None at the end.

        The drop is listed once, and again when everything that was ready then is done with.
        """
        claimed = self._claimed(first) or self._claim()
        if claimed is None:
            waiting = self._drop.entries(ROOT)
            if self._told is None:
                self._told = strange_entries(waiting)
            self._queue.extend(self._ready(waiting))
            claimed = self._claim()
        return claimed

    def peek(self, into: BinaryIO) -> Entry | None:
        """Copy the file that will be taken next, without claiming it; None where none waits. Raises as ``fetch`` does."""
        claimed = self._drop.entries(CLAIMED)
        names = {entry.name for entry in claimed}
        data = [(CLAIMED, entry) for entry in claimed if not _is_manifest_among(entry.name, names)]
        data = data or [(ROOT, entry) for entry in self._ready(self._drop.entries(ROOT))]
        if not data:
            return None
        folder, entry = data[0]
        self._drop.fetch(folder, entry.name, into, self._options.largest)
        return entry

    def set_aside(self, name: str, fault: FileUnreadable | None = None) -> None:
        """Leave a file alone for the rest of the run: it is gone, or can't be read now."""
        self._aside[name] = None if fault is None else Unreadable(f"file:{name}", fault.finding)

    def left(self) -> tuple[Unreadable, ...]:
        """Return what the run could not take, once."""
        told = (*(self._told or ()), *[each for each in self._aside.values() if each is not None])
        self._told = []
        self._aside = dict.fromkeys(self._aside)
        return told

    def fetch(self, name: str, into: BinaryIO) -> None:
        """Copy a claimed file; raises FileRefused, FileUnreadable, FileNotFoundError."""
        self._drop.fetch(CLAIMED, name, into, self._options.largest)

    def manifest(self, name: str) -> Manifest | None:
        """Return the manifest of a claimed file, None where none is asked for; raises as ``fetch`` does."""
        if self._options.ready == "stable":
            return None
        try:
            return self._parsed(CLAIMED, name)
        except FileNotFoundError:
            raise FileRefused(file_finding("FIL-003", name + manifest.SUFFIX)) from None

    def put_away(self, step: FileStep) -> None:
        """Move a file and its manifest out of the way, or delete them; done already, it is done again without effect."""
        there = {entry.name for entry in self._drop.entries(CLAIMED)}
        to = REFUSED if step.refused else DONE
        if to not in self._put:
            self._put[to] = {entry.name for entry in self._drop.entries(to)}
        for name in (step.name, step.name + manifest.SUFFIX):
            if name not in there:
                continue
            if self._options.after == "delete" and not step.refused:
                self._drop.remove(CLAIMED, name)
                continue
            # A file of the same name that was put away before keeps its name; this one gets its digest added.
            to_name = f"{name}~{step.digest[:8]}" if name in self._put[to] else name
            with suppress(FileNotFoundError):
                self._drop.move(CLAIMED, name, to, to_name)
                self._put[to].add(to_name)

    # -- claimed by a run that died ------------------------------------------------------------------------------

    def _claimed(self, first: str | None) -> Entry | None:
        entries = self._drop.entries(CLAIMED)
        names = {entry.name for entry in entries}
        data = [e for e in entries if e.name not in self._aside and not _is_manifest_among(e.name, names)]
        for entry in sorted(data, key=lambda entry: (entry.name != first, entry.name)):
            beside = entry.name + manifest.SUFFIX
            try:
                if beside not in names and self._options.ready == "manifest":  # it died between the renames of a claim?
                    self._drop.move(ROOT, beside, CLAIMED, beside)
            except FileNotFoundError:
                pass  # it has no manifest, or another process was faster
            except FileUnreadable as fault:
                self.set_aside(entry.name, fault)
                continue
            return entry
        return None

    # -- waiting -------------------------------------------------------------------------------------------------

    def _claim(self) -> Entry | None:
        """Claim the next complete file by a rename; another process that was faster simply has it."""
        while self._queue:
            entry = self._queue.popleft()
            try:
                self._drop.move(ROOT, entry.name, CLAIMED, entry.name)
                if self._options.ready == "manifest":
                    beside = entry.name + manifest.SUFFIX
                    self._drop.move(ROOT, beside, CLAIMED, beside)
            except FileNotFoundError:
                continue
            except FileUnreadable as fault:
                self.set_aside(entry.name, fault)
                continue
            return entry
        return None

    def _ready(self, waiting: Sequence[Entry]) -> list[Entry]:
        fitting = [
            entry
            for entry in waiting
            if entry.plain and nameable(entry.name) and not entry.name.endswith(manifest.SUFFIX)
            and entry.name not in self._aside and fnmatchcase(entry.name, self._options.pattern)
        ]  # fmt: skip
        if self._options.ready == "manifest":
            manifests = {entry.name: entry for entry in waiting if entry.name.endswith(manifest.SUFFIX)}
            sequences = self._sequences_of(manifests)
            complete = [entry for entry in fitting if entry.name + manifest.SUFFIX in manifests]
            return sorted(complete, key=lambda entry: (sequences[entry.name + manifest.SUFFIX][1], entry.name))
        now = self._clock.now().timestamp()
        return [entry for entry in fitting if now - entry.modified >= self._options.settle.total_seconds()]

    def _sequences_of(self, manifests: dict[str, Entry]) -> dict[str, tuple[Entry, int]]:
        """Return the sequence of each waiting manifest; one is read once for as long as its size and time stay."""
        known = self._sequences
        self._sequences = {
            name: known[name] if name in known and known[name][0] == entry else (entry, self._sequence_of(entry))
            for name, entry in manifests.items()
        }
        return self._sequences

    def _sequence_of(self, entry: Entry) -> int:
        """Return the sequence that a waiting manifest names; one that can't be read is dealt with when it is claimed."""
        held = None
        with suppress(FileRefused, FileUnreadable, FileNotFoundError):
            held = self._parsed(ROOT, entry.name.removesuffix(manifest.SUFFIX))
        return -1 if held is None or held.sequence is None else held.sequence

    def _parsed(self, folder: str, name: str) -> Manifest:
        with TemporaryFile(buffering=0) as into:
            self._drop.fetch(folder, name + manifest.SUFFIX, into, manifest.LARGEST)
            into.seek(0)
            return manifest.parse(into.read(), name)


def strange_entries(entries: Sequence[Entry]) -> list[Unreadable]:
    """Name what lies in a drop and is never touched."""
    found = []
    for entry in entries:
        if not nameable(entry.name) and not entry.name.startswith("."):
            shown = entry.name.encode("utf-8", "backslashreplace").decode()[:60]
            found.append(Unreadable(f"file:{shown}", file_finding("FIL-002", shown)))
        elif not entry.plain:
            found.append(Unreadable(f"file:{entry.name}", entry.wrong or file_finding("FIL-001", entry.name)))
    return found


def nameable(name: str) -> bool:
    """Tell whether a file may have this name."""
    try:
        length = len(name.encode())
    except UnicodeEncodeError:
        return False
    return 0 < length <= MOST_NAME and name[0] != "." and name.isprintable() and "/" not in name and "\\" not in name


def _is_manifest_among(name: str, names: set[str]) -> bool:
    return name.endswith(manifest.SUFFIX) and name.removesuffix(manifest.SUFFIX) in names
