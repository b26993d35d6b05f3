# SPDX-License-Identifier: Apache-2.0
"""Who a reference system is and whom it knows: ``system.toml`` and ``peers.toml`` of its directory."""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key


class BadDirectory(Exception):
    """The directory of a reference system lacks a file or a value; the message names it."""


@dataclass(frozen=True)
class Peer:
    """A party that may call: its code, pinned client certificates, pinned signing certificate and organisations."""

    code: str
    name: str
    clients: frozenset[str]
    signing: x509.Certificate | None
    organisations: frozenset[str]

    def may_send_for(self, org: str) -> bool:
        """Tell whether records of an organisation may come from this party; ``*`` in the list means any."""
        return "*" in self.organisations or org in self.organisations


@dataclass(frozen=True)
class System:
    """A reference system's own identity and the peers it has registered."""

    code: str
    name: str
    server_certificate: Path
    server_key: Path
    client_ca: Path
    receipt_key: Any
    receipt_certificate: x509.Certificate
    peers: Mapping[str, Peer]

    def caller(self, fingerprint: str) -> Peer | None:
        """Return the peer whose pinned client certificate has this SHA-256 fingerprint (hex)."""
        return next((peer for peer in self.peers.values() if fingerprint in peer.clients), None)


def fingerprint(certificate: x509.Certificate) -> str:
    """Return SHA-256, hex, of a certificate's DER form."""
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def load(directory: Path) -> System:
    """Read a system's directory; raises BadDirectory with the file that is missing or wrong."""
    try:
        own = tomllib.loads((directory / "system.toml").read_text("utf-8"))
        listed = tomllib.loads((directory / "peers.toml").read_text("utf-8"))
        peers = {entry["code"]: _peer(directory, entry) for entry in listed.get("peer", [])}
        return System(
            code=own["code"],
            name=own.get("name", own["code"]),
            server_certificate=directory / own["server_certificate"],
            server_key=directory / own["server_key"],
            client_ca=directory / own["client_ca"],
            receipt_key=load_pem_private_key((directory / own["receipt_key"]).read_bytes(), None),
            receipt_certificate=x509.load_pem_x509_certificate((directory / own["receipt_certificate"]).read_bytes()),
            peers=peers,
        )
    except OSError as error:
        raise BadDirectory(f"缺少文件 / missing file: {error.filename}") from error
    except (KeyError, ValueError, TypeError) as error:
        raise BadDirectory(f"{directory}: 登记文件有误 / wrong registry: {error}") from error


def _peer(directory: Path, entry: Mapping[str, Any]) -> Peer:
    signing = entry.get("signing")
    return Peer(
        code=entry["code"],
        name=entry.get("name", entry["code"]),
        clients=frozenset(entry.get("clients", [])),
        signing=x509.load_pem_x509_certificate((directory / signing).read_bytes()) if signing else None,
        organisations=frozenset(entry.get("organisations", [])),
    )
