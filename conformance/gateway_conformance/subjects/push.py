# SPDX-License-Identifier: Apache-2.0
"""Profile P: a system that pushes, as the bench in the gateway's place sees it: what came, when, and what it does then."""

import hashlib
import tempfile
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from gateway.documents import safexml
from gateway.semantics.interface import Interface, of_push
from gateway_conformance.capture import Capture, CapturedRecord, Judge
from gateway_conformance.clock import ScaledClock
from gateway_conformance.evidence import Evidence
from gateway_conformance.standin.credentials import Face, make
from gateway_conformance.standin.log import Call
from gateway_conformance.standin.server import Party, open_server
from gateway_conformance.stimulus import Hook, NoStimulus, Prompt
from gateway_conformance.subjects.subject import Unanswered
from gateway_conformance.sut import BadDescription, Description
from gateway_conformance.verdict import Inconclusive
from gateway_reference import wire

RECEIVER: Final = "113601009900000258"
REAL_TIME: Final = 15 * 60.0
"""The real-time bound of the standard, seconds: what is due has come, or the system has had its chance."""
LEAST: Final = 4.0
FIRST: Final = 15.0
"""Real seconds that every wait for something to come lasts at least, the first one longer: below, the bench itself
would be measured."""
QUIET: Final = 0.5
LOOK: Final = 0.02
MESSAGES: Final = 300


class PushSubject:
    """The system under test as a client; listens from the moment it is made."""

    def __init__(
        self, description: Description, clock: ScaledClock, judge: Judge, stimulus: Hook | NoStimulus | Prompt,
        note: Callable[[str], None],
    ) -> None:  # fmt: skip
        self.description, self.evidence, self.clock = description, Evidence(), clock
        self._judge, self._stimulus = judge, stimulus
        self.held: dict[str, CapturedRecord] = {}
        self._from = 0
        self._expected: set[str] = set()
        self._capture: Capture | None = None
        self._driven = False
        self._place = tempfile.TemporaryDirectory(prefix="conformance-")
        try:
            self.server = open_server(self._party(), Path(self._place.name), judge, self.evidence)
        except (OSError, ValueError) as error:
            self._place.cleanup()
            raise BadDescription(description.path, [f"[push] 无法监听 / cannot listen: {error}"]) from error
        self.log = self.server.log
        note(self._told())

    def _party(self) -> Party:
        host, _colon, port = self.description.text("push", "listen").rpartition(":")
        host = host.strip("[]") or "127.0.0.1"
        directory = self.description.path.parent / self.description.text("push", "bench", "bench")
        client, signing = (self.description.file("push", name) for name in ("client_cert", "signing_cert"))
        if client is None or signing is None or not port.isdecimal():
            raise ValueError("listen = HOST:PORT, client_cert, signing_cert")
        return Party(
            self.description.text("push", "sender") or self.description.text("system", "dept"),
            self.description.text("push", "receiver") or RECEIVER, client, signing,
            self.description.file("push", "client_ca"), host, int(port), make(directory, host),
        )  # fmt: skip

    def _told(self) -> str:
        """Return where the bench listens and what the client has to trust."""
        party, files = self.server.party, self.server.party.credentials
        certificate = files.certificate(Face.RIGHT)
        der = wire.digest(_der(certificate))
        return (
            f"测试台在此接收 / the bench listens at {self.server.url} (REST {self.server.url}/v1)\n"
            f"  服务器证书 / server certificate {certificate}, SHA-256 {der}, 由此 CA 签发 / issued by {files.authority}\n"
            f"  回执证书 / receipts are signed with {files.certificate('receipts')}\n"
            f"  收方编码 / receiverCode {party.receiver} · 发送方编码 / senderCode {party.sender}"
        )

    # waiting -----------------------------------------------------------------------------------------------------

    def within(self, seconds: float) -> float:
        """Return the real seconds that a wait for something to come lasts."""
        return max(self.clock.bound(seconds), LEAST)

    def wait(self, holds: Callable[[], object], seconds: float = 2 * REAL_TIME) -> bool:
        """Wait until something holds, at most so many seconds of the standard; returns whether it does."""
        return self.log.wait(holds, self.within(seconds))

    def idle(self, seconds: float) -> None:
        """Let seconds of the standard pass in which something wrong could come."""
        self.log.wait(lambda: False, max(self.clock.bound(seconds), QUIET))

    def _pending(self) -> set[str] | None:
        """Return what waits in the system's outbox; None where it does not tell."""
        if not isinstance(self._stimulus, Hook) or not self._stimulus.offers("outbox.list"):
            return None
        try:
            return set(self._stimulus.drive("outbox.list").keys)
        except Inconclusive:
            return None

    def settle(self) -> None:
        """Wait until the system has nothing more to send: it says so, or nothing has come for long enough."""
        begun = self.clock.monotonic()
        while True:
            pending = self._pending()
            if pending is not None and not pending:
                return
            quiet = self.within(2 * REAL_TIME) if pending else max(self.clock.bound(REAL_TIME), QUIET)
            left = quiet - (self.clock.monotonic() - max(self.log.last_fresh, begun))
            if left <= 0:
                return
            self.log.wait(lambda: False, LOOK if pending else min(left, QUIET))

    # what came ---------------------------------------------------------------------------------------------------

    def _first(self) -> None:
        """Wait for the first package; raises Unanswered."""
        if not self.log.wait(lambda: self.log.fresh, max(self.clock.bound(2 * REAL_TIME), FIRST)):
            raise Unanswered("没有收到任何可读的数据包", "no package came that could be read")

    def capture(self) -> Capture:
        """Return what the system had pushed before any stimulus: the last version of each record; raises Unanswered."""
        if self._capture is None:
            self._first()
            self.settle()
            heads = {record.key: record for record in list(self.log.fresh)}
            bodies = [call.body for call in self.log.submissions()]
            self._capture = Capture(
                list(heads.values()), bodies, self._judge, self.description.text("system", "dept"), self._now()
            )
        return self._capture

    def before_driving(self) -> None:
        """Take the capture before the first stimulus of the run; that it cannot be had is told to those who ask for it."""
        if not self._driven:
            self._driven = True
            with suppress(Unanswered):
                self.capture()

    def driven(self, keys: Sequence[str]) -> None:
        """Hear which keys the system says it touched: changes are waited for until these have come."""
        self._expected |= set(keys)

    def catch_up(self) -> None:
        """Take everything that came as read."""
        self.before_driving()
        self._from, self._expected = len(self.log.fresh), set()
        self.held = dict(self.log.heads)

    def changes(self) -> list[CapturedRecord]:
        """Return what came after the last reading, each content once, in the order of arrival."""
        self._await()
        found = self.log.fresh[self._from :]
        self._from += len(found)
        self.held.update({record.key: record for record in found})
        self._expected -= {record.key for record in found}
        return found

    def _await(self) -> None:
        self.wait(lambda: self._expected <= {record.key for record in self.log.fresh[self._from :]})

    def current(self) -> Sequence[CapturedRecord]:
        """Return the last version of every record, withdrawals among them, in the order of first arrival."""
        self._await()
        return list(self.log.heads.values())

    def judge(self, records: Sequence[CapturedRecord]) -> Capture:
        """Return records that came later, to be judged like the capture."""
        return Capture(records, (), self._judge, self.description.text("system", "dept"), self._now())

    def _now(self) -> str:
        return self.clock.now().isoformat(timespec="seconds")

    def sweep(self) -> Sequence[bytes]:
        """Return bodies of requests, unreadable ones first; raises Unanswered where none came."""
        self.wait(lambda: self.log.calls)
        self.before_driving()
        with_body = [call for call in list(self.log.calls) if call.body]
        if not with_body:
            raise Unanswered("没有收到任何请求", "no request came")
        chosen = sorted(with_body, key=lambda call: (not call.unreadable, call.operation != "SubmitPackage"))
        return [call.body for call in chosen[:MESSAGES]]

    # cases at work -----------------------------------------------------------------------------------------------

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Hold packages back unanswered while a stimulus is given, so that a script can name what it touches."""
        self.server.gate.clear()
        try:
            yield
        finally:
            self.server.gate.set()

    @contextmanager
    def undisturbed(self) -> Iterator[int]:
        """Give the number of the last call; afterwards every script is lifted and the system has sent what it has."""
        self.before_driving()
        try:
            yield len(self.log.calls)
        finally:
            self.server.bench_script.set()
            self.server.gate.set()
            self.resume()
            self.settle()

    def resume(self) -> None:
        """Tell the system, where it listens to that, that an operator lets it go on now."""
        if isinstance(self._stimulus, Hook) and self._stimulus.offers("push.resume"):
            with suppress(Inconclusive):
                self._stimulus.drive("push.resume")

    def script(self, *rules: dict[str, Any]) -> None:
        """Put rules of faults in force (conformance/README.md), and no others."""
        self.server.bench_script.set(*rules)

    def give_notice(self, notice: str) -> bool:
        """Put a notice up and wait until it is acknowledged; returns whether it was."""
        record_id = self.put_up(notice)
        return self.wait(lambda: self.acknowledgements(record_id), 120.0)

    def put_up(self, notice: str) -> str:
        """Put a notice up, or up again, and return its recordId."""
        root = safexml.parse(notice.encode())
        payload = safexml.canonical(root)
        type_ = self._judge.type_of(payload)
        case, sequence = (root.findtext(f"{{{wire.NAMESPACE}}}{name}") or "" for name in ("caseNo", "sequence"))
        digest = hashlib.sha256(payload).hexdigest()
        # a notice's number is its own: the key carries it, so that two notices of a case stay apart
        key = f"{type_}:{case}:{sequence}"
        record_id = str(uuid.uuid5(wire.RECORD_NAMESPACE, f"{type_}|{key}|1|{digest}"))
        self.server.storage.give(self.server.party.sender, self._now(), (record_id, key, 1, digest, payload))
        return record_id

    def take_down(self, record_id: str) -> None:
        """Give a notice no more."""
        self.server.storage.acknowledge(self.server.party.sender, [record_id], self._now())

    def acknowledgements(self, record_id: str, *, after: int = 0) -> list[Call]:
        """Return the AckNotices that name a notice and were taken."""
        return [
            call for call in list(self.log.calls)[after:] if record_id in call.acknowledged and call.status == 200
        ]  # fmt: skip

    # the run -----------------------------------------------------------------------------------------------------

    def interface(self) -> Interface | None:
        """Return what an attestation is bound to: the client's certificates and the version of the standard."""
        pins = [
            (role, wire.digest(_der(path)))
            for role, path in (("client", self.server.party.client), ("signing", self.server.party.signing))
        ]
        return of_push(pins, self.description.text("standard", "version"))

    def close(self) -> None:
        """Stop listening."""
        self.server.close()
        self._place.cleanup()


def _der(path: Path) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    return x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(Encoding.DER)
