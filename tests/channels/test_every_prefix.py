# SPDX-License-Identifier: Apache-2.0
"""R10: every prefix of a true receipt, and every receipt with a byte changed, is tried: none is taken for success."""

import random
import secrets
import uuid
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import pytest

from gateway.bench.receiver import Desk
from gateway.bench.rows import CENTRE, RECEIVERS
from gateway.channels.https import HttpAnswer
from gateway.channels.soap import PowerExchange
from gateway.clock import BEIJING, SystemClock
from gateway.model.package import PackageHead, PackedRecord, Purpose, Receipt, body_digest
from gateway.trust.certificates import make_authority
from gateway.trust.signing import Signer, Verifier

DOCUMENTS = [
    b'<permitDelivery xmlns="urn:jx:power-exchange:1.0"><caseNo>%d</caseNo></permitDelivery>' % n for n in range(3)
]
RECORDS = [PackedRecord(n, "XK_SD", f"XK_SD:{n}:4", 1, sha256(each).digest()) for n, each in enumerate(DOCUMENTS)]
SENDER, RECEIVER = CENTRE.code, RECEIVERS["municipal"].code
FLIPS = 1500


class Wire:
    """Stands for the channel: the first call is answered by the desk, later ones by what ``spoil`` makes of that answer."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.whole = b""
        self.given: bytes | None = None

    def post(self, body: bytes, _headers: Mapping[str, str]) -> HttpAnswer:
        if not self.whole:
            self.whole = self.desk.answer(body)
        return HttpAnswer(200, "text/xml", self.whole if self.given is None else self.given)


class Exchange:
    """One package and its true receipt."""

    def __init__(self) -> None:
        authority = make_authority("test city", SystemClock().now())
        ours, theirs = (authority.issue(code, code, client=True) for code in (SENDER, RECEIVER))
        desk = Desk("municipal", Signer(theirs.key, theirs.certificate), Verifier({SENDER: [ours.certificate]}))
        self.wire = Wire(desk)
        verifier = Verifier({RECEIVER: [theirs.certificate]})
        self.end: Any = PowerExchange(
            "municipal",
            RECEIVER,
            self.wire,
            Signer(ours.key, ours.certificate),
            verifier,  # type: ignore[arg-type]
        )
        self.head = PackageHead(
            package_id=str(uuid.uuid4()), standard_version="1.0", sender_code=SENDER, receiver_code=RECEIVER,
            created_at=SystemClock().now().astimezone(BEIJING), purpose=Purpose.BUSINESS, record_count=len(RECORDS),
            body_digest=body_digest(RECORDS), code_list_version="1.0", stream_id=str(uuid.uuid4()), package_seq=1,
        )  # fmt: skip
        self.true = self.submit(None)

    def submit(self, given: bytes | None) -> Receipt | None:
        self.wire.given = given
        found: Receipt | None = self.end.submit(self.head, RECORDS, DOCUMENTS).receipt
        return found

    def be_quick(self) -> None:
        """Sign no more: what is sent does not matter from now on."""
        self.end._signer = type("Unsigned", (), {"sign": staticmethod(lambda _head: b"<x/>")})()


@pytest.fixture(scope="module")
def exchange() -> Exchange:
    made = Exchange()
    assert made.true is not None
    assert len(made.true.results) == len(RECORDS)
    made.be_quick()
    assert made.submit(made.wire.whole) == made.true
    return made


def test_r10_no_prefix_of_a_receipt_is_a_success(exchange: Exchange) -> None:
    whole = exchange.wire.whole
    assert len(whole) > 700
    taken = [length for length in range(len(whole)) if exchange.submit(whole[:length]) is not None]
    assert [length for length in taken if whole[length:].strip()] == []


def test_r10_no_changed_byte_changes_what_a_receipt_says(exchange: Exchange) -> None:
    """A receipt with one byte changed is refused, or says what it said: the change lay outside of what it says."""
    seed = secrets.randbelow(10**9)
    chance, whole = random.Random(seed), exchange.wire.whole
    refused = 0
    for _ in range(FLIPS):
        at = chance.randrange(len(whole))
        found = exchange.submit(whole[:at] + bytes([whole[at] ^ 1 << chance.randrange(7)]) + whole[at + 1 :])
        assert found in (None, exchange.true), f"seed {seed}, byte {at}"
        refused += found is None
    assert refused > FLIPS // 2


def test_r10_a_receipt_of_another_package_is_none_of_ours(exchange: Exchange) -> None:
    other = Exchange()
    assert other.true is not None
    assert exchange.submit(other.wire.whole) is None
