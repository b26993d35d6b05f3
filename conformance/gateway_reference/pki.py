# SPDX-License-Identifier: Apache-2.0
"""Keys, certificates and registries of a whole test city: made up, short-lived, never for production."""

import ipaddress
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway_reference.parties import fingerprint

SENDER = "11360100990000017D"
PLATFORMS = {"municipal": "113601009900000258", "supervision": "113601009900000333"}
NAMES = {"municipal": "市级平台(参考)", "supervision": "电子监察系统(参考)"}
_CURVE = ec.SECP256R1()
Key: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class _Authority:
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    days: int

    def issue(
        self, directory: Path, file: str, common_name: str, usage: x509.ObjectIdentifier | None, key: Key | None = None
    ) -> Path:
        """Write a key pair as ``file.key`` and ``file.pem``; returns the certificate's path."""
        key = key or ec.generate_private_key(_CURVE)
        builder = _builder(common_name, self.certificate.subject, key, self.days).add_extension(
            x509.BasicConstraints(ca=False, path_length=None), critical=True
        )
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
        )
        if usage is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if usage == ExtendedKeyUsageOID.SERVER_AUTH:
            loopback = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            builder = builder.add_extension(x509.SubjectAlternativeName(loopback), critical=False)
        certificate = builder.sign(self.key, hashes.SHA256())
        directory.mkdir(parents=True, exist_ok=True)
        _write_key(directory / f"{file}.key", key)
        path = directory / f"{file}.pem"
        path.write_bytes(certificate.public_bytes(Encoding.PEM))
        return path


def make_city(
    directory: Path,
    sender_code: str = SENDER,
    platforms: Mapping[str, str] | None = None,
    *,
    organisations: Sequence[str] = ("*",),
    days: int = 90,
    rsa_signing: bool = False,
) -> dict[str, Any]:
    """Make CA, servers, receipt keys, the gateway's client and signing keys, and every system's registry.

    ``platforms`` maps the name of a system's directory to its party code. Returns every path as text; what exists
    already is made anew. ``days`` is the life of every certificate; ``rsa_signing`` gives the gateway an RSA-3072 key
    to sign with, instead of P-256.
    """
    platforms = platforms or PLATFORMS
    directory.mkdir(parents=True, exist_ok=True)
    authority = _authority(directory, max(days, 1))
    gateway = add_sender(directory, "gateway", authority=authority, days=days, rsa_signing=rsa_signing)
    city: dict[str, Any] = {
        "ca": str(directory / "ca.pem"),
        "sender": {"code": sender_code, **gateway},
        "systems": {},
    }
    for name, code in platforms.items():
        home = directory / name
        authority.issue(home, "server", f"{name} server", ExtendedKeyUsageOID.SERVER_AUTH)
        authority.issue(home, "receipt", f"{name} receipts", None)
        (home / "ca.pem").write_bytes((directory / "ca.pem").read_bytes())
        (home / "system.toml").write_text(_system(code, NAMES.get(name, name)), "utf-8")
        (home / "peers.toml").write_text("# 已登记的收发方 / registered parties\n", "utf-8")
        register(home, sender_code, gateway, organisations)
        city["systems"][name] = {
            "code": code,
            "directory": str(home),
            "receipt_certificate": str(home / "receipt.pem"),
        }
    (directory / "city.json").write_text(json.dumps(city, ensure_ascii=False, indent=2), "utf-8")
    return city


def existing_city(directory: Path, sender_code: str, platforms: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the city that was made in a directory for the same parties, unless it expires within a day."""
    try:
        city: dict[str, Any] = json.loads((directory / "city.json").read_text("utf-8"))
        certificate = x509.load_pem_x509_certificate((directory / "ca.pem").read_bytes())
    except (OSError, ValueError):
        return None
    same = (
        city["ca"] == str(directory / "ca.pem")
        and city["sender"]["code"] == sender_code
        and {name: system["code"] for name, system in city["systems"].items()} == dict(platforms)
    )
    fresh = certificate.not_valid_after_utc > datetime.now(UTC) + timedelta(days=1)
    return city if same and fresh else None


def add_sender(
    directory: Path, name: str, *, authority: _Authority | None = None, days: int = 90, rsa_signing: bool = False
) -> dict[str, str]:
    """Make another sender's client and signing key pairs below the city's directory; returns their paths.

    ``days`` may be negative: the signing certificate has then expired (for tests).
    """
    key = rsa.generate_private_key(65537, 3072) if rsa_signing else None
    authority = authority or _load_authority(directory, days)
    home = directory / name
    client = authority.issue(home, "client", f"{name} client", ExtendedKeyUsageOID.CLIENT_AUTH)
    signing = _Authority(authority.key, authority.certificate, days).issue(
        home, "signing", f"{name} signing", None, key
    )
    return {
        "client_certificate": str(client),
        "client_key": str(client.with_suffix(".key")),
        "signing_certificate": str(signing),
        "signing_key": str(signing.with_suffix(".key")),
    }


def register(system: Path, code: str, files: Mapping[str, str], organisations: Sequence[str]) -> None:
    """Write a sender into a system's registry, with its certificates pinned."""
    signing = x509.load_pem_x509_certificate(Path(files["signing_certificate"]).read_bytes())
    client = x509.load_pem_x509_certificate(Path(files["client_certificate"]).read_bytes())
    (system / f"peer-{code}.pem").write_bytes(signing.public_bytes(Encoding.PEM))
    entry = (
        f'\n[[peer]]\ncode = "{code}"\nname = "{code}"\nclients = ["{fingerprint(client)}"]\n'
        f'signing = "peer-{code}.pem"\norganisations = {json.dumps(list(organisations))}\n'
    )
    with (system / "peers.toml").open("a", encoding="utf-8") as file:
        file.write(entry)


def _authority(directory: Path, days: int) -> _Authority:
    key = ec.generate_private_key(_CURVE)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test city CA (not for production)")])
    certificate = (
        _builder("test city CA (not for production)", subject, key, days)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=False,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=True,
                crl_sign=True,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .sign(key, hashes.SHA256())
    )
    _write_key(directory / "ca.key", key)
    (directory / "ca.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    return _Authority(key, certificate, days)


def _load_authority(directory: Path, days: int) -> _Authority:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = load_pem_private_key((directory / "ca.key").read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("ca.key")
    return _Authority(key, x509.load_pem_x509_certificate((directory / "ca.pem").read_bytes()), max(days, 1))


def _builder(common_name: str, issuer: x509.Name, key: Key, days: int) -> x509.CertificateBuilder:
    today = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=max(1, 1 - days)))
        .not_valid_after(today + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _write_key(path: Path, key: Key) -> None:
    path.touch(mode=0o600)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def _system(code: str, name: str) -> str:
    return (
        f'# 参考系统 / reference system\ncode = "{code}"\nname = "{name}"\nserver_certificate = "server.pem"\n'
        'server_key = "server.key"\nclient_ca = "ca.pem"\nreceipt_key = "receipt.key"\n'
        'receipt_certificate = "receipt.pem"\n'
    )
