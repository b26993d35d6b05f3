# SPDX-License-Identifier: Apache-2.0
"""Digests of a pack's files."""

import hashlib
from functools import cache
from pathlib import Path

MANIFEST = "MANIFEST.toml"


def file_digests(root: Path) -> dict[str, str]:
    """Return SHA-256 hex by relative path of every file of the pack except the manifest itself."""
    files = sorted(path for path in root.rglob("*") if path.is_file() and path.name != MANIFEST)
    return {path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@cache
def pack_digest(root: Path) -> str:
    """Return SHA-256 hex over the ``digest  path`` lines of all files: the identity of the pack's content."""
    lines = "".join(f"{digest}  {name}\n" for name, digest in file_digests(root).items())
    return hashlib.sha256(lines.encode()).hexdigest()
