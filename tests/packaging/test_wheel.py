# SPDX-License-Identifier: Apache-2.0
"""The wheel works alone: built from the tree, installed elsewhere, run from /, its data complete."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"gateway", "gateway_adapters", "gateway_conformance", "gateway_reference"}

pytestmark = pytest.mark.packaging


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel."""
    target = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    return next(target.glob("*.whl"))


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into an environment of its own that borrows the dependencies of this one, but not our tree."""
    place = tmp_path_factory.mktemp("installed")
    venv.create(place, with_pip=True, symlinks=True)
    executable = place / "bin" / "python"
    install = [executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    site = next((place / "lib").glob("python*/site-packages"))
    (site / "borrowed.pth").write_text(
        f"import sys; sys.path.append({sysconfig.get_path('purelib')!r})\n", encoding="utf-8"
    )
    return executable


def run(python: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the installed gateway from /."""
    environment = {"PATH": os.environ.get("PATH", ""), "PYTHONUTF8": "1"}
    command = [str(python.with_name("gateway")), *arguments]
    return subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, check=False)


def test_the_wheel_holds_our_packages_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names if not name.split("/")[0].endswith(".dist-info")}
    assert tops == PACKAGES
    assert any(name.startswith("gateway/locale/en/") and name.endswith(".mo") for name in names)
    assert not [name for name in names if "__pycache__" in name or name.endswith(".po~")]


def test_every_data_file_of_the_tree_is_in_the_wheel(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    for folder, inside in (("schemas", "schemas"), ("mappings", "mappings"), ("deploy/example", "example")):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                assert f"gateway/_bundle/{inside}/{path.relative_to(ROOT / folder).as_posix()}" in held


def test_it_runs_from_the_root_of_the_file_system(python: Path, tmp_path: Path) -> None:
    place = subprocess.run(
        [python, "-c", "import gateway; print(gateway.__file__)"], cwd="/", capture_output=True, text=True, check=True
    ).stdout
    assert str(python.parent.parent) in place
    assert run(python, "--version").stdout == "gateway 0.1.0\n"
    listed = run(python, "standard", "list", "--json")
    assert listed.returncode == 0, listed.stderr
    assert "CF_JD" in json.dumps(json.loads(listed.stdout))
    assert "Usage:" in run(python, "--help", "--lang", "en").stdout
    assert run(python, "init", str(tmp_path / "site")).returncode == 0
    assert run(python, "config", "check", "-C", str(tmp_path / "site")).returncode == 0
    assert run(python, "reference", "--help").returncode == 0
