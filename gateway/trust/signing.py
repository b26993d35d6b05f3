# SPDX-License-Identifier: Apache-2.0
"""Signatures over the Head of packages and receipts: made with one key, believed from pinned certificates only.

One form is permitted (standard.md §4): one Reference to the Head, exclusive C14N as the only transform, SHA-256, and
ECDSA P-256 or RSA. KeyInfo is the sender's claim and never chooses a key.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from lxml import etree
from xmlsec import constants

from gateway.documents import safexml
from gateway.documents.package import (
    DSIG,
    SIGNATURE,
    WirePackage,
    read_package,
    recomputed_digest,
    wire_body_digest,
)
from gateway.documents.receipt import read_receipt
from gateway.documents.render import NAMESPACE
from gateway.errors import BadGateway, ConfigurationError, TrustError
from gateway.model.package import Receipt

EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
SHA256: Final = "http://www.w3.org/2001/04/xmlenc#sha256"
ECDSA_SHA256: Final = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
RSA_SHA256: Final = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
_LEAST_RSA_BITS: Final = 2048

_ID = re.compile(rb'^<Head xmlns="[^"]*" Id="([A-Za-z][A-Za-z0-9-]{0,100})">')
_TEMPLATE: Final = (
    '<ds:Signature xmlns:ds="{dsig}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{exclusive}"/>'
    '<ds:SignatureMethod Algorithm="{method}"/><ds:Reference URI="#{id}"><ds:Transforms>'
    '<ds:Transform Algorithm="{exclusive}"/></ds:Transforms><ds:DigestMethod Algorithm="{sha256}"/><ds:DigestValue/>'
    "</ds:Reference></ds:SignedInfo><ds:SignatureValue/>"
    "<ds:KeyInfo><ds:KeyName>{name}</ds:KeyName></ds:KeyInfo></ds:Signature>"
)


class Signer:
    """Signs heads with one key, loaded once (loading it anew costs 46 times the signature)."""

    def __init__(self, key: bytes, certificate: bytes) -> None:
        """Take a private key and its certificate, both PEM. Raises ConfigurationError when they don't belong together."""
        self._certificate = _one_certificate(certificate)
        self._method = _method(self._certificate)
        self._key = _private_key(key, self._certificate)
        self.fingerprint = fingerprint(self._certificate)

    def sign(self, head: bytes) -> bytes:
        """Return the ``ds:Signature`` of a Head given in exclusive canonical form, to be put into the message as it is.

        Raises TrustError for bytes that are no such Head.
        """
        found = _ID.match(head)
        if found is None:
            raise TrustError("不是规范化的 Head / not a Head in canonical form")
        signature = _TEMPLATE.format(
            dsig=DSIG,
            exclusive=EXCLUSIVE,
            method=self._method,
            id=found.group(1).decode(),
            sha256=SHA256,
            name=self.fingerprint,
        )
        root = safexml.parse(b"<signed>%b%b</signed>" % (head, signature.encode()))
        context = _context(root)
        context.key = self._key
        context.sign(root[1])
        return safexml.canonical(root[1])


class Verifier:
    """Believes heads signed with a certificate pinned for the party that claims to have signed them."""

    def __init__(self, certificates: Mapping[str, Sequence[bytes]]) -> None:
        """Pin PEM certificates (several while one replaces another) by party code. Raises ConfigurationError."""
        self._keys: dict[str, list[tuple[str, xmlsec.Key]]] = {}
        self._terms: dict[str, list[tuple[datetime, datetime]]] = {}
        for party, pems in certificates.items():
            pinned = [certificate for pem in pems for certificate in _certificates(pem)]
            self._keys[party] = [_public_key(certificate) for certificate in pinned]
            self._terms[party] = [(each.not_valid_before_utc, each.not_valid_after_utc) for each in pinned]

    def current(self, party: str, now: datetime) -> bool:
        """Tell whether any certificate pinned for ``party`` is valid at ``now``."""
        return any(start <= now <= end for start, end in self._terms.get(party, ()))

    def receipt(self, element: "etree._Element", party: str) -> Receipt:
        """Return a ``Receipt`` element as a value, once its signature, digest and receiver hold.

        Raises BadGateway when it is not of the contract, TrustError when it can't be believed.
        """
        receipt = read_receipt(element)
        head, results, signature = element
        if receipt.receiver != party:
            raise TrustError("回执不是该目的地签发的 / the receipt names another receiver")
        self.verify(head, signature, party)
        if hashlib.sha256(safexml.canonical(results)).hexdigest() != head.findtext(f"{{{NAMESPACE}}}resultDigest"):
            raise TrustError("resultDigest 与内容不符 / resultDigest does not fit")
        return receipt

    def package(self, element: "etree._Element") -> WirePackage:
        """Return a ``Package`` element as a value, once its sender's signature and every digest hold.

        Raises BadGateway when it is not of the contract, TrustError when it can't be believed.
        """
        package = read_package(element)
        head, _body, signature = element
        self.verify(head, signature, package.head.sender_code)
        if package.head.record_count != len(package.records):
            raise BadGateway("recordCount 与 Body 不符 / does not fit Body")
        if package.head.body_digest != wire_body_digest(package.records):
            raise TrustError("bodyDigest 与内容不符 / bodyDigest does not fit")
        if any(record.content_digest != recomputed_digest(record) for record in package.records):
            raise TrustError("contentDigest 与内容不符 / a contentDigest does not fit")
        return package

    def verify(self, head: "etree._Element", signature: "etree._Element", party: str) -> None:
        """Make sure that ``party`` has signed this very Head; raises TrustError.

        Only the Head and the Signature go into the document that is verified: nothing can be wrapped around them or
        hidden beside them.
        """
        method = _require_form(head, signature)
        keys = self._keys.get(party)
        if not keys:
            raise TrustError("没有登记该方的签名证书 / no certificate is pinned for this party")
        alone = b"<signed>%b%b</signed>" % (safexml.canonical(head), safexml.canonical(signature))
        for allowed, key in keys:
            if allowed == method and _holds(alone, key):
                return
        raise TrustError("签名校验失败 / the signature does not verify")


def fingerprint(certificate: x509.Certificate) -> str:
    """Return SHA-256 hex of a certificate's DER form."""
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def certificate_fingerprint(pem: bytes) -> str:
    """Return SHA-256 hex of a PEM certificate's DER form; raises ConfigurationError."""
    return fingerprint(_one_certificate(pem))


def _holds(alone: bytes, key: xmlsec.Key) -> bool:
    root = safexml.parse(alone)
    context = _context(root)
    context.key = key
    try:
        context.verify(root[1])
    except xmlsec.Error:  # wrong signature, wrong digest or a form the library refuses: all the same to us
        return False
    return True


def _context(root: "etree._Element") -> xmlsec.SignatureContext:
    """Return a context that knows the Head's Id and no transform but the permitted ones."""
    context = xmlsec.SignatureContext()
    context.register_id(root[0], "Id")
    for transform in (constants.TransformExclC14N, constants.TransformSha256):
        context.enable_reference_transform(transform)
    for transform in (constants.TransformExclC14N, constants.TransformEcdsaSha256, constants.TransformRsaSha256):
        context.enable_signature_transform(transform)
    return context


def _require_form(head: "etree._Element", signature: "etree._Element") -> str:
    """Refuse any signature that is not in the one permitted form before any cryptography; return its method."""
    container = head.getparent()
    if container is None or signature.getparent() is not container or signature.tag != SIGNATURE:
        raise TrustError("签名不是 Head 的兄弟元素 / the Signature does not stand beside the Head")
    if head.tag != f"{{{NAMESPACE}}}Head" or sum(1 for _ in container.iter(SIGNATURE)) != 1:
        raise TrustError("须有且只有一个签名 / exactly one Signature")
    reference_id = head.get("Id") or ""
    if sum(1 for value in _ids(container) if value == reference_id) != 1:
        raise TrustError("Head 的 Id 缺失或重复 / the Head's Id is absent or not unique")
    if len(head.attrib) != 1:
        raise TrustError("Head 有多余的属性 / the Head has other attributes")
    form = _form(reference_id, method := _claimed_method(signature))
    if _outline(signature) not in (form, form[:-1], form[:-2]):  # KeyInfo is a hint and may be left out
        raise TrustError("签名结构不符合规范 / the Signature has another form than the standard's")
    return method


def _ids(container: "etree._Element") -> list[str]:
    found = container.xpath(".//@*[translate(local-name(), 'ID', 'id') = 'id']")
    return [str(value) for value in found] if isinstance(found, list) else []


def _claimed_method(signature: "etree._Element") -> str:
    node = signature.find(f"{{{DSIG}}}SignedInfo/{{{DSIG}}}SignatureMethod")
    method = "" if node is None else node.get("Algorithm", "")
    if method not in (ECDSA_SHA256, RSA_SHA256):
        raise TrustError("签名算法不被接受 / the signature method is not accepted")
    return method


def _outline(signature: "etree._Element") -> list[tuple[str, dict[str, str]]]:
    """Return tags and attributes of everything inside a signature in document order, comments included."""
    return [
        (str(node.tag).removeprefix(f"{{{DSIG}}}"), {str(k): str(v) for k, v in node.attrib.items()})
        for node in signature.iter()
    ]


def _form(reference_id: str, method: str) -> list[tuple[str, dict[str, str]]]:
    return [
        ("Signature", {}),
        ("SignedInfo", {}),
        ("CanonicalizationMethod", {"Algorithm": EXCLUSIVE}),
        ("SignatureMethod", {"Algorithm": method}),
        ("Reference", {"URI": f"#{reference_id}"}),
        ("Transforms", {}),
        ("Transform", {"Algorithm": EXCLUSIVE}),
        ("DigestMethod", {"Algorithm": SHA256}),
        ("DigestValue", {}),
        ("SignatureValue", {}),
        ("KeyInfo", {}),
        ("KeyName", {}),
    ]


def _method(certificate: x509.Certificate) -> str:
    key = certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return ECDSA_SHA256
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= _LEAST_RSA_BITS:
        return RSA_SHA256
    raise ConfigurationError(
        f"签名证书的密钥须为 ECDSA P-256 或不少于 {_LEAST_RSA_BITS} 位的 RSA / the key must be ECDSA P-256 or RSA"
    )


def _private_key(pem: bytes, certificate: x509.Certificate) -> xmlsec.Key:
    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError):
        raise ConfigurationError("签名私钥无法读取(须为未加密的 PEM)/ the private key is no unencrypted PEM") from None
    spki = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if key.public_key().public_bytes(*spki) != certificate.public_key().public_bytes(*spki):
        raise ConfigurationError("签名私钥与证书不配对 / the private key does not belong to the certificate")
    return xmlsec.Key.from_memory(pem, constants.KeyDataFormatPem, None)


def _public_key(certificate: x509.Certificate) -> tuple[str, xmlsec.Key]:
    pem = certificate.public_bytes(Encoding.PEM)
    return _method(certificate), xmlsec.Key.from_memory(pem, constants.KeyDataFormatCertPem, None)


def _certificates(pem: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise ConfigurationError("证书无法读取(须为 PEM)/ the certificate is no PEM") from None


def _one_certificate(pem: bytes) -> x509.Certificate:
    return _certificates(pem)[0]
