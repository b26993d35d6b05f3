# SPDX-License-Identifier: Apache-2.0
"""Profile S: the department offers the DepartmentData service; how it is started and described."""

from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway_reference import wire
from gateway_reference.department.driving import Driver
from gateway_reference.department.keys import Keys
from gateway_reference.department.listening import Running
from gateway_reference.department.system import Department

DEPARTMENT: Final = Department
DRIVER: Final = Driver


def start(department: Department, driver: Driver, keys: Keys, settings: Any) -> Running:
    """Let the department listen; the bench and a caller whose certificate has expired are registered."""
    for name in ("bench", "expired"):
        certificate = x509.load_pem_x509_certificate(keys.file(name).read_bytes())
        department.clients[wire.digest(certificate.public_bytes(Encoding.DER))] = name
    return Running(department, driver, keys, settings.port)


def tables(running: Running, keys: Keys) -> dict[str, dict[str, Any]]:
    """Return what sut.toml says of this profile."""
    return {
        "profiles": {"view": False, "file": False, "soap": True, "push": False},
        "soap": {
            "url": running.service.url, "wsdl": f"{running.service.url}?wsdl", "ca": named(keys.authority),
            "client_cert": named(keys.file("bench")), "client_key": named(keys.file("bench"), ".key"),
            "signing_cert": named(keys.file("system")),
            "receipts_cert": named(keys.file("receipts")), "receipts_key": named(keys.file("receipts"), ".key"),
            **refused(keys),
        },
        "abilities": {"order": "ascending", "replay_protection": True},
    }  # fmt: skip


def refused(keys: Keys) -> dict[str, str]:
    """Return the credentials that must be refused, as sut.toml names them."""
    return {
        f"{name.replace('-', '_')}_{part}": named(keys.file(name), suffix)
        for name in ("expired", "revoked", "other-unit")
        for part, suffix in (("cert", ".pem"), ("key", ".key"))
    }


def named(path: Path, suffix: str = ".pem") -> str:
    """Return a file as sut.toml names it."""
    return f"file:{path.with_suffix(suffix).resolve()}"
