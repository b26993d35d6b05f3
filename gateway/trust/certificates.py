# SPDX-License-Identifier: Apache-2.0
"""Certificates: a throw-away authority for tests and demonstrations, and what doctor reads of real ones."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.errors import ConfigurationError
from gateway.trust.signing import fingerprint

_CLOCKS_APART = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A private key and its certificate, both PEM."""

    key: bytes = field(repr=False)
    certificate: bytes

    @property
    def fingerprint(self) -> str:
        """SHA-256 hex of the certificate's DER form, as registries pin it."""
        return fingerprint(x509.load_pem_x509_certificate(self.certificate))


@dataclass(frozen=True, slots=True)
class Authority:
    """A throw-away certificate authority: for tests and demonstrations, never for production."""

    certificate: bytes
    _key: ec.EllipticCurvePrivateKey = field(repr=False)
    _now: datetime

    def issue(
        self,
        name: str,
        organisation: str,
        *,
        hosts: Sequence[str] = (),
        client: bool = False,
        days: int = 30,
    ) -> KeyPair:
        """Issue a P-256 certificate.

        With ``hosts`` (names or addresses) it is a server's, with ``client`` a client's; with neither it only signs.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = x509.load_pem_x509_certificate(self.certificate).subject
        builder = _builder(_subject(name, organisation), issuer, key, self._now, days).add_extension(
            x509.BasicConstraints(ca=False, path_length=None), critical=True
        )
        # Python 3.13 verifies strictly and wants to know the issuer's key
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.add_extension(authority, critical=False)
        usages = [ExtendedKeyUsageOID.SERVER_AUTH] * bool(hosts) + [ExtendedKeyUsageOID.CLIENT_AUTH] * client
        if usages:
            builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        if hosts:
            names = x509.SubjectAlternativeName([_host(each) for each in hosts])
            builder = builder.add_extension(names, critical=False)
        return KeyPair(_pem(key), builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM))


def make_authority(name: str, now: datetime, days: int = 3650) -> Authority:
    """Make a new authority whose certificates are valid from five minutes before ``now``."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _subject(name, "demonstration only")
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    certificate = (
        _builder(subject, subject, key, now, days)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate.public_bytes(Encoding.PEM), key, now)


def expiry(pem: bytes) -> datetime:
    """Return when the first of the certificates in ``pem`` ends (aware, UTC). Raises ConfigurationError for no PEM."""
    try:
        return min(each.not_valid_after_utc for each in x509.load_pem_x509_certificates(pem))
    except ValueError:
        raise ConfigurationError("证书无法读取(须为 PEM)/ the certificate is no PEM") from None


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    begin = now - _CLOCKS_APART
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _subject(name: str, organisation: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation)]
    )


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
