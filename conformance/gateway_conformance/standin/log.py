# SPDX-License-Identifier: Apache-2.0
"""What came to the stand-in, in order: connections, requests, packages and their records; cases wait on it."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gateway_conformance.capture import CapturedRecord
from gateway_conformance.standin.credentials import Face


@dataclass(slots=True)
class Package:
    """A package as it arrived, whatever is wrong with it; ``answers`` is what each recordId was answered."""

    package_id: str
    head: dict[str, str]
    voided: tuple[str, ...]
    records: list[CapturedRecord]
    computed_body_digest: str
    document: bytes
    answers: dict[str, str] = field(default_factory=dict)

    @property
    def keys(self) -> list[str]:
        """The keys of its records in body order."""
        return [record.key for record in self.records]


@dataclass(slots=True)
class Call:
    """One request: when it was there whole, what it was, and when and how it was answered."""

    number: int
    at: float
    operation: str
    target: str
    form: str
    headers: dict[str, str]
    body: bytes
    certificate: bytes = b""
    package: Package | None = None
    asked: str = ""
    """The packageId or recordId that QueryReceipt asks for."""
    acknowledged: tuple[str, ...] = ()
    unreadable: str = ""
    mended: bool = False
    """Whether the message had to be mended to be read: digests and signature cannot be judged by it."""
    status: int = 0
    answered: float | None = None
    fault: str = ""


class Log:
    """Everything that came, safe to share between threads; times are of the monotonic clock."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.calls: list[Call] = []
        self.handshakes: list[tuple[Face, bool]] = []
        self.first_bytes: list[Face] = []
        self.fresh: list[CapturedRecord] = []
        """Records in the order in which they were taken, each content once."""
        self.heads: dict[str, CapturedRecord] = {}
        """The last version of every record that was taken."""
        self.sent: dict[str, CapturedRecord] = {}
        """The last version of every record that came, refused ones among them."""
        self.last_fresh = time.monotonic()
        self._seen: set[tuple[str, int, str]] = set()

    def shaken(self, face: Face, *, done: bool) -> None:
        """Note a handshake."""
        with self.changed:
            self.handshakes.append((face, done))
            self.changed.notify_all()

    def spoken(self, face: Face) -> None:
        """Note that a client sent something of its own over a connection."""
        with self.changed:
            self.first_bytes.append(face)
            self.changed.notify_all()

    def begin(self, call: Call) -> Call:
        """Note a request; its number is given."""
        with self.changed:
            call.number = len(self.calls) + 1
            self.calls.append(call)
            self.changed.notify_all()
        return call

    def taken(self, records: Sequence[CapturedRecord]) -> None:
        """Note records that were accepted."""
        with self.changed:
            for record in records:
                content = (record.key, record.version, record.computed_digest)
                if content not in self._seen:
                    self._seen.add(content)
                    self.fresh.append(record)
                    self.last_fresh = time.monotonic()
                before = self.heads.get(record.key)
                if before is None or record.version >= before.version:
                    self.heads[record.key] = record
            self.changed.notify_all()

    def came(self, records: Sequence[CapturedRecord]) -> None:
        """Note records that came, whatever they are answered."""
        with self.changed:
            for record in records:
                before = self.sent.get(record.key)
                if before is None or record.version >= before.version:
                    self.sent[record.key] = record

    def done(self, call: Call, status: int) -> None:
        """Note that a request was answered, or (status 0) that its connection was cut."""
        with self.changed:
            call.status, call.answered = status, time.monotonic()
            self.changed.notify_all()

    def wait(self, holds: Callable[[], object], seconds: float) -> bool:
        """Wait until something holds, at most so many real seconds; returns whether it does."""
        with self.changed:
            return bool(self.changed.wait_for(holds, seconds))

    def submissions(self, key: str | None = None, *, after: int = 0) -> list[Call]:
        """Return the SubmitPackage calls after a number, those that carry a key."""
        return [
            call
            for call in list(self.calls)[after:]
            if call.package is not None and (key is None or key in call.package.keys)
        ]

    def queries(self, package: Package, *, after: int = 0) -> list[Call]:
        """Return the QueryReceipt calls for a package, by its own id or one of its records."""
        ids = {package.package_id, *(record.record_id for record in package.records)}
        return [call for call in list(self.calls)[after:] if call.operation == "QueryReceipt" and call.asked in ids]
