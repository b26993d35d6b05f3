# SPDX-License-Identifier: Apache-2.0
"""Options of the database source, as they stand under ``options`` in ``sources.d/NAME.yaml``."""

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StrictInt,
    StrictStr,
    ValidationError,
    model_validator,
)

from gateway.channels.database_stamp import Stamp, declared_stamp
from gateway.documents import gb18030
from gateway.errors import ConfigurationError
from gateway.trust.secrets import Secret, is_reference

ENCODINGS = ("utf-8", "utf8", "gb18030", "gbk", "gb2312")
_SPAN = re.compile(r"(\d+)\s*(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_STATEMENT = re.compile(r"\s*(select|with)\b", re.IGNORECASE)


def _span(value: object) -> object:
    match = _SPAN.fullmatch(value.strip()) if isinstance(value, str) else None
    if match:
        return timedelta(seconds=int(match[1]) * _SECONDS[match[2]])
    if isinstance(value, timedelta):
        return value
    raise ValueError("时长写作 30m、2h、1d / write a span as 30m, 2h, 1d")


def _columns(value: object) -> object:
    return [value] if isinstance(value, str) else value


Span = Annotated[timedelta, BeforeValidator(_span)]
Name = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f]+$")]
Names = Annotated[tuple[Name, ...], BeforeValidator(_columns), Field(min_length=1)]


class StampOptions(BaseModel):
    """The column that tells when a row last changed.

    ``format``: none for a date-time column, else a strftime pattern from year to second, ``epoch`` or ``epoch-ms``.
    ``number``: a strftime pattern written into a number column (20260131093000).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    column: Name
    format: str | None = None
    number: bool = False

    @model_validator(mode="after")
    def _sorts(self) -> Self:
        try:
            self.codec()
        except ValueError:
            raise ValueError(
                "stamp.format 必须定宽且从年到秒,例如 %Y-%m-%d %H:%M:%S / fixed width from year to second"
            ) from None
        return self

    def codec(self) -> Stamp:
        """Return the way this stamp is written; raises ValueError when the format would not sort."""
        return declared_stamp(self.format, self.number)


class FlagOptions(BaseModel):
    """Columns of the flag protocol and the words in them, as they stand in the table (text in quotes, numbers bare).

    ``new`` are the words of rows to be read (``null`` for NULL); ``claimed`` is written while a row is being taken, where
    given. ``time`` and ``reason`` are left alone where they are null; the reason is cut at ``reason_length`` characters.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: Name = "TBBZ"
    time: Name | None = "TBSJ"
    reason: Name | None = "SBYY"
    new: Annotated[tuple[StrictStr | StrictInt | None, ...], Field(min_length=1)] = ("0", None)
    claimed: StrictStr | StrictInt | None = None
    done: StrictStr | StrictInt = "1"
    failed: StrictStr | StrictInt = "2"
    reason_length: Annotated[int, Field(ge=10, le=4000)] = 200

    @model_validator(mode="after")
    def _apart(self) -> Self:
        words = [*self.new, self.done, self.failed, *([] if self.claimed is None else [self.claimed])]
        if len(set(words)) < len(words):
            raise ValueError("flag 的各个值必须不同 / the words of the flag must differ")
        return self

    @property
    def open(self) -> tuple[str | int | None, ...]:
        """The words of rows that nobody has answered yet."""
        return self.new if self.claimed is None else (*self.new, self.claimed)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are there."""
        return tuple(name for name in (self.column, self.time, self.reason) if name is not None)


class ChangesOptions(BaseModel):
    """The change table: a growing number, and the columns that name the row, in the order of ``row_id`` of the source.

    ``overlap`` entries are looked at again in every run.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: Name
    sequence: Name
    row_id: Names
    overlap: Annotated[int, Field(ge=0, le=1_000_000)] = 1000


class ScopeOptions(BaseModel):
    """What the view shows: rows whose ``column`` is not older than ``days``; a row that leaves by age is not deleted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: Name
    days: Annotated[int, Field(ge=1)]


class DatabaseOptions(BaseModel):
    """Where the rows are, what tells them apart and what tells that they changed.

    ``url`` is a SQLAlchemy URL or a reference to one (``env:NAME``, ``file:path``, ``credential:name``); ``password`` is always such a
    reference. ``mode``: ``cursor`` (by stamp, or whole each time), ``flag`` (the flag protocol), ``snapshot`` (whole each
    time, rows that vanish are noticed), ``changes`` (a change table). ``columns`` are the columns read, all when absent. ``encoding`` is declared where the database can't be
    trusted to know it. ``overlap`` is read again in every run (ledger.md B14).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: SecretStr
    password: str | None = Field(default=None, pattern=r"^(env|file|credential):.+")
    mode: Literal["cursor", "flag", "snapshot", "changes"] = "cursor"
    table: Name | None = None
    query: str | None = None
    row_id: Names
    flag: FlagOptions | None = None
    changes: ChangesOptions | None = None
    scope: ScopeOptions | None = None
    stamp: StampOptions | None = None
    overlap: Span = timedelta(minutes=30)
    columns: Names | None = None
    encoding: str | None = None
    connect_timeout: Span = timedelta(seconds=5)
    statement_timeout: Span = timedelta(seconds=60)

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if (self.table is None) == (self.query is None):
            raise ValueError("table 和 query 必须且只能写一个 / give either table or query")
        if self.query is not None and (not _STATEMENT.match(self.query) or ";" in self.query):
            raise ValueError("query 只能是一条 SELECT / query must be one SELECT")
        if self.encoding is not None and self.encoding.lower() not in ENCODINGS:
            raise ValueError("encoding 只能是 utf-8、gb18030、gbk、gb2312 / one of these encodings")
        self._check_mode()
        return self

    def _check_mode(self) -> None:
        if self.mode in ("flag", "changes") and self.table is None:
            raise ValueError("mode: flag、changes 需要 table / these modes need a table")
        if self.mode != "cursor" and self.stamp is not None:
            raise ValueError("stamp 只用于 mode: cursor / stamp belongs to mode: cursor")
        for mode, given in (("flag", self.flag), ("changes", self.changes)):
            if given is not None and self.mode != mode:
                raise ValueError(f"{mode} 只用于 mode: {mode} / belongs to that mode")
        if self.mode == "changes" and (self.changes is None or len(self.changes.row_id) != len(self.row_id)):
            raise ValueError("changes.row_id 与 row_id 的列数必须相同 / as many columns in changes.row_id as in row_id")

    @property
    def flags(self) -> tuple[str, ...]:
        """The flag columns, which are no part of a row."""
        return self.flag.columns if self.flag is not None else ()

    @property
    def decoding(self) -> str:
        """The Python codec of text that arrives as bytes."""
        return gb18030.codec((self.encoding or "utf-8").lower())

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns that must be there."""
        stamp = (self.stamp.column,) if self.stamp else ()
        return tuple(dict.fromkeys((*self.row_id, *stamp, *(self.columns or ()))))


def parse_options(options: Mapping[str, object], place: str) -> DatabaseOptions:
    """Return the options of the source at ``place``; raises ConfigurationError that lists every fault, one a line."""
    given = dict(options)
    if given.get("mode") == "flag":
        given.setdefault("flag", {})
    try:
        return DatabaseOptions.model_validate(given)
    except ValidationError as faults:
        lines = [
            f"{place}: options.{'.'.join(map(str, fault['loc'])) or '*'}: {fault['msg'].removeprefix('Value error, ')}"
            for fault in faults.errors(include_url=False, include_input=False)
        ]
        raise ConfigurationError("\n".join(lines)) from None


def secret(reference: str, directory: Path, place: str) -> str:
    """Return what a reference refers to, other text unchanged; raises ConfigurationError when it is not there."""
    if not is_reference(reference):
        return reference
    try:
        return Secret(reference, directory).reveal()
    except ConfigurationError:
        raise ConfigurationError(f"{place}: 找不到密文引用 / secret not found: {reference}") from None
