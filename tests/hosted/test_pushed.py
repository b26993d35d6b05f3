# SPDX-License-Identifier: Apache-2.0
"""A clerk's program pushes workbooks to the REST face, and what is sound goes on its way like any other record."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from gateway.exchange.app import WORKBOOK
from tests.exchange.town import Town
from tests.hosted.conftest import ITEM, ORG, SOURCE, TYPES, Office, column
from tests.reference.client import Reply


class Clerks(Town):
    """A gateway with an intake and a hosted department, for which the first sender may speak and the second may not."""

    def configure(self) -> None:
        super().configure()
        told = (self.folder / "gateway.yaml").read_text("utf-8")
        head, first, second = told.partition('    code: "990000017"\n')
        allowed = f'    organisations: ["{ORG}"]\n'
        (self.folder / "gateway.yaml").write_text(head + first + allowed + second, "utf-8")
        source = SOURCE.format(org=ORG, item=ITEM, types=", ".join(TYPES))
        (self.folder / "sources.d" / "archives.yaml").write_text(source, "utf-8")

    def push(self, path: Path, name: str = "s0", query: str = "", **headers: str) -> Reply:
        told = {"Content-Type": WORKBOOK, **headers}
        return self.sender(name).request("POST", f"/exchange/v1/workbooks{query}", path.read_bytes(), told)


@pytest.fixture
def clerks(office: Office, tmp_path: Path) -> Any:
    town = Clerks(tmp_path / "town", senders=2)
    office.template()
    town.start()
    yield town
    town.stop()


def test_the_answer_is_the_workbook_or_its_account(office: Office, clerks: Clerks) -> None:
    book = office.book(1, 2)
    book["申请"].cell(3, column(book, "申请", "申请人.证件号码"), "1")
    path = office.save(book)
    reply = clerks.push(path)
    assert reply.status == 200
    page = load_workbook(BytesIO(reply.body))["申请"]
    assert str(page.cell(2, 2).value).startswith("已收录")
    assert str(page.cell(3, 2).value).startswith("有问题")
    told = json.loads(clerks.push(path, Accept="application/json").body)
    assert (told["records"], told["accepted"], told["refused"], told["unchanged"]) == (4, 3, 1, 4)
    assert told["findings"][0]["message"]["zh"]
    assert clerks.grown[0] == 3, "deliverers are told at once"
    assert [each.actor for each in clerks.rows("SELECT actor FROM hosted_upload")] == ["s0", "s0"]
    assert clerks.rows("SELECT count(*) AS n FROM act WHERE action = 'hosted.upload'")[0].n == 2


def test_a_draft_is_never_taken(office: Office, clerks: Clerks) -> None:
    told = json.loads(clerks.push(office.save(office.book(1)), query="?draft=true", Accept="application/json").body)
    assert (told["drafts"], told["accepted"]) == (2, 0)
    assert clerks.rows("SELECT count(*) AS n FROM record")[0].n == 0


@pytest.mark.parametrize(
    ("name", "query", "headers", "data", "code"),
    [
        ("s1", "", {}, None, "3002"),
        ("s0", "?as=x", {}, None, "1002"),
        ("s0", "", {"Content-Type": "text/csv"}, None, "1003"),
        ("s0", "", {}, b"no workbook", "1002"),
    ],
)
def test_refusals_keep_nothing(
    office: Office, clerks: Clerks, name: str, query: str, headers: dict[str, str], data: bytes | None, code: str
) -> None:  # fmt: skip
    path = office.save(office.book(1))
    if data is not None:
        path.write_bytes(data)
    reply = clerks.push(path, name, query, **headers, Accept="application/json")
    assert json.loads(reply.body)["code"] == code
    assert clerks.rows("SELECT count(*) AS n FROM hosted_upload")[0].n == 0
    assert clerks.rows("SELECT count(*) AS n FROM record")[0].n == 0


def test_without_a_hosted_department_there_is_no_such_path(tmp_path: Path, office: Office) -> None:
    town = Town(tmp_path / "town")
    town.start()
    try:
        body = office.save(office.book(1)).read_bytes()
        reply = town.sender().request("POST", "/exchange/v1/workbooks", body, {"Content-Type": WORKBOOK})
        assert reply.status == 404
    finally:
        town.stop()
