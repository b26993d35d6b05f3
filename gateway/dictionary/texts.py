# SPDX-License-Identifier: Apache-2.0
"""Cells that stay text: what a spreadsheet would take for a formula is told apart (公式注入)."""

_STARTS = tuple("=+-@\t\r＝＋－＠")


def is_risky(text: str) -> bool:
    """Tell whether a spreadsheet may take ``text`` for a formula."""
    return text.startswith(_STARTS)


def plain(text: str) -> str:
    """Return ``text`` for a CSV cell: an apostrophe before what a spreadsheet may take for a formula.

    >>> plain("=1+1")
    "'=1+1"
    """
    return f"'{text}" if is_risky(text) else text
