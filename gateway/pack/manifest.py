# SPDX-License-Identifier: Apache-2.0
"""Manifest (清单) of a pack: SHA-256 of every file, so that a changed or lost file is seen.

``python -m gateway.pack.manifest`` writes ``MANIFEST.toml`` of the shipped packs; ``--check`` only compares (exit 1).
"""

import argparse
import sys
import tomllib
from pathlib import Path

from gateway import resources
from gateway.pack.files import MANIFEST, file_digests


def render(root: Path) -> str:
    """Return the text of the manifest."""
    lines = [f'"{name}" = "{digest}"' for name, digest in file_digests(root).items()]
    head = (
        "# SPDX-License-Identifier: Apache-2.0\n# Written by python -m gateway.pack.manifest; do not edit.\n\n[files]\n"
    )
    return head + "\n".join(lines) + "\n"


def differences(root: Path) -> tuple[str, ...]:
    """Return the relative paths that are new, changed or lost against the manifest."""
    path = root / MANIFEST
    told: dict[str, str] = tomllib.loads(path.read_text(encoding="utf-8"))["files"] if path.exists() else {}
    found = file_digests(root)
    return tuple(name for name in sorted(told.keys() | found.keys()) if told.get(name) != found.get(name))


def main(arguments: list[str] | None = None) -> int:
    """Write or check the manifests of all shipped packs and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m gateway.pack.manifest")
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 on any difference")
    check: bool = parser.parse_args(arguments).check
    exit_code = 0
    for root in sorted(path.parent for path in resources.find("schemas").glob("*/pack.toml")):
        if not check:
            (root / MANIFEST).write_text(render(root), encoding="utf-8")
        for name in differences(root):
            sys.stdout.write(f"{root.name}: {name}\n")
            exit_code = 1
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
