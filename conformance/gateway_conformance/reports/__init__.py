# SPDX-License-Identifier: Apache-2.0
"""Reports, all made from the one canonical result."""

from pathlib import Path
from typing import Any

from gateway_conformance.result import canonical


def write(result: dict[str, Any], directory: Path) -> list[Path]:
    """Write every report into ``directory`` and return the files."""
    directory.mkdir(parents=True, exist_ok=True)
    files = {"result.json": canonical(result)}
    for name, content in files.items():
        (directory / name).write_bytes(content)
    return [directory / name for name in files]
