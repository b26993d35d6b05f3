# SPDX-License-Identifier: Apache-2.0
"""Code lists (代码表) with validity: one CSV each, several rows a code where its label changed."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from gateway.errors import ConfigurationError
from gateway.model.words import Words

COLUMNS = ("code", "label_zh", "label_en", "valid_from", "valid_to", "source")
EARLIEST, LATEST = "0000-00-00", "9999-99-99"


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a code list; dates are inclusive, ISO text, open ends are EARLIEST and LATEST so that text compares.

    ``extra`` holds the columns beyond the six that every list has (a region's successor, its warning window).
    """

    code: str
    label: Words
    valid_from: str
    valid_to: str
    source: str
    extra: Mapping[str, str] = field(default_factory=dict)

    def covers(self, day: str) -> bool:
        """Tell whether ``day`` (ISO date) lies in the row's validity."""
        return self.valid_from <= day <= self.valid_to


@dataclass(frozen=True, slots=True)
class CodeList:
    """A named code list."""

    name: str
    title: Words
    rows: Mapping[str, tuple[Entry, ...]]

    def holds(self, code: str, on: date) -> bool:
        """Tell whether ``code`` is in force on a day."""
        day = on.isoformat()
        return any(entry.covers(day) for entry in self.rows.get(code, ()))

    def label(self, code: str, on: date) -> Words | None:
        """Return the label in force on a day, or None when the code is unknown or not in force."""
        day = on.isoformat()
        return next((entry.label for entry in self.rows.get(code, ()) if entry.covers(day)), None)

    def entry(self, code: str) -> Entry | None:
        """Return the latest row of ``code`` whatever its validity, or None when the list never had it."""
        rows = self.rows.get(code)
        return rows[-1] if rows else None


class CodeLists(Mapping[str, CodeList]):
    """The code lists of a pack by name, each read when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        """List the CSV files of ``folder``."""
        self._paths = {path.stem: path for path in sorted(folder.glob("*.csv"))}
        self._read: dict[str, CodeList] = {}

    def __getitem__(self, name: str) -> CodeList:
        """Return the list ``name``; raises KeyError for an unknown one."""
        if name not in self._read:
            self._read[name] = read_code_list(self._paths[name])
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        """Yield the names in order."""
        return iter(self._paths)

    def __len__(self) -> int:
        """Return how many lists there are."""
        return len(self._paths)


def read_code_list(path: Path) -> CodeList:
    """Read one CSV (UTF-8, ``#`` lines are comments; the first names the list: ``# zh | en``).

    Raises:
        ConfigurationError: a column is missing, or a row ends before it begins; named as ``file:line``.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    comments = [line[1:].strip() for line in lines if line.startswith("#")]
    zh, _, en = (comments[0] if comments else path.stem).partition("|")
    reader = csv.DictReader([line for line in lines if line and not line.startswith("#")])
    if tuple(reader.fieldnames or ())[: len(COLUMNS)] != COLUMNS:
        raise ConfigurationError(f"{path.name}:1: columns must begin with {','.join(COLUMNS)}")
    rows: dict[str, list[Entry]] = {}
    for row in reader:
        entry = Entry(
            code=row["code"],
            label=Words(row["label_zh"], row["label_en"]),
            valid_from=row["valid_from"] or EARLIEST,
            valid_to=row["valid_to"] or LATEST,
            source=row["source"],
            extra={name: value for name, value in row.items() if name not in COLUMNS and value},
        )
        if entry.valid_from > entry.valid_to:
            raise ConfigurationError(f"{path.name}: {entry.code}: valid_to lies before valid_from")
        rows.setdefault(entry.code, []).append(entry)
    ordered = {code: tuple(sorted(of_code, key=lambda entry: entry.valid_from)) for code, of_code in rows.items()}
    return CodeList(path.stem, Words(zh.strip(), en.strip() or zh.strip()), ordered)
