# SPDX-License-Identifier: Apache-2.0
"""JUnit XML: one test a case; what closes the gate without being a failure is an error, never skipped."""

from html import escape
from typing import Any, Final

_KINDS: Final = {
    "FAIL": "failure",
    "ERROR": "error",
    "INCONCLUSIVE": "error",
    "NOT_RUN": "error",
    "N/A": "skipped",
    "WAIVED": "skipped",
}


def document(result: dict[str, Any]) -> bytes:
    """Return the result as one test suite."""
    verdicts = [case["verdict"] for case in result["cases"]]
    head = (
        f'<testsuite name={_quoted(str(result["system"]["id"]))} tests="{len(verdicts)}" failures="{verdicts.count("FAIL")}"'
        f' errors="{sum(_KINDS.get(each) == "error" for each in verdicts)}"'
        f' skipped="{sum(_KINDS.get(each) == "skipped" for each in verdicts)}">'
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n{head}\n{"".join(map(_case, result["cases"]))}</testsuite>\n'.encode()
    )


def _case(case: dict[str, Any]) -> str:
    opening = f"<testcase classname={_quoted(case['id'][:3])} name={_quoted(case['id'])}"
    kind = _KINDS.get(case["verdict"])
    if kind is None:
        return f"{opening}/>\n"
    reason = case["reason"]["zh"] if case["reason"] else ""
    lines = [f"{each['code']} {each['message']} 修复:{each['hint']}" for each in case["findings"]]
    message = _quoted(lines[0] if lines else reason or case["verdict"])
    return f"{opening}><{kind} message={message}>{escape(chr(10).join([reason, *lines]).strip())}</{kind}></testcase>\n"


def _quoted(text: str) -> str:
    """Return text as an attribute value, on one line."""
    return f'"{escape(" ".join(text.split()))}"'
