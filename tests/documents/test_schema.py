# SPDX-License-Identifier: Apache-2.0
"""A chunk against the schema: every error goes back to its own record, with field, code and words."""

import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.documents.guide import Guide
from gateway.documents.messages import KINDS, TABLE
from gateway.documents.schema import MOST_FINDINGS, Schema
from gateway.model.words import Words

NS = "urn:jx:power-exchange:1.0"
CLEAN = "<whole>1</whole>"
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'

WRONG = [
    ("<whole>x</whole>", "XSD-005", "r/whole"),
    ("<whole></whole>", "XSD-003", "r/whole"),
    ("<short>a</short>", "XSD-001", "r/short"),
    ("", "XSD-002", "r"),
    ("<whole>1</whole><unknown>1</unknown>", "XSD-001", "r/unknown"),
    ("<whole>1</whole><short>张三李四</short>", "XSD-010", "r/short"),
    ("<whole>1</whole><long>张</long>", "XSD-009", "r/long"),
    ("<whole>1</whole><exact>张</exact>", "XSD-008", "r/exact"),
    ("<whole>1</whole><choice>丙</choice>", "XSD-006", "r/choice"),
    ("<whole>1</whole><moment>2020-01-01T00:00:00Z</moment>", "XSD-007", "r/moment"),
    ("<whole>1</whole><money>-1</money>", "XSD-011", "r/money"),
    ("<whole>1</whole><money>901</money>", "XSD-012", "r/money"),
    ("<whole>1</whole><open>0</open>", "XSD-013", "r/open"),
    ("<whole>1</whole><open>1</open>", "XSD-014", "r/open"),
    ("<whole>1</whole><money>0.123</money>", "XSD-018", "r/money"),
    ("<whole>1</whole><day>2020-02-31</day>", "XSD-005", "r/day"),
    ("<whole>1</whole><list>1 x</list>", "XSD-005", "r/list"),
    ("<whole>1</whole><either>x</either>", "XSD-033", "r/either"),
    ("<whole>1</whole><fixed>2</fixed>", "XSD-029", "r/fixed"),
    ("<whole>1</whole><nothing>x</nothing>", "XSD-022", "r/nothing"),
    ("<whole>1</whole><item><id>1</id></item><item><id>1</id></item>", "XSD-016", "r/item[2]"),
    ("<whole>1</whole><item><id>1</id></item><item><id>2</id><of>9</of></item>", "XSD-017", "r/item[2]"),
    ('<whole>1</whole><attributed k="x"></attributed>', "XSD-030", "r/attributed"),
    ("<whole>1</whole><attributed></attributed>", "XSD-020", "r/attributed"),
    ('<whole>1</whole><attributed k="1" j="2"></attributed>', "XSD-019", "r/attributed"),
    ('<whole a="1">1</whole>', "XSD-024", "r/whole"),
    ("text<whole>1</whole>", "XSD-021", "r"),
    ("<whole>1<b></b></whole>", "XSD-023", "r/whole"),
    (f'<whole {XSI} xsi:nil="true"></whole>', "XSD-025", "r/whole"),
    (f'<whole>1</whole><day {XSI} xsi:nil="true">2020-01-01</day>', "XSD-026", "r/day"),
    (f'<whole {XSI} xsi:type="nonsense">1</whole>', "XSD-027", "r/whole"),
]


def record(inner: str) -> bytes:
    return f'<r xmlns="{NS}">{inner}</r>'.encode()


@pytest.fixture(scope="module")
def schema() -> Schema:
    return Schema(Path(__file__).parent / "small.xsd")


@pytest.mark.parametrize(("inner", "code", "path"), WRONG)
def test_each_kind_alone_and_in_a_chunk(schema: Schema, inner: str, code: str, path: str) -> None:
    alone = schema.check([record(inner)])[0]
    chunk = schema.check([record(CLEAN), record(inner), record(CLEAN)])
    for checked in (alone, chunk[1]):
        first = checked.findings[0]
        assert (first.code, first.path) == (code, path)
        assert "{" not in first.message.zh + first.message.en + first.hint.zh
    assert chunk[0].findings == chunk[2].findings == ()
    assert chunk[0].element is not None


def test_all_errors_of_a_record_are_told_once(schema: Schema) -> None:
    found = schema.check([record("<whole>x</whole><short>abcd</short><choice>丙</choice>"), record(CLEAN)])[0].findings
    assert [(f.code, f.path) for f in found] == [
        ("XSD-005", "r/whole"),
        ("XSD-010", "r/short"),
        ("XSD-006", "r/choice"),
    ]


def test_words_name_field_expectation_and_measure_but_never_the_value(schema: Schema) -> None:
    def label(path: str) -> Words | None:
        return Words("简称", "short name") if path == "r/short" else None

    finding = schema.check([record("<whole>1</whole><short>360102199001010017</short>")], Guide(label))[0].findings[0]
    assert finding.message.zh == "「简称(short)」太长:18 个字符,最多 3 个"
    assert finding.message.en == "short (short name) is too long: 18 characters, at most 3"
    assert finding.value == "360102199001010017"


@pytest.mark.parametrize(("inner", "_code", "_path"), WRONG)
def test_no_message_repeats_a_value(schema: Schema, inner: str, _code: str, _path: str) -> None:
    secret = "360102199001010017"
    for finding in schema.check([record(inner.replace(">x<", f">{secret}<"))])[0].findings:
        assert secret not in finding.message.zh + finding.message.en


def test_expected_children_are_listed_with_labels(schema: Schema) -> None:
    finding = schema.check([record("")], Guide(lambda path: Words("整数", "whole") if path == "r/whole" else None))[
        0
    ].findings[0]
    assert finding.message.zh == "「r」缺少下级元素 「整数(whole)」"


@pytest.mark.parametrize(
    "foreign",
    [
        b"<r>", b"<r></r><r></r>", b"<!-- r -->", b"<?r r?>", b"text", b"<r></r>text", b"</Records><Records>",
        b'<r xmlns="urn:other"></r>', b"<unknown></unknown>", b"<r><![CDATA[", b"\xff", b"", b"<!DOCTYPE r><r/>",
        b'<?xml version="1.0"?><r/>', b"<r>\n</r>", b"<r>\r</r>",
    ],
)  # fmt: skip
def test_a_foreign_document_never_hides_or_spoils_another(schema: Schema, foreign: bytes) -> None:
    bad = record("<whole>x</whole>")
    first, middle, last = schema.check([bad, foreign, bad])
    assert [f.code for f in first.findings] == [f.code for f in last.findings] == ["XSD-005"]
    assert middle.findings


def test_documents_that_are_well_formed_only_together(schema: Schema) -> None:
    halves = [b"<r><whole>1", b"</whole></r>"]
    assert [c.findings[0].code for c in schema.check(halves)] == ["DOC-001", "DOC-001"]


@given(st.lists(st.sampled_from([CLEAN, *[inner for inner, _, _ in WRONG]]), min_size=1, max_size=8))
def test_a_chunk_says_what_single_checks_say(inners: list[str]) -> None:
    schema = _shared()
    documents = [record(inner) for inner in inners]
    together = [[(f.code, f.path) for f in checked.findings] for checked in schema.check(documents)]
    alone = [[(f.code, f.path) for f in schema.check_one(document).findings] for document in documents]
    assert together == alone


def test_findings_are_capped(schema: Schema) -> None:
    many = "".join(f"<whole a{n}='1'>1</whole>" for n in range(80))
    assert len(schema.check([record(many)])[0].findings) <= MOST_FINDINGS


def test_threads_share_one_schema(schema: Schema) -> None:
    wrong: list[str] = []

    def work(inner: str, code: str) -> None:
        for _ in range(60):
            found = schema.check([record(inner), record(CLEAN)])
            if [f.code for f in found[0].findings] != [code] or found[1].findings:
                wrong.append(code)

    threads = [threading.Thread(target=work, args=(inner, code)) for inner, code, _ in (WRONG[0], WRONG[5], WRONG[8])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_the_table_speaks_both_languages_with_one_code_a_kind() -> None:
    assert len({kind.code for kind in KINDS}) == len(KINDS)
    assert {kind.code for kind in TABLE.values()} <= {kind.code for kind in KINDS}
    for kind in KINDS:
        assert all([*kind.message, *kind.hint])


_kept: list[Schema] = []


def _shared() -> Schema:
    if not _kept:
        _kept.append(Schema(Path(__file__).parent / "small.xsd"))
    return _kept[0]
