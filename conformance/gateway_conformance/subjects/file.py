# SPDX-License-Identifier: Apache-2.0
"""Profile F: a system that drops package files with manifests into a folder, and reads receipts back."""

import hashlib
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from gateway.channels.files.layout import package_layout
from gateway.semantics.interface import Interface
from gateway_conformance.capture import Judge
from gateway_conformance.clock import ScaledClock
from gateway_conformance.standin.credentials import make
from gateway_conformance.standin.drop import DropReader
from gateway_conformance.standin.intake import BenchReceiver, BenchScript
from gateway_conformance.standin.log import Log
from gateway_conformance.stimulus import Hook, NoStimulus, Prompt
from gateway_conformance.subjects.arrivals import Arrivals
from gateway_conformance.subjects.push import RECEIVER
from gateway_conformance.sut import BadDescription, Description
from gateway_reference import pack as packs
from gateway_reference.parties import Peer, System
from gateway_reference.receiving import Kind
from gateway_reference.store import Store

PATTERN: Final = "*.xml"


class FileSubject(Arrivals):
    """The system under test as one who drops files; the drop is looked at from the moment this is made."""

    patience = 2 * 3600.0
    """Files are the work of jobs: one that is late is late (FLW-09), and nothing else."""

    def __init__(
        self, description: Description, clock: ScaledClock, judge: Judge, stimulus: Hook | NoStimulus | Prompt,
        note: Callable[[str], None],
    ) -> None:  # fmt: skip
        super().__init__(description, clock, judge, stimulus)
        self.place = description.path.parent / description.text("file", "directory")
        self.sender = description.text("file", "sender") or description.text("system", "dept")
        self.receiver = description.text("file", "receiver") or RECEIVER
        self.pattern = description.text("file", "pattern", PATTERN)
        self._work = tempfile.TemporaryDirectory(prefix="conformance-")
        try:
            self.reader = self._open(judge)
        except (OSError, ValueError) as error:
            self._work.cleanup()
            raise BadDescription(
                description.path, [f"[file] 无法使用证书 / certificates cannot be used: {error}"]
            ) from error
        self.log, self.gate, self.rules = self.reader.log, self.reader.gate, self.reader.script
        self.reader.start()
        note(
            f"测试台在此收文件 / the bench takes files from {self.place}\n"
            f"  回执写在 / receipts are written to {self.place / 'receipts'}, 签名证书 / signed with {self._receipts}\n"
            f"  收方编码 / receiverCode {self.receiver} · 发送方编码 / senderCode {self.sender}\n"
            "  目录中还没有文件时,按真实时间最多等 30 分钟 / with no file there yet, up to 30 minutes of real time are waited"
        )

    def _open(self, judge: Judge) -> DropReader:
        """Return the reader of the drop; raises OSError or ValueError where a certificate cannot be read."""
        credentials = make(self.description.path.parent / self.description.text("file", "bench", "bench"), "127.0.0.1")
        self._receipts = credentials.certificate("receipts")
        self.signing = self._file("signing_cert")
        self.manifests = (
            self._file("manifest_cert") if "manifest_cert" in self.description.table("file") else self.signing
        )
        peer = Peer(
            self.sender, self.sender, frozenset(), x509.load_pem_x509_certificate(self.signing.read_bytes()), frozenset({"*"})
        )  # fmt: skip
        key = load_pem_private_key(credentials.key("receipts").read_bytes(), None)
        own = x509.load_pem_x509_certificate(self._receipts.read_bytes())
        system = System(
            self.receiver, "测试台 / bench", self._receipts, credentials.key("receipts"), self._receipts, key, own,
            {self.sender: peer},
        )  # fmt: skip
        log, place = Log(), Path(self._work.name)
        self._store = Store(place)
        receiver = BenchReceiver(
            log, system, packs.Pack(packs.find()), self._store, kind=Kind.IDEMPOTENT, strict_catalogue=False
        )
        return DropReader(self.place, peer, judge, self.evidence, log, receiver, BenchScript())

    def _file(self, name: str) -> Path:
        path = self.description.file("file", name)
        if path is None:
            raise ValueError(name)
        return path

    def settle(self) -> None:
        """Wait until the system has nothing more to drop and what is complete in the drop has been taken."""
        super().settle()
        if self.gate.is_set():
            self.log.wait(lambda: not self.reader.waiting(), self.within(60))

    def mode(self) -> int | None:
        """Return the permission bits of the folder as it stands now; None where there is none."""
        try:
            return stat.S_IMODE(self.place.stat().st_mode)
        except OSError:
            return self.reader.mode

    def interface(self) -> Interface | None:
        """Return what an attestation is bound to: how the files are written and the certificate that signs them."""
        der = x509.load_pem_x509_certificate(self.signing.read_bytes()).public_bytes(Encoding.DER)
        return package_layout(
            "manifest", [hashlib.sha256(der).hexdigest()], self.description.text("standard", "version")
        )

    def close(self) -> None:
        """Look no more."""
        self.reader.close()
        self._store.close()
        self._work.cleanup()
