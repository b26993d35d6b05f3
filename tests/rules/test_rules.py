# SPDX-License-Identifier: Apache-2.0
"""Rules on records: what decides, what discards, what stays silent."""

import random
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from gateway.documents import safexml
from gateway.errors import ConfigurationError
from gateway.model.finding import Finding, Severity
from gateway.pack import load_pack
from gateway.rules import Rules
from gateway.rules.identifiers import resident_check_digit

PACK = load_pack()
RULES = Rules(PACK)


def _check(code: str, *changes: tuple[str, str]) -> tuple[Finding, ...]:
    text = (PACK.root / "samples" / "valid" / f"{code}.xml").read_text(encoding="utf-8")
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after)
    return RULES.check(code, safexml.parse(text.encode()))


def _person(kind: str, number: str, on: str = "2022-04-01") -> list[str]:
    found = _check(
        "CF_LA",
        ("<idKind>统一社会信用代码</idKind>", f"<idKind>{kind}</idKind>"),
        ("<idNo>91360100MA00000234</idNo>", f"<idNo>{number}</idNo>"),
        ("2022-04-01", on),
    )
    return [finding.code for finding in found if finding.code.startswith(("COD", "IDN"))]


def _number(prefix: str, born: str = "19900101", order: int = 1) -> str:
    first17 = f"{prefix}{born}{order:03d}"
    return first17 + resident_check_digit(first17)


def test_a_state_secret_must_not_be_stored() -> None:
    found = _check("CF_JD", ("<version>1</version>", "<version>1</version>"), ("<party>", "<party>"))
    assert not RULES.discards(found)
    text = (PACK.root / "samples" / "invalid" / "SEC-001-state-secret.xml").read_bytes()
    found = RULES.check("CF_LA", safexml.parse(text))
    assert RULES.discards(found)
    assert [finding.code for finding in found] == ["SEC-001"]
    assert found[0].refuses


def test_a_finding_of_others_discards_nothing() -> None:
    found = _check("CF_JD", ("<kinds>CF01</kinds>", "<kinds>CF77</kinds>"))
    assert found
    assert not RULES.discards(found)


def test_all_findings_of_a_record_come_in_one_pass() -> None:
    found = _check(
        "CF_JD",
        ("<kinds>CF01</kinds>", "<kinds>CF77</kinds>"),
        ("<kinds>CF02</kinds>", "<kinds>CF78</kinds>"),
        ("<regionCode>360100</regionCode>", "<regionCode>999999</regionCode>"),
        ("<orgCode>11360100MA0000015H</orgCode>", "<orgCode>11360100MA0000015X</orgCode>"),
    )
    assert sorted(finding.code for finding in found) == ["COD-001", "COD-001", "COD-003", "IDN-002", "REC-009"]
    assert [finding.path for finding in found if finding.code == "COD-003"] == ["penaltyDecision/regionCode"]


def test_the_day_of_the_decision_decides_not_that_of_the_record() -> None:
    late = [("<occurredAt>2022-05-06", "<occurredAt>2021-07-14"), ("<kinds>CF01</kinds>", "<kinds>CF09</kinds>")]
    assert _check("CF_JD", *late) == ()
    early = [("<decidedAt>2022-05-06", "<decidedAt>2021-07-14"), ("<deliveredAt>2022-05-09", "<deliveredAt>2021-07-15")]
    assert [found.code for found in _check("CF_JD", *late, *early)] == ["COD-002"]


def test_old_regions_are_warnings_only_inside_their_window() -> None:
    day = date(2019, 12, 20)
    seen: dict[str, list[date]] = {}
    while day <= date(2020, 7, 3):
        found = _check(
            "CF_LA",
            ("<regionCode>360100</regionCode>", "<regionCode>360105</regionCode>"),
            ("<occurredAt>2022-04-01", f"<occurredAt>{day}"),
        )
        (code, severity) = (found[0].code, found[0].severity) if found else ("clean", None)
        assert severity is {"clean": None, "COD-005": Severity.WARNING, "COD-004": Severity.ERROR}[code]
        seen.setdefault(code, []).append(day)
        day += timedelta(days=1)
    assert {code: (days[0], days[-1]) for code, days in seen.items()} == {
        "clean": (date(2019, 12, 20), date(2019, 12, 23)),
        "COD-005": (date(2019, 12, 24), date(2020, 6, 28)),
        "COD-004": (date(2020, 6, 29), date(2020, 7, 3)),
    }


def test_an_old_region_names_its_successor() -> None:
    (found,) = _check(
        "CF_LA", ("<regionCode>360100</regionCode>", "<regionCode>360122</regionCode>"), ("2022-04-01", "2015-09-01")
    )
    assert "360112 新建区" in found.hint.zh
    assert "2015-09-28" in found.message.zh


@pytest.mark.parametrize("code", ["360000", "360100", "360191", "360200"])
def test_vertical_departments_and_zones_pass(code: str) -> None:
    assert _check("CF_LA", ("<regionCode>360100</regionCode>", f"<regionCode>{code}</regionCode>")) == ()


@pytest.mark.parametrize("place", ["360112", "360113", "360105", "360122", "110103", "362101", "440305"])
def test_people_of_new_and_former_districts_pass(place: str) -> None:
    assert _person("居民身份证", _number(place)) == []


@pytest.mark.parametrize(
    ("kind", "number", "on", "codes"),
    [
        ("居民身份证", _number("810000"), "2022-04-01", ["IDN-009"]),
        ("居民身份证", "36010219900101001" + "X", "2022-04-01", ["IDN-007"]),
        ("居民身份证", "3.6010219900101E+17", "2022-04-01", ["IDN-006"]),
        ("居民身份证", "360102901301001", "2012-01-01", ["IDN-008"]),
        ("港澳居民居住证", _number("820000"), "2018-09-01", []),
        ("港澳居民居住证", _number("360102"), "2022-04-01", ["IDN-012"]),
        ("台湾居民居住证", _number("830000"), "2022-04-01", []),
        ("台湾居民居住证", _number("810000"), "2022-04-01", ["IDN-012"]),
        ("外国人永久居留身份证", "CAN110000000000", "2012-04-01", []),
        ("外国人永久居留身份证", _number("901840"), "2023-12-01", []),
        ("外国人永久居留身份证", _number("360102"), "2023-12-01", ["IDN-006"]),
        ("来往内地通行证", "H12345678", "2022-04-01", []),
        ("来往内地通行证", "12345678", "2022-04-01", ["IDN-006"]),
        ("来往大陆通行证", "12345678", "2022-04-01", []),
        ("军官证", "示例字第0000001号", "2022-04-01", []),
        ("工商注册号", "360100000000001", "2012-04-01", []),
        ("工商注册号", "36010000", "2012-04-01", ["IDN-006"]),
        ("组织机构代码", "91360100MA00000234", "2022-04-01", ["IDN-004"]),
        ("其他", "anything at all", "2022-04-01", []),
    ],
)
def test_numbers_fit_their_kind(kind: str, number: str, on: str, codes: list[str]) -> None:
    assert _person(kind, number, on) == codes


def test_a_residence_permit_before_its_time_is_no_kind_yet() -> None:
    assert _person("港澳居民居住证", _number("810000"), "2018-08-31") == ["COD-002"]


def test_random_slips_in_resident_numbers_are_caught() -> None:
    chance = random.Random(20100640)  # made-up numbers
    for order in range(200):
        number = _number("360102", order=order)
        place = chance.randrange(18)
        slipped = number[:place] + chance.choice("0123456789".replace(number[place], "")) + number[place + 1 :]
        assert _person("居民身份证", slipped), slipped


def test_lines_are_told_only_where_they_say_something() -> None:
    element = safexml.parse((PACK.root / "samples" / "invalid" / "COD-003-registering-office.xml").read_bytes())
    assert [finding.line for finding in RULES.check("CF_JD", element)] == [8]
    assert [finding.line for finding in RULES.check("CF_JD", element, with_lines=False)] == [None]


def test_nil_and_absent_values_are_nobodys_fault() -> None:
    nil = ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"></'
    assert (
        _check(
            "CF_LA",
            ("<idNo>91360100MA00000234</idNo>", f"<idNo{nil}idNo>"),
            ("<procedure>2</procedure>", f"<procedure{nil}procedure>"),
        )
        == ()
    )
    assert _check("CF_LA", ("<idKind>统一社会信用代码</idKind>", "")) == ()


def test_comments_between_elements_change_nothing() -> None:
    assert _check("CF_LA", ("<party>", "<!-- 甲 --><party><?x y?>")) == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"CF_JD/kinds"', '"CF_JD/kind"'),
        ('check = "uscc"', 'check = "luck"'),
        ('list = "PayKind"', 'list = "PayKinds"'),
        ('date = "filedAt"', 'date = "filedOn"'),
    ],
)
def test_tables_that_name_what_is_not_there_are_refused(tmp_path: Path, before: str, after: str) -> None:
    shutil.copytree(PACK.root, tmp_path / "copy")
    path = tmp_path / "copy" / "checks.toml"
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"checks\.toml"):
        Rules(load_pack("copy", tmp_path))
