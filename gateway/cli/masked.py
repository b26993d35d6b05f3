# SPDX-License-Identifier: Apache-2.0
"""Documents and raw rows as they may be shown: personal data masked by the pack's dictionary.

A vendor's column does not say what it holds. So a raw row is masked by what the documents made of it show to be
personal, and besides hides numbers that look like identity cards or telephones, and short texts that may be names.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from gateway.documents.safexml import parse
from gateway.errors import MalformedDocument
from gateway.pack import Pack
from gateway.trust.masking import mask, mask_name, mask_text

_PERHAPS_A_NAME: Final = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]{2,4}(·[\u3400-\u9fff]+)*")


def fields(pack: Pack, type_: str | None, document: bytes, *, unmasked: bool) -> list[tuple[str, str]]:
    """Return path and value of every element that has a value, in document order; a broken document shows nothing."""
    try:
        root = parse(document)
    except MalformedDocument:
        return []
    shape = pack.shape(type_) if type_ is not None and type_ in pack.types else None
    found: list[tuple[str, str]] = []
    for element in root.iter():
        if len(element) or not element.text:
            continue
        path = _path(element)
        known = shape.find(path) if shape is not None else None
        personal = known.personal if known is not None else None
        found.append((path, element.text if unmasked else mask(element.text, personal)))
    return found


def personal_values(pack: Pack, type_: str | None, document: bytes) -> dict[str, str]:
    """Return every value of the document that masking changes, with its masked form."""
    shown = fields(pack, type_, document, unmasked=False)
    told = fields(pack, type_, document, unmasked=True)
    return {value: masked for (_, value), (_, masked) in zip(told, shown, strict=True) if value != masked}


def raw_row(raw: bytes, hidden: Mapping[str, str], *, unmasked: bool) -> dict[str, Any]:
    """Return a raw row column by column; ``hidden`` are personal values with their masked forms."""
    try:
        row = json.loads(raw)
    except ValueError:
        row = raw.decode("utf-8", "replace")
    columns: dict[str, Any] = row if isinstance(row, dict) else {"": row}
    if unmasked:
        return columns
    return {name: hide(value, hidden) if isinstance(value, str) else value for name, value in columns.items()}


def finding_value(value: str | None, *, unmasked: bool) -> str | None:
    """Return the offending text of a finding as it may be shown: nobody knows what it holds."""
    if value is None or unmasked:
        return value
    return hide(value, {})


def hide(value: str, hidden: Mapping[str, str]) -> str:
    """Return a text with the personal values of ``hidden`` masked, and what looks like a name or a number."""
    if value in hidden:
        return hidden[value]
    for each in _longest_first(hidden):
        value = value.replace(each, hidden[each])
    return mask_name(value) if _PERHAPS_A_NAME.fullmatch(value) else mask_text(value)


def _longest_first(values: Iterable[str]) -> list[str]:
    return sorted((value for value in values if len(value) > 1), key=len, reverse=True)


def _path(element: Any) -> str:
    names: list[str] = []
    while (above := element.getparent()) is not None:
        names.append(element.tag.rpartition("}")[2])
        element = above
    return "/".join(reversed(names))
