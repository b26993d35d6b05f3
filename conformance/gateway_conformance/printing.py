# SPDX-License-Identifier: Apache-2.0
"""What the commands of the suite share: exit codes, the JSON option, JSON on stdout."""

import json

import click

CLOSED, BAD_DESCRIPTION, UNREACHABLE, SUITE_FAULT = 1, 3, 4, 6
VERDICTS = ("PASS", "FAIL", "WARN", "N/A", "WAIVED", "INCONCLUSIVE", "ERROR", "NOT_RUN")
JSON = click.option("--json", "as_json", is_flag=True, help="JSON 输出 / print JSON")


def emit(value: object) -> None:
    """Print JSON on stdout."""
    click.echo(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
