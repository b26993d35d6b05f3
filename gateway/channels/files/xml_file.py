# SPDX-License-Identifier: Apache-2.0
"""XML files as rows: every element at the row path is one, its leaves and attributes are the columns.

A leaf's column is its path below the row, joined by dots (``当事人.名称``); an attribute is ``@name`` or ``当事人.@name``. The
second element of a name is ``名称.2``, the third ``名称.3``. ``ELEMENT_NAME`` is the name of the row element, ``ELEMENT_TEXT`` its
own text where it has one; carried values keep their path from the root.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gateway.channels.files.findings import FileRefused, file_finding
from gateway.channels.files.options import FileOptions
from gateway.channels.files.taken import Bad, Taken
from gateway.documents import safexml
from gateway.documents.faults import Doc, RefusedDocument, doc_finding
from gateway.documents.schema import RECORD
from gateway.documents.xml_rows import NoRowPath, XmlRow, local, read_xml_rows
from gateway.model.finding import Finding
from gateway.model.record import Scalar, Spot

_CONTROL: Final = re.compile("[\x7f-\x9f]")
_NIL: Final = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_DIGEST: Final = "Package.Body.Record.contentDigest"


class _Unfit(Exception):  # it refuses one row
    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.code)
        self.finding = finding


def xml_rows(path: Path, name: str, options: FileOptions) -> Iterator[Taken | Bad]:
    """Yield the rows of an XML file; the line of a row is its number among them, from 1. Raises FileRefused, OSError."""
    wanted = None if options.row_path is None else options.row_path.strip("/").split("/")
    declared = tuple(dict.fromkeys((*(options.columns or ()), *(options.row_id or ()), *(options.carry or ()))))
    number = 0
    try:
        for number, found in enumerate(read_xml_rows(path, wanted, options.carry or (), options.encoding), 1):
            yield _row(found, number, declared)
    except RefusedDocument as refused:
        raise FileRefused(refused.finding) from None
    except NoRowPath as missing:
        raise FileRefused(file_finding("FIL-018", name, missing.root)) from None
    if not number:
        raise FileRefused(file_finding("FIL-018", name, options.row_path or ""))


def _row(found: XmlRow, number: int, declared: tuple[str, ...]) -> Taken | Bad:
    values: dict[str, Scalar] = {"ELEMENT_NAME": local(found.element), **found.carried}
    try:
        _gather(found.element, "", values)
        _check_digest(found)
    except _Unfit as unfit:
        return Bad(number, unfit.finding, values)
    for name in declared:
        values.setdefault(name, None)
    return Taken(Spot(number, {}), values)


def _check_digest(found: XmlRow) -> None:
    """Hold the payload of a package to the digest that stands beside it (standard.md §4)."""
    digest = found.carried.get(_DIGEST)
    if digest is not None and digest != hashlib.sha256(safexml.canonical(found.element)).hexdigest():
        raise _Unfit(doc_finding(Doc.DIGEST, "contentDigest", path="contentDigest"))


def _gather(element: safexml.Element, path: str, values: dict[str, Scalar]) -> None:
    """Put the leaves and attributes below an element into ``values``."""
    prefix = f"{path}." if path else ""
    for attribute, value in element.attrib.items():
        if attribute != _NIL:
            _put(values, f"{prefix}@{str(attribute).rpartition('}')[2]}", str(value))
    children = [child for child in element if not callable(child.tag)]
    own = "".join([element.text or "", *[child.tail or "" for child in element]])
    if own.strip() or not children:
        _put(values, path or "ELEMENT_TEXT", own) if own.strip() or path else None
    seen: Counter[str] = Counter()
    for child in children:
        name = local(child)
        seen[name] += 1
        _gather(child, f"{prefix}{name}" + (f".{seen[name]}" if seen[name] > 1 else ""), values)


def _put(values: dict[str, Scalar], name: str, text: str) -> None:
    if name in values and name != "ELEMENT_TEXT":
        raise _Unfit(file_finding("FIL-019", name, name))
    if len(text) > RECORD.text:
        raise _Unfit(doc_finding(Doc.TEXT_TOO_LONG, str(RECORD.text), path=name))
    if _CONTROL.search(text):
        raise _Unfit(doc_finding(Doc.CONTROL_CHARACTER, path=name))
    values[name] = text if text.strip() else None
