# SPDX-License-Identifier: Apache-2.0
"""A Head is believed only as its signer wrote it: every way of wrapping, swapping or weakening a signature fails."""

import copy
import re
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree

from gateway.documents.package import DSIG, render_head
from gateway.documents.safexml import canonical, parse
from gateway.errors import BadGateway, ConfigurationError, GatewayError, TrustError
from gateway.trust.certificates import Authority
from gateway.trust.signing import Signer, Verifier
from tests.trust.conftest import NOW, RECEIVER, SENDER, Trust

NS = "urn:jx:power-exchange:1.0"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"


def test_a_true_package_is_believed(trust: Trust) -> None:
    package = trust.verifier.package(trust.package())
    assert package.head.sender_code == SENDER
    assert package.head.created_at == NOW
    assert [record.key for record in package.records] == ["CF_LA:c0:1", "CF_LA:c1:1", "CF_LA:c2:1"]


def test_a_true_receipt_is_believed(trust: Trust) -> None:
    assert trust.verifier.receipt(parse(trust.receipt_bytes()), RECEIVER) == trust.receipt()


def test_the_signature_holds_inside_an_envelope(trust: Trust) -> None:
    inside = parse(b'<e:E xmlns:e="urn:e" xmlns="urn:f"><e:B Id="x">%b</e:B></e:E>' % trust.package_bytes())
    assert trust.verifier.package(inside[0][0]).head.sender_code == SENDER


def test_pretty_printing_the_body_does_not_matter_but_the_head_does(trust: Trust) -> None:
    package = trust.package()
    package[1].text = "\n   "
    assert trust.verifier.package(package)
    package[0].text = "\n  "
    with pytest.raises(TrustError):
        trust.verifier.package(package)


def _edit(pattern: bytes, by: bytes) -> Callable[[bytes], bytes]:
    def edit(data: bytes) -> bytes:
        changed, times = re.subn(pattern, by, data, count=1)
        assert times == 1
        return changed

    return edit


ALTERED = {
    "head": _edit(rb"<packageSeq>1<", b"<packageSeq>2<"),
    "receiver in head": _edit(rb"<receiverCode>\w+", b"<receiverCode>113601009900000333"),
    "payload": _edit(rb"<caseNo>c1<", b"<caseNo>c9<"),
    "content digest": _edit(rb"<contentDigest>.", b"<contentDigest>f"),
    "record version": _edit(rb"</key><version>1<", b"</key><version>2<"),
    "record key": _edit(rb"<key>CF_LA:c0", b"<key>CF_LA:c5"),
    "digest value": _edit(rb"<ds:DigestValue>.", b"<ds:DigestValue>A"),
    "signature value": _edit(rb"<ds:SignatureValue>....", b"<ds:SignatureValue>AAAA"),
    "no signature value": _edit(rb"<ds:SignatureValue>[^<]*", b"<ds:SignatureValue>"),
}


@pytest.mark.parametrize("edit", ALTERED.values(), ids=ALTERED.keys())
def test_an_altered_package_is_not_believed(trust: Trust, edit: Callable[[bytes], bytes]) -> None:
    with pytest.raises(TrustError):
        trust.verifier.package(parse(edit(trust.package_bytes())))


FORMS = {
    "HMAC with the certificate as secret": _edit(rb"xmldsig-more#ecdsa-sha256", b"xmldsig-more#hmac-sha256"),
    "RSA claimed for an EC key": _edit(rb"ecdsa-sha256", b"rsa-sha256"),
    "SHA-1": _edit(rb"http://www.w3.org/2001/04/xmlenc#sha256", b"http://www.w3.org/2000/09/xmldsig#sha1"),
    "inclusive canonical form": _edit(
        rb'CanonicalizationMethod Algorithm="[^"]*"',
        b'CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"',
    ),
    "XPath transform": _edit(
        rb'<ds:Transform Algorithm="[^"]*"></ds:Transform>',
        b'<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>1=0</ds:XPath></ds:Transform>',
    ),
    "enveloped transform": _edit(
        rb"<ds:Transforms>",
        b'<ds:Transforms><ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"></ds:Transform>',
    ),
    "no transform": _edit(rb"<ds:Transforms>.*</ds:Transforms>", b""),
    "the whole document": _edit(rb'URI="#[^"]*"', b'URI=""'),
    "another element": _edit(rb'URI="#[^"]*"', b'URI="#other"'),
    "an outside file": _edit(rb'URI="#[^"]*"', b'URI="file:///etc/hostname"'),
    "XPointer": _edit(rb'URI="#([^"]*)"', b'URI="#xpointer(id(\'\\1\'))"'),
    "two References": _edit(rb"(<ds:Reference .*</ds:Reference>)", b"\\1\\1"),
    "two SignedInfo": _edit(rb"(<ds:SignedInfo>.*</ds:SignedInfo>)", b"\\1\\1"),
    "an Object": _edit(rb"</ds:Signature>", b'<ds:Object Id="x"></ds:Object></ds:Signature>'),
    "a comment in DigestValue": _edit(rb"<ds:DigestValue>", b"<ds:DigestValue><!-- x -->"),
    "a key in KeyInfo": _edit(
        rb"<ds:KeyName>.*</ds:KeyName>", b"<ds:KeyValue><ds:ECKeyValue></ds:ECKeyValue></ds:KeyValue>"
    ),
    "an Id on the Signature": _edit(rb"<ds:Signature ", b'<ds:Signature Id="s" '),
    "inclusive prefixes": _edit(
        rb'<ds:Transform Algorithm="[^"]*"></ds:Transform>',
        b'<ds:Transform Algorithm="' + EXCLUSIVE.encode() + b'"><ec:InclusiveNamespaces xmlns:ec="'
        + EXCLUSIVE.encode() + b'" PrefixList="a"></ec:InclusiveNamespaces></ds:Transform>',
    ),
}  # fmt: skip


@pytest.mark.parametrize("edit", FORMS.values(), ids=FORMS.keys())
def test_only_the_one_form_is_taken(trust: Trust, edit: Callable[[bytes], bytes]) -> None:
    with pytest.raises(TrustError):
        trust.verifier.package(parse(edit(trust.package_bytes())))


def _forged(package: "etree._Element") -> "etree._Element":
    """Return a copy of the Head that says what an attacker wants."""
    head = copy.deepcopy(package[0])
    sequence = head.find(f"{{{NS}}}packageSeq")
    assert sequence is not None
    sequence.text = "99"
    return head


def _replace_head(package: "etree._Element", forged: "etree._Element") -> "etree._Element":
    original = package[0]
    package.replace(original, forged)
    return original


def _wrap_in_object(package: "etree._Element") -> None:
    original = _replace_head(package, _forged(package))
    etree.SubElement(package[2], f"{{{DSIG}}}Object").append(original)


def _wrap_in_body(package: "etree._Element") -> None:
    original = _replace_head(package, _forged(package))
    package[1].append(original)


def _wrap_before(package: "etree._Element") -> None:
    package.insert(0, _forged(package))


def _wrap_after(package: "etree._Element") -> None:
    package.append(_replace_head(package, _forged(package)))


def _wrap_with_another_id(package: "etree._Element") -> None:
    forged = _forged(package)
    forged.set("Id", "h-forged")
    package[1].insert(0, _replace_head(package, forged))


def _wrap_in_payload(package: "etree._Element") -> None:
    original = _replace_head(package, _forged(package))
    package[1][0][4].append(original)


def _wrap_in_head(package: "etree._Element") -> None:
    forged = _forged(package)
    forged.append(_replace_head(package, forged))


def _second_signature(package: "etree._Element") -> None:
    package[1].append(copy.deepcopy(package[2]))


def _signature_in_body(package: "etree._Element") -> None:
    package[1].append(package[2])


def _signature_below_head(package: "etree._Element") -> None:
    package[0].append(package[2])


WRAPPINGS = [
    _wrap_in_object, _wrap_in_body, _wrap_before, _wrap_after, _wrap_with_another_id, _wrap_in_payload, _wrap_in_head,
    _second_signature, _signature_in_body, _signature_below_head,
]  # fmt: skip


@pytest.mark.parametrize("wrap", WRAPPINGS, ids=lambda each: each.__name__.strip("_"))
def test_signature_wrapping(trust: Trust, wrap: Callable[["etree._Element"], None]) -> None:
    package = trust.package()
    wrap(package)
    with pytest.raises((TrustError, BadGateway)):
        trust.verifier.package(package)


@pytest.mark.parametrize("wrap", WRAPPINGS[:7], ids=lambda each: each.__name__.strip("_"))
def test_verify_itself_withstands_wrapping(trust: Trust, wrap: Callable[["etree._Element"], None]) -> None:
    """The reader refuses most wrappings by structure; the verifier must not depend on it."""
    package = trust.package()
    wrap(package)
    signature = next(node for node in package.iter(f"{{{DSIG}}}Signature"))
    with pytest.raises(TrustError):
        trust.verifier.verify(package[0], signature, SENDER)


def test_another_partys_signature_is_not_ours(trust: Trust) -> None:
    swapped = Verifier({SENDER: [trust.receiver.certificate]})
    with pytest.raises(TrustError):
        swapped.package(trust.package())
    with pytest.raises(TrustError):
        Verifier({}).package(trust.package())


def test_a_receipt_of_another_receiver_is_refused(trust: Trust) -> None:
    with pytest.raises(TrustError):
        trust.verifier.receipt(parse(trust.receipt_bytes()), "113601009900000333")


@pytest.mark.parametrize(
    ("pattern", "by"),
    [
        (rb"<code>1002<", b"<code>0000<"),
        (rb"<recordId>", b"<recordId>0"),
        (rb"<resultDigest>.", b"<resultDigest>f"),
        (rb"<recordCount>3", b"<recordCount>2"),
        (rb"<Result><recordId>.*?</Result>", b""),
    ],
)
def test_an_altered_receipt_is_not_believed(trust: Trust, pattern: bytes, by: bytes) -> None:
    with pytest.raises((TrustError, BadGateway)):
        trust.verifier.receipt(parse(_edit(pattern, by)(trust.receipt_bytes())), RECEIVER)


def test_no_prefix_of_a_receipt_is_a_receipt(trust: Trust) -> None:
    whole = trust.receipt_bytes()
    believed = 0
    for end in range(len(whole)):
        try:
            trust.verifier.receipt(parse(whole[:end]), RECEIVER)
        except GatewayError:
            continue
        believed += 1
    assert believed == 0


def test_keys_may_overlap_while_one_replaces_another(trust: Trust) -> None:
    older = trust.authority.issue("older", "甲局")
    both = Verifier({SENDER: [older.certificate, trust.sender.certificate]})
    assert both.package(trust.package())


def test_rsa_signs_as_well(trust: Trust) -> None:
    key, certificate = _rsa(trust.authority, 2048)
    signer = Signer(key, certificate)
    head = trust.package()[0]
    signature = parse(b"<x>%b%b</x>" % (canonical(head), signer.sign(canonical(head))))
    Verifier({SENDER: [certificate]}).verify(signature[0], signature[1], SENDER)
    with pytest.raises(TrustError):
        trust.verifier.verify(signature[0], signature[1], SENDER)


def test_weak_or_foreign_keys_are_refused_at_start(trust: Trust) -> None:
    with pytest.raises(ConfigurationError):
        Signer(trust.sender.key, trust.receiver.certificate)
    with pytest.raises(ConfigurationError):
        Signer(b"nonsense", trust.sender.certificate)
    with pytest.raises(ConfigurationError):
        Verifier({SENDER: [b"nonsense"]})
    with pytest.raises(ConfigurationError):
        Verifier({SENDER: [_rsa(trust.authority, 1024)[1]]})


def test_only_a_canonical_head_is_signed(trust: Trust) -> None:
    signer = Signer(trust.sender.key, trust.sender.certificate)
    for other in (b"<Head/>", b"<Body></Body>", b'<Head Id="x"></Head>', b'<Head xmlns="u" Id="a b"></Head>'):
        with pytest.raises(TrustError):
            signer.sign(other)


def test_the_head_is_rendered_in_canonical_form(trust: Trust) -> None:
    read = trust.verifier.package(trust.package())
    assert canonical(parse(render_head(read.head))) == render_head(read.head)


def _rsa(authority: Authority, bits: int) -> tuple[bytes, bytes]:
    """Issue a certificate for an RSA key by hand: the authority itself makes EC keys only."""
    from datetime import timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import NameOID

    key = rsa.generate_private_key(65537, bits)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "rsa")])
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(NOW).not_valid_after(NOW + timedelta(days=1)).sign(key, hashes.SHA256())
    )  # fmt: skip
    assert authority.certificate
    return (
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        certificate.public_bytes(Encoding.PEM),
    )
