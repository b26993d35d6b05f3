# SPDX-License-Identifier: Apache-2.0
"""``gateway validate`` as a vendor uses it: packages, record files, folders; places, masks, exit codes."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.cli import shell
from gateway.documents.safexml import canonical, parse
from gateway.pack import load_pack
from tests.trust.conftest import Trust
from tests.trust.conftest import trust as trust

SAMPLES = load_pack().root / "samples"
NS = "urn:jx:power-exchange:1.0"
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: object) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            shell.main(["validate", *map(str, arguments)])
        assert isinstance(ended.value.code, int)
        return ended.value.code, capsys.readouterr().out

    return call


def rows(answer: tuple[int, str]) -> list[dict[str, Any]]:
    return list(json.loads(answer[1]))


def filing(**changes: str) -> str:
    text = canonical(parse((SAMPLES / "valid" / "CF_LA.xml").read_bytes())).decode()
    text = re.sub(r">\s+<", "><", text)
    for name, value in changes.items():
        text, times = re.subn(rf"<{name}>[^<]*<", f"<{name}>{value}<", text)
        assert times
    return text


def test_the_samples_of_the_pack(run: Run) -> None:
    assert run(SAMPLES / "valid") == (0, "")
    code, out = run(SAMPLES / "invalid", "--json", "--fail-on", "warning")
    assert code == 1
    found = json.loads(out)
    assert {row["rule"] for row in found} >= {"COD-001", "IDN-007", "SEC-001"}
    assert set(found[0]) == {
        "file", "record", "type", "rule", "path", "line", "column", "severity", "message", "hint",
    }  # fmt: skip
    assert all(row["line"] for row in found)


def test_a_finding_in_words_with_the_value_masked(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "one.xml"
    file.write_text(filing(idNo="360102199001010018", name="王示例" * 100), "utf-8")
    code, out = run(file)
    assert code == 1
    assert f"{file}" in out
    assert "XSD-010 「" in out
    assert "建议:" in out
    assert "王***" in out
    assert "360102199001010018" not in out
    assert "王示例王示例" not in out


def test_english(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "one.xml"
    file.write_text(filing(sequence="x"), "utf-8")
    _, out = run(file, "--lang", "en", "--json")
    assert "does not hold" in json.loads(out)[0]["message"]


def test_one_record_a_line_and_a_bad_one_sinks_alone(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "records.xml"
    lines = [filing(), filing(sequence="x"), filing().replace("</party>", ""), filing()]
    file.write_text("\n".join(lines) + "\n", "utf-8")
    found = rows(run(file, "--json"))
    assert [(row["line"], row["rule"]) for row in found] == [(2, "XSD-005"), (3, "DOC-001")]
    assert found[1]["record"] == "#3"
    wrapped = tmp_path / "wrapped.xml"
    bare = [line.replace(f' xmlns="{NS}"', "") for line in lines]
    wrapped.write_text(f'<?xml version="1.0"?>\n<Records xmlns="{NS}">\n' + "\n".join(bare) + "\n</Records>\n", "utf-8")
    assert [(row["line"], row["rule"]) for row in rows(run(wrapped, "--json"))] == [(4, "XSD-005"), (5, "DOC-001")]


def test_a_gb18030_record_file(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "gbk.xml"
    text = f'<?xml version="1.0" encoding="GB2312"?>\n<Records xmlns="{NS}">\n{filing()}\n{filing(sequence="x")}\n</Records>'
    file.write_bytes(text.encode("gb18030"))
    assert [(row["line"], row["rule"]) for row in rows(run(file, "--json"))] == [(4, "XSD-005")]


def test_lines_are_those_of_a_pretty_printed_file(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "pretty.xml"
    inner = re.sub(r"><(?!/)", ">\n<", filing(sequence="x"))
    file.write_text(f'<?xml version="1.0"?>\n<Records xmlns="{NS}">\n\n{inner}\n</Records>', "utf-8")
    found = rows(run(file, "--json"))
    lines = file.read_text("utf-8").splitlines()
    assert [lines[row["line"] - 1] for row in found] == ["<sequence>x</sequence>"]


def test_type_and_fail_on(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "one.xml"
    file.write_text(filing(), "utf-8")
    assert run(file, "--type", "CF_LA")[0] == 0
    assert [row["rule"] for row in rows(run(file, "--type", "CF_JD", "--json"))] == ["DOC-017"]
    assert run(file, "--type", "ZZ_ZZ")[0] == 2
    warning = SAMPLES / "invalid" / "COD-005-wanli-in-window.xml"
    assert run(warning)[0] == 1
    assert run(warning, "--fail-on", "error")[0] == 0
    assert run(SAMPLES / "invalid" / "CAS-003-two-decisions.xml", "--fail-on", "error")[0] == 1


def test_a_true_package_has_only_the_findings_of_its_records(run: Run, tmp_path: Path, trust: Trust) -> None:
    file = tmp_path / "package.xml"
    file.write_bytes(trust.package_bytes())
    found = rows(run(file, "--json"))
    assert {row["rule"] for row in found} == {
        "XSD-002",
        "XSD-007",
        "DOC-022",
    }  # made-up payloads: a caseNo and nothing else
    assert {row["type"] for row in found} == {"", "CF_LA"}


@pytest.mark.parametrize(
    ("pattern", "by", "rule", "path"),
    [
        (rb"<contentDigest>.", b"<contentDigest>f", "DOC-018", "Package/Body/Record[1]/contentDigest"),
        (rb"<bodyDigest>.", b"<bodyDigest>f", "DOC-018", "Package/Head/bodyDigest"),
        (rb"<recordCount>3", b"<recordCount>4", "DOC-019", "Package/Head/recordCount"),
        (rb"<recordId>.", b"<recordId>0", "DOC-021", "Package/Body/Record[1]/recordId"),
        (rb"<purpose>business", b"<purpose>fun", "XSD-006", "Package/Head/purpose"),
        (rb"<version>1</version>", b"<version>0</version>", "XSD-005", "Package/Body/Record[1]/version"),
        (rb"<ds:Signature .*</ds:Signature>", b"", "XSD-002", "Package"),
    ],
)
def test_a_package_with_a_fault(
    run: Run, tmp_path: Path, trust: Trust, pattern: bytes, by: bytes, rule: str, path: str
) -> None:
    file = tmp_path / "package.xml"
    changed, times = re.subn(pattern, by, trust.package_bytes(), count=1, flags=re.DOTALL)
    assert times == 1
    file.write_bytes(changed)
    assert (rule, path) in [(row["rule"], row["path"]) for row in rows(run(file, "--json"))]


def test_a_package_over_8_mb_is_one_finding(run: Run, tmp_path: Path, trust: Trust) -> None:
    file = tmp_path / "package.xml"
    file.write_bytes(trust.package_bytes().replace(b"<Body>\n", b"<Body>\n" + b" " * (8 * 1024 * 1024)))
    assert [row["rule"] for row in rows(run(file, "--json"))] == ["DOC-009"]


def test_a_record_file_over_8_mb_is_read_line_by_line(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "large.xml"
    long = filing(allegedFact="长" * 1900)
    count = 8 * 1024 * 1024 // len(long.encode()) + 2
    file.write_text("\n".join([long] * count + [filing(sequence="x")]), "utf-8")
    assert [(row["line"], row["rule"]) for row in rows(run(file, "--json"))] == [(count + 1, "XSD-005")]


def test_what_can_not_be_read_is_a_finding(run: Run, tmp_path: Path) -> None:
    empty = tmp_path / "empty.xml"
    empty.write_text(f'<Records xmlns="{NS}"></Records>', "utf-8")
    found = rows(run(tmp_path / "absent.xml", empty, "--json"))
    assert [row["rule"] for row in found] == ["DOC-016", "DOC-020"]


def test_sarif(run: Run) -> None:
    code, out = run(SAMPLES / "invalid" / "IDN-007-check-digit.xml", "--format", "sarif")
    log = json.loads(out)
    assert (code, log["version"]) == (1, "2.1.0")
    result = log["runs"][0]["results"][0]
    assert (result["ruleId"], result["level"]) == ("IDN-007", "error")
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] > 1


def test_a_second_opinion(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "one.xml"
    file.write_text(filing(sequence="x"), "utf-8")
    _, out = run(file, "--explain")
    assert "/penaltyFiling/sequence" in out
