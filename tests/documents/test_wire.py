# SPDX-License-Identifier: Apache-2.0
"""Messages of the wire: what we write is valid and canonical, what we read is exactly the contract or BadGateway."""

import copy
import hashlib
import re
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gateway.documents import soap, statement
from gateway.documents.package import read_package
from gateway.documents.receipt import read_query_answer, read_receipt, read_submit_answer
from gateway.documents.render import ForbiddenCharacter, composed, element, escape_text, one_line
from gateway.documents.safexml import canonical, parse
from gateway.documents.schema import Schema
from gateway.errors import BadGateway, GatewayError
from gateway.model.package import KeyRow, ReceiptStatus
from gateway.pack import load_pack
from tests.trust.conftest import Trust
from tests.trust.conftest import trust as trust

NS = "urn:jx:power-exchange:1.0"
SHA = "a" * 64


def envelope(content: str, namespace: str = soap.SoapVersion.V11.value) -> bytes:
    return f'<s:Envelope xmlns:s="{namespace}"><s:Body>{content}</s:Body></s:Envelope>'.encode()


@pytest.fixture(scope="module")
def schema() -> Schema:
    return Schema(load_pack().schema_path)


def test_packages_and_receipts_are_valid_and_canonical(trust: Trust, schema: Schema) -> None:
    package, receipt = parse(trust.package_bytes()), parse(trust.receipt_bytes())
    assert schema.check_element(receipt) == ()
    payloads = [f for f in schema.check_element(package) if "penaltyFiling" not in f.path]
    assert payloads == []
    for document, written in ((package, trust.package_bytes()), (receipt, trust.receipt_bytes())):
        head = re.search(rb"<Head .*</Head>", written)
        assert head is not None
        assert canonical(document[0]) == head.group()
    records = trust.package_bytes().split(b"<Body>\n")[1].split(b"</Body>")[0].splitlines()
    assert len(records) == 3
    assert all(line.startswith(b"<Record>") and line.endswith(b"</Record>") for line in records)


def test_reading_gives_back_what_was_written(trust: Trust) -> None:
    assert read_receipt(parse(trust.receipt_bytes())) == trust.receipt()
    read = read_package(parse(trust.package_bytes()))
    assert read.head.voided == ("00000000-0000-0000-0000-000000000006",)
    assert [hashlib.sha256(canonical(r.payload)).hexdigest() for r in read.records] == [
        r.content_digest for r in read.records
    ]


def _mutations(root: "etree._Element") -> list[Callable[["etree._Element"], None]]:
    def remove(at: int) -> Callable[["etree._Element"], None]:
        def change(copied: "etree._Element") -> None:
            node = list(copied.iter())[at]
            parent = node.getparent()
            assert parent is not None
            parent.remove(node)

        return change

    def spoil(at: int) -> Callable[["etree._Element"], None]:
        def change(copied: "etree._Element") -> None:
            etree.SubElement(list(copied.iter())[at], f"{{{NS}}}surplus")

        return change

    def attribute(at: int) -> Callable[["etree._Element"], None]:
        def change(copied: "etree._Element") -> None:
            list(copied.iter())[at].set("surplus", "1")

        return change

    # what optional elements say may be absent; the signature has its own tests
    optional = {"message", "path", "held", "originalReceivedAt", "receiptNo", "voided", "itemCode", "nextCursor"}
    nodes = list(root.iter())
    outside = [at for at, n in enumerate(nodes) if str(n.tag).startswith(f"{{{NS}}}")]
    gone = [
        at for at in outside[1:] if str(nodes[at].tag).rpartition("}")[2] not in {*optional, "Result", "line", "row"}
    ]
    return [*map(remove, gone), *map(spoil, outside), *map(attribute, outside)]


def test_a_receipt_with_anything_missing_or_surplus_is_refused(trust: Trust) -> None:
    root = parse(trust.receipt_bytes())
    for change in _mutations(root):
        copied = copy.deepcopy(root)
        change(copied)
        with pytest.raises(BadGateway):
            read_receipt(copied)


@pytest.mark.parametrize("spoiled", [
    (b"<code>0000<", b"<code>OK<"), (b"<receiptNo>9<", b"<receiptNo>-9<"), (b"+08:00</receivedAt>", b"Z</receivedAt>"),
    (b"<receivedAt>2026-01-02", b"<receivedAt>2026-13-02"), (b"<recordCount>3", b"<recordCount>4"),
    (b"<Results ", b"text<Results "), (b"<Results ", b"<!-- --><Results "), (b"<code>0000<", b"<code>00<!-- -->00<"),
])  # fmt: skip
def test_a_receipt_with_a_wrong_value_is_refused(trust: Trust, spoiled: tuple[bytes, bytes]) -> None:
    data = trust.receipt_bytes()
    assert spoiled[0] in data
    changed = data.replace(*spoiled, 1)
    with pytest.raises(BadGateway):
        read_receipt(parse(changed))


@pytest.mark.parametrize("version", list(soap.SoapVersion))
def test_envelopes_there_and_back(version: soap.SoapVersion) -> None:
    data = soap.request("Ping", version=version)
    assert soap.unwrap(data)[0] is version
    assert soap.unwrap(data)[1].tag == f"{{{NS}}}Ping"
    assert "Ping" in str(version.headers("Ping"))
    fault = soap.ExchangeFault("4001", "忙 <busy>", 30)
    assert soap.answer(soap.render_fault(fault, version), "PingResponse") == fault


NOT_ENVELOPES = {
    "HTML": b"<!DOCTYPE html><html><body>login</body></html>",
    "empty": b"",
    "JSON": b'{"code":"0000"}',
    "another root": b"<a/>",
    "no body": b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"/>',
    "two bodies": b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><a/></s:Body><s:Body/></s:Envelope>',
    "empty body": envelope(""),
    "two contents": envelope(f'<PingResponse xmlns="{NS}"/><PingResponse xmlns="{NS}"/>'),
    "another response": envelope(f'<GetKeysResponse xmlns="{NS}"/>'),
    "the response of another namespace": envelope('<PingResponse xmlns="urn:other"/>'),
    "a bare fault": envelope("<s:Fault><faultcode>s:Server</faultcode><faultstring>x</faultstring></s:Fault>"),
    "a fault with a wrong code": envelope(
        f'<s:Fault><detail><ExchangeFault xmlns="{NS}"><code>x</code><message/></ExchangeFault></detail></s:Fault>'
    ),
    "a header that must be understood": envelope("").replace(
        b"<s:Body>", b'<s:Header><x s:mustUnderstand="1"/></s:Header><s:Body>'
    ),
    "a namespace of no version": envelope(f'<PingResponse xmlns="{NS}"/>', "urn:soap"),
}


@pytest.mark.parametrize("data", NOT_ENVELOPES.values(), ids=NOT_ENVELOPES.keys())
def test_what_is_no_answer_is_bad_gateway(data: bytes) -> None:
    with pytest.raises(BadGateway):
        soap.answer(data, "PingResponse")


def test_no_prefix_of_an_answer_is_an_answer(trust: Trust) -> None:
    whole = soap.wrap(
        b'<SubmitPackageResponse xmlns="%b">%b</SubmitPackageResponse>' % (NS.encode(), trust.receipt_bytes())
    )
    read = soap.answer(whole, "SubmitPackageResponse")
    assert not isinstance(read, soap.ExchangeFault)
    assert read_receipt(read_submit_answer(read)) == trust.receipt()
    taken = 0
    for end in range(len(whole)):
        try:
            soap.answer(whole[:end], "SubmitPackageResponse")
        except GatewayError:
            continue
        taken += 1
    assert taken == 0


def _response(name: str, content: str) -> "etree._Element":
    return parse(f'<{name} xmlns="{NS}">{content}</{name}>'.encode())


def test_query_answers(trust: Trust) -> None:
    assert (
        read_query_answer(_response("QueryReceiptResponse", "<status>never-received</status>"))
        is ReceiptStatus.NEVER_RECEIVED
    )
    with_receipt = _response("QueryReceiptResponse", trust.receipt_bytes().decode())
    receipt = read_query_answer(with_receipt)
    assert not isinstance(receipt, ReceiptStatus)
    assert read_receipt(receipt) == trust.receipt()
    for wrong in ("", "<status>found</status>", "<status>maybe</status>", "<status>in-progress</status><status/>"):
        with pytest.raises(BadGateway):
            read_query_answer(_response("QueryReceiptResponse", wrong))


LINE = (
    f"<line><orgCode>MA0000015</orgCode><type>CF_LA</type><itemCode>CF-MA0000015-0001</itemCode><count>2</count>"
    f"<distinctKeys>1</distinctKeys><digest>{SHA}</digest></line>"
)
DAILY = (
    f"<DailyStatement><day>2026-01-02</day><throughReceiptNo>7</throughReceiptNo><incarnation>1</incarnation>{LINE}"
    f"{LINE.replace('<itemCode>CF-MA0000015-0001</itemCode>', '')}</DailyStatement>"
)
ROW = (
    f"<row><type>CF_LA</type><key>CF_LA:c:1</key><version>1</version><operation>C</operation>"
    f"<contentDigest>{SHA}</contentDigest><receiptNo>3</receiptNo></row>"
)


def test_statements(schema: Schema) -> None:
    response = _response("GetStatementResponse", DAILY)
    assert schema.check_element(response) == ()
    read = statement.read_statement(response)
    assert (read.day, read.through_receipt_no, read.incarnation) == ("2026-01-02", 7, 1)
    assert [(line.item_code, line.count, line.distinct_keys) for line in read.lines] == [
        ("CF-MA0000015-0001", 2, 1), ("", 2, 1),
    ]  # fmt: skip
    for change in _mutations(response):
        copied = copy.deepcopy(response)
        change(copied)
        with pytest.raises(BadGateway):
            statement.read_statement(copied)


def test_key_pages(schema: Schema) -> None:
    response = _response(
        "GetKeysResponse", f"<throughReceiptNo>7</throughReceiptNo>{ROW}{ROW}<nextCursor>2</nextCursor>"
    )
    assert schema.check_element(response) == ()
    page = statement.read_keys(response)
    assert page.rows == (KeyRow("CF_LA", "CF_LA:c:1", 1, "C", SHA, 3),) * 2
    assert (page.through_receipt_no, page.cursor) == (7, "2")
    last = _response("GetKeysResponse", "<throughReceiptNo>0</throughReceiptNo>")
    assert statement.read_keys(last) == (0, (), None)
    for change in _mutations(response):
        copied = copy.deepcopy(response)
        change(copied)
        with pytest.raises(BadGateway):
            statement.read_keys(copied)


def test_requests_are_valid(schema: Schema) -> None:
    package_id = "00000000-0000-0000-0000-000000000001"
    for operation, content in (
        ("Ping", b""),
        ("GetStatement", statement.ask_statement("2026-01-02", "MA0000015")),
        ("GetKeys", statement.ask_keys("2026-01-02", "1 < 2", 500, "MA0000015")),
        ("QueryReceipt", statement.ask_receipt(package_id)),
    ):
        assert schema.check_element(soap.unwrap(soap.request(operation, content))[1]) == ()


def test_ping() -> None:
    read = statement.read_ping(
        _response("PingResponse", "<serverTime>2026-01-02T03:04:05.123456789+08:00</serverTime>")
    )
    assert read.isoformat() == "2026-01-02T03:04:05.123456+08:00"
    with pytest.raises(BadGateway):
        statement.read_ping(_response("PingResponse", "<serverTime>2026-02-31T03:04:05+08:00</serverTime>"))


@given(st.text())
def test_escaped_text_is_canonical_or_refused(text: str) -> None:
    if any(unicodedata.category(c) in ("Cc", "Cs") or c in "\ufffe\uffff" for c in text):
        with pytest.raises(ForbiddenCharacter):
            element("a", text)
        return
    written = element("a", text)
    assert canonical(parse(written.encode())) == written.encode()
    assert parse(written.encode()).text == (text or None)


def test_text_is_put_in_order() -> None:
    assert one_line("一\r\n二\t三\u2028四") == "一 二 三 四"
    assert composed("e\u0301") == "é"
    assert escape_text("a<b>&c") == "a&lt;b&gt;&amp;c"
    for control in "\n\r\t\x00\x85\ufffe\ud800":
        with pytest.raises(ForbiddenCharacter):
            escape_text(f"a{control}")
