# SPDX-License-Identifier: Apache-2.0
"""Signatures that stand beside what they sign: RSA (PKCS 1.5) or ECDSA over SHA-256, in base64."""

import base64
import binascii
from collections.abc import Callable

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa


def holds(certificate: bytes, signed: bytes, signature: str) -> bool:
    """Tell whether ``signature`` over ``signed`` was made with the key of ``certificate`` (PEM); raises ValueError for no certificate."""
    key = x509.load_pem_x509_certificate(certificate).public_key()
    try:
        raw = base64.b64decode(signature, validate=True)
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(raw, signed, padding.PKCS1v15(), hashes.SHA256())
            return True
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(raw, signed, ec.ECDSA(hashes.SHA256()))
            return True
    except (binascii.Error, InvalidSignature):
        return False
    return False


def sign(key: bytes, signed: bytes) -> str:
    """Return the signature over ``signed`` with a private key (PEM, no password); raises ValueError for another kind of key."""
    return signer(key)(signed)


def signer(key: bytes) -> Callable[[bytes], str]:
    """Return what signs with a private key (PEM, no password), read once; raises ValueError for another kind of key."""
    private = serialization.load_pem_private_key(key, None)
    if isinstance(private, rsa.RSAPrivateKey):
        of_rsa = private
        return lambda signed: base64.b64encode(of_rsa.sign(signed, padding.PKCS1v15(), hashes.SHA256())).decode()
    if isinstance(private, ec.EllipticCurvePrivateKey):
        of_curve = private
        return lambda signed: base64.b64encode(of_curve.sign(signed, ec.ECDSA(hashes.SHA256()))).decode()
    raise ValueError(type(private).__name__)
