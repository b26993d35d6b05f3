# SPDX-License-Identifier: Apache-2.0
"""The shape of the tree: import law, licence lines, banned names, one door to the XML parsers."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("gateway", "adapters", "conformance", "tools", "tests")
BANNED = {"utils", "util", "helpers", "helper", "common", "base", "manager", "handler", "misc"}
PARSERS = {"fromstring", "parse", "XML", "iterparse", "XMLParser", "XMLPullParser", "XMLSchema", "HTMLParser", "XSLT"}


def modules(*folders: str) -> Iterator[Path]:
    """Yield every Python file of the project below ``folders``."""
    for folder in folders:
        yield from (path for path in sorted((ROOT / folder).rglob("*.py")) if "__pycache__" not in path.parts)


def test_import_law_holds() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    told = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout[-3000:]


def test_every_file_begins_with_its_licence() -> None:
    line = "# SPDX-License-Identifier: Apache-2.0"
    bare = [path for path in modules(*SOURCES) if not path.read_text(encoding="utf-8").startswith(line)]
    assert bare == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [path for path in modules(*SOURCES) if path.stem in BANNED] == []


def test_packages_carry_their_types() -> None:
    for place in (
        "gateway",
        "adapters/gateway_adapters",
        "conformance/gateway_conformance",
        "conformance/gateway_reference",
    ):
        assert (ROOT / place / "py.typed").is_file(), place
        assert (ROOT / place / "__init__.py").is_file(), place


def parser_uses(path: Path) -> list[str]:
    """Return ``etree.NAME`` uses that would open another door to the parsers."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "etree"
        and node.attr in PARSERS
    ]


def test_safexml_is_the_only_door_to_the_parsers() -> None:
    door = ROOT / "gateway" / "documents" / "safexml.py"
    found = [use for path in modules("gateway", "adapters") if path != door for use in parser_uses(path)]
    assert found == []


def test_the_door_check_would_see_another_door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    other = tmp_path / "other.py"
    other.write_text("from lxml import etree\n\netree.fromstring(b'<a/>')\n", encoding="utf-8")
    assert parser_uses(other) == ["other.py:3"]


def test_lxml_and_xmlsec_share_one_libxml2() -> None:
    import xmlsec
    from lxml import etree

    assert xmlsec.get_libxml_version() == etree.LIBXML_VERSION
