# SPDX-License-Identifier: Apache-2.0
"""What commands print: data on stdout (JSON or a table), talk, errors and progress on stderr.

Durations are shown in hours, minutes and seconds; rates in records per second.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from enum import Enum
from pathlib import PurePath
from typing import Any, Protocol

import click

from gateway import errors, i18n
from gateway.cli.exits import ExitCode
from gateway.i18n import _
from gateway.model.finding import Finding
from gateway.model.words import Words

_EXITS: tuple[tuple[type[errors.GatewayError], ExitCode], ...] = (
    (errors.ConfigurationError, ExitCode.CONFIGURATION),
    (errors.RecordError, ExitCode.FINDINGS),
    (errors.ChannelError, ExitCode.UNREACHABLE),
    (errors.SourceError, ExitCode.UNREACHABLE),
    (errors.TrustError, ExitCode.CONFIGURATION),
    (errors.Fenced, ExitCode.GATE),
    (errors.LedgerError, ExitCode.CONFIGURATION),
    (errors.AdapterError, ExitCode.FINDINGS),
    (errors.RefusedByGate, ExitCode.GATE),
)


def exit_code(error: type[errors.GatewayError]) -> ExitCode:
    """Return the exit code that an error of this class ends a command with."""
    return next((code for kind, code in _EXITS if issubclass(error, kind)), ExitCode.FINDINGS)


def explain(fault: Exception) -> ExitCode | None:
    """Print an expected error on stderr and return its exit code; None when the fault is none of ours."""
    if not isinstance(fault, errors.GatewayError):
        return None
    say(fault.spoken(i18n.language()))
    return exit_code(type(fault))


def say(text: str = "") -> None:
    """Print talk: one line on stderr."""
    click.echo(text, err=True)


def spoken(words: Words) -> str:
    """Return ``words`` in the language in use."""
    return words.spoken(i18n.language())


def emit_json(value: object) -> None:
    """Print ``value`` as one line of JSON on stdout: UTF-8, no escapes for Chinese, data classes and Words included."""
    click.echo(json.dumps(plain(value), ensure_ascii=False, separators=(",", ":")))


def plain(value: object) -> Any:
    """Return ``value`` as what JSON knows: dicts, lists, text, numbers, true, false, null."""
    if isinstance(value, Words):
        return {"zh": value.zh, "en": value.en}
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, PurePath):
        return str(value)
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, Iterable):
        return [plain(item) for item in value]
    raise TypeError(type(value).__name__)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str | None = None) -> None:
    """Print rows on stdout: a drawn table on a terminal, tab-separated lines otherwise (one record a line)."""
    shown = [["" if cell is None else str(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for line in [list(columns), *shown]:
            click.echo("\t".join(cell.replace("\t", " ").replace("\n", " ") for cell in line))
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(*columns, title=title)
    for row in shown:
        table.add_row(*[escape(cell) for cell in row])
    Console().print(table)


def print_findings(findings: Iterable[Finding], place: str = "") -> None:
    """Print findings on stdout, one a line: place, code, path, sentence and advice, never the offending value."""
    for finding in findings:
        where = ":".join(str(part) for part in (place, finding.line, finding.column) if part not in ("", None))
        head = f"{where}: " if where else ""
        advice = _("建议:{hint}").format(hint=spoken(finding.hint))
        click.echo(f"{head}{finding.severity.value} {finding.code} {finding.path}: {spoken(finding.message)} {advice}")


class Progress(Protocol):
    """A running bar."""

    def advance(self, steps: int = 1) -> None:
        """Move on by ``steps``."""

    def expect(self, total: int | None) -> None:
        """Set how many steps there are in all; None when it can't be told."""


class _Silent:
    """No terminal, no bar."""

    def advance(self, steps: int = 1) -> None:
        """Do nothing."""

    def expect(self, total: int | None) -> None:
        """Do nothing."""


class _Bar:
    """A rich bar on stderr."""

    def __init__(self, bar: Any, task: Any) -> None:
        self._bar = bar
        self._task = task

    def advance(self, steps: int = 1) -> None:
        self._bar.advance(self._task, steps)

    def expect(self, total: int | None) -> None:
        self._bar.update(self._task, total=total)


@contextmanager
def progress(label: str, total: int | None = None) -> Iterator[Progress]:
    """Show a bar with rate and remaining time on stderr while the block runs; nothing where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield _Silent()
        return
    from rich import progress as bars
    from rich.console import Console
    from rich.text import Text

    class Rate(bars.ProgressColumn):
        """Records per second."""

        def render(self, task: bars.Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text(_("{rate:.0f} 条/秒").format(rate=speed) if speed else "")

    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        Rate(),
        bars.TextColumn(_("剩余")),
        bars.TimeRemainingColumn(),
    )
    with bars.Progress(*columns, console=Console(stderr=True)) as bar:
        yield _Bar(bar, bar.add_task(label, total=total))
