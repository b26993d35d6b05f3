# SPDX-License-Identifier: Apache-2.0
"""How findings of files are written: text for people, JSON, SARIF; each as it is found, none is kept in memory."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import quote

import click

from gateway import __version__, i18n
from gateway.cli.output import spoken
from gateway.flow.inspect import Placed
from gateway.i18n import _
from gateway.model.finding import Finding, Severity
from gateway.model.words import Words
from gateway.trust.masking import mask_text

_SARIF: Final = "https://json.schemastore.org/sarif-2.1.0.json"


@dataclass(frozen=True, slots=True)
class Found:
    """A finding, where it is, and its offending value as it may be shown."""

    file: str
    placed: Placed
    shown: str | None

    @property
    def finding(self) -> Finding:
        """The finding itself."""
        return self.placed.finding

    @property
    def severity(self) -> str:
        """``error`` or ``warning``."""
        return "error" if self.finding.severity is Severity.ERROR else "warning"

    @property
    def message(self) -> str:
        """Its sentence in the language in use, personal numbers hidden."""
        return mask_text(spoken(self.finding.message))

    def row(self) -> dict[str, Any]:
        """Return the finding as ``--json`` gives it."""
        finding = self.finding
        return {
            "file": self.file,
            "record": self.placed.record,
            "type": self.placed.type,
            "rule": finding.code,
            "path": finding.path,
            "line": finding.line,
            "column": finding.column,
            "severity": self.severity,
            "message": self.message,
            "hint": spoken(finding.hint),
        }


class Report(Protocol):
    """Takes findings one by one."""

    def add(self, found: Found) -> None:
        """Write one finding."""


@contextmanager
def report(form: str) -> Iterator[Report]:
    """Open a report in the form ``text``, ``json`` or ``sarif``; what it begins with and ends with is written as well."""
    if form == "text":
        yield _Text()
    elif form == "json":
        click.echo("[", nl=False)
        yield _Rows(Found.row)
        click.echo("]")
    else:
        sarif = _Sarif()
        click.echo(f'{{"$schema":{json.dumps(_SARIF)},"version":"2.1.0","runs":[{{"results":[', nl=False)
        yield sarif
        click.echo(f'],"columnKind":"unicodeCodePoints","tool":{_compact(sarif.tool())}}}]}}')


class _Text:
    """Sentences."""

    def add(self, found: Found) -> None:
        finding = found.finding
        where = ":".join(str(part) for part in (found.file, finding.line, finding.column) if part is not None)
        level = _("错误") if finding.refuses else _("警告")
        click.echo(f"{where}: {level} {finding.code} {found.message}")
        about = " · ".join(part for part in (found.placed.type, found.placed.record, finding.path) if part)
        if about:
            click.echo(_("    位置:{about}").format(about=about))
        if found.shown:
            click.echo(_("    内容:{value}").format(value=found.shown))
        click.echo(_("    建议:{hint}").format(hint=spoken(finding.hint)))


class _Rows:
    """JSON values, one a line, commas between them."""

    def __init__(self, shape: Any) -> None:
        self._shape = shape
        self._between = ""

    def add(self, found: Found) -> None:
        click.echo(self._between + _compact(self._shape(found)), nl=False)
        self._between = ",\n"


class _Sarif(_Rows):
    """Results as code-review tools read them (SARIF 2.1.0); the rules they name come behind them."""

    def __init__(self) -> None:
        super().__init__(_result)
        self._rules: dict[str, Words] = {}

    def add(self, found: Found) -> None:
        self._rules.setdefault(found.finding.code, found.finding.hint)
        super().add(found)

    def tool(self) -> dict[str, Any]:
        """Return the tool with every rule that was named."""
        rules = [{"id": code, "help": {"text": spoken(hint)}} for code, hint in sorted(self._rules.items())]
        language = "en" if i18n.language() == "en" else "zh-CN"
        return {"driver": {"name": "gateway validate", "version": __version__, "language": language, "rules": rules}}


def _result(found: Found) -> dict[str, Any]:
    region = {"startLine": found.finding.line or 1}
    if found.finding.column:
        region["startColumn"] = found.finding.column
    artifact = {"uri": quote(Path(found.file).as_posix())}
    logical = {"fullyQualifiedName": found.finding.path, "name": found.placed.record}
    return {
        "ruleId": found.finding.code,
        "level": found.severity,
        "message": {"text": found.message},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": artifact, "region": region},
                "logicalLocations": [{name: text for name, text in logical.items() if text}],
            }
        ],
    }


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
