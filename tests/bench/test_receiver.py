# SPDX-License-Identifier: Apache-2.0
"""The bench's receiver verifies what it gets, is idempotent, and counts."""

import uuid
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256

import pytest

from gateway.bench.processes import Receivers, receiving
from gateway.bench.receiver import skim
from gateway.bench.rows import CENTRE, RECEIVERS
from gateway.bench.workshop import Workshop, make_rows, write_configuration
from gateway.clock import BEIJING, SystemClock
from gateway.config import load
from gateway.documents import soap
from gateway.documents.package import render_package
from gateway.model.package import PackageHead, PackedRecord, Purpose, Receipt, ReceiptStatus, body_digest
from gateway.parts import open_destination
from gateway.ports import Destination
from gateway.trust.signing import Signer

pytestmark = pytest.mark.service

DOCUMENTS = [
    b'<permitDelivery xmlns="urn:jx:power-exchange:1.0"><caseNo>%d</caseNo></permitDelivery>' % n for n in range(3)
]
RECORDS = [PackedRecord(n, "XK_SD", f"XK_SD:{n}:4", 1, sha256(each).digest()) for n, each in enumerate(DOCUMENTS)]


@pytest.fixture
def receivers(workshop: Workshop) -> Iterator[Receivers]:
    with receiving(workshop) as started:
        yield started


@pytest.fixture
def municipal(workshop: Workshop, receivers: Receivers) -> Iterator[Destination]:
    source = make_rows(workshop, "source", 100, 1)
    configuration = load(write_configuration(workshop, "product", source, receivers.addresses))
    trust = configuration.site.trust
    signer = Signer(trust.key.reveal_bytes(), trust.certificate.read_bytes())
    (settings,) = [each for each in configuration.destinations if each.name == "municipal"]
    destination = open_destination(settings, signer)
    yield destination
    destination.close()


def head() -> PackageHead:
    return PackageHead(
        package_id=str(uuid.uuid4()), standard_version="1.0", sender_code=CENTRE.code,
        receiver_code=RECEIVERS["municipal"].code, created_at=SystemClock().now().astimezone(BEIJING),
        purpose=Purpose.BUSINESS, record_count=len(RECORDS), body_digest=body_digest(RECORDS),
        code_list_version="1.0", stream_id=str(uuid.uuid4()), package_seq=1,
    )  # fmt: skip


def test_it_answers_with_a_true_receipt_once_and_again(municipal: Destination, receivers: Receivers) -> None:
    sent = head()
    first = municipal.submit(sent, RECORDS, DOCUMENTS)
    assert first.receipt is not None
    assert [(each.record_id, each.code) for each in first.receipt.results] == [(r.record_id, "0000") for r in RECORDS]
    assert municipal.submit(sent, RECORDS, DOCUMENTS).receipt == first.receipt
    assert municipal.query_receipt(sent.package_id) == first.receipt
    counts = receivers.counts()["municipal"]
    held = sum(int.from_bytes(record.content_digest, "big") for record in RECORDS) % (1 << 256)
    assert counts == {
        "connections": 1, "handshakes": 1, "requests": 3, "packages": 1, "records": 3, "held": f"{held:x}", "faults": [],
    }  # fmt: skip


def test_it_knows_no_package_it_never_got(municipal: Destination) -> None:
    assert municipal.query_receipt(str(uuid.uuid4())) is ReceiptStatus.NEVER_RECEIVED
    assert abs((municipal.ping() - SystemClock().now()).total_seconds()) < 60


@pytest.mark.parametrize("wrong", ["body_digest", "record_count", "sender_code"])
def test_what_is_not_true_is_refused_and_told(municipal: Destination, receivers: Receivers, wrong: str) -> None:
    spoiled = {"body_digest": "0" * 64, "record_count": 2, "sender_code": RECEIVERS["supervision"].code}
    submission = municipal.submit(replace(head(), **{wrong: spoiled[wrong]}), RECORDS, DOCUMENTS)
    assert submission.receipt is None
    assert submission.refusal is not None
    counts = receivers.counts()["municipal"]
    assert (counts["records"], len(counts["faults"])) == (0, 1)


def test_a_payload_that_is_not_the_one_of_its_digest_is_refused(municipal: Destination, receivers: Receivers) -> None:
    other = [DOCUMENTS[1], *DOCUMENTS[1:]]
    assert municipal.submit(head(), RECORDS, other).refusal is not None
    assert receivers.counts()["municipal"]["records"] == 0


def test_a_reset_forgets(municipal: Destination, receivers: Receivers) -> None:
    sent = head()
    assert isinstance(municipal.submit(sent, RECORDS, DOCUMENTS).receipt, Receipt)
    receivers.reset()
    assert municipal.query_receipt(sent.package_id) is ReceiptStatus.NEVER_RECEIVED
    assert receivers.counts()["municipal"]["packages"] == 0


def rendered() -> bytes:
    signature = b'<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/>'
    return soap.request("SubmitPackage", render_package(head(), RECORDS, DOCUMENTS, lambda _head: signature))


def test_what_it_skims_is_what_stands_there() -> None:
    skimmed = skim(rendered())
    assert skimmed is not None
    stated = [(each.record_id, each.key, str(each.version), each.content_digest.hex()) for each in RECORDS]
    assert skimmed.records == stated
    assert skimmed.head.findtext("{*}recordCount") == "3"
    assert skimmed.signature.tag.endswith("}Signature")
    assert (skimmed.payload.tag, skimmed.payload[0].text) == ("{urn:jx:power-exchange:1.0}permitDelivery", "0")


@pytest.mark.parametrize("wanting", [b"<Body>\n", b"</Record>\n</Body>", b"</Body>", b"<Record><recordId>"])
def test_what_is_written_otherwise_is_left_to_the_parser(wanting: bytes) -> None:
    body = rendered()
    assert wanting in body
    assert skim(body.replace(wanting, wanting.replace(b">", b" >"))) is None
    assert skim(soap.request("Ping")) is None
