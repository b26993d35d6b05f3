# SPDX-License-Identifier: Apache-2.0
"""Files of JSON lines as rows: one object a line, no key twice, numbers with every digit they were written with."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from gateway.channels.files.findings import FileRefused, file_finding
from gateway.channels.files.options import FileOptions
from gateway.channels.files.taken import Bad, Taken
from gateway.documents import gb18030
from gateway.documents.faults import Doc, doc_finding
from gateway.documents.lines import capped_lines
from gateway.model.finding import Finding
from gateway.model.record import Scalar, Spot


def json_rows(path: Path, name: str, options: FileOptions) -> Iterator[Taken | Bad]:
    """Yield the lines of a file as rows; raises FileRefused for an encoding that is not read, OSError for a lost file."""
    if options.encoding == "utf-16":
        raise FileRefused(file_finding("FIL-009", name, "UTF-16"))
    decode = gb18030.decoder(options.encoding)
    wanted = tuple(dict.fromkeys((*(options.columns or ()), *(options.row_id or ()))))
    with path.open("rb") as file:
        for number, line in capped_lines(file.readline):
            if isinstance(line, Finding):
                yield Bad(number, line, {})
            elif line.strip():
                try:
                    yield _row(decode(line), name, number, wanted)
                except UnicodeDecodeError as wrong:
                    at = wrong.start + 1
                    yield Bad(
                        number, doc_finding(Doc.WRONG_BYTES, options.encoding.upper(), line=number, column=at), {}
                    )


def _row(text: str, name: str, number: int, wanted: tuple[str, ...]) -> Taken | Bad:
    try:
        values = _object(text)
    except (ValueError, RecursionError) as fault:
        column = getattr(fault, "colno", None)
        return Bad(number, file_finding("FIL-013", name, str(fault)[:80], line=number, column=column), {})
    missing = [each for each in wanted if each not in values]
    if missing:
        return Bad(number, file_finding("FIL-010", missing[0], ", ".join(missing), line=number), values)
    return Taken(Spot(number, {}), values)


def _object(text: str) -> dict[str, Scalar]:
    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        held = dict(found)
        if len(held) < len(found):
            raise ValueError("a key appears twice")
        return held

    given = json.loads(text, object_pairs_hook=pairs, parse_float=Decimal, parse_constant=_no_constant)
    if not isinstance(given, dict):
        raise ValueError("no object")  # noqa: TRY004 # one kind of fault for a line that is none
    return {str(name): json_scalar(value) for name, value in given.items()}


def json_scalar(value: Any) -> Scalar:
    """Return a JSON value as the value of a row: decimals as text, groups and lists as JSON text."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True, default=_decimal)


def _decimal(value: object) -> object:
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _no_constant(name: str) -> None:
    raise ValueError(name)
