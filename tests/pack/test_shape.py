# SPDX-License-Identifier: Apache-2.0
"""The plain walk over the XSD says the same as xmlschema's own view of it."""

from typing import Any

import pytest

from gateway.documents import safexml
from gateway.errors import ConfigurationError
from gateway.pack import Element, Pack, load_pack
from gateway.pack.schema import XS, SchemaFiles

LANG = "{http://www.w3.org/XML/1998/namespace}lang"

TYPES = sorted(load_pack().types)
KINDS = {
    "date": "date", "dateTime": "dateTime", "decimal": "decimal", "boolean": "boolean", "string": "text",
    "positiveInteger": "integer", "nonNegativeInteger": "integer",
}  # fmt: skip


def _kind(declared: Any) -> str:
    if declared.type.is_complex():
        return "group" if list(_children(declared)) else "extension"
    primitive = declared.type
    while primitive.local_name not in KINDS:
        primitive = primitive.base_type
    return KINDS[primitive.local_name]


def _children(declared: Any) -> list[Any]:
    return [child for child in declared.type.content.iter_elements() if child.name is not None]


def _compare(ours: tuple[Element, ...], theirs: list[Any]) -> None:
    assert [element.name for element in ours] == [child.local_name for child in theirs]
    for element, child in zip(ours, theirs, strict=True):
        assert (element.min, element.max) == (child.min_occurs, child.max_occurs), element.path
        assert element.nillable == child.nillable, element.path
        assert element.kind == _kind(child), element.path
        if not child.type.is_complex():
            assert element.max_length == child.type.max_length, element.path
            digits = child.type.get_facet("{http://www.w3.org/2001/XMLSchema}fractionDigits")
            if element.kind == "decimal":
                assert element.fraction_digits == digits.value, element.path
            assert element.values == tuple(child.type.enumeration or ()), element.path
        if element.kind == "group":
            _compare(element.children, _children(child))


@pytest.mark.parametrize("code", TYPES)
def test_shape_is_what_xmlschema_sees(pack: Pack, seen: Any, code: str) -> None:
    shape = pack.shape(code)
    declared = seen.elements[shape.element]
    assert declared.target_namespace == shape.namespace == pack.namespace
    _compare(shape.children, _children(declared))


@pytest.mark.parametrize("code", TYPES)
def test_every_element_has_labels_and_a_pinyin_code(pack: Pack, code: str) -> None:
    for element in pack.shape(code).walk():
        assert element.label.zh, element.path
        assert element.label.en.isascii(), element.path
        assert element.pinyin.isupper(), element.path
        assert element.need == "M" or element.min == 0, element.path


@pytest.mark.parametrize("file", ["exchange.xsd", "department.xsd"])
def test_every_element_of_the_messages_has_labels(pack: Pack, file: str) -> None:
    schema = safexml.parse((pack.root / "xsd" / file).read_bytes())
    for node in schema.iter(f"{XS}element"):
        if node.get("name"):
            languages = [doc.get(LANG) for doc in node.findall(f"{XS}annotation/{XS}documentation")]
            assert languages == ["zh", "en"], node.get("name")


@pytest.mark.parametrize("code", TYPES)
def test_pinyin_codes_are_unique_among_siblings(pack: Pack, code: str) -> None:
    shape = pack.shape(code)
    for siblings in [shape.children, *(element.children for element in shape.walk() if element.children)]:
        codes = [element.pinyin for element in siblings if element.pinyin]
        assert len(codes) == len(set(codes)), codes


@pytest.mark.parametrize("code", TYPES)
def test_extension_is_last_in_every_record(pack: Pack, code: str) -> None:
    last = pack.shape(code).children[-1]
    assert (last.name, last.kind, last.min) == ("extension", "extension", 0)


def test_people_are_marked_as_personal_data(pack: Pack) -> None:
    shape = pack.shape("CF_JD")
    marked = {element.path: element.personal for element in shape.walk() if element.path.startswith("party/")}
    assert marked["party/name"] == "name"
    assert marked["party/idNo"] == "id-number"
    assert marked["party/phone"] == "phone"
    assert marked["party/address"] == "address"
    assert marked["party/idKind"] is None


def test_find_knows_paths_and_only_those(pack: Pack) -> None:
    shape = pack.shape("CF_JD")
    found = shape.find("party/idNo")
    assert found is not None
    assert (found.name, found.max_length) == ("idNo", 50)
    assert shape.find("party/nothing") is None


@pytest.mark.parametrize(
    "body",
    [
        '<xs:complexType name="T"><xs:choice><xs:element name="a" type="xs:string"/></xs:choice></xs:complexType>',
        '<xs:complexType name="T"><xs:sequence><xs:element name="a" type="Gone"/></xs:sequence></xs:complexType>',
    ],
)
def test_a_schema_outside_the_style_is_refused(tmp_path: Any, body: str) -> None:
    path = tmp_path / "a.xsd"
    path.write_text(
        f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="r" type="T"/>{body}</xs:schema>'
    )
    with pytest.raises(ConfigurationError):
        SchemaFiles(path).shape("X_X", "r", "urn:x")
