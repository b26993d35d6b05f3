# SPDX-License-Identifier: Apache-2.0
"""The stand-in's side of a drop (文件交换目录): files taken as the gateway takes them, receipts written back, all noted."""

import hashlib
import json
import os
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lxml import etree

from gateway.channels.files import manifest
from gateway.channels.files.findings import FileRefused
from gateway.channels.files.manifest import Manifest
from gateway.documents import safexml
from gateway.documents.faults import RefusedDocument
from gateway_conformance.capture import Judge
from gateway_conformance.evidence import Evidence
from gateway_conformance.standin import reading
from gateway_conformance.standin.intake import BenchReceiver, BenchScript
from gateway_conformance.standin.log import Call, Log
from gateway_conformance.standin.watching import Watch
from gateway_reference.faults import Action, Fault
from gateway_reference.parties import Peer
from gateway_reference.receiving import Forced
from gateway_reference.wire import Refusal, now

CLAIMED, DONE, REFUSED, RECEIPTS = "claimed", "done", "refused", "receipts"
FOLDERS: Final = (CLAIMED, DONE, REFUSED, RECEIPTS)
FORM: Final = "file"
SETTLE: Final = 1.0
"""Real seconds for which a manifest that cannot be read is left alone: it may still be written."""


@dataclass(slots=True)
class Dropped:
    """One file that was taken from the drop, with its manifest, as they stood there."""

    name: str
    data: bytes
    manifest_data: bytes
    manifest: Manifest | None
    """None for a manifest that cannot be read as one; ``fault`` says why."""
    fault: str
    modes: tuple[int, int]
    """Permission bits of file and manifest."""
    call: Call


@dataclass(slots=True)
class Seen:
    """A name as it was seen in the drop for the first time: when, and its size."""

    at: float
    size: int


class DropReader:
    """Takes what is complete, in the order of the numbers; works in a thread of its own from ``start`` to ``close``.

    ``gate`` closed leaves everything where it is. Whatever can be read is taken, also what the gateway would refuse: what is
    wrong with it the cases say.
    """

    def __init__(
        self, place: Path, peer: Peer, judge: Judge, evidence: Evidence, log: Log, receiver: BenchReceiver, script: BenchScript
    ) -> None:  # fmt: skip
        self.place, self.log, self.script = place, log, script
        self._peer, self._judge, self._evidence, self._receiver = peer, judge, evidence, receiver
        self.gate = threading.Event()
        self.gate.set()
        self.watch = Watch()
        self.files: list[Dropped] = []
        self.seen: dict[str, Seen] = {}
        self.early: set[str] = set()
        """Files whose manifest stood in the drop before they did."""
        self.mode: int | None = None
        """Permission bits of the folder, as it was found for the first time."""
        self._stop = threading.Event()
        self._quiet = threading.Lock()
        self._unread: dict[str, float] = {}
        self._late: list[threading.Timer] = []
        self._thread = threading.Thread(target=self._work, daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._begin()
        self._thread.start()

    def close(self) -> None:
        """Look no more; receipts that were put off are not written."""
        self._stop.set()
        self._thread.join(10)
        for timer in self._late:
            timer.cancel()
        self.watch.close()

    def waiting(self) -> list[str]:
        """Return the names of complete files that have not been taken."""
        return [name for name, _manifest in self._ready()]

    def visible(self) -> list[str]:
        """Return what stands in the drop under a name of its own: files, without those that begin with a dot."""
        try:
            with os.scandir(self.place) as found:
                return sorted(
                    each.name
                    for each in found
                    if not each.name.startswith(".")
                    and each.name not in FOLDERS
                    and each.is_file(follow_symlinks=False)
                )
        except OSError:
            return []

    def away(self) -> "threading.Lock":
        """Return the lock under which the reader looks: whoever holds it may move the folder."""
        return self._quiet

    # looking -----------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        if self.mode is None:
            with suppress(OSError):
                self.mode = stat.S_IMODE(self.place.stat().st_mode)
        if not self.watch.watching:
            self.watch.begin(self.place)

    def _work(self) -> None:
        while not self._stop.is_set():
            self.watch.wait()
            with self._quiet:
                self._begin()
                self._look()

    def _look(self) -> None:
        moment = time.monotonic()
        names = self.visible()
        for name in names:
            if name not in self.seen:
                with suppress(OSError):
                    self.seen[name] = Seen(moment, (self.place / name).stat().st_size)
        held = set(names)
        for name in names:
            of = name.removesuffix(manifest.SUFFIX)
            if of != name and of not in held and not (self.place / of).exists() and (self.place / name).exists():
                self.early.add(of)
        if not self.gate.is_set():
            return
        for name, declared in self._ready():
            if self._stop.is_set() or not self.gate.is_set():
                return
            self._take(name, declared)

    def _ready(self) -> list[tuple[str, Manifest | None]]:
        """Return complete files, by number; what has no number by name."""
        names = self.visible()
        held = set(names)
        known = [(name, self._manifest(name)) for name in names if name + manifest.SUFFIX in held]
        found = [(name, declared) for name, declared in known if declared is not None or not self._fresh(name)]

        def position(each: tuple[str, Manifest | None]) -> tuple[int, str]:
            declared = each[1]
            return (declared.sequence if declared and declared.sequence is not None else 0), each[0]

        return sorted(found, key=position)

    def _manifest(self, name: str) -> Manifest | None:
        with suppress(OSError, FileRefused):
            found = manifest.parse((self.place / (name + manifest.SUFFIX)).read_bytes(), name)
            self._unread.pop(name, None)
            return found
        return None

    def _fresh(self, name: str) -> bool:
        """Tell whether a manifest that cannot be read was found just now: one that is half there is whole in a moment."""
        return time.monotonic() - self._unread.setdefault(name, time.monotonic()) < SETTLE

    # taking ------------------------------------------------------------------------------------------------------

    def _take(self, name: str, declared: Manifest | None) -> None:
        try:
            data, told, modes = self._claim(name)
        except OSError:
            return  # gone, or not to be moved now: it is looked at again
        fault = ""
        self._unread.pop(name, None)
        if declared is None:
            try:
                declared = manifest.parse(told, name)
            except FileRefused as refused:
                fault = refused.finding.message.zh
        call = Call(0, time.monotonic(), "SubmitPackage", name, FORM, {}, data)
        root = _root(data, call)
        if root is not None:
            call.package = reading.package(root, self._judge.type_of, data)
        if call.package is None and not call.unreadable:
            call.unreadable = "1002 文件中没有数据包 / no package in the file"
        with self.log.changed:
            self.files.append(Dropped(name, data, told, declared, fault, modes, call))
        self.log.begin(call)
        self._answer(name, call)

    def _claim(self, name: str) -> tuple[bytes, bytes, tuple[int, int]]:
        """Take file and manifest out of the drop by a rename, and read them; raises OSError."""
        both = []
        modes = []
        for folder in FOLDERS:
            (self.place / folder).mkdir(mode=0o770, exist_ok=True)
        for each in (name, name + manifest.SUFFIX):
            claimed = self.place / CLAIMED / each
            (self.place / each).replace(claimed)
            modes.append(stat.S_IMODE(claimed.stat().st_mode))
            both.append(claimed.read_bytes())
        return both[0], both[1], (modes[0], modes[1])

    def _put_away(self, name: str, folder: str) -> None:
        for each in (name, name + manifest.SUFFIX):
            with suppress(OSError):
                (self.place / CLAIMED / each).replace(self.place / folder / each)

    def _answer(self, name: str, call: Call) -> None:
        package = call.package
        if package is None:
            self._refuse(name, call, Refusal(*call.unreadable.partition(" ")[::2]))
            return
        fault = self.script.strike("SubmitPackage", package.keys)
        self._receiver.local.call = call
        try:
            taken = self._receiver.take(etree.Element("Package"), self._peer, _forced(fault, call))
        except Refusal as refusal:
            self._refuse(name, call, refusal)
            return
        self._put_away(name, DONE)
        receipt = f"{package.package_id}.receipt.xml", taken.receipt
        if fault is not None and fault.action is Action.DELAY:
            call.fault = fault.action.value
            timer = threading.Timer(fault.seconds, self._tell, (call, *receipt))
            self._late.append(timer)
            timer.start()
        else:
            self._tell(call, *receipt)

    def _refuse(self, name: str, call: Call, refusal: Refusal) -> None:
        call.unreadable = call.unreadable or f"{refusal.code} {refusal.message}"
        self._put_away(name, REFUSED)
        with suppress(OSError):
            self._write(f"{name}.receipt.json", _refused(name, call.body, refusal))
        self._done(call, 400, b"")

    def _tell(self, call: Call, name: str, receipt: bytes) -> None:
        with suppress(OSError):
            self._write(name, receipt)
        self._done(call, 200, receipt)

    def _done(self, call: Call, status: int, receipt: bytes) -> None:
        self._evidence.add(f"file {call.target}", status, receipt, call.body)
        self.log.done(call, status)

    def _write(self, name: str, data: bytes) -> None:
        """Write a receipt whole: nobody sees half of it."""
        (self.place / RECEIPTS).mkdir(mode=0o770, exist_ok=True)
        temporary = self.place / RECEIPTS / f".{name}.tmp"
        temporary.write_bytes(data)
        temporary.replace(self.place / RECEIPTS / name)


def _root(data: bytes, call: Call) -> etree._Element | None:
    """Return the root of a file, mended where it has to be; None, with the reason noted, where nothing can be made of it."""
    try:
        return safexml.parse(data)
    except RefusedDocument:
        pass
    try:
        root, call.mended = reading.tree(data)
    except Refusal as refused:
        call.unreadable = f"{refused.code} {refused.message}"
        return None
    return root


def _forced(fault: Fault | None, call: Call) -> Forced | None:
    """Return what a ``refuse`` rule forces upon the records that its pattern found."""
    if fault is None or fault.action is not Action.REFUSE or call.package is None:
        return None
    code, wanted, codes = str(fault.options.get("code", "2001")), set(fault.keys), dict(fault.options.get("codes", {}))
    return Forced(
        {each.record_id: str(codes.get(each.key, code)) for each in call.package.records if each.key in wanted}
    )


def _refused(name: str, data: bytes, refusal: Refusal) -> bytes:
    """Return the receipt of a file that is refused whole, as the gateway writes it."""
    shown = {
        "file": name, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "result": "refused", "at": now(),
        "findings": [{"code": refusal.code, "message": refusal.message, "severity": "error"}],
    }  # fmt: skip
    return (json.dumps(shown, ensure_ascii=False, indent=1) + "\n").encode()


def digests(files: list[Dropped]) -> Iterator[tuple[Dropped, str]]:
    """Give each file with the SHA-256 of its bytes."""
    for each in files:
        yield each, hashlib.sha256(each.data).hexdigest()
