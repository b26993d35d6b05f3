# SPDX-License-Identifier: Apache-2.0
"""Data dictionary (数据字典) of a pack: what a field means, what goes into it, how it is mended.

``dictionary.csv`` holds one line for each declaration of the schema (``Party,idNo``). Nothing is written twice:

- a line without a label takes its empty cells from the line ``*`` of the same element;
- a line with a label stands for itself; an element without a line of its own has the line ``*``;
- length, and example and hint where they are empty, come from the line of the element's type (``type,Money``), then
  from that of its kind (``kind,text``).

The schema files repeat label, pinyin code, type and class of personal data as annotations: ``disagreements`` names every
entry in which the two differ.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from gateway.errors import ConfigurationError
from gateway.model.words import Words
from gateway.pack.shape import Element, Need

Level: TypeAlias = Literal["L1", "L2", "L3"]
LEVELS: tuple[Level, ...] = ("L1", "L2", "L3")
COLUMNS = (
    "owner", "element", "label_zh", "label_en", "pinyin", "type", "length", "personal", "L1", "L2", "L3",
    "when_zh", "when_en", "meaning_zh", "meaning_en", "example", "hint_zh", "hint_en",
)  # fmt: skip
EVERY = "*"
_BY_TYPE = ("length", "example", "hint_zh", "hint_en")
Line: TypeAlias = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the dictionary, inheritance done.

    ``needs`` is the obligation by level (M mandatory, C conditional, O optional), ``when`` says in which case a
    conditional field is needed. ``length`` is a number of characters, ``digits,decimals`` for amounts, or empty.
    ``example`` is empty for groups. ``source`` is the line that the entry came from (``Party/idNo``, ``*/approver``).
    """

    source: str
    label: Words
    pinyin: str
    type: str
    length: str
    personal: str | None
    needs: Mapping[Level, Need]
    when: Words
    meaning: Words
    example: str
    hint: Words


class Dictionary:
    """The fields of a pack by the element that they describe."""

    def __init__(self, lines: Mapping[tuple[str, str], Line]) -> None:
        """Take the lines by owner and element."""
        self._lines = lines
        self._fields: dict[tuple[str, str], Field | None] = {}

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Yield owner and element of every line."""
        return iter(self._lines)

    def field(self, element: Element) -> Field | None:
        """Return the field of an element, or None when the dictionary does not have it."""
        at = (element.declared, element.kind)
        if at not in self._fields:
            self._fields[at] = self._inherit(element)
        return self._fields[at]

    def _inherit(self, element: Element) -> Field | None:
        owner = element.declared.partition("/")[0]
        every = self._lines.get((EVERY, element.name), {})
        own = self._lines.get((owner, element.name), {})
        line = dict(own) if own.get("label_zh") else dict(every) | {name: value for name, value in own.items() if value}
        if not line.get("label_zh"):
            return None
        for above in (("type", line["type"]), ("kind", element.kind)):
            for column in _BY_TYPE:
                line[column] = line[column] or self._lines.get(above, {}).get(column, "")
        return Field(
            source=f"{line['owner']}/{element.name}",
            label=_words(line, "label"),
            pinyin=line["pinyin"],
            type=line["type"],
            length=line["length"],
            personal=line["personal"] or None,
            needs={level: _need(line[level]) for level in LEVELS},
            when=_words(line, "when"),
            meaning=_words(line, "meaning"),
            example=line["example"] if not element.children else "",
            hint=_words(line, "hint"),
        )


def read_dictionary(path: Path) -> Dictionary:
    """Read ``dictionary.csv`` (UTF-8, ``#`` lines are comments).

    Raises:
        ConfigurationError: the columns differ, or a line is there twice; named as ``file:line``.
    """
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(line for line in file if not line.startswith("#"))
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise ConfigurationError(f"{path.name}: columns must be {','.join(COLUMNS)}")
        lines: dict[tuple[str, str], Line] = {}
        for line in reader:
            at = (line["owner"], line["element"])
            if at in lines:
                raise ConfigurationError(f"{path.name}: {'/'.join(at)} is there twice")
            lines[at] = line
    return Dictionary(lines)


def disagreements(element: Element, field: Field) -> tuple[str, ...]:
    """Name each part in which an element of the schema and its field differ; empty when they agree."""
    told: dict[str, tuple[object, object]] = {
        "label_zh": (element.label.zh, field.label.zh),
        "label_en": (element.label.en, field.label.en),
        "pinyin": (element.pinyin, field.pinyin),
        "type": (element.type, field.type),
        "personal": (element.personal, field.personal),
        "L1": ("M" if element.min else "O", field.needs["L1"]),
        "L2": (element.need, field.needs["L2"]),
        "L3": (element.need, field.needs["L3"]),
    }
    if element.max_length is not None:
        told["length"] = (str(element.max_length), field.length)
    return tuple(f"{name}: schema {in_schema!r}, dictionary {here!r}"
                 for name, (in_schema, here) in told.items() if in_schema != here)  # fmt: skip


def _words(line: Line, name: str) -> Words:
    return Words(line[f"{name}_zh"], line[f"{name}_en"])


def _need(text: str) -> Need:
    match text:
        case "M":
            return "M"
        case "C":
            return "C"
        case "O":
            return "O"
        case _:
            raise ConfigurationError(f"dictionary.csv: obligation must be M, C or O, not {text!r}")
