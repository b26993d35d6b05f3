# SPDX-License-Identifier: Apache-2.0
"""The gateway's own channel against a reference system: two implementations of one contract meet."""

import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.channels.https import Endpoint, HttpsChannel
from gateway.channels.soap import PowerExchange
from gateway.clock import BEIJING
from gateway.model.package import (
    PackageHead,
    PackedRecord,
    Purpose,
    Receipt,
    ReceiptStatus,
    Submission,
    body_digest,
)
from gateway.trust.signing import Signer, Verifier
from gateway_reference.wire import statement_term
from tests.reference.client import Sent, file_case, withdraw
from tests.reference.conftest import Running

pytestmark = pytest.mark.service


class Gateway:
    """The gateway's channel to one system, sending records as the ledger would."""

    def __init__(self, system: Running, keys: dict[str, Any]) -> None:
        me, sender = keys["sender"], system.sender
        self._me, self._receiver = me["code"], sender.receiver
        pinned = {sender.receiver: [sender.receipt_certificate.read_bytes()]}
        endpoint = Endpoint(
            system.server.url, Path(keys["ca"]), Path(me["client_certificate"]), Path(me["client_key"]), 5.0, 20.0
        )
        signer = Signer(Path(me["signing_key"]).read_bytes(), Path(me["signing_certificate"]).read_bytes())
        self.channel = PowerExchange("platform", sender.receiver, HttpsChannel(endpoint), signer, Verifier(pinned))

    def send(self, *records: Sent, package_id: str | None = None) -> Submission:
        packed = [
            PackedRecord(number, record.type, record.key, record.version, bytes.fromhex(record.digest))
            for number, record in enumerate(records)
        ]
        head = PackageHead(
            package_id or str(uuid.uuid4()), "1.0", self._me, self._receiver, datetime(2026, 1, 2, tzinfo=BEIJING),
            Purpose.BUSINESS, len(packed), body_digest(packed), "2026.1", str(uuid.uuid4()), 1,
        )  # fmt: skip
        return self.channel.submit(head, packed, [record.payload for record in records])


@pytest.fixture
def gateway(platform: Running, keys: dict[str, Any]) -> Iterator[Gateway]:
    made = Gateway(platform, keys)
    yield made
    made.channel.close()


def codes(submission: Submission) -> list[str]:
    assert submission.receipt is not None, submission.detail
    return [result.code for result in submission.receipt.results]


def test_they_understand_each_other(gateway: Gateway, platform: Running) -> None:
    records, package_id = [file_case(1), file_case(2), file_case(3)], str(uuid.uuid4())
    assert gateway.channel.ping().utcoffset() == datetime.now(BEIJING).utcoffset()
    first = gateway.send(*records, package_id=package_id)
    assert codes(first) == ["0000"] * 3
    assert gateway.channel.query_receipt(package_id) == first.receipt
    assert gateway.channel.query_receipt(str(uuid.uuid4())) is ReceiptStatus.NEVER_RECEIVED
    again = gateway.send(records[0])
    assert codes(again) == ["0001"]
    assert again.receipt is not None
    held = again.receipt.results[0].held
    assert held is not None
    assert (held.version, held.content_digest) == (1, records[0].digest)
    assert codes(gateway.send(withdraw(3, 2))) == ["0000"]
    statement = gateway.channel.statement("2020-06-01")
    rows = [(record.key, record.version, record.digest) for record in records[:2]]
    digest = f"{sum(statement_term(*row) for row in rows) % (1 << 256):064x}"
    assert [(line.count, line.digest) for line in statement.lines] == [(2, digest)]
    keys = gateway.channel.keys("2020-06-01")
    assert [(row.key, row.content_digest) for row in keys.rows] == [(key, digest) for key, _version, digest in rows]
    assert keys.through_receipt_no == statement.through_receipt_no == 3
    assert gateway.channel.handshakes == 1
    assert platform.held()["stats"]["handshakes"] == 1


@pytest.mark.parametrize("variant", ["other-package", "altered", "unsigned"])
def test_a_wrong_receipt_is_never_believed(gateway: Gateway, platform: Running, variant: str) -> None:
    platform.script({"operation": "SubmitPackage", "action": "wrong-receipt", "variant": variant, "times": 1})
    package_id = str(uuid.uuid4())
    said = gateway.send(file_case(1), file_case(2), package_id=package_id)
    assert (said.receipt, said.refusal, said.sent) == (None, None, True)
    found = gateway.channel.query_receipt(package_id)
    assert isinstance(found, Receipt)
    assert [result.code for result in found.results] == ["0000", "0000"]


@pytest.mark.parametrize(
    "action", ["drop-before-store", "drop-after-store", "half-answer", "html", "http-503", "close"]
)
def test_silence_and_foreign_answers_are_unknown(gateway: Gateway, platform: Running, action: str) -> None:
    platform.script({"operation": "SubmitPackage", "action": action, "times": 1})
    said = gateway.send(file_case(1))
    assert (said.receipt, said.refusal, said.sent) == (None, None, True)
    assert codes(gateway.send(file_case(1)))[0] in {"0000", "0001"}
    assert len(platform.held()["records"]) == 1


def test_refusals_arrive_with_their_code(gateway: Gateway, platform: Running) -> None:
    platform.script({"operation": "SubmitPackage", "action": "fault", "code": "4001", "retryAfter": 9, "times": 1})
    said = gateway.send(file_case(1))
    assert said.refusal is not None
    assert (said.refusal.code, said.refusal.retry_after) == ("4001", 9)
    broken = file_case(2, org="990000025")
    assert codes(gateway.send(broken, file_case(2, sequence=2))) == ["2007", "2003"]


def test_naive_system_says_so(start: Callable[..., Running], keys: dict[str, Any]) -> None:
    gateway = Gateway(start(kind="naive"), keys)
    assert codes(gateway.send(file_case(1))) == ["0000"]
    assert gateway.channel.query_receipt(str(uuid.uuid4())) is ReceiptStatus.UNSUPPORTED
    gateway.channel.close()
