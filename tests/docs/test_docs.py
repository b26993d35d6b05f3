# SPDX-License-Identifier: Apache-2.0
"""What the program can say is documented, what is documented is there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.cli import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "deploy").glob("*.md")]
CODE = re.compile(r"\b(?:GW|SRC|MAP|DOC|XSD|COD|IDN|DAT|SEC)-\d{3}\b")
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#]+)")


@pytest.mark.parametrize("tool", ["reference", "catalogue"])
def test_generated_files_are_current(tool: str) -> None:
    told = subprocess.run(
        [sys.executable, f"tools/{tool}.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stdout + told.stderr


def test_every_code_in_the_program_is_documented() -> None:
    documented = set(CODE.findall((ROOT / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")))
    said = {
        code
        for path in (ROOT / "gateway").rglob("*.py")
        for code in re.findall(r'"((?:GW|SRC|MAP|DOC|XSD|COD|IDN|DAT|SEC)-\d{3})"', path.read_text(encoding="utf-8"))
    }
    assert said - documented == set()
    assert len(said) > 40


def test_every_link_leads_somewhere() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {link}"
        for page in PAGES
        for link in LINK.findall(page.read_text(encoding="utf-8"))
        if not (page.parent / link.strip()).exists()
    ]
    assert broken == []


def test_commands_in_the_readmes_exist() -> None:
    for name in ("README.md", "README.zh-CN.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        shown = set(re.findall(r"^gateway ([a-z]+)", text, re.MULTILINE))
        assert len(shown) == 5
        assert shown <= set(COMMANDS)


def test_targets_in_the_readmes_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for page in PAGES:
        named = set(re.findall(r"`make ([a-z]+)`|^make ([a-z]+)", page.read_text(encoding="utf-8"), re.MULTILINE))
        assert {one or other for one, other in named} <= targets, page


def test_changelog_names_the_version_or_unreleased() -> None:
    assert "## [Unreleased]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_no_machine_or_registry_is_named() -> None:
    """Locked requirements, pages and settings name no host of a registry and no path of a machine."""
    files = [*PAGES, *ROOT.glob("requirements*.lock"), ROOT / "pyproject.toml", ROOT / "Makefile", ROOT / ".ci" / "run"]
    pattern = re.compile(
        r"(?<!emit-)index-url|find-links|pypi\.org|pythonhosted|/root/|(?<![\w.])/work/", re.IGNORECASE
    )
    assert [str(path) for path in files if pattern.search(path.read_text(encoding="utf-8"))] == []
