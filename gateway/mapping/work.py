# SPDX-License-Identifier: Apache-2.0
"""What the compiled mapping knows of one row while it works on it, and how cells become clean text."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, TypeAlias, cast

from gateway.documents.render import ForbiddenCharacter, escape_text
from gateway.mapping.findings import Faulty, finding
from gateway.mapping.model import Column
from gateway.mapping.text import clean, half_width
from gateway.model.finding import Finding
from gateway.model.record import Draft, Refused, Row, Scalar, Slot
from gateway.ports import AllocationRequest

Get: TypeAlias = Callable[["Work"], str | None]
Cells: TypeAlias = tuple[list[str | None], bool]

SEPARATOR = "|"


class RootCause(Exception):
    """A record speaks of one that was refused: it is refused for the same reasons."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("root cause")
        self.findings = findings


class Unset:
    """Marks a named value that was not computed yet."""


UNSET = Unset()


class Work:
    """One row in hand. ``plain`` says that no cell needs escaping or further cleaning."""

    __slots__ = (
        "asked",
        "cells",
        "findings",
        "item",
        "item_key",
        "made",
        "marks",
        "memo",
        "named",
        "numbers",
        "plain",
        "roles",
        "row",
        "slots",
    )

    def __init__(self, row: Row, cells: list[str | None], plain: bool, values: int) -> None:
        self.row = row
        self.cells = cells
        self.plain = plain
        self.memo: list[str | Faulty | Unset | None] = [UNSET] * values
        self.numbers: Mapping[AllocationRequest, int] = {}
        self.asked: dict[str, AllocationRequest] = {}
        self.made: dict[str, Draft | Refused | None] = {}
        self.item: dict[str, str | None] = {}
        self.item_key: tuple[str, ...] = ()
        self.begin()

    def begin(self) -> None:
        """Forget what belonged to the last record."""
        self.findings: list[Finding] = []
        self.roles: dict[str, str] = {}
        self.slots: list[tuple[int, Slot]] = []
        self.marks: list[tuple[int, int]] = []
        self.named: list[str] = []


def reader(columns: Sequence[Column], keep_plain: bool) -> Callable[[Mapping[str, Scalar]], Cells]:
    """Return a function that reads the cells of a row, cleaned, in the order of ``columns``.

    A row is looked at as a whole first: where it is in NFC, printable and free of markup, cells only lose outer white
    space. ``keep_plain`` False says that constants of the mapping need escaping anyway. The function raises Faulty
    (MAP-001) for a column that is lacking or of no usable type.
    """
    names = [column.name for column in columns]
    narrow = [index for index, column in enumerate(columns) if column.half_width]
    nulls = [column.nulls for column in columns]
    shared = nulls[0] if len(set(nulls)) == 1 else None
    take = _taker(columns)

    def read(values: Mapping[str, Scalar]) -> Cells:
        texts = [
            cell if cell.__class__ is str else "" if cell is None else _text(cell, names[at])
            for at, cell in enumerate(take(values))
        ]
        for index in narrow:
            texts[index] = half_width(texts[index])
        joined = SEPARATOR.join(texts)
        plain = is_plain(joined)
        if not plain:
            texts = [clean(text, narrow=column.half_width) for text, column in zip(texts, columns, strict=True)]
        elif _has_outer_space(joined):
            texts = [text.strip() for text in texts]
        if shared is not None:
            return [None if text in shared else text for text in texts], plain and keep_plain
        return [None if text in none else text for text, none in zip(texts, nulls, strict=True)], plain and keep_plain

    return read


def _taker(columns: Sequence[Column]) -> Callable[[Mapping[str, Scalar]], Sequence[Any]]:
    """Return a function that takes the cells of ``columns`` out of a row; it raises Faulty for one that is lacking."""
    names = [column.name for column in columns]
    needed = [column.name for column in columns if not column.optional]
    if len(names) < 2:  # itemgetter returns a bare cell for one name
        needed = names if needed else []
    whole = itemgetter(*names) if len(needed) == len(names) > 1 else None

    def take(values: Mapping[str, Scalar]) -> Sequence[Any]:
        try:
            if whole is not None:
                return cast(Sequence[Any], whole(values))
            for name in needed:
                values[name]
        except KeyError as lacking:
            raise Faulty(finding("MAP-001", str(lacking.args[0]))) from None
        return [values.get(name) for name in names]

    return take


def _has_outer_space(joined: str) -> bool:
    """Tell whether any cell may begin or end with a space; printable text has no other white space."""
    return f"{SEPARATOR} " in joined or f" {SEPARATOR}" in joined or joined[:1] == " " or joined[-1:] == " "


def is_plain(text: str) -> bool:
    """Tell whether ``text`` can stand in a document as it is."""
    return (
        text.isprintable()
        and "&" not in text
        and "<" not in text
        and ">" not in text
        and unicodedata.is_normalized("NFC", text)
    )


def _text(cell: Scalar, name: str) -> str:
    if isinstance(cell, str):
        return str(cell)
    if cell.__class__ is int:
        return str(cell)
    raise Faulty(finding("MAP-001", name, value=repr(cell)))


def safe(text: str, origin: str, where: str) -> str:
    """Return ``text`` escaped; raises Faulty (MAP-008) for a character that no document may carry."""
    try:
        return escape_text(text)
    except ForbiddenCharacter:
        raise Faulty(finding("MAP-008", origin, text, where)) from None
