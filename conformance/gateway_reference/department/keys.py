# SPDX-License-Identifier: Apache-2.0
"""Keys and certificates of a reference department and of the bench that tries it: made up, short-lived."""

from dataclasses import dataclass
from pathlib import Path

from cryptography.x509.oid import ExtendedKeyUsageOID

from gateway_reference import pki

DAYS = 90


@dataclass(frozen=True)
class Keys:
    """The files of one department's directory."""

    directory: Path

    def file(self, name: str) -> Path:
        """Return the certificate ``name.pem``; its key stands beside it as ``name.key``."""
        return self.directory / f"{name}.pem"

    @property
    def authority(self) -> Path:
        """The CA that has signed them all."""
        return self.directory / "ca.pem"


def make(directory: Path) -> Keys:
    """Make what is not there yet: CA, server, the department's signature, the bench's pair, and refused callers."""
    directory.mkdir(parents=True, exist_ok=True)
    keys = Keys(directory)
    if keys.file("bench").exists():
        return keys
    authority = pki._authority(directory, DAYS)
    authority.issue(directory, "server", "department server", ExtendedKeyUsageOID.SERVER_AUTH)
    authority.issue(directory, "system", "department signing", None)
    authority.issue(directory, "bench", "bench client", ExtendedKeyUsageOID.CLIENT_AUTH)
    authority.issue(directory, "receipts", "bench receipts", None)
    authority.issue(directory, "other-unit", "another unit", ExtendedKeyUsageOID.CLIENT_AUTH)
    gone = pki._Authority(authority.key, authority.certificate, -2)
    gone.issue(directory, "expired", "expired client", ExtendedKeyUsageOID.CLIENT_AUTH)
    soon = pki._Authority(authority.key, authority.certificate, 5)
    soon.issue(directory, "ending", "department server", ExtendedKeyUsageOID.SERVER_AUTH)
    authority.issue(directory, "revoked", "revoked client", ExtendedKeyUsageOID.CLIENT_AUTH)
    return keys
