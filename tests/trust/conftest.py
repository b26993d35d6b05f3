# SPDX-License-Identifier: Apache-2.0
"""Two parties with throw-away keys, and one package and one receipt of theirs."""

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime

import pytest
from lxml import etree

from gateway.clock import BEIJING
from gateway.documents.package import render_package
from gateway.documents.receipt import render_receipt
from gateway.documents.safexml import parse
from gateway.model.package import Held, PackageHead, PackedRecord, Purpose, Receipt, RecordResult, body_digest
from gateway.trust.certificates import Authority, KeyPair, make_authority
from gateway.trust.signing import Signer, Verifier

SENDER, RECEIVER = "11360100990000017D", "113601009900000258"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=BEIJING)


@dataclass(frozen=True)
class Trust:
    """Who signs, who believes."""

    authority: Authority
    sender: KeyPair
    receiver: KeyPair
    verifier: Verifier

    def package(self, count: int = 3) -> "etree._Element":
        return parse(self.package_bytes(count))

    def package_bytes(self, count: int = 3) -> bytes:
        documents = [
            f'<penaltyFiling xmlns="urn:jx:power-exchange:1.0"><caseNo>c{n}</caseNo></penaltyFiling>'.encode()
            for n in range(count)
        ]
        records = [
            PackedRecord(n, "CF_LA", f"CF_LA:c{n}:1", 1, hashlib.sha256(document).digest())
            for n, document in enumerate(documents)
        ]
        head = PackageHead(
            str(uuid.UUID(int=7)), "1.0", SENDER, RECEIVER, NOW, Purpose.BUSINESS, count, body_digest(records),
            "2026.1", str(uuid.UUID(int=8)), 1, (str(uuid.UUID(int=6)),),
        )  # fmt: skip
        return render_package(head, records, documents, Signer(self.sender.key, self.sender.certificate).sign)

    def receipt(self) -> Receipt:
        results = (
            RecordResult(str(uuid.UUID(int=1)), "0000"),
            RecordResult(str(uuid.UUID(int=2)), "0001", "重复 <&>", None, Held(1, "a" * 64, "2026-01-01T00:00:00+08:00", 3)),
            RecordResult(str(uuid.UUID(int=3)), "1002", "不合格", "penaltyFiling/party/name"),
        )  # fmt: skip
        return Receipt(str(uuid.UUID(int=7)), RECEIVER, "2026-01-02T03:04:05.678+08:00", 9, 1, "0000", "", results)

    def receipt_bytes(self) -> bytes:
        return render_receipt(self.receipt(), Signer(self.receiver.key, self.receiver.certificate).sign)


@pytest.fixture(scope="session")
def trust() -> Trust:
    authority = make_authority("test", NOW)
    sender, receiver = authority.issue("sender", "甲局"), authority.issue("receiver", "乙平台")
    verifier = Verifier({SENDER: [sender.certificate], RECEIVER: [receiver.certificate]})
    return Trust(authority, sender, receiver, verifier)
