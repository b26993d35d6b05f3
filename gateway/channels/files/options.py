# SPDX-License-Identifier: Apache-2.0
"""Options of the file source, as they stand under ``options`` in ``sources.d/NAME.yaml``."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from gateway.channels.database_options import Name, Names, Span
from gateway.errors import ConfigurationError

Format = Literal["auto", "csv", "pipe", "tab", "fixed", "excel", "dbf", "jsonl", "xml", "blocks"]
Encoding = Literal["utf-8", "gb18030", "gbk", "gb2312", "utf-16"]

RowPath = Annotated[str, Field(pattern=r"^/?[^\s/]+(/[^\s/]+){0,30}$", max_length=500)]


class SftpOptions(BaseModel):
    """An SFTP server: ``host_key`` is its public key as in known_hosts (``ssh-ed25519 AAAA…``), never taken on trust.

    ``password`` and ``key`` are references (``env:NAME``, ``file:path``, ``credential:name``); one of them is needed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: Name
    port: Annotated[int, Field(ge=1, le=65535)] = 22
    user: Name
    host_key: Annotated[str, Field(pattern=r"^(ssh-|ecdsa-)\S+ \S+")]
    password: str | None = Field(default=None, pattern=r"^(env|file|credential):.+")
    key: str | None = Field(default=None, pattern=r"^(env|file|credential):.+")
    timeout: Span = timedelta(seconds=20)

    @model_validator(mode="after")
    def _known(self) -> Self:
        if (self.password is None) == (self.key is None):
            raise ValueError("password 和 key 必须且只能写一个 / give either password or key")
        return self


class FileOptions(BaseModel):
    """Where files arrive, when they are complete, and how they are read.

    ``ready``: ``manifest`` waits for ``NAME.ok``; ``stable`` takes a file that has not changed for ``settle``.
    ``certificate`` (PEM file) makes signed manifests a must. ``skip`` rows stand above ``header`` rows of headings;
    several rows of headings are joined by a dot. ``columns`` names the columns where there is no header (``header: 0``),
    ``widths`` are their widths in bytes for ``fixed``. Rows whose first cell begins with a word of ``footer`` are left out.
    ``merged``: whether merged cells in the body refuse their rows or fill them. ``row_id``: what tells rows apart across
    files; without it every row of every file is one of its own. A line of text that begins with ``continued`` goes on
    with the one before. ``repeated``: whether a name that stands twice in a block refuses it or is numbered (``名称.2``),
    as in XML. ``row_path`` are the elements of an XML file that are rows,
    by their names from the root (``Data/Case``, ``*`` for any); ``carry`` are values around them that they take along
    (``Data.Head.UnitCode``). ``origin`` adds the columns FILE_NAME, FILE_SEQUENCE, FILE_ROW.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    directory: Annotated[str, Field(min_length=1, max_length=500)]
    sftp: SftpOptions | None = None
    pattern: Name = "*"
    ready: Literal["manifest", "stable"] = "manifest"
    settle: Span = timedelta(seconds=60)
    certificate: str | None = None
    sequence: Literal["optional", "required"] = "optional"
    after: Literal["keep", "delete"] = "keep"
    format: Format = "auto"
    encoding: Encoding = "utf-8"
    sheet: Name | None = None
    skip: Annotated[int, Field(ge=0, le=100)] = 0
    header: Annotated[int, Field(ge=0, le=5)] = 1
    columns: Names | None = None
    widths: tuple[Annotated[int, Field(ge=1, le=10_000)], ...] | None = None
    footer: Names | None = None
    merged: Literal["refuse", "fill"] = "refuse"
    continued: Annotated[str, Field(min_length=1, max_length=20)] | None = None
    repeated: Literal["refuse", "number"] = "refuse"
    row_path: RowPath | None = None
    carry: Names | None = None
    row_id: Names | None = None
    origin: bool = False
    largest: Annotated[int, Field(ge=1)] = 2 * 1024**3

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.format == "fixed" and (self.columns is None or self.widths is None):
            raise ValueError("fixed 需要 columns 和 widths / fixed needs columns and widths")
        if self.widths is not None and len(self.widths) != len(self.columns or ()):
            raise ValueError("widths 与 columns 的个数必须相同 / as many widths as columns")
        if self.header == 0 and self.columns is None and self.format not in ("jsonl", "dbf", "xml", "blocks"):
            raise ValueError("没有表头时要写 columns / without a header, name the columns")
        if (self.row_path or self.carry) and self.format not in ("auto", "xml"):
            raise ValueError("row_path、carry 只用于 XML / row_path and carry are for XML only")
        if self.continued is not None and self.format not in ("auto", "csv", "pipe", "tab", "blocks"):
            raise ValueError("continued 只用于文本行 / continued is for lines of text only")
        if self.ready == "stable" and (self.certificate or self.sequence == "required"):
            raise ValueError("签名和序号写在清单里,需要 ready: manifest / signature and sequence need ready: manifest")
        return self


def parse_file_options(options: Mapping[str, object], place: str) -> FileOptions:
    """Return the options of the source at ``place``; raises ConfigurationError that lists every fault, one a line."""
    try:
        return FileOptions.model_validate(dict(options))
    except ValidationError as faults:
        lines = [
            f"{place}: options.{'.'.join(map(str, fault['loc'])) or '*'}: {fault['msg'].removeprefix('Value error, ')}"
            for fault in faults.errors(include_url=False, include_input=False)
        ]
        raise ConfigurationError("\n".join(lines)) from None
