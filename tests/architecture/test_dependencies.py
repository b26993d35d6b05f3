# SPDX-License-Identifier: Apache-2.0
"""What the program imports is declared, what is declared is imported, what is declared is locked."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OURS = {"gateway", "gateway_adapters", "gateway_conformance", "gateway_reference"}


def normal(name: str) -> str:
    """Return a distribution's name in its normal form."""
    return re.sub(r"[-_.]+", "-", name).lower()


def declared() -> set[str]:
    """Return the distributions that pyproject.toml names for run time, extras included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [*project["dependencies"], *(each for extra in project["optional-dependencies"].values() for each in extra)]
    return {normal(re.split(r"[\[<>=!~ ]", requirement)[0]) for requirement in named}


def imported() -> set[str]:
    """Return the distributions that the packages import, anywhere in a file."""
    tops: set[str] = set()
    for folder in ("gateway", "adapters", "conformance"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    tops |= {alias.name.split(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    tops.add(node.module.split(".")[0])
    known = packages_distributions()
    return {normal(known[top][0]) for top in tops - OURS - sys.stdlib_module_names}


def test_imports_are_declared() -> None:
    through_another = {"urllib3", "pydantic-core"}  # they come with requests and pydantic, which pin them
    of_the_host = {"pytest"}  # the suite's plugin is loaded by pytest, by nothing else
    assert imported() - declared() - through_another - of_the_host == set()


def test_declared_dependencies_are_imported() -> None:
    by_address = {"oracledb", "pymssql"}  # SQLAlchemy loads them for the URL of a source
    assert declared() - imported() == by_address


def test_everything_declared_is_locked_with_hashes() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pins = {normal(name) for name in re.findall(r"^([A-Za-z0-9_.-]+)==", text, re.MULTILINE)}
    assert declared() <= pins
    assert len(re.findall(r"^[A-Za-z0-9].*\\$", text, re.MULTILINE)) == len(pins)
    every = (ROOT / "requirements-dev.lock").read_text(encoding="utf-8")
    pinned = set(re.findall(r"^[a-z0-9_.-]+==\S+", text, re.MULTILINE))
    assert pinned <= set(re.findall(r"^[a-z0-9_.-]+==\S+", every, re.MULTILINE))
