# SPDX-License-Identifier: Apache-2.0
"""Characters of texts (standard.md §1): invisible ones, destroyed ones, texts that are not NFC.

Control characters never get this far: the parser refuses the document (DOC-006).
"""

import re
from collections.abc import Iterator
from typing import Any
from unicodedata import is_normalized

from gateway.model.finding import Finding
from gateway.model.words import Words
from gateway.pack import Element, Shape
from gateway.rules.texts import Rule

_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufdd0-\ufdef\ufffe\uffff]")
_DESTROYED = "\ufffd"


def is_strange(text: str) -> bool:
    """Tell whether the text of a record as a whole calls for a closer look; what is invisible is never printable."""
    return not text.isascii() and (
        (not text.isprintable() and _INVISIBLE.search(text) is not None)
        or _DESTROYED in text
        or not is_normalized("NFC", text)
    )


def wording_check(shape: Shape, payload: Any, rules: dict[str, Rule], found: list[Finding]) -> None:
    """Look at every text of a record; the slow way, taken only where the record as a whole looks strange."""
    for element, node in _texts(shape, payload, ""):
        text = node.text
        strange = _INVISIBLE.search(text)
        code = (
            "FLD-001" if strange is not None else
            "FLD-003" if _DESTROYED in text else
            "FLD-002" if not is_normalized("NFC", text) else None
        )  # fmt: skip
        if code is not None:
            place = f"U+{ord(strange[0]):04X}" if strange is not None else ""
            fills = {"field": element.label, "place": Words(place, place), "value": Words("", "")}
            found.append(rules[code].finding(f"{shape.element}/{element.path}", text, node.sourceline, fills))


def _texts(shape: Shape, node: Any, path: str) -> Iterator[tuple[Element, Any]]:
    for child in node:
        if callable(child.tag):
            continue
        name = str(child.tag).removeprefix(f"{{{shape.namespace}}}")
        element = shape.by_path.get(f"{path}{name}")
        if element is None or element.kind == "extension":
            continue
        if element.children:
            yield from _texts(shape, child, f"{path}{name}/")
        elif child.text:
            yield element, child
