# SPDX-License-Identifier: Apache-2.0
"""CSV for spreadsheets: one row a finding, one row a case without any; cells that a spreadsheet would run are quoted."""

import csv
import io
from typing import Any

COLUMNS = ("用例", "级别", "判定", "问题编码", "问题", "位置", "期望", "实际", "示例", "修复", "检查数", "要求", "来源")


def sheet(result: dict[str, Any]) -> str:
    """Return the result as CSV text."""
    held = io.StringIO()
    writer = csv.writer(held, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for case in result["cases"]:
        reason = case["reason"]["zh"] if case["reason"] else ""
        for found in case["findings"] or [{"code": "", "message": reason, "hint": ""}]:
            writer.writerow(
                _safe(str(cell))
                for cell in (
                    case["id"],
                    case["severity"],
                    case["verdict"],
                    found["code"],
                    found["message"],
                    found.get("place", ""),
                    found.get("expected", ""),
                    found.get("received", ""),
                    " ".join(found.get("examples", ())),
                    found["hint"],
                    case["examined"],
                    case["requirement_zh"],
                    case["source"],
                )
            )
    return held.getvalue()


def _safe(cell: str) -> str:
    """Keep a spreadsheet from taking text for a formula."""
    return f"'{cell}" if cell[:1] in {"=", "+", "-", "@", "\t"} else cell
