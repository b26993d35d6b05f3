# SPDX-License-Identifier: Apache-2.0
"""Inspect: a whole file of records or a package against the packs in force, with the place of every finding in the file."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from gateway.documents.faults import Doc, doc_finding
from gateway.documents.package import WirePackage, read_package, recomputed_digest, wire_body_digest
from gateway.documents.record_file import Part, lay_out, skeleton
from gateway.documents.record_stream import RecordFile
from gateway.documents.safexml import Element, line_of
from gateway.documents.schema import Checked, Schema
from gateway.errors import BadGateway
from gateway.flow.dated import PackOfDay
from gateway.flow.surroundings import CaseBench, Head, Surroundings
from gateway.flow.validate import PackValidator
from gateway.legal import LegalClock
from gateway.model.finding import Finding
from gateway.model.record import record_id
from gateway.model.record_type import RecordType, Role
from gateway.pack import Pack, PackSet
from gateway.rules import CaseRules, Rules

_CHUNK = 500
_CHUNK_BYTES = 4 * 1024 * 1024
_HEAD = ("senderCode", "createdAt")
_INDEX = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True)
class Placed:
    """A finding in a file: the record's key (or ``#n`` where it can't be told, empty for the file), and its type.

    ``file`` is set where it is not the file that was asked for: a record may come from several tables.
    """

    record: str
    type: str
    finding: Finding
    file: str | None = None


class _Bench:
    """One pack with all that judges by it."""

    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        clock = LegalClock(pack)
        self.schema = Schema(pack.schema_path)
        self.rules = Rules(pack, clock.calendar())
        self.cases = CaseBench(pack, CaseRules(pack), clock)
        self.validator = PackValidator(pack, self.schema, self.rules)
        self.names = {f"{{{pack.namespace}}}{name}": kind for name, kind in pack.by_element.items()}


class Inspector:
    """Checks files against packs, each record against that of the day of its event; every fault of a file in one pass.

    What a file is beside its records (Package, Head) is judged by the newest pack.
    """

    def __init__(self, packs: Pack | PackSet) -> None:
        """Compile one pack, or all that are live."""
        live = PackSet.of(packs) if isinstance(packs, Pack) else packs
        self._pack_of = PackOfDay(live).of
        self._benches = {pack.name: _Bench(pack) for pack in live}
        newest = self._benches[live.newest.name]
        self._pack, self._schema, self._validator, self._names = (
            newest.pack, newest.schema, newest.validator, newest.names,
        )  # fmt: skip
        self.records = 0
        self._lacking: set[str] = set()

    @property
    def not_evaluated(self) -> tuple[str, ...]:
        """Codes of the rules that could not be judged for some record, for lack of context."""
        return tuple(sorted(self._lacking))

    def inspect(
        self, data: bytes, type_code: str | None = None, advance: Callable[[int], None] = lambda _n: None
    ) -> Iterator[Placed]:
        """Yield what is wrong with a file, record by record; ``advance`` hears how many records were looked at."""
        layout = lay_out(data)
        if layout.finding is not None:
            yield Placed("", "", layout.finding)
            return
        if layout.package is not None:
            yield from (Placed("", "", finding) for finding in self._package(layout.package))
        around = self._around(layout.package)
        around.foresee(part.document for part in layout.parts)
        yield from self._stream(layout.parts, around, type_code, advance)

    def inspect_file(
        self, file: RecordFile, type_code: str | None = None, advance: Callable[[int], None] = lambda _n: None
    ) -> Iterator[Placed]:
        """Yield what is wrong with a file; one over 8 MB is read record by record."""
        try:
            content = file.content()
            if content is not None:
                yield from self.inspect(content, type_code, advance)
            else:
                records = file.records(self._pack.by_element)
                yield from self._stream(records, self._around(None), type_code, advance)
        except OSError as fault:
            yield Placed("", "", doc_finding(Doc.UNREADABLE, fault.strerror or type(fault).__name__))

    def inspect_parts(
        self, parts: Iterable[Part | Finding], type_code: str | None = None,
        advance: Callable[[int], None] = lambda _n: None,
    ) -> Iterator[Placed]:  # fmt: skip
        """Yield what is wrong with records that were read elsewhere (tables); a line is what its ``Part`` says."""
        yield from self._stream(parts, self._around(None), type_code, advance)

    def _stream(
        self, parts: Iterable[Part | Finding], around: Surroundings, type_code: str | None,
        advance: Callable[[int], None],
    ) -> Iterator[Placed]:  # fmt: skip
        """Check records chunk by chunk, then all of them together; what was no record keeps its turn."""
        number, size = 0, 0
        chunk: list[Part] = []
        for each in parts:
            broken = isinstance(each, Finding)
            if chunk and (broken or len(chunk) == _CHUNK or size > _CHUNK_BYTES):
                yield from self._chunk(chunk, number, around, type_code, advance)
                number, size, chunk = number + len(chunk), 0, []
            if isinstance(each, Finding):
                number += each.line is not None
                yield Placed(f"#{number}" if each.line is not None else "", "", each)
            else:
                chunk.append(each)
                size += len(each.document)
        yield from self._chunk(chunk, number, around, type_code, advance)
        for found in around.judge():
            yield Placed(found.key, found.type, found.finding)
        self._lacking |= around.not_evaluated
        for bench in self._benches.values():
            self._lacking |= set(bench.rules.not_evaluated("L2", around.head.now))

    def _chunk(
        self, parts: Sequence[Part], begin: int, around: Surroundings, type_code: str | None,
        advance: Callable[[int], None],
    ) -> Iterator[Placed]:  # fmt: skip
        yield from self._records(parts, begin, around, type_code)
        self.records += len(parts)
        advance(len(parts))

    def personal(self, path: str) -> str | None:
        """Return the class of personal data of an element path, or None."""
        name, _, below = _INDEX.sub("", path).partition("/")
        for pack in (self._pack, *(bench.pack for bench in self._benches.values())):
            kind = pack.by_element.get(name)
            element = pack.shape(kind.code).find(below) if kind is not None else None
            if element is not None:
                return element.personal
        return None

    def _around(self, package: Element | None) -> Surroundings:
        """Return the surroundings that a file begins with: sender and time stand in the Head of a package."""
        head = Head() if package is None else Head(*(_text(package, self._pack, f"Head/{name}") for name in _HEAD))
        return Surroundings({name: bench.cases for name, bench in self._benches.items()}, self._pack.name, head)

    def _records(
        self, parts: Sequence[Part], begin: int, around: Surroundings, type_code: str | None
    ) -> Iterator[Placed]:
        documents = [part.document for part in parts]
        around.foresee(documents)
        benches = [self._benches[self._pack_of(document).name] for document in documents]
        checked = self._checked(documents, benches, around)
        for at, (part, bench, (seen, found)) in enumerate(zip(parts, benches, checked, strict=True)):
            kind = None if seen.element is None else bench.names.get(str(seen.element.tag))
            key = self._key(seen, kind) or f"#{begin + at + 1}"
            if type_code is not None and kind is not None and kind.code != type_code:
                other = doc_finding(Doc.OTHER_TYPE, type_code, path=kind.element)
                yield Placed(key, kind.code, replace(other, line=part.line))
            if kind is not None and not seen.findings and not key.startswith("#") and seen.element is not None:
                line = part.line + (line_of(seen.element) - 1 if b"\n" in part.document else 0)
                given = self._given(seen.element, kind)
                around.add((begin + at, line), bench.pack.name, kind, given, key, seen.element)
            for finding in found:
                line = part.line + (finding.line or 1) - 1
                yield Placed(key, kind.code if kind else "", replace(finding, line=line))

    def _checked(
        self, documents: Sequence[bytes], benches: Sequence[_Bench], around: Surroundings
    ) -> list[tuple[Checked, tuple[Finding, ...]]]:
        """Check documents, those of each pack together; the answers stand in the order given."""
        levels = [around.level(document) for document in documents]
        places: dict[str, list[int]] = {}
        for place, bench in enumerate(benches):
            places.setdefault(bench.pack.name, []).append(place)
        found: dict[int, tuple[Checked, tuple[Finding, ...]]] = {}
        for name, chosen in places.items():
            checked = self._benches[name].validator.check_file(
                [documents[place] for place in chosen], [levels[place] for place in chosen], around.head.now
            )
            found.update(zip(chosen, checked, strict=True))
        return [found[place] for place in range(len(documents))]

    def _package(self, package: Element) -> list[Finding]:
        """Return what is wrong with head, wrapper, digests and identifiers; the payloads are looked at elsewhere."""
        bare = skeleton(package)
        found = list(self._schema.check_element(bare, self._validator.guide))
        if found:
            return found
        try:
            read = read_package(package)
        except BadGateway as fault:
            return [doc_finding(Doc.PACKAGE, fault.detail, path="Package")]
        return [*self._head(read), *self._wire_records(read)]

    def _head(self, read: WirePackage) -> Iterator[Finding]:
        if read.head.record_count != len(read.records):
            detail = f"{read.head.record_count} ≠ {len(read.records)}"
            yield doc_finding(Doc.COUNT, detail, path="Package/Head/recordCount")
        if read.head.body_digest != wire_body_digest(read.records):
            yield doc_finding(Doc.DIGEST, "bodyDigest", path="Package/Head/bodyDigest")

    def _wire_records(self, read: WirePackage) -> Iterator[Finding]:
        for number, record in enumerate(read.records, 1):
            path = f"Package/Body/Record[{number}]"
            line = line_of(record.payload)
            if record.content_digest != recomputed_digest(record):
                yield doc_finding(Doc.DIGEST, "contentDigest", path=f"{path}/contentDigest", line=line)
            kind = self._names.get(str(record.payload.tag))
            if kind is None:
                continue
            digest = bytes.fromhex(record.content_digest)
            if record.record_id != record_id(kind.code, record.key, record.version, digest):
                yield doc_finding(Doc.RECORD_ID, record.record_id, path=f"{path}/recordId", line=line)
            key = self._key(Checked(record.payload), kind)
            if key is not None and key != record.key:
                yield doc_finding(Doc.KEY, "key", path=f"{path}/key", line=line)
            if _text(record.payload, self._pack, kind.roles[Role.VERSION]) != str(record.version):
                yield doc_finding(Doc.KEY, "version", path=f"{path}/version", line=line)

    def _given(self, element: Element, kind: RecordType) -> dict[Role, str | None]:
        return {role: _text(element, self._pack, path) for role, path in kind.roles.items()}

    def _key(self, checked: Checked, kind: RecordType | None) -> str | None:
        """Return the business key of a record as far as its elements tell it."""
        if kind is None or checked.element is None:
            return None
        return kind.key_of(self._given(checked.element, kind))


def _text(element: Element, pack: Pack, path: str) -> str | None:
    return element.findtext("/".join(f"{{{pack.namespace}}}{step}" for step in path.split("/")))
