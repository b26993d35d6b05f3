# SPDX-License-Identifier: Apache-2.0
"""Profile P: a system that pushes, as the bench in the gateway's place sees it: what came, when, and what it does then."""

import hashlib
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Final

from gateway.documents import safexml
from gateway.semantics.interface import Interface, of_push
from gateway_conformance.capture import Judge
from gateway_conformance.clock import ScaledClock
from gateway_conformance.standin.credentials import Face, make
from gateway_conformance.standin.log import Call
from gateway_conformance.standin.server import Party, open_server
from gateway_conformance.stimulus import Hook, NoStimulus, Prompt
from gateway_conformance.subjects.arrivals import Arrivals
from gateway_conformance.sut import BadDescription, Description
from gateway_reference import wire

RECEIVER: Final = "113601009900000258"


class PushSubject(Arrivals):
    """The system under test as a client; listens from the moment it is made."""

    def __init__(
        self, description: Description, clock: ScaledClock, judge: Judge, stimulus: Hook | NoStimulus | Prompt,
        note: Callable[[str], None],
    ) -> None:  # fmt: skip
        super().__init__(description, clock, judge, stimulus)
        self._place = tempfile.TemporaryDirectory(prefix="conformance-")
        try:
            self.server = open_server(self._party(), Path(self._place.name), judge, self.evidence)
        except (OSError, ValueError) as error:
            self._place.cleanup()
            raise BadDescription(description.path, [f"[push] 无法监听 / cannot listen: {error}"]) from error
        self.log, self.gate, self.rules = self.server.log, self.server.gate, self.server.bench_script
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

    # notices -----------------------------------------------------------------------------------------------------

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
