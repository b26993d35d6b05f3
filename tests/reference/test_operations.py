# SPDX-License-Identifier: Apache-2.0
"""Receipts asked for, statements, key pages, notices, the WSDL as zeep sees it, HTTP manners."""

import hashlib
import http.client
import re
import socket
import ssl
import uuid
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
import requests
import zeep
from lxml import etree
from zeep.transports import Transport
from zeep.wsdl.bindings import Soap11Binding, Soap12Binding

from gateway_reference import server as server_module
from tests.reference.client import NS, ORG, Sent, case_no, file_case, organization, withdraw
from tests.reference.conftest import Running

pytestmark = pytest.mark.service


class Signed(Transport):
    """Puts a signed package into the message zeep has made, as bytes: lxml would change its prefixes on the way."""

    package = b""

    def post(self, address: str, message: bytes, headers: dict[str, str]) -> Any:
        opened = re.sub(
            rb"<(\w+):SubmitPackage([^>]*)/>", rb"<\1:SubmitPackage\2>%b</\1:SubmitPackage>" % self.package, message
        )
        return super().post(address, opened, headers)


@pytest.fixture(params=["1.1", "1.2"])
def zeep_client(request: pytest.FixtureRequest, platform: Running) -> Iterator[Any]:
    """A zeep client made from the served WSDL alone, bound to one SOAP version."""
    session = requests.Session()
    session.trust_env = False  # a REQUESTS_CA_BUNDLE of the machine would replace ``verify``
    session.verify = platform.sender.city["ca"]
    session.cert = (platform.sender.me["client_certificate"], platform.sender.me["client_key"])
    client = zeep.Client(f"{platform.server.url}?wsdl", transport=Signed(session=session))
    wanted = Soap12Binding if request.param == "1.2" else Soap11Binding
    service = next(iter(client.wsdl.services.values()))
    port = next(name for name, port in service.ports.items() if type(port.binding) is wanted)
    yield client.bind(service.name, port)
    session.close()


def test_zeep_reads_the_wsdl_and_calls(zeep_client: Any, platform: Running) -> None:
    assert zeep_client.Ping() is not None
    version = zeep_client.GetVersion()
    assert version["standardVersion"] == ["1.0"]
    assert version["receiver"] == platform.sender.receiver
    assert zeep_client.QueryReceipt(packageId=str(uuid.uuid4()))["status"] == "never-received"
    platform.sender.submit([file_case(1)])
    statement = zeep_client.GetStatement(day=date(2020, 6, 1))
    assert statement["line"][0]["count"] == 1
    keys = zeep_client.GetKeys(size=10)
    assert keys["row"][0]["key"] == f"CF_LA:{case_no(1)}:1"
    assert zeep_client.FetchNotices()["Record"] == []
    with pytest.raises(zeep.exceptions.Fault) as caught:
        zeep_client.GetKeys(cursor="not ours")
    assert caught.value.detail.findtext(f".//{{{NS}}}code") == "1002"


def test_zeep_submits_a_package(zeep_client: Any, platform: Running) -> None:
    zeep_client._client.transport.package = platform.sender.package([file_case(1)])
    receipt = zeep_client.SubmitPackage(Package=zeep.xsd.SkipValue)
    assert receipt["Head"]["code"] == "0000"
    assert [result["code"] for result in receipt["Results"]["Result"]] == ["0000"]
    assert [row["key"] for row in platform.held()["records"]] == [file_case(1).key]


@pytest.mark.parametrize("soap12", [False, True])
def test_answers_are_valid_messages(platform: Running, soap12: bool) -> None:
    """Every response element against the pack's own schema."""
    schema = etree.XMLSchema(etree.parse(str(platform.server.pack.root / "xsd" / "all.xsd")))
    package_id = str(uuid.uuid4())
    replies = [
        platform.sender.call("Ping", soap12=soap12),
        platform.sender.call("GetVersion", soap12=soap12),
        platform.sender.submit([file_case(1), file_case(2, org="990000025")], package_id=package_id, soap12=soap12),
        platform.sender.submit([file_case(1)], soap12=soap12),
        platform.sender.query(package_id=package_id),
        platform.sender.call("GetStatement", "<day>2020-06-01</day>", soap12=soap12),
        platform.sender.call("GetKeys", soap12=soap12),
        platform.sender.call("FetchNotices", soap12=soap12),
        platform.sender.call("AckNotices", f"<recordId>{uuid.uuid4()}</recordId>", soap12=soap12),
    ]
    for reply in replies:
        assert reply.status == 200
        assert reply.root is not None
        schema.assertValid(etree.fromstring(etree.tostring(reply.root[0][0])))
    fault = platform.sender.call("GetKeys", "<cursor>x</cursor>", soap12=soap12)
    assert fault.status == (400 if soap12 else 500)
    assert fault.root is not None
    detail = fault.root.find(f".//{{{NS}}}ExchangeFault")
    assert detail is not None
    schema.assertValid(etree.fromstring(etree.tostring(detail, with_tail=False)))


def test_query_receipt_by_package_and_by_record(platform: Running) -> None:
    package_id, record = str(uuid.uuid4()), file_case(1)
    given = platform.sender.submit([record], package_id=package_id)
    for found in (platform.sender.query(package_id=package_id), platform.sender.query(record_id=record.record_id)):
        assert etree.tostring(found.receipt, with_tail=False) == etree.tostring(given.receipt, with_tail=False)
        platform.sender.require_genuine(found.receipt)
    assert platform.sender.query(package_id=str(uuid.uuid4())).first("status") == "never-received"
    assert platform.sender.query(record_id=str(uuid.uuid4())).first("status") == "never-received"


def test_query_tells_in_progress_and_not_retained(platform: Running) -> None:
    package_id = str(uuid.uuid4())
    platform.server.receiver._open.add(package_id)
    assert platform.sender.query(package_id=package_id).first("status") == "in-progress"
    busy = platform.sender.submit([file_case(1)], package_id=package_id)
    assert busy.fault == "4001"
    assert busy.first("retryAfter") == "1"
    platform.server.receiver._open.clear()
    platform.sender.submit([file_case(1)], package_id=package_id)
    with platform.server.storage.transaction() as connection:
        connection.execute("UPDATE package SET receipt=NULL")
    assert platform.sender.query(package_id=package_id).first("status") == "not-retained"


def term(record: Sent) -> int:
    line = f"{record.key}|{record.version}|{record.digest}"
    return int.from_bytes(hashlib.sha256(line.encode()).digest(), "big")


def test_statement_counts_heads(platform: Running) -> None:
    """Heads only, withdrawn keys as their GG_CH, a corrected day moves the key (ledger.md B26)."""
    send = platform.sender.submit
    records = [file_case(1), file_case(2), file_case(3)]
    assert send(records).codes == ["0000"] * 3
    moved, gone = file_case(2, version=2, day="2020-06-05"), withdraw(3, 2)
    assert send([moved, gone]).codes == ["0000"] * 2

    def lines(day: str, org: str = "") -> list[tuple[str | None, ...]]:
        inner = f"<day>{day}</day>" + (f"<org>{org}</org>" if org else "")
        reply = platform.sender.call("GetStatement", inner)
        assert reply.first("throughReceiptNo") == "2"
        assert reply.root is not None
        return [
            tuple(line.findtext(f"{{{NS}}}{field}") for field in ("type", "count", "distinctKeys", "digest"))
            for line in reply.root.iter(f"{{{NS}}}line")
        ]

    assert lines("2020-06-01") == [("CF_LA", "1", "1", f"{term(records[0]):064x}")]
    assert lines("2020-06-05") == [("CF_LA", "1", "1", f"{term(moved):064x}")]
    assert lines("2020-06-02") == [("GG_CH", "1", "1", f"{term(gone):064x}")]
    assert lines("2020-06-01", "990000025") == []
    both = file_case(4)
    assert send([both]).codes == ["0000"]
    total = (term(records[0]) + term(both)) % (1 << 256)
    reply = platform.sender.call("GetStatement", f"<day>2020-06-01</day><org>{ORG}</org>")
    assert reply.first("digest") == f"{total:064x}"


def test_key_pages_give_every_head_once(platform: Running) -> None:
    records = [file_case(number) for number in range(1, 8)]
    platform.sender.submit([*records, file_case(3, version=2), Sent("QL_JG", f"QL_JG:{ORG}", 1, organization())])
    seen: list[tuple[str | None, str | None]] = []
    cursor, pages = "", 0
    while True:
        inner = "<day>2020-06-01</day>" + (f"<cursor>{cursor}</cursor>" if cursor else "") + "<size>3</size>"
        reply = platform.sender.call("GetKeys", inner)
        assert reply.root is not None
        seen += [
            (row.findtext(f"{{{NS}}}key"), row.findtext(f"{{{NS}}}version")) for row in reply.root.iter(f"{{{NS}}}row")
        ]
        pages += 1
        cursor = reply.first("nextCursor") or ""
        if not cursor:
            break
    assert pages == 3
    assert sorted(seen) == sorted((record.key, "2" if record.key.endswith("3:1") else "1") for record in records)


def test_notices_are_fetched_by_page_and_acknowledged(platform: Running) -> None:
    note = organization().decode()
    with platform.server.storage.transaction() as connection:
        for number in range(3):
            connection.execute(
                "INSERT INTO notice (receiver, at, record_id, key, version, digest, payload) VALUES (?,?,?,?,1,?,?)",
                (
                    platform.sender.me["code"],
                    "2026-01-01T00:00:00.000+08:00",
                    str(uuid.UUID(int=number)),
                    f"QL_JG:{number}",
                    "0" * 64,
                    note.encode(),
                ),
            )
    first = platform.sender.call("FetchNotices", "<size>2</size>")
    assert first.body.count(b"<Record>") == 2
    rest = platform.sender.call("FetchNotices", f"<cursor>{first.first('nextCursor')}</cursor>")
    assert rest.body.count(b"<Record>") == 1
    ids = "".join(f"<recordId>{uuid.UUID(int=number)}</recordId>" for number in (0, 1))
    assert platform.sender.call("AckNotices", ids).first("acknowledged") == "2"
    assert platform.sender.call("AckNotices", ids).first("acknowledged") == "0"
    assert platform.sender.call("FetchNotices").body.count(b"<Record>") == 1


def test_kinds_without_proof(start: Callable[..., Running]) -> None:
    """promises.md R3: the three kinds of destination."""
    rejecting = start(kind="duplicate-rejecting")
    package_id = str(uuid.uuid4())
    first = rejecting.sender.submit([file_case(1)], package_id=package_id)
    again = rejecting.sender.submit([file_case(1)])
    assert again.codes == ["0001"]
    assert again.receipt.find(f".//{{{NS}}}held") is None
    assert rejecting.sender.submit([file_case(1, version=2)]).codes == ["0001"]  # knows keys only
    assert rejecting.sender.submit([withdraw(1, 2)]).codes == ["0000"]
    assert rejecting.sender.query(package_id=package_id).receipt_no == first.receipt_no
    assert len(rejecting.held()["records"]) == 2

    naive = start(kind="naive")
    for _ in range(2):
        assert naive.sender.submit([file_case(1)], package_id=package_id).codes == ["0000"]
    assert naive.sender.query(package_id=package_id).first("status") == "unsupported"
    assert naive.sender.call("GetKeys").fault == "3002"
    held = naive.held()
    assert [row["key"] for row in held["records"]] == [file_case(1).key] * 2
    assert held["duplicates"] == 1
    statement = naive.sender.call("GetStatement", "<day>2020-06-01</day>")
    assert (statement.first("count"), statement.first("distinctKeys")) == ("2", "1")


def test_connections_are_kept_and_counted(platform: Running) -> None:
    for number in range(1, 6):
        platform.sender.submit([file_case(number)])
    stats = platform.held()["stats"]
    assert (stats["handshakes"], stats["connections"], stats["requests.SubmitPackage"]) == (1, 1, 5)
    assert stats["answers.0000"] == 5
    assert stats["packages"] == 5


def test_no_client_certificate_no_service(platform: Running) -> None:
    context = ssl.create_default_context(cafile=platform.sender.city["ca"])
    connection = http.client.HTTPSConnection(
        "127.0.0.1", platform.server.server_address[1], context=context, timeout=10
    )
    with pytest.raises((ssl.SSLError, ConnectionError)):
        visit(connection)
    connection.close()
    assert platform.sender.call("Ping").status == 200


def visit(connection: http.client.HTTPSConnection) -> None:
    """TLS 1.3 tells of the missing certificate with the first answer only."""
    connection.request("GET", "/exchange?wsdl")
    connection.getresponse()


def test_http_manners(platform: Running) -> None:
    sender = platform.sender
    assert sender.request("GET", "/").status == 404
    assert sender.request("GET", "/exchange?xsd=../pack.toml").status == 404
    assert sender.request("GET", "/exchange?xsd=common.xsd").status == 200
    assert sender.request("PUT", "/exchange", b"x").status == 501
    assert sender.request("POST", "/other", b"<a/>", {"Content-Type": "text/xml"}).fault == "1002"
    assert (
        sender.request("POST", "/exchange", None, {"Content-Type": "text/xml", "Content-Length": "x"}).fault == "1001"
    )
    assert sender.call("Ping", headers={"Content-Encoding": "gzip"}).fault == "1001"
    assert sender.call("Ping", headers={"SOAPAction": f'"{NS}/Ping"'}).status == 200
    assert sender.call("Ping", headers={"SOAPAction": '"urn:other"'}).fault == "1002"
    assert sender.call("Nothing").fault == "1002"
    large = sender.request("POST", "/exchange", b" " * (server_module.REQUEST_LIMIT + 1), {"Content-Type": "text/xml"})
    assert large.fault == "1006"
    header = (
        b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header><x s:mustUnderstand="1"/></s:Header>'
        b'<s:Body><Ping xmlns="%b"/></s:Body></s:Envelope>' % NS.encode()
    )
    assert sender.request("POST", "/exchange", header, {"Content-Type": "text/xml"}).fault == "1002"


def test_a_slow_request_is_cut(platform: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """R12: a head sent byte by byte has one deadline for all of it."""
    monkeypatch.setattr(server_module, "HEAD_SECONDS", 0.3)
    raw = socket.create_connection(("127.0.0.1", platform.server.server_address[1]), timeout=10)
    with platform.sender.context.wrap_socket(raw, server_hostname="localhost") as connection:
        connection.sendall(b"POST /exchange HTT")
        assert connection.recv(1) == b""


def test_too_many_connections_are_turned_away(platform: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    assert platform.sender.call("Ping").status == 200
    while platform.server._places.acquire(blocking=False):
        pass
    raw = socket.create_connection(("127.0.0.1", platform.server.server_address[1]), timeout=10)
    with raw, pytest.raises((ssl.SSLError, ConnectionError)):
        platform.sender.context.wrap_socket(raw, server_hostname="localhost")
    assert platform.sender.call("Ping").status == 200  # the one that was there goes on
