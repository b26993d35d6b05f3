# SPDX-License-Identifier: Apache-2.0
"""What holds for every test: Chinese as the language, skipped components named at the end, skips forbidden in CI.

A test that lacks a real component skips with a reason that begins with the component's name: ``mariadb: why``.
"""

import os
from collections.abc import Iterator

import pytest

from gateway import i18n

REQUIRED = "GATEWAY_REQUIRE_COMPONENTS"
_LANGUAGE_VARIABLES = ("GATEWAY_LANG", "LANGUAGE")
_skipped: dict[str, int] = {}


@pytest.fixture(autouse=True)
def chinese() -> Iterator[None]:
    """Start every test in Chinese, and leave no language behind in the environment."""
    before = {name: os.environ.get(name) for name in _LANGUAGE_VARIABLES}
    i18n.speak("zh")
    yield
    i18n.speak("zh")
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    told = report.longrepr
    return str(told[2] if isinstance(told, tuple) else told).removeprefix("Skipped: ")


def _judge(report: pytest.TestReport | pytest.CollectReport) -> None:
    if not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = _reason(report)
    if os.environ.get(REQUIRED):
        report.outcome = "failed"
        report.longrepr = f"skips are forbidden here ({REQUIRED}): {reason}"
    else:
        _skipped[reason] = _skipped.get(reason, 0) + 1


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count what was skipped; forwarded reports of workers pass here too."""
    _judge(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Iterator[None]:
    """Look at modules skipped as a whole."""
    report = yield
    _judge(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """Turn a forbidden skip into a failure before anyone counts it."""
    report = yield
    if os.environ.get(REQUIRED):
        _judge(report)
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the components that were not had."""
    for reason, count in sorted(_skipped.items()):
        terminalreporter.write_line(f"skipped component ({count} tests): {reason}")
