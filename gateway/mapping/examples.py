# SPDX-License-Identifier: Apache-2.0
"""Example files (``*.examples.yaml``): rows and what a mapping must make of them, checked element by element."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from gateway.documents import safexml
from gateway.mapping.compile import compile_mapping
from gateway.mapping.interpret import Interpreter
from gateway.mapping.load import load_mapping
from gateway.mapping.model import Mapping
from gateway.mapping.reading import Fault, Faults, Node, read
from gateway.model.finding import Finding
from gateway.model.record import Draft, Refused, Row, Scalar
from gateway.model.record_type import Role
from gateway.model.words import Words
from gateway.pack import Pack
from gateway.ports import AllocationRequest, Mapped

if TYPE_CHECKING:
    from lxml.etree import _Element

SUFFIX: Final = ".examples.yaml"
SOURCE: Final = "examples"
"""Name of the source that examples seem to come from."""

Check: TypeAlias = Callable[[Sequence[bytes]], Sequence[tuple[Finding, ...]]]
"""Judges documents; the command line hands in the pack's schema."""


@dataclass(frozen=True, slots=True)
class ExpectedRecord:
    """A record that a row must give; ``exact`` means that nothing else may stand in it."""

    type: str
    key: str | None
    fields: dict[str, str]
    absent: tuple[str, ...]
    exact: bool
    place: Node


@dataclass(frozen=True, slots=True)
class ExpectedRefusal:
    """A refusal that a row must give."""

    type: str | None
    code: str
    column: str | None
    place: Node


@dataclass(frozen=True, slots=True)
class Example:
    """A row and what must come of it."""

    name: str
    row: Row
    records: tuple[ExpectedRecord, ...]
    refused: tuple[ExpectedRefusal, ...]
    place: Node


@dataclass(slots=True)
class Outcome:
    """What came of one example: no faults means it holds."""

    file: str
    name: str
    faults: list[Fault] = field(default_factory=list)


def read_examples(path: Path, shown: str | None = None) -> tuple[Path, tuple[Example, ...]]:
    """Return the mapping file that an example file names, and its examples; raises MappingFaults."""
    faults = Faults()
    root = read(path, faults, shown)
    keys = root.keys(("mapping", "examples"), ("mapping", "examples"))
    mapping = path.parent / keys["mapping"].text() if "mapping" in keys else path
    examples = tuple(_example(node) for node in keys["examples"].list()) if "examples" in keys else ()
    faults.settle()
    return mapping, examples


def run_examples(path: Path, pack: Pack, check: Check | None = None, shown: str | None = None) -> list[Outcome]:
    """Run the example file at ``path``: compiled mapping and interpreter must both give what is expected.

    Raises:
        MappingFaults: the example file or the mapping can't be read.
    """
    place, examples = read_examples(path, shown)
    mapping = load_mapping(place, pack)
    return [_run(example, mapping, pack, check, shown or str(path)) for example in examples]


def allocate(requests: Iterable[AllocationRequest]) -> dict[AllocationRequest, int]:
    """Return numbers as a fresh ledger would give them: from 1 in each scope."""
    used: Counter[tuple[str, str]] = Counter()
    numbers: dict[AllocationRequest, int] = {}
    for request in requests:
        used[request.name, request.scope] += 1
        numbers[request] = used[request.name, request.scope]
    return numbers


def elements_of(document: bytes) -> dict[str, str]:
    """Return the texts of a document by path; ``kinds[2]`` is the second of its name, ``kinds`` the first."""
    found: dict[str, str] = {}
    _gather(safexml.parse(document), "", found)
    return found


def _gather(element: "_Element", prefix: str, found: dict[str, str]) -> None:
    seen: Counter[str] = Counter()
    for child in element:
        name = str(child.tag).rpartition("}")[2]
        seen[name] += 1
        path = f"{prefix}{name}" if seen[name] == 1 else f"{prefix}{name}[{seen[name]}]"
        if len(child):
            _gather(child, f"{path}/", found)
        else:
            found[path] = child.text or ""


def _run(example: Example, mapping: Mapping, pack: Pack, check: Check | None, file: str) -> Outcome:
    mapper = compile_mapping(mapping, pack, SOURCE)
    numbers = allocate(mapper.wants(example.row))
    mapped = mapper.map(example.row, numbers)
    outcome = Outcome(file, example.name)
    if Interpreter(mapping, pack, SOURCE).map(example.row, numbers) != mapped:
        _fail(
            outcome,
            example.place,
            "编译结果与解释结果不同,请报告此缺陷",
            "compiler and interpreter differ: please report it",
        )
    _compare_records(outcome, example, mapped, pack)
    _compare_refusals(outcome, example, mapped.refused)
    if check is not None:
        for draft, findings in zip(mapped.drafts, check([draft.document() for draft in mapped.drafts]), strict=True):
            for found in findings:
                _fail(
                    outcome, example.place, f"{draft.type} {found.code} {found.path}:{found.message.zh}",
                    f"{draft.type} {found.code} {found.path}: {found.message.en}",
                )  # fmt: skip
    return outcome


def _compare_records(outcome: Outcome, example: Example, mapped: Mapped, pack: Pack) -> None:
    got, wanted = [draft.type for draft in mapped.drafts], [record.type for record in example.records]
    if got != wanted:
        why = "; ".join(f"{found.code} {found.path}" for refused in mapped.refused for found in refused.findings)
        _fail(
            outcome,
            example.place,
            f"应产生 {wanted},实际 {got} {why}".strip(),
            f"wanted {wanted}, got {got} {why}".strip(),
        )
        return
    for record, draft in zip(example.records, mapped.drafts, strict=True):
        _compare(outcome, record, draft, pack)


def _compare(outcome: Outcome, record: ExpectedRecord, draft: Draft, pack: Pack) -> None:
    texts = elements_of(draft.document())
    if record.key is not None and record.key != draft.key:
        _fail(
            outcome,
            record.place,
            f"主键应为 {record.key},实际 {draft.key}",
            f"key should be {record.key}, is {draft.key}",
        )
    wanted = {path.replace("[1]", ""): text for path, text in record.fields.items()}
    for path, text in wanted.items():
        if texts.get(path) != text:
            got = texts.get(path)
            _fail(
                outcome, record.place, f"{draft.type} {path} 应为 {text},实际 {'没有' if got is None else got}",
                f"{draft.type} {path} should be {text}, is {'absent' if got is None else got}",
            )  # fmt: skip
    roles = pack.types[draft.type].roles
    given = {roles.get(role) for role in (Role.VERSION, Role.OPERATION, Role.TARGET_VERSION)}
    extra = [path for path in texts if path not in wanted and path not in given] if record.exact else []
    for path in extra + [
        path for path in texts for no in record.absent if path == no or path.startswith((f"{no}/", f"{no}["))
    ]:
        _fail(outcome, record.place, f"{draft.type} 不应有 {path}", f"{draft.type} should not have {path}")


def _compare_refusals(outcome: Outcome, example: Example, refused: tuple[Refused, ...]) -> None:
    got = [(one.type, found.code, found.path) for one in refused for found in one.findings]
    for wanted in example.refused:
        match = next((one for one in got if _matches(wanted, one)), None)
        if match is None:
            _fail(
                outcome, wanted.place, f"应拒绝 {wanted.code} {wanted.column or ''},实际 {got}",
                f"wanted refusal {wanted.code} {wanted.column or ''}, got {got}",
            )  # fmt: skip
    for one in got:
        if not any(_matches(wanted, one) for wanted in example.refused):
            _fail(outcome, example.place, f"没有写明的拒绝 {one}", f"refusal that was not expected: {one}")


def _matches(wanted: ExpectedRefusal, got: tuple[str | None, str, str]) -> bool:
    return wanted.code == got[1] and wanted.type in (None, got[0]) and wanted.column in (None, got[2])


def _fail(outcome: Outcome, place: Node, zh: str, en: str) -> None:
    outcome.faults.append(Fault(place.file, place.line, place.column, Words(zh, en)))


def _example(node: Node) -> Example:
    keys = node.keys(("name", "row", "row_id", "records", "refused"), ("name", "row"))
    values: dict[str, Scalar] = {}
    for name, cell in keys["row"].items() if "row" in keys else ():
        if cell.is_list or cell.is_map:
            values[name.value] = _json(cell.value)
            continue
        plain = cell.value is None or (isinstance(cell.value, int) and not isinstance(cell.value, bool))
        values[name.value] = (None if cell.value is None else int(cell.value)) if plain else cell.text()
    return Example(
        name=keys["name"].text() if "name" in keys else "",
        row=Row(keys["row_id"].text() if "row_id" in keys else "1", values, b"", b""),
        records=tuple(_record(entry) for entry in keys["records"].list()) if "records" in keys else (),
        refused=tuple(_refusal(entry) for entry in keys["refused"].list()) if "refused" in keys else (),
        place=node,
    )


def _json(value: object) -> str:
    """Return detail rows, or a packed object, as the source gives them: JSON text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def _record(node: Node) -> ExpectedRecord:
    keys = node.keys(("type", "key", "fields", "absent", "exact"), ("type",))
    return ExpectedRecord(
        type=keys["type"].text() if "type" in keys else "",
        key=keys["key"].text() if "key" in keys else None,
        fields={name.value: spec.text() for name, spec in keys["fields"].items()} if "fields" in keys else {},
        absent=keys["absent"].texts() if "absent" in keys else (),
        exact="exact" in keys and keys["exact"].flag(),
        place=node,
    )


def _refusal(node: Node) -> ExpectedRefusal:
    keys = node.keys(("type", "code", "column"), ("code",))
    return ExpectedRefusal(
        type=keys["type"].text() if "type" in keys else None,
        code=keys["code"].text() if "code" in keys else "",
        column=keys["column"].text() if "column" in keys else None,
        place=node,
    )
