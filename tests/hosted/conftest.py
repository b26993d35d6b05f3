# SPDX-License-Identifier: Apache-2.0
"""An office that fills in workbooks, and the gateway that takes them."""

import json
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from lxml import etree
from openpyxl import load_workbook
from openpyxl.workbook import Workbook

from gateway.cli import shell
from gateway.pack import load_pack
from gateway.trust.certificates import make_authority
from tests.cli.people import PASSWORD, Site
from tests.tabular.filling import fill

NS = "urn:jx:power-exchange:1.0"
ORG = "11360100MA0000015H"
ITEM = "XK-MA0000015-0001"
TYPES = ("XK_SQ", "XK_JD")
CASE = "MA0000015-2022-XK-{0:08d}"
SITE = """\
organisation: "11360100990000017D"
name: 代建检验用网关(虚构站点)
ledger:
  url: sqlite:///var/ledger.db
trust:
  key: file:keys/receipt.key
  certificate: keys/receipt.pem
"""
SOURCE = """\
org: "{org}"
department: 南昌市示例局
kind: state
level: L1
adapter: hosted
options:
  items:
    {item}: {{types: [{types}], region: "360100"}}
"""


class Office:
    """One hosted department; ``documents`` are the sample records that its clerk copies from paper."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.site = folder / "site"
        for name in ("keys", "var", "sources.d", "destinations.d"):
            (self.site / name).mkdir(parents=True, exist_ok=True)
        authority = make_authority("test", datetime.now(timezone(timedelta(hours=8))))
        pair = authority.issue("receipts", "gateway")
        (self.site / "keys" / "receipt.pem").write_bytes(pair.certificate)
        (self.site / "keys" / "receipt.key").write_bytes(pair.key)
        (self.site / "gateway.yaml").write_text(SITE, "utf-8")
        told = SOURCE.format(org=ORG, item=ITEM, types=", ".join(TYPES))
        (self.site / "sources.d" / "archives.yaml").write_text(told, "utf-8")
        self.pack = load_pack()

    def run(self, *arguments: str, code: int = 0, by: str | None = None) -> str:
        """Run a command of this site as ``by``; return what it said, on standard error where it fails."""
        environment = {"GATEWAY_PASSWORD": PASSWORD, "GATEWAY_AS": by, "GATEWAY_KEY": None}
        done = CliRunner().invoke(shell, [*arguments, "-C", str(self.site)], env=environment)
        assert done.exit_code == code, f"{done.exit_code} {done.output}"
        return done.stdout or done.stderr

    def told(self, *arguments: str, code: int = 0, by: str | None = None) -> dict[str, Any]:
        held: dict[str, Any] = json.loads(self.run(*arguments, "--json", code=code, by=by))
        return held

    def template(self) -> Path:
        path = self.folder / "template.xlsx"
        if not path.exists():
            self.run("hosted", "template", ITEM, "--out", str(path))
        return path

    def book(self, *numbers: int, types: tuple[str, ...] = TYPES) -> Workbook:
        """Return the template filled in with a record of each type for each case number."""
        book = load_workbook(self.template())
        for code in types:
            document = etree.parse(self.pack.root / "samples" / "valid" / f"{code}.xml").getroot()
            documents = []
            for number in numbers:
                copy = etree.fromstring(etree.tostring(document))
                case = copy.find(f"{{{NS}}}caseNo")
                assert case is not None
                case.text = CASE.format(number)
                documents.append(copy)
            for title, (headers, *rows) in fill(self.pack, code, documents).items():
                page = book[title.replace("/", "-")]
                at = {cell.value: cell.column for cell in page[1]}
                for number, row in enumerate(rows, 2):
                    for header, value in zip(headers, row, strict=True):
                        if header in at and value is not None:
                            page.cell(number, at[header], value)
        return book

    def save(self, book: Workbook, name: str = "filled.xlsx") -> Path:
        path = self.folder / name
        book.save(path)
        return path

    def upload(self, path: Path, *more: str, code: int = 0, by: str | None = None) -> dict[str, Any]:
        return self.told("hosted", "upload", str(path), "--force", *more, code=code, by=by)

    def people(self) -> Site:
        """Let people be known from now on."""
        site = Site(self.site)
        site.found()
        return site

    def ask(self, question: str) -> list[Any]:
        with closing(sqlite3.connect(self.site / "var" / "ledger.db")) as connection:
            return connection.execute(question).fetchall()


def column(book: Workbook, title: str, header: str) -> int:
    return next(int(cell.column) for cell in book[title][1] if cell.value == header)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """One office a test."""
    return Office(tmp_path)
