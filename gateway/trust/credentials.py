# SPDX-License-Identifier: Apache-2.0
"""How people show who they are: a password kept as its Argon2id hash, or a key whose public half is known."""

import hashlib
from typing import Any, Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from gateway.errors import TrustError
from gateway.model.words import Words

LEAST_PASSWORD: Final = 12
"""Characters that a password must have."""

_LEAST_RSA_BITS: Final = 2048
_KINDS = Words(
    "密钥用 PEM 格式的 Ed25519、ECDSA 或 2048 位以上 RSA", "keys are PEM: Ed25519, ECDSA, or RSA of 2048 bits or more"
)


def hashed(password: str) -> str:
    """Return the Argon2id hash of a password, with its salt and cost in it."""
    return PasswordHasher().hash(password)


def is_password(stored: str, password: str) -> bool:
    """Tell whether ``password`` is the one whose hash is ``stored``."""
    try:
        return PasswordHasher().verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


def public_key(pem: bytes) -> str:
    """Return the public key of a PEM file (public key or certificate) as PEM text. Raises TrustError."""
    try:
        if b"BEGIN CERTIFICATE" in pem:
            key: Any = x509.load_pem_x509_certificate(pem).public_key()
        else:
            key = load_pem_public_key(pem)
    except ValueError as fault:
        raise TrustError(str(fault), _KINDS) from fault
    if not _is_known(key):
        raise TrustError(type(key).__name__, _KINDS)
    return str(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii"))


def _is_known(key: object) -> bool:
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size >= _LEAST_RSA_BITS
    return isinstance(key, ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey)


def fingerprint(public: str) -> str:
    """Return SHA-256 hex over a public key as PEM text."""
    return hashlib.sha256(public.encode("ascii")).hexdigest()


class PersonalKey:
    """A person's private key: signs what he does."""

    def __init__(self, pem: bytes) -> None:
        """Load an unencrypted PEM key. Raises TrustError."""
        try:
            self._key = load_pem_private_key(pem, None)
        except (ValueError, TypeError) as fault:
            raise TrustError(str(fault), _KINDS) from fault
        if not _is_known(self._key.public_key()):
            raise TrustError(type(self._key).__name__, _KINDS)

    @property
    def public(self) -> str:
        """The public half as PEM text."""
        key = self._key.public_key()
        return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")

    def sign(self, message: bytes) -> bytes:
        """Return the signature over ``message`` (SHA-256 with RSA and ECDSA)."""
        match self._key:
            case ed25519.Ed25519PrivateKey():
                return self._key.sign(message)
            case ec.EllipticCurvePrivateKey():
                return self._key.sign(message, ec.ECDSA(hashes.SHA256()))
            case rsa.RSAPrivateKey():
                return self._key.sign(message, padding.PKCS1v15(), hashes.SHA256())
            case _:
                raise TrustError(type(self._key).__name__, _KINDS)


def is_signed(public: str, message: bytes, signature: bytes) -> bool:
    """Tell whether ``signature`` over ``message`` was made with the private half of ``public`` (PEM text)."""
    key = load_pem_public_key(public.encode("ascii"))
    try:
        match key:
            case ed25519.Ed25519PublicKey():
                key.verify(signature, message)
            case ec.EllipticCurvePublicKey():
                key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
            case rsa.RSAPublicKey():
                key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
            case _:
                return False
    except InvalidSignature:
        return False
    return True
