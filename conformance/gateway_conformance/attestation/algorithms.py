# SPDX-License-Identifier: Apache-2.0
"""Signature algorithms: Ed25519 is built in, SM2 and others come as plug-ins; there is no cryptography of our own.

A plug-in is a module, named under the entry point group ``gateway.signatures`` by its algorithm (``sm2``), with

- ``sign(key: bytes, message: bytes) -> tuple[str, bytes]``: key id and signature; the key is the content of the key file;
- ``verify(public: bytes, signature: bytes, message: bytes) -> bool``: the public key is PEM (SubjectPublicKeyInfo).

The key id is SHA-256 (hex) of the DER bytes between the PEM lines of the public key, whatever the algorithm.
"""

from importlib.metadata import entry_points
from typing import Any, Final

from gateway_conformance.attestation.verifier import Verify

ED25519: Final = "ed25519"
GROUP: Final = "gateway.signatures"


class Unsignable(Exception):
    """The result, a waiver, a key or an algorithm cannot be used for an attestation."""


def plugged(algorithm: str) -> Any:
    """Return the plug-in of an algorithm; raises Unsignable where there is none."""
    for entry in entry_points(group=GROUP, name=algorithm):
        return entry.load()
    raise Unsignable(
        f"没有签名算法 {algorithm} 的插件(入口组 {GROUP}) / there is no plug-in for {algorithm} (entry point group {GROUP})"
    )


def verifying() -> dict[str, Verify]:
    """Return what verifies signatures, of every plug-in there is, by algorithm."""
    return {entry.name: entry.load().verify for entry in entry_points(group=GROUP)}
