# SPDX-License-Identifier: Apache-2.0
"""What the sheets of a template hold (模板): headers, the words of a cell note, and codes in force."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from gateway.dictionary.described import NEEDS, Described
from gateway.dictionary.layout import LINE_LABEL, Column, Layout, layouts
from gateway.pack import LEVELS, CodeList, Pack

YES_NO = ("是", "否")


@dataclass(frozen=True, slots=True)
class Heading:
    """One column of a sheet; ``column`` is None for a line number."""

    header: str
    column: Column | None
    owner: bool = False

    @property
    def note(self) -> str:
        """The words of the cell note, Chinese."""
        if self.column is None:
            return "所属记录内的行号,从 1 起。"
        if self.owner:
            return f"填所属记录的{self.header},与主表一致。"
        return "\n".join(note_lines(self.column.described))


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of a template, or one CSV file."""

    name: str
    title: str
    headings: tuple[Heading, ...]


def sheets(pack: Pack, code: str) -> tuple[Sheet, ...]:
    """Return the sheets of a record type, the record's own first; raises KeyError for a type the pack lacks."""
    return tuple(Sheet(each.name, each.title, tuple(_headings(each))) for each in layouts(pack, code))


def note_lines(described: Described) -> Iterator[str]:
    """Yield the lines that explain a column: obligation, meaning, example, hint, codes."""
    field = described.field
    by_level = " ".join(f"{level} {NEEDS[field.needs[level]].zh}" for level in LEVELS)
    yield f"约束:{by_level}" + (f"({field.when.zh})" if field.when.zh else "")
    yield f"含义:{field.meaning.zh}"
    yield f"格式:{described.kind.zh},拼音代码 {field.pinyin}"
    if described.element.kind == "boolean":
        yield f"示例:{YES_NO[0] if field.example == 'true' else YES_NO[1]}"
    elif field.example:
        yield f"示例:{_shown(described)}"
    yield f"提示:{field.hint.zh}"
    if described.codes is not None:
        yield f"代码表:{described.codes.name} {described.codes.title.zh}"


def in_force(codes: CodeList, on: date) -> dict[str, str]:
    """Return the codes in force on a day with their Chinese labels, in the order of the list."""
    return {code: label.zh for code in codes.rows if (label := codes.label(code, on)) is not None}


def _shown(described: Described) -> str:
    """Return the example as a person types it: local time without zone, code with its label."""
    example = described.field.example
    if described.element.kind == "dateTime":
        return example[:19].replace("T", " ")
    entry = described.codes.entry(example) if described.codes else None
    return f"{example}({entry.label.zh})" if entry is not None and entry.label.zh != example else example


def _headings(layout: Layout) -> Iterator[Heading]:
    if layout.parent is not None:
        for key in layout.key:
            yield Heading(key.header, key, owner=True)
        for number, _line in enumerate(layout.lines, 1):
            yield Heading(LINE_LABEL if number == len(layout.lines) else f"上级{LINE_LABEL}", None)
    for column in layout.columns:
        yield Heading(column.header, column)
