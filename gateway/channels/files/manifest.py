# SPDX-License-Identifier: Apache-2.0
"""The manifest (``NAME.ok``) that says a file is complete: name, size, sha256, sequence, signature (standard.md §4)."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from gateway.channels.files.findings import FileRefused, file_finding
from gateway.model.words import Words
from gateway.trust import detached

SUFFIX: Final = ".ok"
LARGEST: Final = 16 * 1024

_KEYS: Final = frozenset({"name", "size", "sha256", "sequence", "signature"})
_LINE: Final = re.compile(r"\s*([a-z0-9]+)\s*[=:]\s*(.*?)\s*")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a manifest says; ``sha256`` is in lower-case hex."""

    name: str
    size: int
    sha256: str
    sequence: int | None = None
    signature: str | None = None

    def signed(self) -> bytes:
        """Return what the signature is over: ``name|size|sha256|sequence``, UTF-8, no line end."""
        sequence = "" if self.sequence is None else str(self.sequence)
        return f"{self.name}|{self.size}|{self.sha256}|{sequence}".encode()

    def text(self) -> bytes:
        """Return the manifest as a sender would write it."""
        shown = {"name": self.name, "size": self.size, "sha256": self.sha256, "sequence": self.sequence}
        given = {key: value for key, value in (shown | {"signature": self.signature}).items() if value is not None}
        return "".join(f"{key}={value}\n" for key, value in given.items()).encode()


def parse(data: bytes, file: str) -> Manifest:
    """Return the manifest of ``file``: a JSON object or lines ``key=value`` in UTF-8; raises FileRefused."""
    try:
        text = data.decode("utf-8-sig")
        given = json.loads(text) if text.lstrip().startswith("{") else _lines(text)
        _only_known(given)
        manifest = Manifest(
            str(given["name"]), int(given["size"]), str(given["sha256"]).lower(),
            None if given.get("sequence") in (None, "") else int(given["sequence"]), given.get("signature") or None,
        )  # fmt: skip
    except (UnicodeDecodeError, ValueError, TypeError, RecursionError) as fault:
        raise FileRefused(file_finding("FIL-003", file + SUFFIX, str(fault)[:100])) from fault
    except KeyError as missing:
        words = Words(f"缺少 {missing.args[0]}", f"{missing.args[0]} is missing")
        raise FileRefused(file_finding("FIL-003", file + SUFFIX, words)) from missing
    if not re.fullmatch(r"[0-9a-f]{64}", manifest.sha256) or not 0 <= (manifest.sequence or 0) < 10**18:
        raise FileRefused(file_finding("FIL-003", file + SUFFIX, "sha256, sequence"))
    return manifest


def _only_known(given: Mapping[str, object]) -> None:
    strange = sorted(set(given) - _KEYS)
    if strange:
        raise ValueError(", ".join(strange))


def _lines(text: str) -> dict[str, str]:
    given: dict[str, str] = {}
    for line in filter(str.strip, text.splitlines()):
        found = _LINE.fullmatch(line)
        if found is None or found[1] in given:
            raise ValueError(line.strip()[:40])
        given[found[1]] = found[2]
    return given


def verify(manifest: Manifest, name: str, size: int, sha256: str, certificate: bytes | None, sequenced: bool) -> None:
    """Hold a file to its manifest; raises FileRefused."""
    for what, said, found in (
        ("name", manifest.name, name),
        ("size", manifest.size, size),
        ("sha256", manifest.sha256, sha256),
    ):
        if said != found:
            raise FileRefused(file_finding("FIL-004", name, what))
    if sequenced and manifest.sequence is None:
        raise FileRefused(file_finding("FIL-003", name + SUFFIX, Words("缺少 sequence", "sequence is missing")))
    if certificate is not None and not detached.holds(certificate, manifest.signed(), manifest.signature or ""):
        raise FileRefused(file_finding("FIL-005", name + SUFFIX))
