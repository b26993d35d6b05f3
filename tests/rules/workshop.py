# SPDX-License-Identifier: Apache-2.0
"""Makes the pack's samples from its valid ones: each is a valid file with a few named edits.

``python -m tests.rules.workshop`` writes ``samples/invalid`` and ``samples/near-miss`` from the recipes in
:mod:`tests.rules.recipes`. An edit is text:

- ``CF_JD/fineAmount=0.50`` sets an element, made where the schema wants it; ``a|b`` repeats it; ``CF_JD#2`` is the
  second record of a type; ``lines#2/amount`` the second group
- ``CF_JD/legalReview-`` takes an element out, ``-CF_JD`` a record, ``only CF_LA CF_JD`` keeps these types alone
- ``+CF_JD 20`` repeats the last record of a type with a new sequence
- ``*/orgCode=…`` in all records that have the element; ``CF_JD>>CF_LA`` moves the record before the first CF_LA
- ``year 2022 2012`` moves every date, and case numbers, from one year to another
- ``<fact>…~>…`` changes the text of the file itself, once, when everything else is done
- ``package 2026-01-01T09:00:00+08:00 SENDER`` wraps all in a package of that time
"""

import hashlib
import uuid
from collections.abc import Sequence
from copy import deepcopy
from datetime import datetime
from pathlib import Path
from typing import Any

from lxml import etree

from gateway.documents import safexml
from gateway.documents.package import render_package
from gateway.model.package import PackageHead, PackedRecord, Purpose, body_digest
from gateway.model.record_type import RecordType, Role
from gateway.pack import Pack, Shape, load_pack

SIGNATURE = (
    b'<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo><ds:CanonicalizationMethod '
    b'Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:CanonicalizationMethod><ds:SignatureMethod '
    b'Algorithm="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"></ds:SignatureMethod></ds:SignedInfo>'
    b"<ds:SignatureValue>AAAA</ds:SignatureValue></ds:Signature>"
)
XS = "{http://www.w3.org/2001/XMLSchema-instance}"


def build(pack: Pack, base: str, edits: Sequence[str], title: str) -> bytes:
    """Return the text of a sample."""
    root = safexml.parse((pack.root / "samples" / "valid" / base).read_bytes())
    space = f"{{{pack.namespace}}}"
    records = list(root) if root.tag == f"{space}Records" else [root]
    records = [each for each in records if not callable(each.tag)]
    head: tuple[str, str] | None = None
    changes: list[tuple[str, str]] = []
    for edit in edits:
        if "~>" in edit:
            old, _, new = edit.partition("~>")
            changes.append((old, new))
        elif edit.startswith("package "):
            _, at, sender = edit.split(" ")
            head = (at, sender)
        else:
            records = _edited(pack, records, edit)
    for record in records:
        parent = record.getparent()
        if parent is not None:
            parent.remove(record)
    if head is not None:
        body = _package(pack, records, *head)
    elif len(records) == 1 and root.tag != f"{space}Records":
        body = _pretty(records[0])
    else:
        body = _lines(pack, records)
    for old, new in changes:
        assert old.encode() in body, old
        body = body.replace(old.encode(), new.encode(), 1)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<!-- {title} -->\n'.encode() + body + b"\n"


def _edited(pack: Pack, records: list[Any], edit: str) -> list[Any]:
    if edit.startswith("only "):
        kept = edit.split(" ")[1:]
        return [each for each in records if _type(pack, each) in kept]
    if edit.startswith("year "):
        _, before, after = edit.split(" ")
        for node in (each for record in records for each in record.iter()):
            if node.text:
                node.text = node.text.replace(f"{before}-", f"{after}-")
        return records
    if edit.startswith("-"):
        gone = _chosen(pack, records, edit[1:], some=False)
        return [each for each in records if each not in gone]
    if edit.startswith("+"):
        name, sequence = edit[1:].split(" ")
        copied = deepcopy(_chosen(pack, records, name)[-1])
        _set(pack.shape(_type(pack, copied)), copied, pack.types[_type(pack, copied)].roles[Role.SEQUENCE], sequence)
        return [*records, copied]
    if ">>" in edit:
        name, before = edit.split(">>")
        (moved,) = _chosen(pack, records, name)
        rest = [each for each in records if each is not moved]
        at = rest.index(_chosen(pack, rest, before)[0])
        return [*rest[:at], moved, *rest[at:]]
    address, equals, value = edit.partition("=")
    name, _, path = address.removesuffix("-").partition("/")
    for record in _chosen(pack, records, name):
        shape = pack.shape(_type(pack, record))
        if name == "*" and shape.find(path.split("#")[0]) is None:
            continue
        if equals:
            _set(shape, record, path, value)
        else:
            _drop(shape, record, path)
    return records


def _chosen(pack: Pack, records: list[Any], name: str, *, some: bool = True) -> list[Any]:
    kind, _, number = name.partition("#")
    found = [each for each in records if kind in ("*", _type(pack, each))]
    assert found or not some, f"no {name}"
    return [found[int(number) - 1]] if number else found


def _type(pack: Pack, record: Any) -> str:
    return pack.by_element[str(record.tag).rpartition("}")[2]].code


def _holders(shape: Shape, record: Any, path: str) -> tuple[Any, str, str, int | None]:
    """Return the parent of the last step of a path (made where absent), its plain path, name and number."""
    node, walked = record, ""
    *above, last = path.split("/")
    for step in above:
        name, _, number = step.partition("#")
        walked = f"{walked}/{name}" if walked else name
        like = node.findall(f"{{{shape.namespace}}}{name}")
        if not like:
            like = [_insert(shape, node, walked)]
        node = like[int(number) - 1 if number else 0]
    name, _, number = last.partition("#")
    return node, f"{walked}/{name}" if walked else name, name, int(number) if number else None


def _set(shape: Shape, record: Any, path: str, value: str) -> None:
    parent, plain, name, number = _holders(shape, record, path)
    like = parent.findall(f"{{{shape.namespace}}}{name}")
    if number is not None:
        like[number - 1].text = value
        return
    for each in like:
        parent.remove(each)
    element = shape.by_path[plain]
    for part in value.split("|") if element.max != 1 else [value]:
        made = _insert(shape, parent, plain)
        if part == "nil":
            made.set(f"{XS}nil", "true")
        else:
            made.text = part


def _insert(shape: Shape, parent: Any, path: str) -> Any:
    above, _, name = path.rpartition("/")
    siblings = [each.name for each in (shape.by_path[above].children if above else shape.children)]
    made = etree.Element(f"{{{shape.namespace}}}{name}")
    later = set(siblings[siblings.index(name) + 1 :])
    for at, child in enumerate(parent):
        if not callable(child.tag) and str(child.tag).rpartition("}")[2] in later:
            parent.insert(at, made)
            return made
    parent.append(made)
    return made


def _drop(shape: Shape, record: Any, path: str) -> None:
    parent, _, name, number = _holders(shape, record, path)
    like = parent.findall(f"{{{shape.namespace}}}{name}")
    for each in [like[number - 1]] if number else like:
        parent.remove(each)


def _bare(record: Any) -> Any:
    copied = deepcopy(record)
    for node in copied.iter():
        if node.text is not None and not node.text.strip():
            node.text = None
        node.tail = None
    etree.cleanup_namespaces(copied)
    return copied


def _pretty(record: Any) -> bytes:
    copied = _bare(record)
    etree.indent(copied, "  ")
    return bytes(etree.tostring(copied, encoding="utf-8"))


def _lines(pack: Pack, records: list[Any]) -> bytes:
    own = f' xmlns="{pack.namespace}"'.encode()
    lines = [bytes(etree.tostring(_bare(record), encoding="utf-8")).replace(own, b"", 1) for record in records]
    return b"<Records" + own + b">\n" + b"\n".join(lines) + b"\n</Records>"


def _package(pack: Pack, records: list[Any], at: str, sender: str) -> bytes:
    """Return a package with true digests; its signature has only the form of one, which ``validate`` does not judge."""
    packed: list[PackedRecord] = []
    documents = [safexml.canonical(_bare(record)) for record in records]
    for record, document in zip(records, documents, strict=True):
        kind = pack.types[_type(pack, record)]
        key, version = _key(pack, kind, record)
        packed.append(PackedRecord(0, kind.code, key, version, hashlib.sha256(document).digest()))
    head = PackageHead(
        package_id=str(uuid.uuid5(uuid.NAMESPACE_URL, repr(packed))), standard_version=pack.version, sender_code=sender,
        receiver_code="11360100MA00000399", created_at=datetime.fromisoformat(at), purpose=Purpose.TEST,
        record_count=len(packed), body_digest=body_digest(packed), code_list_version=pack.code_list_version,
        stream_id="00000000-0000-4000-8000-000000000001", package_seq=1,
    )  # fmt: skip
    return render_package(head, packed, documents, lambda _head: SIGNATURE)


def _key(pack: Pack, kind: RecordType, payload: Any) -> tuple[str, int]:
    def text(role: Role) -> str:
        path = "/".join(f"{{{pack.namespace}}}{step}" for step in kind.roles[role].split("/"))
        return str(payload.findtext(path))

    version = int(text(Role.VERSION))
    if kind.withdraws:
        return text(Role.TARGET_KEY), version
    if kind.has_own_code:
        return kind.key(None, None, text(Role.OWN_CODE)), version
    return kind.key(text(Role.CASE), int(text(Role.SEQUENCE)), None), version


def main() -> None:
    """Write every sample of the recipes."""
    from tests.rules.recipes import RECIPES, TWINS

    pack = load_pack()
    for recipe in RECIPES:
        path = pack.root / "samples" / recipe.folder / f"{recipe.rule}-{recipe.slug}.xml"
        title = f"{recipe.rule}: {recipe.note}"
        try:
            path.write_bytes(build(pack, recipe.base, recipe.edits, title))
        except (AssertionError, KeyError, IndexError, ValueError) as fault:
            raise SystemExit(f"{path.name}: {fault!r}") from fault
    folder = Path(__file__).parent / "twins"
    folder.mkdir(exist_ok=True)
    for name, (base, edits) in TWINS.items():
        text = build(pack, base, edits, name)
        if "gb18030" in name:
            text = text.decode().replace("UTF-8", "GB18030", 1).encode("gb18030")
        (folder / f"{name}.xml").write_bytes(text)


if __name__ == "__main__":
    main()
