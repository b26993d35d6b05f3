# SPDX-License-Identifier: Apache-2.0
"""Data on stdout, talk on stderr, no bars where there is no terminal."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from gateway.cli.output import emit_json, plain, print_findings, print_table, progress, say
from gateway.model.finding import Finding, Severity, Stage
from gateway.model.words import Words


@dataclass(frozen=True)
class Thing:
    """A value of ours."""

    words: Words
    severity: Severity
    day: date


def test_plain_knows_our_values() -> None:
    thing = Thing(Words("甲", "a"), Severity.ERROR, date(2026, 1, 2))
    assert plain([thing]) == [{"words": {"zh": "甲", "en": "a"}, "severity": "E", "day": "2026-01-02"}]
    assert plain({"p": Path("a/b"), "b": b"\x01", "n": None}) == {"p": "a/b", "b": "01", "n": None}
    with pytest.raises(TypeError):
        plain(object())


def test_json_is_one_line_of_utf8(capsys: pytest.CaptureFixture[str]) -> None:
    emit_json({"name": "南昌\n"})
    assert capsys.readouterr().out == '{"name":"南昌\\n"}\n'


def test_a_table_is_tab_separated_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("a", "b"), [(1, None), ("x\ty", "z\n")])
    assert capsys.readouterr().out == "a\tb\n1\t\nx y\tz \n"


def test_a_finding_shows_place_and_advice_but_never_the_value(capsys: pytest.CaptureFixture[str]) -> None:
    words = Words("姓名太长", "the name is too long")
    finding = Finding("XSD-001", Stage.VALIDATE, "party/name", words, Words("改短", "shorten it"), value="张三", line=7)
    print_findings([finding], "file.xml")
    shown = capsys.readouterr().out
    assert shown == "file.xml:7: E XSD-001 party/name: 姓名太长 建议:改短\n"


def test_talk_and_progress_leave_stdout_alone(capsys: pytest.CaptureFixture[str]) -> None:
    say("talk")
    with progress("work", total=2) as bar:
        bar.advance()
        bar.expect(3)
    assert capsys.readouterr() == ("", "talk\n")
