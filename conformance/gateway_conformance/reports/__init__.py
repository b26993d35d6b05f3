# SPDX-License-Identifier: Apache-2.0
"""Reports (报告), all made from the one canonical result: HTML, JUnit, CSV, and an evidence zip with its digests."""

import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any, Final

from gateway_conformance.reports import html, junit, table
from gateway_conformance.result import canonical

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # zip's own: the same result gives the same bytes


def files(result: dict[str, Any]) -> dict[str, bytes]:
    """Return every report by its file name."""
    made = {
        "result.json": canonical(result),
        "report.html": html.page(result).encode(),
        "junit.xml": junit.document(result),
        "cases.csv": table.sheet(result).encode("utf-8-sig"),
    }
    made["SHA256SUMS"] = "".join(
        f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in made.items()
    ).encode()
    return made


def write(result: dict[str, Any], directory: Path, evidence: list[dict[str, Any]] | None = None) -> list[Path]:
    """Write every report into ``directory``, and the masked evidence beside them; returns the files."""
    directory.mkdir(parents=True, exist_ok=True)
    made = files(result)
    if evidence is not None:
        made["evidence.zip"] = archive({"evidence.json": canonical({"exchanges": evidence}), **made})
    for name, content in made.items():
        (directory / name).write_bytes(content)
    return [directory / name for name in made]


def archive(contents: dict[str, bytes]) -> bytes:
    """Return a zip whose bytes depend on its contents alone."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in sorted(contents.items()):
            packed.writestr(zipfile.ZipInfo(name, _EPOCH), content)
    return held.getvalue()
