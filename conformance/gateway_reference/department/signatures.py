# SPDX-License-Identifier: Apache-2.0
"""Signatures that stand beside what they sign (manifests): ECDSA or RSA (PKCS 1.5) over SHA-256, in base64."""

import base64
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import load_pem_private_key


@cache
def _key(path: Path) -> Any:
    return load_pem_private_key(path.read_bytes(), None)


def sign(key: Path, signed: bytes) -> str:
    """Return the signature over ``signed`` with the private key (PEM) in a file."""
    private = _key(key)
    if isinstance(private, ec.EllipticCurvePrivateKey):
        made = private.sign(signed, ec.ECDSA(hashes.SHA256()))
    else:
        made = private.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    return base64.b64encode(made).decode()
