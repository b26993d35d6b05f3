# SPDX-License-Identifier: Apache-2.0
"""Kinds of values in configuration files: durations, cron lines, names, codes, paths, references."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final

from cronsim import CronSim, CronSimError
from pydantic import BeforeValidator, Field, PlainValidator, StrictBool, StrictInt, ValidationInfo, WithJsonSchema

from gateway.config.faults import BadValue
from gateway.config.ledger_url import LedgerUrl
from gateway.trust.secrets import Secret, is_reference

_DURATION: Final = re.compile(r"(\d+)(ms|s|m|h|d)")
_MILLISECONDS: Final = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION_PATTERN: Final = r"^\d+(ms|s|m|h|d)$"
_ANY_MOMENT: Final = datetime(2026, 1, 1)  # noqa: DTZ001 # a start for trying a cron line, no instant is meant


def parse_duration(value: object) -> object:
    """Return the span that ``30m``, ``24h``, ``3d``, ``90s`` or ``500ms`` names."""
    if isinstance(value, timedelta):
        return value
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise BadValue(
            "时长要写数字和单位,例如 30m、24h、3d", "a duration is a number and a unit, such as 30m, 24h, 3d"
        )
    return timedelta(milliseconds=int(match[1]) * _MILLISECONDS[match[2]])


def _parse_seconds(value: object) -> object:
    if isinstance(value, str):
        span = parse_duration(value)
        return span.total_seconds() if isinstance(span, timedelta) else value
    return value


def _parse_cron(value: object) -> object:
    if not isinstance(value, str):
        raise BadValue('应写 cron 表达式,例如 "*/15 * * * *"', 'must be a cron line, such as "*/15 * * * *"')
    if len(value.split()) != 5:
        raise BadValue(
            "cron 表达式是五段:分 时 日 月 星期(1 是星期一)", "a cron line has five parts: min hour day month weekday"
        )
    try:
        next(CronSim(value, _ANY_MOMENT))
    except CronSimError as fault:
        raise BadValue(f"cron 表达式不对:{fault}", f"is no cron line: {fault}") from fault
    except StopIteration:
        raise BadValue("cron 表达式永远不会触发", "this cron line never fires") from None
    return value


def root_of(info: ValidationInfo) -> Path:
    """Return the configuration directory that relative paths start from."""
    context: dict[str, Any] = info.context or {}
    place = context.get("root")
    return place if isinstance(place, Path) else Path()


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise BadValue("应为文本", "must be text")
    return value


def _path(value: object, info: ValidationInfo) -> Path:
    if isinstance(value, Path):
        return value
    return (root_of(info) / _text(value).removeprefix("file:")).resolve()


def _file(value: object, info: ValidationInfo) -> Path:
    if isinstance(value, str) and is_reference(value) and not value.startswith("file:"):
        raise BadValue("这里只能是文件,例如 trust/ca.pem", "must be a file, such as trust/ca.pem")
    return _path(value, info)


def _made(maker: Callable[[str, Path], Any]) -> PlainValidator:
    def make(value: object, info: ValidationInfo) -> object:
        return value if not isinstance(value, str) else maker(_text(value), root_of(info))

    def checked(value: object, info: ValidationInfo) -> object:
        made = make(value, info)
        if isinstance(made, Secret | LedgerUrl):
            return made
        raise BadValue("应为文本", "must be text")

    return PlainValidator(checked)


def _types(value: object) -> object:
    return None if value == "all" else value


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    WithJsonSchema({"type": "string", "pattern": _DURATION_PATTERN, "examples": ["30m", "24h", "3d"]}),
]
Seconds = Annotated[
    float,
    BeforeValidator(_parse_seconds),
    Field(gt=0, le=86_400),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "pattern": _DURATION_PATTERN}]}),
]
Cron = Annotated[str, BeforeValidator(_parse_cron), WithJsonSchema({"type": "string", "examples": ["*/15 * * * *"]})]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
Text = Annotated[str, Field(min_length=1, max_length=200)]
PartyCode = Annotated[str, Field(pattern=r"^([0-9A-Z]{9}|[0-9A-Z]{18})$")]
"""Nine-character organisation code (GB 11714) or eighteen-character unified social credit code (GB 32100)."""
File = Annotated[Path, PlainValidator(_file), WithJsonSchema({"type": "string"})]
Folder = Annotated[Path, PlainValidator(_path), WithJsonSchema({"type": "string"})]
SecretText = Annotated[Secret, _made(Secret), WithJsonSchema({"type": "string", "pattern": "^(env|file|credential):"})]
LedgerAddress = Annotated[LedgerUrl, _made(LedgerUrl), WithJsonSchema({"type": "string"})]
RecordTypes = Annotated[
    tuple[Annotated[str, Field(pattern=r"^[A-Z]{2}_[A-Z]{2}$")], ...] | None,
    BeforeValidator(_types),
    WithJsonSchema({"anyOf": [{"const": "all"}, {"type": "array", "items": {"type": "string"}}]}),
]
Count = Annotated[StrictInt, Field(ge=1)]
Flag = StrictBool
