# SPDX-License-Identifier: Apache-2.0
"""Who may push what: S1 (identity), S3 (replay), S4 (signature wrapping), on the gateway's own face."""

import copy
import ssl
import uuid
from collections.abc import Callable, Iterator

import pytest
from lxml import etree

from tests.exchange.town import Town, city, code_of, make_sender
from tests.reference.client import DS, NS, Sender, Sent, file_case, filing

DEPARTMENTS = 6


@pytest.fixture(scope="module")
def departments(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    town = Town(tmp_path_factory.mktemp("departments"), senders=DEPARTMENTS)
    town.start()
    yield town
    town.stop()


def test_s1_only_the_diagonal_is_accepted(departments: Town) -> None:
    """S1: a sender's records must be of its own organisation; every other pair is refused, and that is kept."""
    accepted = []
    for number in range(DEPARTMENTS):
        sender = departments.sender(f"s{number}")
        for other in range(DEPARTMENTS):
            code = code_of(other)
            case = f"{code}-2020-CF-{number * 100 + other:08d}"
            payload = filing(case, org=code).replace(b"990000017-0001", f"{code}-0001".encode())
            codes = sender.submit([Sent("CF_LA", f"CF_LA:{case}:1", 1, payload)]).codes
            assert codes in (["0000"], ["2007"]), codes
            accepted += [(number, other)] if codes == ["0000"] else []
    assert accepted == [(number, number) for number in range(DEPARTMENTS)]
    refused = departments.one("SELECT count(*) FROM refusal WHERE code = 'LDG-009'")
    assert refused == DEPARTMENTS * (DEPARTMENTS - 1)


def test_s1_the_package_must_name_the_owner_of_the_certificate(departments: Town) -> None:
    """S1: senderCode of another party is 3002 for every pair, and each refusal is kept with its peer."""
    before = departments.one("SELECT count(*) FROM intake_refusal")
    for number in range(DEPARTMENTS):
        sender = departments.sender(f"s{number}")
        for other in range(DEPARTMENTS):
            if other != number:
                assert sender.submit([file_case(7000)], senderCode=code_of(other)).fault == "3002"
    told = departments.rows("SELECT code, peer FROM intake_refusal")[before:]
    assert told == [("3002", "127.0.0.1")] * (DEPARTMENTS * (DEPARTMENTS - 1))


def test_s1_a_certificate_that_is_not_registered_is_3001(departments: Town) -> None:
    make_sender(departments.keys, "stranger", departments.authority)
    sender = Sender(departments.url, city(departments.keys, "stranger", code_of(0)), "gateway")
    assert sender.call("Ping").fault == "3001"
    sender.close()


def test_no_certificate_no_handshake(departments: Town) -> None:
    sender = departments.sender()
    sender.context = ssl.create_default_context(cafile=str(departments.keys / "ca.pem"))
    with pytest.raises((ssl.SSLError, OSError)):
        sender.call("Ping")


def test_a_package_signed_with_anothers_key_is_1005(departments: Town) -> None:
    sender = departments.sender("s0")
    sender.key = departments.sender("s1").key
    assert sender.submit([file_case(7001)]).fault == "1005"


def test_signed_only_senders_may_submit_and_nothing_else(build: Callable[..., Town]) -> None:
    """Without a client certificate the signed Head tells the sender: enough to submit, not to read anything."""
    town = build(certificates="optional")
    sender = town.sender()
    sender.context = ssl.create_default_context(cafile=str(town.keys / "ca.pem"))
    assert sender.submit([file_case(1)]).codes == ["0000"]
    assert sender.call("GetKeys").fault == "3001"
    assert sender.query(package_id=str(uuid.uuid4())).fault == "3001"
    sender.key = _other_key(town)
    assert sender.submit([file_case(2)]).fault == "1005"


def test_s3_a_captured_request_makes_no_second_record(departments: Town) -> None:
    """S3: the same bytes again, also from another party's connection: the same receipt or a refusal, never a record."""
    sender = departments.sender("s0")
    request = b'<SubmitPackage xmlns="%b">%b</SubmitPackage>' % (NS.encode(), sender.package([file_case(7100)]))
    first = sender.post(request)
    before = departments.one("SELECT count(*) FROM record")
    assert sender.post(request).receipt_no == first.receipt_no
    assert departments.sender("s1").post(request).fault == "3002"
    elsewhere = sender.package([file_case(7101)], receiverCode="990000099")
    assert sender.post(b'<SubmitPackage xmlns="%b">%b</SubmitPackage>' % (NS.encode(), elsewhere)).fault == "3002"
    assert departments.one("SELECT count(*) FROM record") == before


def test_s3_a_head_from_the_future_is_refused(departments: Town) -> None:
    assert departments.sender().submit([file_case(7102)], createdAt="2099-01-01T00:00:00+08:00").fault == "3001"


def _wrapped() -> dict[str, Callable[[etree._Element, etree._Element], None]]:
    """Ways to wrap a signature (XSW 1-8 as they apply to a signed Head), each given the package and an evil copy."""

    def second_head_before(package: etree._Element, evil: etree._Element) -> None:
        package.insert(0, evil[0])

    def second_head_after(package: etree._Element, evil: etree._Element) -> None:
        package.append(evil[0])

    def head_replaced(package: etree._Element, evil: etree._Element) -> None:
        package.replace(package[0], evil[0])

    def original_inside_signature(package: etree._Element, evil: etree._Element) -> None:
        original = package[0]
        package.replace(original, evil[0])
        holder = etree.SubElement(package[2], f"{{{DS}}}Object")
        holder.append(original)

    def original_inside_evil_head(package: etree._Element, evil: etree._Element) -> None:
        original = package[0]
        package.replace(original, evil[0])
        package[0].append(original)

    def original_inside_extension(package: etree._Element, evil: etree._Element) -> None:
        original = package[0]
        package.replace(original, evil[0])
        etree.SubElement(package[1], "{urn:evil}x").append(original)

    def body_replaced(package: etree._Element, evil: etree._Element) -> None:
        package.replace(package[1], evil[1])

    def record_added(package: etree._Element, evil: etree._Element) -> None:
        package[1].append(evil[1][0])

    def second_signature(package: etree._Element, evil: etree._Element) -> None:
        package.append(copy.deepcopy(package[2]))

    def two_references(package: etree._Element, _evil: etree._Element) -> None:
        reference = package[2].find(f".//{{{DS}}}Reference")
        assert reference is not None
        reference.addnext(copy.deepcopy(reference))

    def another_digest_method(package: etree._Element, _evil: etree._Element) -> None:
        method = package[2].find(f".//{{{DS}}}DigestMethod")
        assert method is not None
        method.set("Algorithm", "http://www.w3.org/2000/09/xmldsig#sha1")

    def hmac_with_the_public_key(package: etree._Element, _evil: etree._Element) -> None:
        method = package[2].find(f".//{{{DS}}}SignatureMethod")
        assert method is not None
        method.set("Algorithm", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")

    def transform_added(package: etree._Element, _evil: etree._Element) -> None:
        transforms = package[2].find(f".//{{{DS}}}Transforms")
        assert transforms is not None
        etree.SubElement(transforms, f"{{{DS}}}Transform", Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116")

    return {
        name: made for name, made in locals().items() if callable(made)
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(_wrapped()))
def test_s4_no_wrapped_signature_is_accepted(departments: Town, name: str) -> None:
    """S4: whatever stands around or beside what was signed, nothing that was not signed is stored."""
    sender = departments.sender("s0")
    package = etree.fromstring(sender.package([file_case(7200)]))
    evil = etree.fromstring(sender.package([file_case(7201, fact="篡改")]))
    evil[0].set("Id", str(package[0].get("Id")))
    _wrapped()[name](package, evil)
    request = b'<SubmitPackage xmlns="%b">%b</SubmitPackage>' % (NS.encode(), etree.tostring(package))
    before = departments.one("SELECT count(*) FROM record")
    assert sender.post(request).fault in ("1002", "1005"), name
    assert departments.one("SELECT count(*) FROM record") == before


def test_an_altered_payload_is_that_records_1005(departments: Town) -> None:
    sender = departments.sender("s0")
    package = sender.package([file_case(7300), file_case(7301)]).replace("无照经营".encode(), "合法经营".encode(), 1)
    reply = sender.post(b'<SubmitPackage xmlns="%b">%b</SubmitPackage>' % (NS.encode(), package))
    assert reply.codes == ["1005", "0000"]


def _other_key(town: Town) -> object:
    import xmlsec

    return xmlsec.Key.from_file(str(town.keys / "receipt.key"), xmlsec.KeyFormat.PEM)
