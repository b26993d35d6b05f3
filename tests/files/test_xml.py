# SPDX-License-Identifier: Apache-2.0
"""XML files as rows: packages and records of the standard, foreign schemas by row path; streamed, capped (promises.md S7)."""

import hashlib
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from gateway.channels.files.findings import FileRefused
from gateway.channels.files.formats import rows_of
from gateway.channels.files.options import FileOptions
from gateway.channels.files.taken import Bad, Taken
from gateway.documents import safexml
from gateway.documents.render import NAMESPACE
from tests.files.conftest import Office

FOREIGN = """<?xml version="1.0" encoding="{encoding}"?>
<!-- 某厂商 V2 -->
<d:Data xmlns:d="urn:vendor" batch="7">
  <d:Head><d:Unit>014500000</d:Unit><d:Skip>x</d:Skip></d:Head>
  <d:Cases region="360102">
    <d:Case id="A1"><d:Name>甲公司</d:Name><d:Party><d:No>01</d:No><d:No>02</d:No></d:Party><d:Gone/></d:Case>
    <d:Other><d:Name>不是行</d:Name></d:Other>
    <d:Case id="A2"><d:Name>乙 &amp; 丙</d:Name></d:Case>
  </d:Cases>
  <d:Cases>
    <d:Case id="A3"><d:Name>丁</d:Name></d:Case>
  </d:Cases>
</d:Data>
"""
CARRY = ["Data.Head.Unit", "Data.Cases.@region"]


def read(path: Path, **given: Any) -> tuple[list[dict[str, Any]], list[tuple[int, str]]]:
    """Return the values of the rows taken, and number and code of those that are not."""
    found = list(rows_of(path, path.name, FileOptions(directory="d", **given)))
    good = [dict(each.values) for each in found if isinstance(each, Taken)]
    return good, [(each.line, each.finding.code) for each in found if isinstance(each, Bad)]


def refusal(path: Path, **given: Any) -> str:
    with pytest.raises(FileRefused) as refused:
        read(path, **given)
    return refused.value.finding.code


@pytest.mark.parametrize("encoding", ["UTF-8", "GB18030", "GBK", "UTF-16"])
def test_a_foreign_schema_by_row_path_in_every_declared_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes(FOREIGN.format(encoding=encoding).encode(encoding))
    good, bad = read(path, row_path="/Data/Cases/Case", carry=CARRY, columns=["Gone"])
    assert bad == []
    base = {"ELEMENT_NAME": "Case", "Data.Head.Unit": "014500000", "Gone": None}
    assert good == [
        {**base, "Data.Cases.@region": "360102", "@id": "A1", "Name": "甲公司", "Party.No": "01", "Party.No.2": "02"},
        {**base, "Data.Cases.@region": "360102", "@id": "A2", "Name": "乙 & 丙"},
        {**base, "Data.Cases.@region": None, "@id": "A3", "Name": "丁"},
    ], "what stood around the rows before is not carried into the next group"


def test_a_file_that_declares_no_encoding_is_of_the_one_in_sources_d(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes("<D><R><N>甲</N></R></D>".encode("gbk"))
    assert refusal(path, row_path="D/R") == "DOC-003"
    assert read(path, row_path="D/R", encoding="gbk")[0] == [{"ELEMENT_NAME": "R", "N": "甲"}]


def test_a_package_yields_its_payloads_held_to_their_digests(tmp_path: Path) -> None:
    payloads = [f'<XK_SQ xmlns="{NAMESPACE}"><caseNo>{n}</caseNo><party><name>甲</name></party></XK_SQ>' for n in "12"]
    digests = [hashlib.sha256(safexml.canonical(safexml.parse(each.encode()))).hexdigest() for each in payloads]
    digests[1] = "0" * 64
    body = "".join(
        f"<Record><recordId>r{n}</recordId><key>XK_SQ:{n}</key><version>1</version>"
        f"<contentDigest>{digest}</contentDigest>{payload}</Record>"
        for n, (digest, payload) in enumerate(zip(digests, payloads, strict=True))
    )
    path = tmp_path / "a.xml"
    path.write_text(
        f'<Package xmlns="{NAMESPACE}"><Head><senderCode>x</senderCode></Head><Body>{body}</Body></Package>'
    )
    good, bad = read(path)
    assert [(each["ELEMENT_NAME"], each["caseNo"], each["party.name"]) for each in good] == [("XK_SQ", "1", "甲")]
    assert good[0]["Package.Body.Record.key"] == "XK_SQ:0"
    assert bad == [(2, "DOC-018")]


def test_a_wrapper_of_records_and_a_single_record(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text(f'<Records xmlns="{NAMESPACE}"><XK_SQ><a>1</a></XK_SQ><XK_BJ><a>2</a></XK_BJ></Records>')
    assert [each["ELEMENT_NAME"] for each in read(path)[0]] == ["XK_SQ", "XK_BJ"]
    path.write_text(f'<XK_SQ xmlns="{NAMESPACE}"><a>1</a></XK_SQ>')
    assert read(path)[0] == [{"ELEMENT_NAME": "XK_SQ", "a": "1"}]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('<!DOCTYPE D [<!ENTITY x SYSTEM "file:///etc/passwd">]><D><R>&x;</R></D>', "DOC-002"),
        ("<?xml version='1.0'?><!-- c --><!DOCTYPE D><D><R/></D>", "DOC-002"),
        ("<D><R>&x;</R></D>", "DOC-014"),
        ("<D>" * 200 + "</D>" * 200, "DOC-010"),
        ("<D><R>" + "<a/>" * 30_000 + "</R></D>", "DOC-011"),
        ("<D><R><a>" + "x" * 30 + "</a>" * 1 + "<b>" * 0 + "</R>", "DOC-001"),
        ("<D><X/></D>", "FIL-018"),
        ("", "DOC-008"),
        ("   \n", "DOC-008"),
        ("<!-- never ends", "DOC-001"),
        ("<html><body>login</body></html>", "DOC-007"),
        ("<!--" + "x" * 300_000 + "--><D><R/></D>", "DOC-020"),
    ],
)
def test_s7_hostile_files_are_refused_with_a_reason(tmp_path: Path, text: str, code: str) -> None:
    path = tmp_path / "a.xml"
    path.write_text(text)
    assert refusal(path, row_path="D/R") == code


def test_s7_a_row_without_end_is_cut_at_its_cap(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    with path.open("w") as file:
        file.write("<D><R>")
        for _ in range(40):
            file.write("<a>" + "x" * 100_000 + "</a>")
    assert refusal(path, row_path="D/R") == "DOC-009"


def test_rows_before_a_fault_go_through_and_a_bad_row_does_not_stop_the_next(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text("<D><R><a>1</a></R><R><a>\x7f</a></R><R><a>3</a></R><R><a>4</b></R></D>")
    rows = rows_of(path, "a.xml", FileOptions(directory="d", row_path="D/R"))
    seen = [str(each.values.get("a")) if isinstance(each, Taken) else each.finding.code for each in islice(rows, 3)]
    with pytest.raises(FileRefused) as refused:
        next(rows)
    assert seen == ["1", "DOC-006", "3"]
    assert refused.value.finding.code == "DOC-001"
    assert refused.value.finding.line == 1


def test_a_foreign_root_without_row_path_says_what_to_declare(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text("<D><R/></D>")
    assert refusal(path) == "FIL-018"


def test_colliding_names_refuse_their_row(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text("<D><R><a>1</a><a.2>x</a.2><a>2</a></R><R><a>5</a></R></D>")
    good, bad = read(path, row_path="D/R")
    assert bad == [(1, "FIL-019")]
    assert [each["a"] for each in good] == ["5"]


def test_xml_through_the_drop_to_the_ledger(office: Office) -> None:
    office.put(
        "a.xml", "<D><R><ID>1</ID><MC>甲</MC></R><R><ID>2</ID><MC>坏</MC></R><R><MC>x</MC></R><R><ID>1</ID></R></D>"
    )
    figures = office.pull(row_path="D/R")
    assert (figures.accepted, figures.rows) == (1, 4)
    assert set(office.keeping.heads()) == {"SX:1"}
    assert sorted(code for _o, code, _r, _f in office.keeping.refusals()) == ["FIL-011", "FIL-012", "MAP-001"]
    assert office.names("done") == ["a.xml", "a.xml.ok"]


def test_fifty_megabytes_of_xml_on_one_line_stream(tmp_path: Path) -> None:
    from tests.files.test_formats import _measured

    cells = "".join(f"<C{n}>南昌市某某局行政处罚决定书</C{n}>" for n in range(30))
    row = f"<R>{cells}</R>"
    count = 50_000_000 // len(row.encode())
    with (tmp_path / "a.xml").open("w", encoding="utf-8") as file:
        file.write("<D>")
        for _ in range(count):
            file.write(row)
        file.write("</D>")
    rows, memory = _measured(tmp_path / "a.xml", "D/R")
    assert rows == count
    assert memory < 200
