# SPDX-License-Identifier: Apache-2.0
"""Outline (提纲) of a mapping file: one entry a line, each with its note, so that a sheet can hold it and give it back.

What an entry says is YAML on one line (``CFWH``, ``{from: CFJE, unit: 万元}``); a note is the comment on the entry's line
and the whole-line comments right above it. ``write(outline_of(text))`` means what ``text`` means: only its layout is lost.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import (
    DoubleQuotedScalarString,
    FoldedScalarString,
    LiteralScalarString,
    SingleQuotedScalarString,
)

from gateway.mapping.reading import Node

HEAD: Final = (
    "mapping",
    "title",
    "standard",
    "adapter",
    "null",
    "text",
    "formats",
    "unpack",
    "version_order",
    "ignore",
)
RECORD_HEAD: Final = ("name", "type", "each", "when", "withdraws", "volatile")
_TABLE: Final = ("source", "code", "from", "to")


class Entry(NamedTuple):
    """A name, what is said of it (one line of YAML, maybe empty), a note, and where it came from (``sheet!B7``)."""

    name: str
    spec: str
    note: str = ""
    place: str = ""


class Crossing(NamedTuple):
    """A row of a crosswalk; ``code`` is YAML (``null`` means no value), the others are plain texts."""

    table: str
    source: str
    code: str
    start: str = ""
    end: str = ""
    note: str = ""
    place: str = ""


@dataclass(slots=True)
class RecordOutline:
    """One record: what stands beside its fields, and the fields."""

    head: list[Entry] = field(default_factory=list)
    fields: list[Entry] = field(default_factory=list)

    def said(self, name: str) -> str:
        """Return what the head says of ``name``, or nothing."""
        return next((entry.spec for entry in self.head if entry.name == name), "")


@dataclass(slots=True)
class Outline:
    """A whole mapping file; ``files`` are the crosswalks that stand in files of their own.

    ``left`` are the lines of comments that belong to no entry (inside a value of several lines), counted from 1.
    """

    head: list[Entry] = field(default_factory=list)
    columns: list[Entry] = field(default_factory=list)
    files: list[Entry] = field(default_factory=list)
    crossings: list[Crossing] = field(default_factory=list)
    values: list[Entry] = field(default_factory=list)
    numbers: list[Entry] = field(default_factory=list)
    records: list[RecordOutline] = field(default_factory=list)
    left: list[int] = field(default_factory=list)


def outline_of(root: Node, text: str) -> Outline:
    """Return the outline of a mapping that loads; ``root`` is what was read of ``text``."""
    notes = _Notes(text.splitlines())
    tree: CommentedMap = root.value
    outline = Outline()
    for key, value in tree.items():
        name = "null" if key is None else key
        match name:
            case "columns" | "values" | "numbers":
                getattr(outline, name).extend(_entries(value, notes))
            case "tables":
                _tables(value, notes, outline)
            case "records":
                outline.records = [_record(entry, notes) for entry in value]
            case _:
                outline.head.append(Entry(name, flow(value), notes.at(tree.lc.key(key)[0])))
    outline.left = notes.left()
    return outline


def write(outline: Outline) -> tuple[str, list[str]]:
    """Return the text of the mapping, and for each of its lines where it came from."""
    lines = _Lines()
    for entry in outline.head:
        lines.entry("", entry)
    lines.section("columns", outline.columns)
    _write_tables(lines, outline)
    lines.section("values", outline.values)
    lines.section("numbers", outline.numbers)
    lines.add("records:")
    for record in outline.records:
        first = True
        for entry in record.head:
            lines.entry("  - " if first else "    ", entry)
            first = False
        lines.add("    fields:")
        for entry in record.fields:
            lines.entry("      ", entry)
    return "\n".join(lines.text) + "\n", lines.places


def flow(value: Any) -> str:
    """Return a YAML value on one line, as it may stand inside ``{…}``."""
    if value is None:
        return ""
    return _dump({"_": _flat(value)})[len("{_: ") : -1]


def parsed(spec: str) -> Any:
    """Read one line of YAML; raises YAMLError."""
    return _yaml().load(spec)


def _yaml() -> YAML:
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.default_flow_style = True
    yaml.width = 1_000_000
    return yaml


def _dump(value: Any) -> str:
    held = io.StringIO()
    _yaml().dump(value, held)
    return held.getvalue().rstrip("\n")


def _flat(value: Any) -> Any:
    """Copy a value without its comments and its layout; quotes stay, since they tell texts from numbers."""
    if isinstance(value, CommentedMap | dict):
        copy = CommentedMap((key, _flat(held)) for key, held in value.items())
        copy.fa.set_flow_style()
        return copy
    if isinstance(value, CommentedSeq | list):
        listed = CommentedSeq(_flat(held) for held in value)
        listed.fa.set_flow_style()
        return listed
    if isinstance(value, FoldedScalarString | LiteralScalarString):
        return SingleQuotedScalarString(value.replace("\a", ""))  # the library's own mark of a fold
    return value


def _entries(value: Any, notes: "_Notes") -> Iterator[Entry]:
    if isinstance(value, CommentedSeq):
        for number, name in enumerate(value):
            yield Entry(str(name), "", notes.at(value.lc.item(number)[0]))
        return
    for key, held in (value or {}).items():
        yield Entry("null" if key is None else str(key), flow(held), notes.at(value.lc.key(key)[0]))


def _tables(tables: CommentedMap, notes: "_Notes", outline: Outline) -> None:
    for name, table in tables.items():
        note = notes.at(tables.lc.key(name)[0])
        if "file" in table:
            outline.files.append(Entry(name, flow(table), note))
            continue
        rows = table["rows"]
        if isinstance(rows, CommentedSeq):
            for number, row in enumerate(rows):
                cells = [_text(row.get(part)) for part in _TABLE]
                code = flow(row["code"]) or "null"
                own = notes.at(rows.lc.item(number)[0])
                outline.crossings.append(Crossing(name, cells[0], code, cells[2], cells[3], own))
        else:
            for source, code in rows.items():
                own = notes.at(rows.lc.key(source)[0])
                outline.crossings.append(Crossing(name, _text(source), flow(code) or "null", note=own))


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _record(record: CommentedMap, notes: "_Notes") -> RecordOutline:
    outline = RecordOutline()
    for key, value in record.items():
        if key == "fields":
            outline.fields = list(_entries(value, notes))
        else:
            outline.head.append(Entry(key, flow(value), notes.at(record.lc.key(key)[0])))
    return outline


class _Notes:
    """The comments of a file, by line; each is told once, to the entry that stands at its line or right below it."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._told: set[int] = set()

    def at(self, line: int) -> str:
        """Return the note of the entry at ``line``, counted from 0."""
        found = []
        above = line - 1
        while above >= 0 and self._lines[above].lstrip().startswith("#"):
            above -= 1
        for number in range(above + 1, line + 1):
            if number not in self._told and (comment := _comment(self._lines[number])):
                self._told.add(number)
                found.append(comment)
        return "\n".join(found)

    def left(self) -> list[int]:
        """Return the lines, counted from 1, whose comments were told to nobody."""
        return [number + 1 for number, line in enumerate(self._lines) if number not in self._told and _comment(line)]


def _comment(line: str) -> str:
    """Return the comment at the end of a line; ``#`` inside quotes or inside a word begins none."""
    quote = ""
    for at, sign in enumerate(line):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "\"'" and (at == 0 or line[at - 1] in " [{,:"):
            quote = sign
        elif sign == "#" and (at == 0 or line[at - 1].isspace()):
            return line[at + 1 :].strip()
    return ""


class _Lines:
    """Lines of a text, each with the place it came from."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.places: list[str] = []

    def add(self, line: str, place: str = "") -> None:
        self.text.append(line)
        self.places.append(place)

    def section(self, name: str, entries: Sequence[Entry]) -> None:
        if entries or name == "columns":
            self.add(f"{name}:" if entries else f"{name}: {{}}")
        for entry in entries:
            self.entry("  ", entry)

    def entry(self, indent: str, entry: Entry) -> None:
        """Write an entry; a note of one line stands behind it, a longer one above it."""
        notes = entry.note.splitlines()
        if len(notes) > 1:
            for note in notes:
                self.add(f"{' ' * len(indent)}# {note}".rstrip(), entry.place)
        key = entry.name if entry.name == "null" else flow(entry.name)
        line = f"{indent}{key}: {entry.spec}".rstrip()
        self.add(f"{line}  # {notes[0]}" if len(notes) == 1 else line, entry.place)


def _write_tables(lines: _Lines, outline: Outline) -> None:
    if not outline.files and not outline.crossings:
        return
    lines.add("tables:")
    for entry in outline.files:
        lines.entry("  ", entry)
    for table in dict.fromkeys(crossing.table for crossing in outline.crossings):
        lines.add(f"  {flow(table)}:")
        lines.add("    rows:")
        for row in outline.crossings:
            if row.table == table:
                dates = "".join(f", {name}: {day}" for name, day in (("from", row.start), ("to", row.end)) if day)
                spec = f"{{source: {_quoted(row.source)}, code: {row.code}{dates}}}"
                for note in row.note.splitlines():
                    lines.add(f"      # {note}".rstrip(), row.place)
                lines.add(f"      - {spec}", row.place)


def _quoted(text: str) -> str:
    return flow(DoubleQuotedScalarString(text))
