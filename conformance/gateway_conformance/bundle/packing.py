# SPDX-License-Identifier: Apache-2.0
"""Putting the kit together: wheels, scripts, seed data, guides and sums in one zip that is the same for the same content."""

import hashlib
import io
import posixpath
import re
import tempfile
import zipfile
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Final

from gateway import __version__, resources
from gateway.pack import load_pack
from gateway_conformance.bundle import wheels
from gateway_conformance.bundle.scripts import scripts
from gateway_conformance.bundle.seed import DATABASES, seed
from gateway_conformance.bundle.wheels import Target
from gateway_conformance.registry import EDITION, digest
from gateway_conformance.result import suite_digest

GUIDES: Final = ("vendor-kit.md", "answering-profiles.md", "conformance.md", "go-live.md")
REFERENCES: Final = ("conformance.md", "conformance-seams.md", "wire.md")
_EARLY: Final = (1980, 1, 1, 0, 0, 0)
_MODE: Final = 0o644
_RUN: Final = 0o755
_LINK: Final = re.compile(r"\[([^\]]+)\]\((?![a-z]+:)([^)#]+)\)")


def kit(target: Target, wheel: Path | None, told: Callable[[str], None]) -> bytes:
    """Return the kit as a zip. Raises wheels.NotFetched where wheels cannot be had."""
    files: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory(prefix="gateway-kit-") as place:
        folder = Path(place)
        if target.platforms:
            mine = wheels.own(folder / "own", wheel)
            files[f"wheels/{mine.name}"] = mine.read_bytes()
            for platform in target.platforms:
                found = wheels.fetch(platform, target.python, folder / platform)
                told(f"{platform}: {len(found)} wheels")
                files |= {f"wheels/{path.name}": path.read_bytes() for path in found}
                files[f"requirements-{platform}.txt"] = wheels.requirements(platform).encode()
            files |= scripts(target.python, f"wheels/{mine.name}", target.platforms)
    files |= dict(_seeds())
    files |= dict(_guides())
    files["VERSION"] = (
        f"gateway {__version__}\nedition {EDITION}\nregistry {digest()}\nsuite {suite_digest()}\npython {target.python}\n"
    ).encode()
    return _zip(files)


def _seeds() -> Iterator[tuple[str, bytes]]:
    made = seed(load_pack())
    for database in DATABASES:
        yield f"seed/{database}.sql", made.sql(database).encode()
    for name, content in made.csv_files():
        yield f"seed/csv/{name}", content


def _guides() -> Iterator[tuple[str, bytes]]:
    texts = {f"docs/howto/{name}": (resources.find("howto") / name).read_text("utf-8") for name in GUIDES}
    texts |= {f"docs/reference/{name}": (resources.find("reference") / name).read_text("utf-8") for name in REFERENCES}
    for name, content in texts.items():
        yield name, _linked(content, name, name, texts).encode()
    first = f"docs/howto/{GUIDES[0]}"
    yield "README.md", _linked(texts[first], first, "README.md", texts).encode()


def _linked(content: str, name: str, at: str, known: Collection[str]) -> str:
    """Return a page as it lies at ``at``: links to pages of the kit lead there, others are left as words."""

    def link(found: re.Match[str]) -> str:
        words, target = found.group(1), posixpath.normpath(posixpath.join(posixpath.dirname(name), found.group(2)))
        return f"[{words}]({posixpath.relpath(target, posixpath.dirname(at) or '.')})" if target in known else words

    return _LINK.sub(link, content)


def _zip(files: dict[str, bytes]) -> bytes:
    """Return the zip with the list of sums: names sorted, times fixed, scripts executable."""
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items()))
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted({**files, "SHA256SUMS": sums.encode()}.items()):
            entry = zipfile.ZipInfo(f"conformance-kit/{name}", _EARLY)
            entry.compress_type = zipfile.ZIP_STORED if name.endswith(".whl") else zipfile.ZIP_DEFLATED
            entry.external_attr = (_RUN if name.endswith(".sh") else _MODE) << 16
            archive.writestr(entry, content)
    return held.getvalue()
