# SPDX-License-Identifier: Apache-2.0
"""Lines of text files, numbered and held to a cap, so that no file can fill the memory with one line."""

from collections.abc import Callable, Iterator
from typing import Final

from gateway.documents.faults import Doc, doc_finding
from gateway.model.finding import Finding

LINE_CAP: Final = 1024 * 1024
"""Bytes that a line of a file may have."""

MARK: Final = b"\xef\xbb\xbf"
"""The byte order mark of UTF-8, which is no part of the first line."""


def capped_lines(
    readline: Callable[[int], bytes], most: int = LINE_CAP, code: Doc = Doc.TEXT_TOO_LONG
) -> Iterator[tuple[int, bytes | Finding]]:
    """Yield the number (from 1) and the bytes of every line with its line end, the mark of the first one left out.

    ``readline`` is that of a file opened for bytes. A line of more than ``most`` bytes comes as a finding (``code``) in its
    place, is never held whole, and does not keep those behind it. Raises OSError where the file can't be read.
    """
    number, begun = 1, False
    while piece := readline(most):
        ended = piece.endswith(b"\n")
        if not begun and (ended or len(piece) < most):
            yield number, piece.removeprefix(MARK) if number == 1 else piece
        elif not begun:
            yield number, doc_finding(code, str(most), line=number)
        begun = not ended
        number += ended
