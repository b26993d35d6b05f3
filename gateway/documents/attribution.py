# SPDX-License-Identifier: Apache-2.0
"""From an error of libxml2 to a finding: which field, in whose words, what was expected."""

import re
from typing import Final

from lxml import etree

from gateway.documents.content import bare, field_path, named
from gateway.documents.guide import Guide
from gateway.documents.messages import DANGLING, DUPLICATE, EMPTY, MISSING, OTHER, TABLE, TYPES, UNEXPECTED, Kind
from gateway.model.finding import Finding, Stage
from gateway.model.words import Words

_ELEMENT = re.compile(r"^Element '(?:\{[^}]*\})?([^']+)'(?:, attribute '(?:\{[^}]*\})?([^']+)')?: ")
_LENGTHS = re.compile(r"length of '(\d+)'; this \w+ (?:from )?the allowed (?:\w+ )?length of '(\d+)'")
_LIMIT = re.compile(r"\('([^']*)'\)\.$")
_PREFIXED = re.compile(r"/([A-Za-z_][\w.-]*:[\w.-]+)")
_WANTED = re.compile(r"Expected is (?:one of )?\( (.*) \)\.$")
_QNAME = re.compile(r"(?:\{[^}]*\})?([^,{}\s]+)")
_TYPE = re.compile(r"type '(?:xs:|\{[^}]*\})?([^']+)'\.$")
_CONSTRAINT = re.compile(r"(?:identity-constraint|keyref) '(?:\{[^}]*\})?([^']+)'\.$")
_ATTRIBUTE = re.compile(r"[Tt]he attribute '(?:\{[^}]*\})?([^']+)'")
_QUOTED = re.compile(r"'(?:[^'{}]*)'")
_SEQUENCE = re.compile(r"key-sequence \[(.*)\] of keyref")
_QUOTED_TEXT = re.compile(r"'([^']*)'")
_ABOUT_VALUES: Final = frozenset(f"XSD-{number:03}" for number in (*range(5, 16), 18, 32, 33))
_VALUE_CAP: Final = 500  # characters of an offending value worth keeping


def attribute(
    error: "etree._LogEntry", record: "etree._Element", guide: Guide, line: int | None = None,
    node: "etree._Element | None" = None,
) -> Finding:  # fmt: skip
    """Make the finding of one schema error in ``record``; ``line`` is for documents of several lines.

    ``node`` is the element it speaks of, looked for in ``record`` where it is not given.
    """
    said = str(error.message)
    about = _ELEMENT.match(said)
    if node is None:
        node = locate(error, record)
    kind, body = _kind_of(error.type_name, said), said[about.end() :] if about else said
    value = node.text if node is not None and len(node) == 0 and kind is not MISSING else None
    if about and about.group(2) and kind.code in _ABOUT_VALUES:
        kind = TABLE["SCHEMAV_CVC_ATTRIBUTE_3"]
    if kind.code == "XSD-005" and not (value or "").strip():
        kind = EMPTY
    path = field_path(record, node) if node is not None else etree.QName(record).localname
    expected = _expected(kind, body, path, guide)
    received = _received(kind, body, about.group(2) if about else None)
    field = named(path, guide)
    return Finding(
        code=kind.code,
        stage=Stage.VALIDATE,
        path=path,
        message=Words(
            _fill(kind.message.zh, field.zh, expected.zh, received),
            _fill(kind.message.en, field.en, expected.en, received),
        ),
        hint=kind.advised(guide.advice(bare(path)) if kind.code in _ABOUT_VALUES else None),
        value=value[:_VALUE_CAP] if value else None,
        line=line,
    )


def _fill(template: str, field: str, expected: str, received: str) -> str:
    return template.replace("{field}", field).replace("{received}", received).replace("{expected}", expected)


def locate(error: "etree._LogEntry", record: "etree._Element") -> "etree._Element | None":
    """Find the element an error speaks of: by libxml2's path or, for a keyref, by its name and the key it shows."""
    about = _ELEMENT.match(str(error.message))
    name = about.group(1) if about else None
    if error.path:
        found = record.getroottree().xpath(_unbound(error.path))
        if isinstance(found, list) and found and isinstance(found[0], etree._Element):
            return found[0]
    if name is None:
        return None
    same = list(record.iter("{*}" + name))
    if len(same) > 1:
        keys = _SEQUENCE.search(str(error.message))
        values = set(_QUOTED_TEXT.findall(keys.group(1))) if keys else set()
        same = [node for node in same if values & {text.strip() for text in node.itertext() if isinstance(text, str)}]
    return same[0] if len(same) == 1 else None


def _unbound(path: str) -> str:
    """Return libxml2's path of an element without the document's own prefixes, which XPath does not know."""
    return _PREFIXED.sub(r"/*[name()='\1']", path.partition("/@")[0])


def _kind_of(type_name: str, said: str) -> Kind:
    if type_name == "SCHEMAV_ELEMENT_CONTENT":
        return MISSING if "Missing child element" in said else UNEXPECTED
    if type_name == "SCHEMAV_CVC_IDC":
        return DUPLICATE if "Duplicate" in said else DANGLING
    return TABLE.get(type_name, OTHER)


def _expected(kind: Kind, body: str, path: str, guide: Guide) -> Words:
    if kind in (UNEXPECTED, MISSING):
        return _wanted(body, path if kind is MISSING else path.rpartition("/")[0], guide)
    if kind in (DUPLICATE, DANGLING):
        found = _CONSTRAINT.search(body)
        return _plain(found.group(1) if found else "")
    if kind is EMPTY or kind.code == "XSD-005":
        found = _TYPE.search(body)
        name = found.group(1) if found else ""
        return TYPES.get(name, _plain(name))
    if kind.code == "XSD-006":
        return _plain(body.rpartition("is not an element of the set {")[2].removesuffix("}.").replace("'", ""))
    if kind.code == "XSD-007":
        return _plain(body.rpartition("is not accepted by the pattern '")[2].removesuffix("'."))
    lengths = _LENGTHS.search(body)
    if lengths:
        return _plain(lengths.group(2))
    found = _LIMIT.search(body)
    return _plain(found.group(1) if found else "")


def _received(kind: Kind, body: str, attribute_name: str | None) -> str:
    lengths = _LENGTHS.search(body)
    if lengths:
        return lengths.group(1)
    if attribute_name:
        return attribute_name
    found = _ATTRIBUTE.search(body)
    if found:
        return found.group(1)
    return _QUOTED.sub("'…'", body) if kind is OTHER else ""


def _wanted(body: str, parent: str, guide: Guide) -> Words:
    found = _WANTED.search(body)
    if not found:
        return Words("其他内容或没有内容", "something else or nothing")
    names = [m.group(1) for m in _QNAME.finditer(found.group(1)) if m.group(1) not in (",", "...")]
    words = [named(f"{parent}/{name}", guide) for name in names]
    return Words("或".join(each.zh for each in words), " or ".join(each.en for each in words))


def _plain(text: str) -> Words:
    return Words(text, text)
