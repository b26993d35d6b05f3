# SPDX-License-Identifier: Apache-2.0
"""Every other operation of PowerExchange on the gateway's own face, and the edges of its envelopes (standard.md §4)."""

import hashlib
from collections.abc import Callable
from datetime import timedelta

import pytest

from gateway.clock import microseconds
from gateway.ledger import doors
from gateway.ledger.received_streams import ALARM_AFTER, alarm_gaps, open_gaps
from tests.exchange.town import OTHER, Town
from tests.reference.client import ITEM, NS, ORG, Sent, case_no, file_case, withdraw

STREAM = "6a8f7b3e-8c1e-4a53-9d2f-7f0c1f2b3c4d"


def test_ping_and_get_version(shared: Town) -> None:
    sender = shared.sender()
    assert (sender.call("Ping").first("serverTime") or "").endswith("+08:00")
    version = sender.call("GetVersion", soap12=True)
    assert (version.first("standardVersion"), version.first("codeListVersion")) == ("1.0", "2026.1")


def test_the_wsdl_and_its_schemas_are_served_with_this_address(shared: Town) -> None:
    sender = shared.sender()
    wsdl = sender.request("GET", "/exchange?wsdl").body.decode()
    assert f'location="{shared.url}"' in wsdl
    assert f"{shared.url}?xsd=all.xsd" in wsdl
    assert b"PackageHead" in sender.request("GET", "/exchange?xsd=exchange.xsd").body
    assert sender.request("GET", "/exchange?xsd=../../pack.toml").status == 404


def test_b26_statement_and_keys_speak_of_accepted_heads(build: Callable[..., Town]) -> None:
    """B26: heads only, a withdrawn key as its GG_CH, sums that a page of keys proves."""
    town = build()
    sender = town.sender()
    sender.submit([file_case(1), file_case(2), file_case(3, day="2020-06-05")])
    sender.submit([file_case(1, version=2, fact="更正"), withdraw(2, 2)])
    told = sender.call("GetStatement", "<day>2020-06-01</day>")
    assert (told.first("count"), told.first("throughReceiptNo"), told.first("type")) == ("1", "2", "CF_LA")
    keys = sender.call("GetKeys", "<day>2020-06-01</day>")
    assert (keys.first("key"), keys.first("version"), keys.first("operation")) == (file_case(1).key, "2", "U")
    term = f"{keys.first('key')}|2|{keys.first('contentDigest')}".encode()
    assert told.first("digest") == hashlib.sha256(term).hexdigest()
    withdrawn = sender.call("GetStatement", "<day>2020-06-02</day>")
    assert (withdrawn.first("type"), withdrawn.first("itemCode")) == ("GG_CH", None)
    assert sender.call("GetStatement", f"<day>2020-06-01</day><org>{OTHER}</org>").first("count") is None


def test_keys_come_in_pages_to_the_last(build: Callable[..., Town]) -> None:
    town = build()
    sender = town.sender()
    sender.submit([file_case(number) for number in range(7)])
    seen: list[str] = []
    cursor = ""
    for _ in range(9):
        page = sender.call("GetKeys", f"{cursor}<size>3</size>")
        assert page.root is not None
        seen += [key.text or "" for key in page.root.iter(f"{{{NS}}}key")]
        following = page.first("nextCursor")
        if following is None:
            break
        cursor = f"<cursor>{following}</cursor>"
    assert seen == [file_case(number).key for number in range(7)]
    assert sender.call("GetKeys", "<cursor>x</cursor>").fault == "1002"


def test_notices_are_given_until_they_are_acknowledged(build: Callable[..., Town]) -> None:
    """What a supervision system pushes for an organisation, that organisation's sender fetches; its own it does not."""
    town = build(senders=2, options={"organisations": f'["{ORG}"]'})
    department, supervision = town.sender("s0"), town.sender("s1")
    alert = alert_for(1)
    reply = supervision.submit([alert])
    assert reply.codes == ["0000"], reply.body.decode()
    assert supervision.call("FetchNotices").first("recordId") is None
    told = department.call("FetchNotices")
    assert told.first("recordId") == alert.record_id
    assert told.first("contentDigest") == alert.digest
    ack = f"<recordId>{alert.record_id}</recordId>"
    assert department.call("AckNotices", ack).first("acknowledged") == "1"
    assert department.call("AckNotices", ack).first("acknowledged") == "0"
    assert department.call("FetchNotices").first("recordId") is None


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"<Unknown xmlns='urn:jx:power-exchange:1.0'/>", "1002"),
        (b"<Ping xmlns='urn:other'/>", "1002"),
        (b"<Ping xmlns='urn:jx:power-exchange:1.0'><x/></Ping>", "1002"),
        (b"<Ping xmlns='urn:jx:power-exchange:1.0'>", "1001"),
        (b"", "1002"),
        (b"<GetStatement xmlns='urn:jx:power-exchange:1.0'><day>yesterday</day></GetStatement>", "1002"),
        (b"<SubmitPackage xmlns='urn:jx:power-exchange:1.0'><Package/></SubmitPackage>", "1002"),
    ],
)
def test_what_is_not_of_the_contract_is_refused(shared: Town, content: bytes, code: str) -> None:
    assert shared.sender().post(content).fault == code


def test_an_encoding_style_on_the_envelope_is_no_reason_to_refuse(shared: Town) -> None:
    """Perl's SOAP::Lite writes it on every envelope."""
    style = b'xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"'
    body = b'<s:Envelope %b><s:Body><Ping xmlns="urn:jx:power-exchange:1.0"/></s:Body></s:Envelope>' % style
    reply = shared.sender().request("POST", "/exchange", body, {"Content-Type": "text/xml"})
    assert (reply.status, reply.fault) == (200, None)


def test_doctype_compression_and_another_action_are_refused(shared: Town) -> None:
    """S2: before anything is read of the document."""
    sender = shared.sender()
    entity = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]><x>&e;</x>'
    assert sender.request("POST", "/exchange", entity, {"Content-Type": "text/xml"}).fault == "1001"
    assert sender.call("Ping", headers={"Content-Encoding": "gzip"}).fault == "1001"
    assert sender.call("Ping", headers={"SOAPAction": f'"{NS}/GetKeys"'}).fault == "1002"
    assert sender.call("Ping", headers={"Content-Type": "text/xml; charset=gbk"}).fault == "1003"
    assert sender.call("Ping", headers={"Content-Type": "application/soap+xml"}).fault == "1002"


def test_more_than_eight_megabytes_or_five_hundred_records_are_1006(shared: Town) -> None:
    sender = shared.sender()
    huge = sender.request("POST", "/exchange", b"x" * (8 * 1024 * 1024 + 65 * 1024), {"Content-Type": "text/xml"})
    assert huge.fault == "1006"
    sender.close()
    assert sender.submit([file_case(5000 + number) for number in range(501)]).fault == "1006"


def test_a_gap_is_opened_closed_and_alarmed(build: Callable[..., Town]) -> None:
    """A gap is never a reason to refuse: it is opened, closed on arrival, explained by voided, alarmed after 15 minutes."""
    town = build()
    sender = town.sender()
    number = iter(range(100))

    def send(seq: int, **more: object) -> None:
        record = file_case(next(number))
        assert sender.submit([record], streamId=STREAM, packageSeq=seq, **more).codes == ["0000"]

    def gaps() -> list[int]:
        assert town.gateway is not None
        with town.gateway.place.ledger.reading() as connection:
            return [gap.seq for gap in open_gaps(connection)]

    send(1)
    send(4)
    assert gaps() == [2, 3]
    send(3)
    assert gaps() == [2]
    assert town.gateway is not None
    ledger = town.gateway.place.ledger
    late = ledger.now() + ALARM_AFTER
    with ledger.begin() as connection:
        assert [gap.seq for gap in alarm_gaps(connection, late)] == [2]
        assert alarm_gaps(connection, late) == []
    send(5, voided="0d5f6a5e-0000-4000-8000-000000000001")
    assert gaps() == []


def test_maintenance_is_4002_with_the_time_to_come_back(build: Callable[..., Town]) -> None:
    town = build()
    sender = town.sender()
    assert town.gateway is not None
    place = town.gateway.place
    until = microseconds(place.clock.now() + timedelta(hours=1))
    with place.ledger.begin() as connection:
        doors.close(connection, doors.Closure("更换硬盘", "test", place.ledger.now(), until))
    ready = sender.request("GET", "/readyz")
    assert (ready.status, sender.request("GET", "/healthz").status) == (503, 200)
    reply = sender.submit([file_case(1)])
    assert reply.fault == "4002"
    assert 3500 < int(reply.first("retryAfter") or 0) <= 3600
    assert town.one("SELECT count(*) FROM record") == 0


def test_test_packages_are_not_taken(shared: Town) -> None:
    assert shared.sender().submit([file_case(900)], purpose="test").fault == "3002"


def alert_for(number: int) -> Sent:
    case = case_no(number)
    payload = (
        f'<alert xmlns="{NS}"><caseNo>{case}</caseNo><itemCode>{ITEM}</itemCode><itemVersion>1</itemVersion>'
        f"<orgCode>{ORG}</orgCode><regionCode>360102</regionCode><sequence>1</sequence><version>1</version>"
        "<operation>C</operation><occurredAt>2020-06-09T09:00:00+08:00</occurredAt><alertNo>YJ-2020-0001</alertNo>"
        "<level>2</level><ruleCode>S05</ruleCode><text>超过承诺时限</text><raisedAt>2020-06-09T09:00:00+08:00</raisedAt>"
        "<replyBy>2020-06-12T09:00:00+08:00</replyBy></alert>"
    ).encode()
    return Sent("JC_YJ", f"JC_YJ:{case}:1", 1, payload)
