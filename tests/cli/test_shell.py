# SPDX-License-Identifier: Apache-2.0
"""The shell: two languages, exit codes, speed of the help page, no traceback for what was expected."""

import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from gateway import errors, i18n
from gateway.cli import COMMANDS, shell
from gateway.cli.exits import ExitCode
from gateway.cli.output import exit_code

CHINESE = re.compile(r"[\u4e00-\u9fff]")
GATEWAY = [sys.executable, "-m", "gateway"]


def run(*arguments: str) -> Result:
    """Run the command line in this process."""
    return CliRunner().invoke(shell, list(arguments))


def test_help_lists_every_command_in_chinese() -> None:
    result = run("--help")
    assert result.exit_code == 0
    assert "用法:" in result.output
    assert all(
        re.search(rf"^  {name} +{re.escape(line)}", result.output, re.MULTILINE) for name, line in COMMANDS.items()
    )


def test_help_in_english_has_no_chinese() -> None:
    result = run("--help", "--lang", "en")
    assert "Usage:" in result.output
    assert not CHINESE.search(result.output)


def commands() -> list[list[str]]:
    """Return the path of every command and subcommand."""
    found: list[list[str]] = []
    for name in COMMANDS:
        command = shell.get_command(click.Context(shell), name)
        found.append([name])
        if isinstance(command, click.Group):
            found += [[name, child] for child in command.commands]
    return found


def test_every_command_explains_itself_in_both_languages() -> None:
    for path in commands():
        chinese, english = run(*path, "--help", "--lang=zh"), run(*path, "--help", "--lang=en")
        assert chinese.exit_code == english.exit_code == 0, path
        assert CHINESE.search(chinese.output), path
        assert not CHINESE.search(english.output), path


def test_every_reading_command_has_json() -> None:
    readers = [["config", "check"], ["doctor"], ["status"], ["standard", "list"], ["records", "list"], ["records", "show"],
               ["records", "explain"], ["reconcile"], ["validate"], ["mapping", "try"], ["mapping", "test"]]  # fmt: skip
    for path in readers:
        assert "--json" in run(*path, "--help").output, path


def test_language_may_stand_anywhere_and_must_be_known() -> None:
    assert "No such command" in run("nonsense", "--lang", "en").output
    assert "没有命令" in run("--lang=zh", "nonsense").output
    assert run("--help", "--lang", "fr").exit_code == ExitCode.USAGE
    assert run("--help", "--lang").exit_code == ExitCode.USAGE


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "zh"),
        ({"LANG": "C.UTF-8"}, "zh"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "zh_CN.UTF-8"}, "zh"),
        ({"GATEWAY_LANG": "en", "LC_ALL": "zh_CN.UTF-8"}, "en"),
    ],
)
def test_language_of_the_environment(environment: dict[str, str], language: str) -> None:
    assert i18n.choose(environment) == language


def test_a_configured_language_yields_to_one_that_was_asked_for() -> None:
    i18n.speak("zh", asked=False)
    i18n.prefer("en")
    assert i18n.language() == "en"
    i18n.speak("zh", asked=True)
    i18n.prefer("en")
    assert i18n.language() == "zh"


def test_usage_faults_end_with_2() -> None:
    assert run("nonsense").exit_code == ExitCode.USAGE
    assert run("config", "check", "--nonsense").exit_code == ExitCode.USAGE


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.ConfigurationError, 3), (errors.RecordError, 1), (errors.MalformedDocument, 1), (errors.Unreachable, 4),
        (errors.TimedOut, 4), (errors.SourceError, 4), (errors.TrustError, 3), (errors.LedgerError, 3),
        (errors.Fenced, 5), (errors.AdapterError, 1), (errors.RefusedByGate, 5), (errors.GatewayError, 1),
    ],
)  # fmt: skip
def test_each_error_has_its_exit_code(error: type[errors.GatewayError], code: int) -> None:
    assert exit_code(error) == code


def test_an_expected_error_is_one_sentence_in_the_language_in_use(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("x", encoding="utf-8")
    chinese, english = run("init", str(tmp_path)), run("init", str(tmp_path), "--lang", "en")
    assert chinese.exit_code == english.exit_code == ExitCode.GATE
    assert chinese.output.startswith("GW-701 安全闸门拒绝")
    assert english.output.startswith("GW-701 refused by a safety gate")
    assert "Traceback" not in chinese.output + english.output


def test_interruption_ends_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(click.Group, "invoke", interrupt)
    assert run("status").exit_code == ExitCode.INTERRUPTED


def test_a_reader_that_goes_away_is_no_fault() -> None:
    piped = subprocess.run(
        ["bash", "-o", "pipefail", "-c", '"$0" -m gateway standard list --rules --json | head -c 10', sys.executable],
        capture_output=True, check=False,
    )  # fmt: skip
    assert piped.returncode == 0, piped.stderr
    assert b"Traceback" not in piped.stderr


def test_help_loads_no_heavy_library() -> None:
    told = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "gateway", "--help"], capture_output=True, text=True, check=True
    )
    heavy = ("lxml", "sqlalchemy", "pydantic", "rich", "zeep", "requests", "cryptography", "alembic", "structlog")
    loaded = {line.rsplit("|", 1)[-1].strip().split(".")[0] for line in told.stderr.splitlines()}
    assert loaded.isdisjoint(heavy)


def test_help_is_quick() -> None:
    """By processor time, so that a busy machine does not decide; the budget is 200 ms."""

    def once() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([*GATEWAY, "--help"], capture_output=True, check=True, env={**os.environ, "PYTHONUTF8": "1"})
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(once() for _ in range(5)) < 0.2
