# SPDX-License-Identifier: Apache-2.0
"""Head signatures with signxml: verified against a pinned certificate, and made for receipts (standard.md §4)."""

from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureConstructionMethod, SignatureMethod
from signxml.exceptions import InvalidCertificate, SignXMLException
from signxml.signer import XMLSigner
from signxml.verifier import SignatureConfiguration, XMLVerifier

from gateway_reference import parties, wire
from gateway_reference.wire import SIGNATURE_NAMESPACE, Refusal

EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
METHODS = frozenset({SignatureMethod.ECDSA_SHA256, SignatureMethod.RSA_SHA256})
_EXPECTED = SignatureConfiguration(
    location="./",
    expect_references=1,
    signature_methods=METHODS,
    digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
)


def _ds(local: str) -> str:
    return f"{{{SIGNATURE_NAMESPACE}}}{local}"


def verify(head: etree._Element, signature: etree._Element, certificate: x509.Certificate) -> None:
    """Check the signature of a Head with the signer's pinned certificate; raises Refusal 1005 or 3003.

    Only the Head and the Signature go into the document that is verified, and what signxml says was signed must be
    the canonical bytes of this very Head: nothing can be wrapped around or hidden beside it.
    """
    _require_shape(head, signature)
    signed = wire.canonical(head)
    document = b"<signed>" + signed + wire.canonical(signature) + b"</signed>"
    try:
        result = XMLVerifier().verify(document, x509_cert=certificate, expect_config=_EXPECTED, id_attribute="Id")
    except InvalidCertificate as error:
        raise Refusal("3003", "签名证书不在有效期 / the signing certificate is not valid now") from error
    except (SignXMLException, etree.LxmlError, ValueError) as error:
        raise Refusal("1005", "签名校验失败 / the signature does not verify") from error
    if isinstance(result, list) or result.signed_data != signed:
        raise Refusal("1005", "签名的不是报文头 / the signature covers something else")


def _require_shape(head: etree._Element, signature: etree._Element) -> None:
    """Refuse any signature that is not in the one permitted form, before any cryptography."""
    parts = [str(child.tag) for child in signature]
    if signature.tag != _ds("Signature") or parts not in (
        [_ds("SignedInfo"), _ds("SignatureValue")],
        [_ds("SignedInfo"), _ds("SignatureValue"), _ds("KeyInfo")],
    ):
        raise Refusal("1005", "签名结构不符 / the Signature has another form than the standard's")
    info = signature[0]
    tags = [str(child.tag) for child in info]
    if tags != [_ds("CanonicalizationMethod"), _ds("SignatureMethod"), _ds("Reference")]:
        raise Refusal("1005", "只许一个引用 / exactly one Reference")
    reference = info[2]
    transforms = reference.findall(f"{_ds('Transforms')}/{_ds('Transform')}")
    plain = (
        reference.get("URI") == f"#{head.get('Id')}"
        and [node.get("Algorithm") for node in transforms] == [EXCLUSIVE]
        and info[0].get("Algorithm") == EXCLUSIVE
        and not len(transforms[0])
        and not len(info[0])
    )
    if not plain:
        raise Refusal("1005", "须引用 Head 且只用 exclusive C14N / one Reference to Head, exclusive C14N only")


class Signer:
    """Signs heads with one key that is loaded once; the key decides between ECDSA-SHA256 and RSA-SHA256."""

    def __init__(self, key: Any, certificate: x509.Certificate) -> None:
        self._key = key
        self._name = parties.fingerprint(certificate)
        elliptic = isinstance(key, ec.EllipticCurvePrivateKey)
        self._method = SignatureMethod.ECDSA_SHA256 if elliptic else SignatureMethod.RSA_SHA256

    def sign(self, head: bytes, reference: str) -> bytes:
        """Return the ``ds:Signature`` over a canonical Head whose Id is ``reference``."""
        info = etree.Element(_ds("KeyInfo"), nsmap={"ds": SIGNATURE_NAMESPACE})
        etree.SubElement(info, _ds("KeyName")).text = self._name
        signer = XMLSigner(
            method=SignatureConstructionMethod.detached,
            signature_algorithm=self._method,
            digest_algorithm=DigestAlgorithm.SHA256,
            c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
        )
        root = wire.parse(head)
        signature = signer.sign(root, key=self._key, reference_uri=f"#{reference}", key_info=info, id_attribute="Id")
        return wire.canonical(signature)
