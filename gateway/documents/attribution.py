# SPDX-License-Identifier: Apache-2.0
"""From an error of libxml2 to a finding: which field, in whose words, what was expected."""

import re
from collections.abc import Callable
from typing import Final, TypeAlias

from lxml import etree

from gateway.documents.messages import DANGLING, DUPLICATE, EMPTY, MISSING, OTHER, TABLE, TYPES, UNEXPECTED, Kind
from gateway.model.finding import Finding, Stage
from gateway.model.words import Words

Labels: TypeAlias = Callable[[str], Words | None]
"""Gives the label of an element path such as ``penaltyDecision/party/name``, or None."""

_ELEMENT = re.compile(r"^Element '(?:\{[^}]*\})?([^']+)'(?:, attribute '(?:\{[^}]*\})?([^']+)')?: ")
_LENGTHS = re.compile(r"length of '(\d+)'; this \w+ (?:from )?the allowed (?:\w+ )?length of '(\d+)'")
_LIMIT = re.compile(r"\('([^']*)'\)\.$")
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


def no_labels(_path: str) -> None:
    """Know no label: findings name the element alone."""


def field_path(record: "etree._Element", node: "etree._Element") -> str:
    """Return the element names from ``record`` down to ``node``; repeated siblings carry their number from 1."""
    names: list[str] = []
    at: etree._Element | None = node
    while at is not None:
        names.append(_step(at, at is record))
        if at is record:
            break
        at = at.getparent()
    return "/".join(reversed(names))


def _step(node: "etree._Element", is_record: bool) -> str:
    name = etree.QName(node).localname
    if is_record:
        return name
    before = sum(1 for _ in node.itersiblings(node.tag, preceding=True))
    more = before or next(node.itersiblings(node.tag), None) is not None
    return f"{name}[{before + 1}]" if more else name


def attribute(error: "etree._LogEntry", record: "etree._Element", labels: Labels, line: int | None = None) -> Finding:
    """Make the finding of one schema error in ``record``; ``line`` is for documents of several lines."""
    said = str(error.message)
    named = _ELEMENT.match(said)
    node = _locate(error, record, named.group(1) if named else None)
    kind, body = _kind_of(error.type_name, said), said[named.end() :] if named else said
    value = node.text if node is not None and len(node) == 0 and kind is not MISSING else None
    if named and named.group(2) and kind.code in _ABOUT_VALUES:
        kind = TABLE["SCHEMAV_CVC_ATTRIBUTE_3"]
    if kind.code == "XSD-005" and not (value or "").strip():
        kind = EMPTY
    path = field_path(record, node) if node is not None else etree.QName(record).localname
    expected = _expected(kind, body, path, labels)
    received = _received(kind, body, named.group(2) if named else None)
    field = _named(path, labels)
    return Finding(
        code=kind.code,
        stage=Stage.VALIDATE,
        path=path,
        message=Words(
            _fill(kind.message.zh, field.zh, expected.zh, received),
            _fill(kind.message.en, field.en, expected.en, received),
        ),
        hint=kind.hint,
        value=value[:_VALUE_CAP] if value else None,
        line=line,
    )


def _fill(template: str, field: str, expected: str, received: str) -> str:
    return template.replace("{field}", field).replace("{received}", received).replace("{expected}", expected)


def _locate(error: "etree._LogEntry", record: "etree._Element", name: str | None) -> "etree._Element | None":
    """Find the element an error speaks of: by libxml2's path or, for a keyref, by its name and the key it shows."""
    if error.path:
        found = record.getroottree().xpath(error.path)
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


def _kind_of(type_name: str, said: str) -> Kind:
    if type_name == "SCHEMAV_ELEMENT_CONTENT":
        return MISSING if "Missing child element" in said else UNEXPECTED
    if type_name == "SCHEMAV_CVC_IDC":
        return DUPLICATE if "Duplicate" in said else DANGLING
    return TABLE.get(type_name, OTHER)


def _expected(kind: Kind, body: str, path: str, labels: Labels) -> Words:
    if kind in (UNEXPECTED, MISSING):
        return _wanted(body, path if kind is MISSING else path.rpartition("/")[0], labels)
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


def _wanted(body: str, parent: str, labels: Labels) -> Words:
    found = _WANTED.search(body)
    if not found:
        return Words("其他内容或没有内容", "something else or nothing")
    names = [m.group(1) for m in _QNAME.finditer(found.group(1)) if m.group(1) not in (",", "...")]
    named = [_named(f"{parent}/{name}", labels) for name in names]
    return Words("或".join(n.zh for n in named), " or ".join(n.en for n in named))


def _named(path: str, labels: Labels) -> Words:
    """Return 「label(name)」 and name (label) of an element path."""
    bare = re.sub(r"\[\d+\]", "", path)
    name = bare.rpartition("/")[2]
    label = labels(bare)
    return Words(f"「{label.zh}({name})」", f"{name} ({label.en})") if label else Words(f"「{name}」", name)


def _plain(text: str) -> Words:
    return Words(text, text)
