# SPDX-License-Identifier: Apache-2.0
"""Files made from the dictionary: DDL, CSV and Excel templates, pages, data."""

import csv
import dataclasses
import json
from collections.abc import Iterable, Iterator
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

from gateway.dictionary import pages, tables, workbook
from gateway.dictionary.described import describe
from gateway.dictionary.formats import Format
from gateway.dictionary.sheets import sheets
from gateway.dictionary.texts import plain
from gateway.pack import Pack


def export(pack: Pack, codes: Iterable[str], to: Format, folder: Path, on: date) -> tuple[Path, ...]:
    """Write the files of some record types into ``folder`` (made where absent) and return their paths.

    ``on`` is the day whose codes the drop-downs hold. CSV is UTF-8 with a byte order mark, which Excel needs.

    Raises:
        OSError: the folder cannot be written.
        KeyError: the pack lacks a record type.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for code in codes:
        for name, content in _files(pack, code, to, on):
            path = folder / name
            path.write_bytes(content)
            written.append(path)
    return tuple(written)


def _files(pack: Pack, code: str, to: Format, on: date) -> Iterator[tuple[str, bytes]]:
    match to:
        case "ddl-mysql":
            yield f"{code}.mysql.sql", tables.script(pack, code, "mysql").encode()
        case "ddl-postgresql":
            yield f"{code}.postgresql.sql", tables.script(pack, code, "postgresql").encode()
        case "ddl-oracle":
            yield f"{code}.oracle.sql", tables.script(pack, code, "oracle").encode()
        case "ddl-sqlserver":
            yield f"{code}.sqlserver.sql", tables.script(pack, code, "sqlserver").encode()
        case "csv":
            for sheet in sheets(pack, code):
                line = _csv_line([heading.header for heading in sheet.headings])
                yield f"{sheet.name}.csv", line.encode("utf-8-sig")
        case "xlsx":
            yield f"{code}.xlsx", workbook.workbook(pack, code, on)
        case "md":
            yield f"{code}.md", pages.page(pack, code).encode()
        case "json":
            yield f"{code}.json", json.dumps(as_data(pack, code), ensure_ascii=False, indent=1, default=_words).encode()


def as_data(pack: Pack, code: str) -> dict[str, Any]:
    """Return a record type with its fields as plain data; raises KeyError for a type the pack lacks."""
    kind = pack.types[code]
    return {
        "pack": pack.name, "version": pack.version, "edition": pack.edition, "digest": pack.digest, "code": code,
        "element": kind.element, "label": kind.label,
        "fields": [each.as_data() for each in describe(pack, code)],
    }  # fmt: skip


def _words(value: object) -> dict[str, Any]:
    """Return dataclasses (texts in two languages) as objects; raises TypeError for anything else."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    raise TypeError(f"no JSON for {type(value).__name__}")


def _csv_line(cells: Iterable[str]) -> str:
    held = StringIO()
    csv.writer(held).writerow([plain(cell) for cell in cells])
    return held.getvalue()
