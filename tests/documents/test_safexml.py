# SPDX-License-Identifier: Apache-2.0
"""The door to schemas and explanations: local files of the pack only, one compile."""

from pathlib import Path

import pytest

from gateway.documents.explain import Explainer
from gateway.documents.faults import FAULTS, Doc
from gateway.documents.gb18030 import decode
from gateway.documents.safexml import check_schema_files, load_explainer, load_schema
from gateway.errors import ConfigurationError
from gateway.pack import load_pack

XS = 'xmlns:xs="http://www.w3.org/2001/XMLSchema"'
OUTSIDE = [
    '<xs:include schemaLocation="http://127.0.0.1:9/a.xsd"/>',
    '<xs:import namespace="urn:a" schemaLocation="https://127.0.0.1:9/a.xsd"/>',
    '<xs:include schemaLocation="//127.0.0.1/a.xsd"/>',
    '<xs:include schemaLocation="file:///etc/hostname"/>',
    '<xs:include schemaLocation="/etc/hostname"/>',
    '<xs:include schemaLocation="../outside.xsd"/>',
    '<xs:redefine schemaLocation="../outside.xsd"/>',
    '<xs:include schemaLocation="absent.xsd"/>',
    '<xs:include schemaLocation="inner.xsd"/>',
]


@pytest.mark.parametrize("reference", OUTSIDE)
@pytest.mark.parametrize("load", [load_schema, load_explainer])
def test_nothing_outside_the_pack_is_read(tmp_path: Path, reference: str, load: object) -> None:
    assert callable(load)
    pack = tmp_path / "pack"
    pack.mkdir()
    (tmp_path / "outside.xsd").write_text(f"<xs:schema {XS}/>")
    (pack / "inner.xsd").write_text(f'<xs:schema {XS}><xs:include schemaLocation="../outside.xsd"/></xs:schema>')
    (pack / "main.xsd").write_text(f"<xs:schema {XS}>{reference}</xs:schema>")
    with pytest.raises(ConfigurationError):
        load(pack / "main.xsd", pack)


def test_a_schema_with_a_doctype_or_an_error_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.xsd").write_text(f'<!DOCTYPE x [<!ENTITY a "b">]><xs:schema {XS}/>')
    (tmp_path / "b.xsd").write_text(f'<xs:schema {XS}><xs:element name="a" type="none"/></xs:schema>')
    for name in ("a.xsd", "b.xsd"):
        for load in (load_schema, load_explainer):
            with pytest.raises(ConfigurationError):
                load(tmp_path / name, tmp_path)


def test_the_pack_and_its_wsdl_stay_inside() -> None:
    pack = load_pack()
    files = check_schema_files(pack.schema_path, pack.root)
    assert {file.name for file in files} >= {"all.xsd", "common.xsd", "exchange.xsd"}
    assert {file.name for file in check_schema_files(pack.wsdl_path, pack.root)} >= {"all.xsd", pack.wsdl_path.name}


def test_a_refused_record_is_explained() -> None:
    explainer = Explainer(Path(__file__).parent / "small.xsd")
    found = explainer.explain(b'<r xmlns="urn:jx:power-exchange:1.0"><whole>x</whole><item></item></r>')
    assert {each.path for each in found} == {"/r/whole", "/r/item"}
    assert ("id",) in [each.expected for each in found]
    assert all(each.reason for each in found)


def test_codes_of_the_2022_edition() -> None:
    assert decode(b"\xa8\xbc\xfe\x59\xa6\xd9") == "\u1e3f\u9fb4\ufe10"
    assert decode("䶮㙍𬭊€".encode("gb18030")) == "䶮㙍𬭊€"
    with pytest.raises(UnicodeDecodeError):
        decode(b"\x81")


def test_every_document_fault_has_words() -> None:
    assert set(FAULTS) == set(Doc)
    for fault in FAULTS.values():
        assert all([*fault.message, *fault.hint])
