# SPDX-License-Identifier: Apache-2.0
"""Differences of packs: what changed, where, and whether it breaks senders."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.dictionary import Change, compare, compare_rules
from gateway.dictionary.changes import What
from gateway.model.finding import Severity
from gateway.model.words import Words
from gateway.pack import Pack, load_pack

Edit = Callable[[Path, str, str], None]


@pytest.fixture
def second(pack: Pack, tmp_path: Path) -> Path:
    """Return a copy of the shipped pack that a test may change."""
    root = tmp_path / "jiangxi-1.1"
    shutil.copytree(pack.root, root, ignore=shutil.ignore_patterns("samples", "calendar", "wsdl"))
    return root


def _edit(root: Path, name: str, old: str, new: str) -> None:
    path = root / name
    text = path.read_text(encoding="utf-8")
    assert len(re.findall(old, text, re.MULTILINE)) == 1, old
    path.write_text(re.sub(old, new, text, flags=re.MULTILINE), encoding="utf-8")


def _changes(pack: Pack, root: Path) -> list[Change]:
    return list(compare(pack, load_pack(root.name, root.parent)))


def _back(pack: Pack, root: Path) -> list[Change]:
    return list(compare(load_pack(root.name, root.parent), pack))


def test_the_same_pack_does_not_differ(pack: Pack, second: Path) -> None:
    assert _changes(pack, second) == []


def test_a_tightened_obligation_breaks_a_loosened_one_does_not(pack: Pack, second: Path) -> None:
    _edit(second, "dictionary.csv", r"^(CaseHead,operatorName,.*),O,O,O,", r"\1,O,M,M,")
    assert [(c.at, c.part, c.before, c.after, c.breaking) for c in _changes(pack, second)][:2] == [
        ("XK_SQ/operatorName", "L2", "O", "M", True),
        ("XK_SQ/operatorName", "L3", "O", "M", True),
    ]
    assert {change.what for change in _changes(pack, second)} == {What.OBLIGATION}
    assert not any(change.breaking for change in _back(pack, second))


NEW_ELEMENT = (
    '      <xs:element name="shortTitle" type="Text50" minOccurs="0">\n        <xs:annotation>'
    '<xs:documentation xml:lang="zh">短标题</xs:documentation><xs:documentation xml:lang="en">short title'
    '</xs:documentation><xs:appinfo><d:field code="DBT" need="O"/></xs:appinfo></xs:annotation>\n'
    "      </xs:element>\n"
)


def test_a_new_optional_element_is_compatible_a_lost_one_breaks(pack: Pack, second: Path) -> None:
    _edit(second, "xsd/gk.xsd", r'^(?=      <xs:element name="title")', NEW_ELEMENT)
    _edit(
        second, "dictionary.csv", r"\Z", "Disclosure,shortTitle,短标题,short title,DBT,Text50,,,O,O,O,,,短,short,短,,\n"
    )
    at = ("GK_XX/shortTitle", "element", None, "短标题", False)
    assert [(c.at, c.part, c.before, c.after, c.breaking) for c in _changes(pack, second)] == [at]
    assert [(c.before, c.after, c.breaking) for c in _back(pack, second)] == [("短标题", None, True)]


def test_a_shorter_text_breaks_a_longer_one_does_not(pack: Pack, second: Path) -> None:
    _edit(second, "dictionary.csv", r"^(CaseHead,remark,.*),Text500,", r"\1,Text200,")
    _edit(second, "xsd/common.xsd", r'(<xs:element name="remark" type=")Text500"', r'\1Text200"')
    forth, back = _changes(pack, second), _back(pack, second)
    assert {(c.part, c.before, c.after, c.breaking) for c in forth} == {("length", "500", "200", True)}
    assert {c.breaking for c in back} == {False}
    assert "CF_JD/remark" in {c.at for c in forth}


def test_a_code_that_ends_breaks_a_new_one_does_not(pack: Pack, second: Path) -> None:
    _edit(second, "codes/Channel.csv", r"^邮寄,(.*?),(.*?),,,", r"邮寄,\1,\2,,2025-12-31,")
    _edit(second, "codes/Channel.csv", r"\Z", "自助终端,自助终端,kiosk,2026-01-01,,示例\n")
    told = [(c.what, c.at, c.breaking) for c in _changes(pack, second)]
    assert told == [(What.CODE, "Channel/邮寄", True), (What.CODE, "Channel/自助终端", False)]


def test_new_words_are_compatible(pack: Pack, second: Path) -> None:
    _edit(second, "dictionary.csv", "办件编号,全市唯一,贯穿全过程", "全市唯一的办件编号")
    told = _changes(pack, second)
    assert {(c.what, c.part, c.breaking) for c in told} == {(What.TEXT, "meaning", False)}


def test_a_lost_record_type_breaks(pack: Pack, second: Path) -> None:
    _edit(second, "roles.toml", r"^\[types\.TS_XX\]\n(?:[^\[\n].*\n)*", "")
    assert [(c.what, c.at, c.after, c.breaking) for c in _changes(pack, second)] == [(What.TYPE, "TS_XX", None, True)]


class _Rule:
    def __init__(self, severity: Severity, text: str = "甲") -> None:
        self.severity, self.message = severity, Words(text, text)


def test_rules_that_grow_severe_break() -> None:
    before = {"ABC-001": _Rule(Severity.WARNING), "ABC-002": _Rule(Severity.ERROR), "ABC-003": _Rule(Severity.ERROR)}
    after = {
        "ABC-001": _Rule(Severity.ERROR), "ABC-003": _Rule(Severity.ERROR, "乙"), "ABC-004": _Rule(Severity.WARNING),
        "ABC-005": _Rule(Severity.ERROR),
    }  # fmt: skip
    assert [(c.at, c.part, c.breaking) for c in compare_rules(before, after)] == [
        ("ABC-001", "severity", True), ("ABC-002", "rule", False), ("ABC-003", "message", False),
        ("ABC-004", "rule", False), ("ABC-005", "rule", True),
    ]  # fmt: skip
