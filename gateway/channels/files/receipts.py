# SPDX-License-Identifier: Apache-2.0
"""Receipts of files: a JSON for programs and a CSV for people, every bad row with row, cell, reason and hint."""

import csv
import io
import json
from pathlib import Path
from typing import Final

from gateway.grids.grid import letters
from gateway.model.finding import Finding
from gateway.ports import FileResult, Notice

JSON_SUFFIX: Final = ".receipt.json"
CSV_SUFFIX: Final = ".receipt.csv"

_RISKY: Final = tuple("=+-@\t\r＝＋－＠")
_HEADINGS: Final = ("行", "列", "单元格", "代码", "级别", "字段", "问题", "建议")


def as_json(result: FileResult, notice: Notice) -> bytes:
    """Return the receipt for programs; it holds no data of the rows."""
    step = result.step
    shown = {
        "file": step.name,
        "sha256": step.digest,
        "size": step.size,
        "sequence": step.sequence,
        "result": "refused" if step.refused else "taken",
        "at": notice.at.isoformat(timespec="seconds"),
        **result.figures,
        "findings": [_finding(each, step.name) for each in result.findings],
        "findingsOmitted": result.omitted,
    }
    return (json.dumps(shown, ensure_ascii=False, indent=1) + "\n").encode()


def as_csv(result: FileResult) -> bytes:
    """Return the receipt for people: UTF-8 with a mark so that Excel reads it, no cell that Excel would calculate (S8)."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_HEADINGS)
    for each in result.findings:
        cell = _cell(each, result.step.name)
        row = (each.line, each.column, cell, each.code, each.severity.value, each.path, each.message.zh, each.hint.zh)
        writer.writerow([_safe("" if value is None else str(value)) for value in row])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _finding(each: Finding, file: str) -> dict[str, object]:
    return {
        "row": each.line,
        "column": each.column,
        "cell": _cell(each, file),
        "code": each.code,
        "severity": each.severity.value,
        "field": each.path,
        "message": each.message.zh,
        "messageEn": each.message.en,
        "hint": each.hint.zh,
        "hintEn": each.hint.en,
    }


def _cell(each: Finding, file: str) -> str | None:
    if each.line is None or each.column is None:
        return None
    if Path(file).suffix.lower() in (".xls", ".xlsx", ".xlsm"):
        return f"{letters(each.column)}{each.line}"
    return f"R{each.line}C{each.column}"


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(_RISKY) else text
