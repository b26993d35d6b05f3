# SPDX-License-Identifier: Apache-2.0
"""A small mapping that tests bend to their needs."""

from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent, indent

import pytest

from gateway.mapping.compile import CompiledMapping, compile_mapping
from gateway.mapping.examples import allocate, elements_of
from gateway.mapping.interpret import Interpreter
from gateway.mapping.load import load_mapping
from gateway.mapping.model import Mapping as Model
from gateway.model.record import Row, Scalar
from gateway.pack import Pack, load_pack
from gateway.ports import Mapped

SOURCE = "department"
HEAD = {
    "caseNo": "AJ",
    "itemCode": '{const: "CF-12345678X-0001"}',
    "itemVersion": '{const: "1"}',
    "orgCode": '{const: "12345678X"}',
    "regionCode": '{const: "360102"}',
    "sequence": '{const: "1"}',
    "occurredAt": "T",
}
CASE = "12345678X-2012-CF-00000001"
ROW: dict[str, Scalar] = {"AJ": CASE, "T": "2012-04-26 09:11:00", "A": "甲", "B": None, "N": "1.5", "D": "2012-04-26"}


def mapping_text(
    fields: Mapping[str, str], top: str = "", kind: str = "GG_BG", columns: str = "AJ, T, A, B, N, D", record: str = ""
) -> str:
    """Return a mapping file with one record of type ``kind`` whose head is filled, and ``fields`` besides."""
    lines = "\n".join(f"{path}: {spec}" for path, spec in {**HEAD, **fields}.items())
    return (
        "mapping: 1\ntitle: {zh: 试验}\nstandard: jiangxi-1.0\n"
        'formats: {date: [yyyy-MM-dd], dateTime: ["yyyy-MM-dd HH:mm:ss"]}\n'
        + (f"columns: [{columns}]\n" if columns else "")
        + dedent(top)
        + f"records:\n  - type: {kind}\n{indent(dedent(record), '    ')}    fields:\n{indent(lines, '      ')}\n"
    )


class Bench:
    """A mapping under test: compiled and interpreted must agree in everything that is asked of it."""

    def __init__(self, model: Model, pack: Pack) -> None:
        self.model = model
        self.compiled: CompiledMapping = compile_mapping(model, pack, SOURCE)
        self.interpreter = Interpreter(model, pack, SOURCE)

    def map(self, row_id: str = "1", **values: Scalar) -> Mapped:
        row = Row(row_id, {**ROW, **values}, b"", b"")
        numbers = allocate(self.compiled.wants(row))
        mapped = self.compiled.map(row, numbers)
        assert self.interpreter.map(row, numbers) == mapped
        return mapped

    def elements(self, **values: Scalar) -> dict[str, str]:
        mapped = self.map(**values)
        assert not mapped.refused, mapped.refused
        return elements_of(mapped.drafts[0].document())

    def codes(self, **values: Scalar) -> list[tuple[str, str]]:
        return [(found.code, found.path) for one in self.map(**values).refused for found in one.findings]


@pytest.fixture(scope="session")
def pack() -> Pack:
    return load_pack()


@pytest.fixture
def load(tmp_path: Path, pack: Pack) -> Callable[[str], Model]:
    def load_text(text: str) -> Model:
        path = tmp_path / "m.yaml"
        path.write_text(text, encoding="utf-8")
        return load_mapping(path, pack, shown="m.yaml")

    return load_text


@pytest.fixture
def bench(load: Callable[[str], Model], pack: Pack) -> Callable[..., Bench]:
    def make(fields: Mapping[str, str] | None = None, **bent: str) -> Bench:
        filled = {"actKey": "{concat: [{text: 'CF_JD:'}, AJ, {text: ':1'}]}", "kind": '{const: "2"}', **(fields or {})}
        return Bench(load(mapping_text(filled, **bent)), pack)

    return make
