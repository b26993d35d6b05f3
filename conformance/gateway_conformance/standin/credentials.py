# SPDX-License-Identifier: Apache-2.0
"""Keys of the stand-in: an authority that the client must trust, server certificates right and wrong, receipt keys."""

import ipaddress
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.clock import SystemClock

DAYS: Final = 365
STRANGE: Final = "elsewhere.example.invalid"


class Face(StrEnum):
    """What the server presents itself with; every one but RIGHT must be refused by the client."""

    RIGHT = "server"
    WRONG_NAME = "wrong-name"
    SELF_SIGNED = "self-signed"
    EXPIRED = "expired"
    OLD_TLS = "old-tls"


RECEIPTS: Final = ("receipts", "receipts-expired", "receipts-revoked", "receipts-other-unit")
"""Pairs that receipts are signed with: the registered one, and three that must be refused."""


@dataclass(frozen=True)
class Credentials:
    """The files of the stand-in's directory: ``NAME.pem`` with its key ``NAME.key``."""

    directory: Path

    def certificate(self, name: str) -> Path:
        """Return the file of a certificate."""
        return self.directory / f"{name}.pem"

    def key(self, name: str) -> Path:
        """Return the file of its key."""
        return self.directory / f"{name}.key"

    @property
    def authority(self) -> Path:
        """The CA that the client must trust."""
        return self.directory / "ca.pem"


def make(directory: Path, host: str) -> Credentials:
    """Make what is not there yet, or is for another host, or ends within a month; the rest stays as it is."""
    held = Credentials(directory)
    if _good(held, host):
        return held
    directory.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "conformance bench CA (not for production)")])
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    builder = _builder(name, name, key, DAYS).add_extension(usage, critical=True)
    certificate = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).sign(
        key, hashes.SHA256()
    )
    _write(held, "ca", key, certificate)
    _servers(held, key, name, host)
    for pair in RECEIPTS:
        own = ec.generate_private_key(ec.SECP256R1())
        days = -1 if pair == "receipts-expired" else DAYS
        _write(held, pair, own, _builder(_name(f"bench {pair}"), name, own, days).sign(key, hashes.SHA256()))
    return held


def _servers(held: Credentials, key: ec.EllipticCurvePrivateKey, issuer: x509.Name, host: str) -> None:
    for face in (Face.RIGHT, Face.WRONG_NAME, Face.SELF_SIGNED, Face.EXPIRED):
        own = ec.generate_private_key(ec.SECP256R1())
        strange = face is Face.WRONG_NAME
        subject = _name(STRANGE if strange else host)
        alone = face is Face.SELF_SIGNED
        builder = _builder(subject, subject if alone else issuer, own, -1 if face is Face.EXPIRED else DAYS)
        names = [x509.DNSName(STRANGE)] if strange else _names(host)
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        _write(held, face.value, own, builder.sign(own if alone else key, hashes.SHA256()))


def _names(host: str) -> list[x509.GeneralName]:
    found: list[x509.GeneralName] = [
        x509.DNSName("localhost"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    ]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return [*found, x509.DNSName(host)] if host != "localhost" else found
    return found if host == "127.0.0.1" else [*found, x509.IPAddress(address)]


def _good(held: Credentials, host: str) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(held.certificate(Face.RIGHT).read_bytes())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        load_pem_private_key(held.key(RECEIPTS[-1]).read_bytes(), None)
    except (OSError, ValueError, x509.ExtensionNotFound):
        return False
    soon = SystemClock().now() + timedelta(days=30)
    return certificate.not_valid_after_utc > soon and set(_names(host)) <= set(names)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: int
) -> x509.CertificateBuilder:
    now = SystemClock().now()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=max(1, 1 - days)))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _write(held: Credentials, name: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
    held.key(name).touch(mode=0o600)
    held.key(name).write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    held.certificate(name).write_bytes(certificate.public_bytes(Encoding.PEM))
