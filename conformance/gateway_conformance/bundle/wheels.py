# SPDX-License-Identifier: Apache-2.0
"""Wheels for a machine without a network: the locked requirements for Linux and Windows, fetched by their hashes, and our own."""

import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway import resources

PROJECT: Final = "power-exchange-gateway"
PLATFORMS: Final = {
    "linux": ("manylinux2014_x86_64", "manylinux_2_17_x86_64", "manylinux_2_28_x86_64"),
    "windows": ("win_amd64",),
}
PYTHONS: Final = ("3.11", "3.12", "3.13")
_MARKER: Final = re.compile(r"\A(\S+)[ ]*;[ ]*([^\\\n]+?)[ ]*(?=\\|\n|\Z)")
_ANSWERS: Final = {
    "sys_platform == 'win32'": frozenset({"windows"}),
    "implementation_name != 'pypy'": frozenset(PLATFORMS),
    "implementation_name != 'PyPy'": frozenset(PLATFORMS),
}
"""Markers of the lock, and the platforms (CPython) on which they hold."""


class NotFetched(Exception):
    """Wheels could not be had; the text is what pip said last."""


@dataclass(frozen=True, slots=True)
class Target:
    """What machines the kit is for: platforms, and the one version of Python."""

    platforms: tuple[str, ...]
    python: str


def requirements(platform: str) -> str:
    """Return the locked requirements for a platform: markers are answered here, pip would ask this machine. Raises NotFetched."""
    blocks = re.split(r"\n(?=[A-Za-z0-9])", resources.find("requirements.lock").read_text("utf-8"))
    kept = []
    for block in blocks:
        marked = _MARKER.match(block)
        if marked is None:
            kept.append(block)
            continue
        if marked.group(2) not in _ANSWERS:
            raise NotFetched(f"requirements.lock: {marked.group(0)}")
        if platform in _ANSWERS[marked.group(2)]:
            kept.append(marked.group(1) + " " + block[marked.end() :])
    return "\n".join(kept) + "\n"


def fetch(platform: str, python: str, into: Path) -> list[Path]:
    """Download the wheels of a platform into a folder, each held against its hash; returns the files. Raises NotFetched."""
    into.mkdir(parents=True, exist_ok=True)
    listed = into.parent / f"requirements-{platform}.txt"
    listed.write_text(requirements(platform), "utf-8")
    places = [part for each in PLATFORMS[platform] for part in ("--platform", each)]
    _pip(
        "download", "--no-deps", "--require-hashes", "--only-binary", ":all:", "--implementation", "cp",
        "--python-version", python, *places, "--requirement", str(listed), "--dest", str(into),
    )  # fmt: skip
    return sorted(into.glob("*.whl"))


def own(into: Path, given: Path | None = None) -> Path:
    """Return the wheel of this product: the given one, or built from the source tree that runs. Raises NotFetched."""
    if given is not None:
        return given
    root = Path(resources.__file__).resolve().parents[1]
    if not (root / "pyproject.toml").is_file():
        raise NotFetched(
            "本程序是从 wheel 安装的:用 --wheel 给出该文件 / installed from a wheel: name that file with --wheel"
        )
    into.mkdir(parents=True, exist_ok=True)
    _run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(into)], root)
    return max(into.glob("*.whl"), key=lambda path: path.stat().st_mtime)


def _pip(*arguments: str) -> None:
    _run([sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments], Path.cwd())


def _run(command: Iterable[str], folder: Path) -> None:
    done = subprocess.run(list(command), cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 # our own words
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip() and not line.startswith("WARNING")]
        raise NotFetched("\n".join(said[-5:]) or f"exit {done.returncode}")
