# SPDX-License-Identifier: Apache-2.0
"""A file under way: its private copy, its rows still to come, and the row ids that it has shown."""

import hashlib
import tempfile
from collections.abc import Generator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from gateway.channels.files import archive
from gateway.channels.files.findings import FileRefused, file_finding
from gateway.channels.files.formats import rows_of
from gateway.channels.files.options import FileOptions
from gateway.channels.files.taken import Bad, Taken
from gateway.errors import SourceError
from gateway.model.finding import Finding
from gateway.model.record import Row, Scalar
from gateway.model.row_id import join_row_id
from gateway.ports import FileStep, Unreadable
from gateway.sdk import row as make_row

_DIGEST_SHOWN: Final = 16


@dataclass(frozen=True, slots=True)
class Part:
    """The next rows of a file; ``refused`` where not a single row of it could be read."""

    rows: tuple[Row, ...]
    unreadable: tuple[Unreadable, ...]
    ended: bool
    refused: bool


class OpenFile:
    """A file that is read from a copy of our own; the copy is gone when it is closed."""

    def __init__(self, step: FileStep, copy: Path, options: FileOptions) -> None:
        self.step = step
        self.passed = 0
        self._copy = copy
        self._options = options
        self._rows = self._read()
        self._seen: set[bytes] = set()

    def skip(self, passed: int) -> None:
        """Pass over the rows that a run before this one has committed, noting their ids."""
        with suppress(FileRefused):
            while self.passed < passed:
                self.passed += 1
                item = self._next()
                if item is not None:
                    self._note(item[1].values)

    def take(self, size: int) -> Part:
        """Return at most ``size`` rows more; raises SourceError where there is no room to unpack them."""
        rows: list[Row] = []
        unreadable: list[Unreadable] = []
        count = 0
        ended = refused = False
        while count < size:
            try:
                item = self._next()
            except FileRefused as fault:
                unreadable.append(Unreadable(f"file:{self.step.name}", fault.finding))
                ended, refused = True, self.passed + count == 0
                break
            if item is None:
                ended = True
                break
            count += 1
            made = self._made(*item)
            if isinstance(made, Row):
                rows.append(made)
            else:
                unreadable.append(made)
        self.passed += count
        return Part(tuple(rows), tuple(unreadable), ended, refused)

    def columns(self) -> list[str] | None:
        """Return the columns of the first row that can be taken, None where there is none; raises FileRefused, SourceError."""
        while (item := self._next()) is not None:
            if isinstance(item[1], Taken):
                return list(item[1].values)
        return None

    def close(self) -> None:
        """Let go of the file."""
        self._rows.close()
        self._copy.unlink(missing_ok=True)

    def _next(self) -> tuple[str, Taken | Bad] | None:
        try:
            return next(self._rows, None)
        except OSError as fault:
            wrong = file_finding("FIL-022", self.step.name, fault.strerror or type(fault).__name__)
            raise SourceError(f"{tempfile.gettempdir()}: {wrong.message.zh}", wrong.hint) from fault

    def _read(self) -> Generator[tuple[str, Taken | Bad]]:
        """Yield the rows with the name of the member they are of, empty where the file is no archive."""
        name = self.step.name
        if not name.lower().endswith(archive.SUFFIX):
            for each in rows_of(self._copy, name, self._options):
                yield "", each
            return
        for member in archive.members(self._copy, name, self._options.largest):
            for each in rows_of(member.path, member.name, self._options):
                yield member.name, each

    def _made(self, member: str, item: Taken | Bad) -> Row | Unreadable:
        step = self.step
        line = item.line if isinstance(item, Bad) else item.spot.line
        fallback = f"{step.digest[:_DIGEST_SHOWN]}{'!' + member if member else ''}#{line}"
        row_id = self._row_id(item.values) or fallback
        if isinstance(item, Bad):
            return Unreadable(row_id, _of_member(item.finding, member))
        if self._options.row_id is not None:
            column = self._options.row_id[0]
            if row_id == fallback:
                finding = file_finding("FIL-011", column, line=line, column=item.spot.columns.get(column))
                return Unreadable(row_id, _of_member(finding, member))
            if not self._note(item.values):
                finding = file_finding("FIL-012", column, line=line, column=item.spot.columns.get(column))
                return Unreadable(fallback, _of_member(finding, member))
        values = dict(item.values)
        if self._options.origin:
            values |= {"FILE_NAME": member or step.name, "FILE_SEQUENCE": step.sequence, "FILE_ROW": line}
        stamp = None if step.sequence is None else f"{step.sequence:020d}"
        return replace(make_row(row_id, values, stamp), spot=item.spot)

    def _row_id(self, values: Mapping[str, Scalar]) -> str | None:
        if self._options.row_id is None:
            return None
        parts = [values.get(column) for column in self._options.row_id]
        return None if None in parts else join_row_id([str(part).strip() for part in parts])

    def _note(self, values: Mapping[str, Scalar]) -> bool:
        """Tell whether the row id of ``values`` is new in this file."""
        row_id = self._row_id(values)
        if row_id is None:
            return True
        digest = hashlib.blake2b(row_id.encode(), digest_size=8).digest()
        if digest in self._seen:
            return False
        self._seen.add(digest)
        return True


def _of_member(finding: Finding, member: str) -> Finding:
    """Say in which file of an archive a row stands."""
    if not member:
        return finding
    message = type(finding.message)(f"{member}:{finding.message.zh}", f"{member}: {finding.message.en}")
    return replace(finding, message=message)
