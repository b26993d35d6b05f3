# SPDX-License-Identifier: Apache-2.0
"""The dictionary describes every element of every record type and agrees with the schema's annotations."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gateway.documents import safexml
from gateway.errors import ConfigurationError
from gateway.pack import Element, Field, Pack
from gateway.pack.dictionary import COLUMNS, disagreements, read_dictionary
from gateway.rules.identifiers import organisation_fault
from tests.dictionary.conftest import Fields

IN_FORCE = date(2022, 3, 2)
XS = "http://www.w3.org/2001/XMLSchema"


def test_every_element_has_a_field(pack: Pack, fields: Fields) -> None:
    every = {f"{code}/{element.path}" for code in pack.types for element in pack.shape(code).walk()}
    assert sorted(every - fields.keys()) == []
    assert len(every) > 1500


def test_schema_and_dictionary_agree(fields: Fields) -> None:
    told = {at: disagreements(element, field) for at, (element, field) in fields.items()}
    assert {at: parts for at, parts in told.items() if parts} == {}


def _missing(element: Element, field: Field) -> list[str]:
    wanted = {
        "label": field.label.zh and field.label.en,
        "pinyin": field.pinyin,
        "meaning": field.meaning.zh and field.meaning.en,
        "hint": field.hint.zh and field.hint.en,
        "example": field.example or element.kind in ("group", "extension"),
        "when": "C" not in field.needs.values() or (field.when.zh and field.when.en),
        "length": element.kind not in ("text", "decimal") or field.length,
    }
    return [name for name, there in wanted.items() if not there]


def test_every_field_is_complete(fields: Fields) -> None:
    told = {at: _missing(element, field) for at, (element, field) in fields.items()}
    assert {at: parts for at, parts in told.items() if parts} == {}


def test_examples_fit_the_type_of_their_element(pack: Pack, fields: Fields) -> None:
    types: Any = safexml.load_explainer(pack.schema_path).maps.types
    wrong = {}
    for at, (element, field) in fields.items():
        name = element.type
        known = types[f"{{{XS}}}{name[3:]}" if name.startswith("xs:") else f"{{{pack.namespace}}}{name}"]
        if field.example and not known.is_valid(field.example):
            wrong[at] = field.example
    assert wrong == {}


def test_examples_are_codes_in_force(pack: Pack, fields: Fields) -> None:
    wrong = {}
    for at, (_element, field) in fields.items():
        codes = pack.code_list_of(*at.split("/", 1))
        if codes is not None and not codes.holds(field.example, IN_FORCE):
            wrong[at] = (codes.name, field.example)
    assert wrong == {}


def test_example_organisations_pass_their_check_digit(fields: Fields) -> None:
    examples = {field.example for element, field in fields.values() if element.type in ("OrgCode", "PartyCode")}
    assert {code: organisation_fault(code) for code in examples} == dict.fromkeys(examples)


def test_examples_fit_the_length_told(fields: Fields) -> None:
    long = {
        at: field.example for at, (element, field) in fields.items()
        if element.kind == "text" and len(field.example) > int(field.length)
    }  # fmt: skip
    assert long == {}


def test_no_line_describes_nothing(pack: Pack, fields: Fields) -> None:
    used = {field.source for _element, field in fields.values()} | {e.declared for e, _field in fields.values()}
    types = {element.type for element, _field in fields.values()}
    kinds = {element.kind for element, _field in fields.values()}
    idle = [
        f"{owner}/{name}" for owner, name in pack.dictionary
        if f"{owner}/{name}" not in used
        and not (owner == "type" and name in types) and not (owner == "kind" and name in kinds)
    ]  # fmt: skip
    assert idle == []


def test_personal_data_are_classed(fields: Fields) -> None:
    classes = {field.personal for _element, field in fields.values()}
    assert classes == {None, "name", "id-number", "phone", "address", "text"}
    assert fields["CF_JD/party/idNo"][1].personal == "id-number"


def test_a_shared_field_is_written_once(fields: Fields) -> None:
    assert fields["CF_JD/party/idNo"][1] is fields["XK_SQ/applicant/idNo"][1]
    assert fields["XK_TB/approver"][1].source == "*/approver"
    assert fields["XK_JD/remedy"][1].needs == {"L1": "O", "L2": "C", "L3": "C"}


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("owner,element\n", "columns must be"),
        (",".join(COLUMNS) + "\n" + ("Party,name" + "," * 16 + "\n") * 2, "Party/name is there twice"),
    ],
)
def test_a_badly_made_file_is_refused(tmp_path: Path, lines: str, told: str) -> None:
    path = tmp_path / "dictionary.csv"
    path.write_text(f"# comment\n{lines}", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=told):
        read_dictionary(path)
