# SPDX-License-Identifier: Apache-2.0
"""Options that several commands share, so that they look and behave alike."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def json_option(function: F) -> F:
    """Add ``--json`` (parameter ``as_json``): one JSON value on stdout instead of a table."""
    return click.option("--json", "as_json", is_flag=True, help="以 JSON 输出到标准输出")(function)


def directory_option(function: F) -> F:
    """Add ``-C/--directory`` (parameter ``directory``): the configuration directory, the current one by default."""
    return click.option(
        "-C",
        "--directory",
        default=".",
        metavar="DIR",
        help="配置目录(默认当前目录)",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
    )(function)


def dry_run_option(function: F) -> F:
    """Add ``--dry-run`` (parameter ``dry_run``): say what would be done, write nothing."""
    return click.option("--dry-run", is_flag=True, help="只说明将做什么,不写入")(function)
