# SPDX-License-Identifier: Apache-2.0
"""Private-use characters (自造字) in a document: each gateway sees another glyph, or none, so people are told."""

import re
from collections.abc import Iterator
from typing import Final

from gateway.documents import gb18030
from gateway.documents.content import field_path, named
from gateway.documents.faults import Doc, doc_finding
from gateway.documents.guide import Guide
from gateway.documents.safexml import Element, line_of
from gateway.model.finding import Finding
from gateway.model.words import Words

_BYTES: Final = re.compile(rb"\xef[\x80-\xa3]|\xf3[\xb0-\xbf]|\xf4")
_LEAD: Final = b"\xee"  # in UTF-8 it begins private-use characters only


def may_hold_private_use(document: bytes) -> bool:
    """Tell whether UTF-8 ``document`` may hold a private-use character; costs next to nothing.

    The expression looks at every byte, so it is asked only where a byte stands that full-width forms do not explain.
    """
    if _LEAD in document or b"&#" in document:
        return True
    full_width = document.count(b"\xef\xbc") + document.count(b"\xef\xbd")
    odd = document.count(b"\xef") > full_width or b"\xf3" in document or b"\xf4" in document
    return odd and _BYTES.search(document) is not None


def private_use_findings(record: Element, guide: Guide, *, with_lines: bool = False) -> Iterator[Finding]:
    """Yield a warning for every element of ``record`` whose text holds a private-use character."""
    for node in record.iter("{*}*"):
        found = gb18030.private_use(node.text or "")
        if found is None:
            continue
        path = field_path(record, node)
        field = named(path, guide)
        point = f"U+{ord(found):04X}"
        detail = Words(f"{field.zh}:{point}", f"{field.en}: {point}")
        yield doc_finding(
            Doc.PRIVATE_USE, detail, path=path, line=line_of(node) if with_lines else None, value=node.text
        )
