# SPDX-License-Identifier: Apache-2.0
"""Files of blocks (竖排台账): one ``名称:值`` a line, an empty line or a rule (``----``, ``====``, ``****``) between two rows.

Name and value are parted by the first ``:``, ``：``, ``=`` or tab. A line that begins with a blank (or with ``continued``) goes
on with the value before it.
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gateway.channels.files.findings import FileRefused, file_finding
from gateway.channels.files.options import FileOptions
from gateway.channels.files.taken import Bad, Taken
from gateway.documents import gb18030
from gateway.documents.faults import Doc, doc_finding
from gateway.documents.lines import LINE_CAP, capped_lines
from gateway.model.finding import Finding
from gateway.model.record import Scalar, Spot

_RULE: Final = re.compile(r"\s*([-=*_—─])\1{2,}\s*")
_PAIR: Final = re.compile(r"\s*([^:：=\t]{1,128}?)\s*[:：=\t]\s*(.*?)\s*")


def block_rows(path: Path, name: str, options: FileOptions) -> Iterator[Taken | Bad]:
    """Yield the blocks of a file as rows; a row stands at its first line. Raises FileRefused, OSError."""
    wanted = tuple(dict.fromkeys((*(options.columns or ()), *(options.row_id or ()))))
    block = _Block(name, options.continued, numbered=options.repeated == "number")
    if options.encoding == "utf-16":
        raise FileRefused(file_finding("FIL-009", name, "UTF-16"))
    for number, line in _lines(path, options.encoding):
        if isinstance(line, Finding):
            block.spoil(number, line)
        elif not line.strip() or _RULE.fullmatch(line):
            yield from block.end(wanted)
        else:
            block.add(number, line)
    yield from block.end(wanted)


def _lines(path: Path, encoding: str) -> Iterator[tuple[int, str | Finding]]:
    decode = gb18030.decoder(encoding)
    with path.open("rb") as file:
        for number, line in capped_lines(file.readline):
            if isinstance(line, Finding):
                yield number, line
                continue
            try:
                yield number, decode(line.rstrip(b"\r\n\x1a"))
            except UnicodeDecodeError as wrong:
                yield number, doc_finding(Doc.WRONG_BYTES, encoding.upper(), line=number, column=wrong.start + 1)


class _Block:
    """The block under way."""

    def __init__(self, file: str, continued: str | None, *, numbered: bool) -> None:
        self._file = file
        self._continued = continued
        self._numbered = numbered
        self._seen: Counter[str] = Counter()
        self._begin = 0
        self._values: dict[str, str] = {}
        self._places: dict[str, int] = {}
        self._last: str | None = None
        self._wrong: Finding | None = None
        self._size = 0

    def spoil(self, number: int, finding: Finding) -> None:
        """Note what is wrong with the block."""
        self._begin = self._begin or number
        self._wrong = self._wrong or finding

    def add(self, number: int, line: str) -> None:
        """Take a line of the block."""
        self._begin = self._begin or number
        self._size += len(line)
        if self._size > LINE_CAP:
            raise FileRefused(doc_finding(Doc.TEXT_TOO_LONG, str(LINE_CAP), line=self._begin))
        more = self._more(line)
        if more is not None and self._last is not None:
            self._values[self._last] += more
            return
        pair = _PAIR.fullmatch(line)
        if pair is None or (pair[1] in self._values and not self._numbered):
            column = pair[1] if pair else ""
            self.spoil(number, file_finding("FIL-020", column, line=number))
            return
        self._seen[pair[1]] += 1
        count = self._seen[pair[1]]
        self._last = pair[1] if count == 1 else f"{pair[1]}.{count}"
        self._values[self._last] = pair[2]
        self._places[self._last] = number

    def end(self, wanted: tuple[str, ...]) -> Iterator[Taken | Bad]:
        """Yield the row of the block, if there is one, and begin anew."""
        if self._begin:
            values: dict[str, Scalar] = {name: text if text.strip() else None for name, text in self._values.items()}
            if self._wrong is not None:
                yield Bad(self._begin, self._wrong, values)
            else:
                yield Taken(Spot(self._begin, {}), dict.fromkeys(wanted) | values)
        self.__init__(self._file, self._continued, numbered=self._numbered)  # type: ignore[misc]

    def _more(self, line: str) -> str | None:
        """Return the text by which a line goes on with the one before, None where it does not."""
        if self._continued is not None:
            return line.removeprefix(self._continued) if line.startswith(self._continued) else None
        return line.strip() if line[0] in " \t\u3000" else None
