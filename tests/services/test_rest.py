# SPDX-License-Identifier: Apache-2.0
"""Rows from a department's REST interface, in every way of paging, with what goes wrong on the way."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.channels.rest import RestSource, open_rest
from gateway.errors import ConfigurationError, SourceError
from gateway.model.record import SourceKind
from gateway.sdk import AdapterSettings
from gateway.testing.clock import FakeClock
from tests.services.interface import Interface, serving
from tests.sources.keeping import Keeping

STYLES: dict[str, dict[str, Any]] = {
    "none": {},
    "page": {"style": "page", "parameter": "page", "size_parameter": "size", "size": 3},
    "page-total": {"style": "page", "parameter": "page", "size_parameter": "size", "size": 3, "total": "data.total"},
    "offset": {"style": "offset", "parameter": "offset", "size_parameter": "size", "size": 3, "total": "data.total"},
    "cursor": {"style": "cursor", "parameter": "cursor", "next": "next", "size_parameter": "size", "size": 3},
    "link": {"style": "link", "next": "links.next", "size_parameter": "size", "size": 3},
    "header": {"style": "link", "next": "header", "size_parameter": "size", "size": 3},
}


class Bureau:
    """One interface and the ledger that its rows go into."""

    def __init__(self, folder: Path, server: Interface) -> None:
        self.folder, self.server = folder, server
        self.clock = FakeClock()
        self.keeping = Keeping(folder, self.clock)
        self.waited: list[float] = []

    def source(self, style: str, **options: Any) -> RestSource:
        told = {
            "url": self.server.url, "insecure": True, "rows": "data.list", "row_id": ["ID"], "paging": STYLES[style],
        } | options  # fmt: skip
        source = open_rest(AdapterSettings("rest", SourceKind.STATE, told, self.folder), self.clock)
        source._rest = self.waited.append
        return source

    def pull(self, paging: str, **options: Any) -> Any:
        return self.keeping.pull(self.source(paging, **options)).figures


def rows(count: int) -> list[dict[str, Any]]:
    return [
        {"ID": f"a{number}", "MC": f"名称{number}", "updated": f"2026-01-0{number % 5 + 1} 08:00:00"}
        for number in range(count)
    ]


@pytest.fixture
def bureau(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Bureau]:
    style = getattr(request, "param", "page")
    with serving(style.partition("-")[0], rows(10)) as server:
        made = Bureau(tmp_path, server)
        yield made
        made.keeping.ledger.close()


@pytest.mark.parametrize("bureau", STYLES, indirect=True)
@pytest.mark.parametrize("count", [0, 3, 9, 10])
def test_every_way_of_paging_reads_every_row_once(bureau: Bureau, count: int, request: pytest.FixtureRequest) -> None:
    """B2, B3: all rows once; a changed row is its next version; nothing new counts nothing."""
    paging = str(request.node.callspec.params["bureau"])
    bureau.server.rows = rows(count)
    assert bureau.pull(paging).accepted == count
    again = bureau.pull(paging)
    assert (again.collected, again.rereads) == (0, count)
    if count:
        bureau.server.rows[-1]["MC"] = "改"
        assert bureau.pull(paging).accepted == 1
        assert {version for version, _ in bureau.keeping.heads().values()} == ({1, 2} if count > 1 else {2})


def test_paging_asks_no_more_than_it_must(bureau: Bureau) -> None:
    bureau.pull("page-total")
    assert [path.partition("?")[2] for path in bureau.server.asked] == [
        "size=3&page=1", "size=3&page=2", "size=3&page=3", "size=3&page=4",
    ]  # fmt: skip


@pytest.mark.parametrize("bureau", ["page", "offset", "cursor", "link"], indirect=True)
def test_a_run_that_died_goes_on_at_its_page(bureau: Bureau, request: pytest.FixtureRequest) -> None:
    """B5: the token of the page is committed with the rows before it; nothing comes twice."""
    paging = str(request.node.callspec.params["bureau"])

    class Dies(Exception):
        pass

    def die(done: int, _expected: int | None) -> None:
        if done >= 6:
            raise Dies

    with pytest.raises(Dies):
        bureau.keeping.pull(bureau.source(paging), progress=die)
    bureau.server.asked.clear()
    assert bureau.pull(paging).accepted == 4
    assert len(bureau.keeping.heads()) == 10
    first = bureau.server.asked[0]
    assert any(mark in first for mark in ("page=3", "offset=6", "cursor=6", "from=6")), first


def test_since_reads_what_has_changed_and_goes_back_by_the_overlap(bureau: Bureau) -> None:
    """B14: the floor is the highest stamp seen, less the overlap, in the interface's own form."""
    more = {
        "stamp": {"column": "updated", "format": "%Y-%m-%d %H:%M:%S"},
        "since": {"parameter": "since", "overlap": "1h"},
    }
    bureau.pull("page", **more)
    bureau.server.asked.clear()
    figures = bureau.pull("page", **more)
    assert bureau.server.asked == ["/api/cases?size=3&since=2026-01-05+07%3A00%3A00&page=1"]
    assert (figures.collected, figures.rereads) == (0, 2)


def test_an_epoch_is_sent_as_a_number(bureau: Bureau) -> None:
    for row in bureau.server.rows:
        moment = datetime.strptime(row["updated"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
        row["updated"] = int(moment.timestamp())
    bureau.server.answer = lambda _query, _rows=None: (  # type: ignore[method-assign,assignment,misc]
        json.dumps({"data": {"list": bureau.server.rows}}).encode(), {},
    )  # fmt: skip
    more = {"stamp": {"column": "updated", "format": "epoch"}, "since": {"parameter": "since", "overlap": "1h"}}
    bureau.pull("none", **more)
    bureau.server.asked.clear()
    bureau.pull("none", **more)
    assert bureau.server.asked == ["/api/cases?since=1767596400"]


def test_the_secret_goes_into_its_header_and_nowhere_else(bureau: Bureau) -> None:
    (bureau.folder / "token").write_text("s3cret\n", "utf-8")
    bureau.pull("page", auth={"prefix": "Bearer ", "secret": "file:token"}, headers={"X-Site": "360100"})
    assert {each["Authorization"] for each in bureau.server.headers} == {"Bearer s3cret"}
    assert bureau.server.headers[0]["X-Site"] == "360100"
    assert not any("s3cret" in path for path in bureau.server.asked)


def test_nested_fields_have_dots_and_lists_are_text(bureau: Bureau) -> None:
    bureau.server.rows = [
        {"ID": {"no": "7"}, "party": {"name": "张三", "ids": [{"k": 1}]}, "fee": 1.50, "paid": True, "MC": None}
    ]
    page = bureau.source("page", row_id=["ID.no"], fields=["gone"])
    found = page.read(page.window(None), None, 10).rows[0]
    page.close()
    assert dict(found.values) == {
        "ID.no": "7", "party.name": "张三", "party.ids": '[{"k":1}]', "fee": "1.5", "paid": 1, "MC": None, "gone": None,
    }  # fmt: skip


# -- faults ------------------------------------------------------------------------------------------------------


def answer_with(body: bytes, status: int = 200, **headers: str) -> Any:
    return lambda _path, _query, _body: (status, {name.replace("_", "-"): text for name, text in headers.items()}, body)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (answer_with(b"<html>login</html>", Content_Type="text/html"), "SVC-010"),
        (answer_with(b'{"data": {"list": '), "SVC-010"),
        (answer_with('{"data": {"list": [{"ID": "坏"}]}}'.encode("gb18030")), "SVC-010"),
        (answer_with(b'{"data": {"list": {}}}'), "SVC-010"),
        (answer_with(b"[" * 100_000), "SVC-010"),
        (answer_with(b" " * 9_000_000), "SVC-003"),
        (answer_with(b"", 302, Location="http://127.0.0.1:9/"), "SVC-003"),
        (answer_with(b"no", 403), "SVC-004"),
        (answer_with(b"no", 500), "SVC-003"),
        (answer_with(b"zip", Content_Encoding="gzip"), "SVC-003"),
    ],
    ids=["html", "half", "encoding", "shape", "deep", "large", "redirect", "forbidden", "broken", "compressed"],
)
def test_a_service_at_fault_is_named_and_the_next_run_goes_on(bureau: Bureau, fault: Any, code: str) -> None:
    bureau.server.fault = fault
    with pytest.raises(SourceError, match=code):
        bureau.pull("page")
    source = bureau.source("page")
    assert [each.code for each in source.check()] == [code]
    source.close()
    bureau.server.fault = lambda _path, _query, _body: None
    assert bureau.pull("page").accepted == 10


def test_a_busy_service_is_waited_for(bureau: Bureau) -> None:
    answers = [(503, {"Retry-After": "9"}, b""), (500, {}, b""), None]
    bureau.server.fault = lambda _path, _query, _body: answers.pop(0) if answers else None
    assert bureau.pull("page").accepted == 10
    assert bureau.waited == [9.0, 2.0]


def test_an_unreachable_service_is_named(bureau: Bureau) -> None:
    with pytest.raises(SourceError, match="SVC-001"):
        bureau.pull("page", url="http://127.0.0.1:9/api")
    assert bureau.waited == [1.0, 2.0, 4.0]


def test_one_bad_page_never_blocks_and_is_read_again(bureau: Bureau) -> None:
    """B14: the page at fault is a finding, its neighbours go through, and the floor does not move past it."""
    more = {
        "stamp": {"column": "updated", "format": "%Y-%m-%d %H:%M:%S"},
        "since": {"parameter": "since", "overlap": "1m"},
    }
    bureau.server.fault = lambda _path, query, _body: (200, {}, b"broken") if query["page"] == "2" else None
    assert bureau.pull("page", **more).accepted == 7
    assert [(code, row) for _outcome, code, row, _findings in bureau.keeping.refusals()] == [("SVC-010", "page 2")]
    bureau.server.fault = lambda _path, _query, _body: None
    assert bureau.pull("page", **more).accepted == 3
    bureau.server.asked.clear()
    bureau.pull("page", **more)
    assert "since" in bureau.server.asked[0]


def test_bad_rows_are_findings_and_the_rest_goes_through(bureau: Bureau) -> None:
    held = bureau.server.rows[:3]
    texts = [json.dumps(each, ensure_ascii=False) for each in held] + [
        '"no object"', '{"MC": "无标识"}', '{"ID": "n1", "MC": NaN}', '{"ID": "n2", "MC": "a", "MC": "b"}',
        '{"ID": "n3", "MC": "\\ud800"}', '{"ID": "a0", "MC": "另一个"}', json.dumps(held[1], ensure_ascii=False),
    ]  # fmt: skip
    bureau.server.fault = answer_with(f'{{"data": {{"list": [{",".join(texts)}]}}}}'.encode())
    figures = bureau.pull("none")
    assert (figures.accepted, figures.refused) == (3, 6)
    assert sorted(code for _outcome, code, _row, _findings in bureau.keeping.refusals()) == [
        "SVC-011", "SVC-012", "SVC-013", "SVC-013", "SVC-013", "SVC-013",
    ]  # fmt: skip


def test_paging_that_stands_still_ends(bureau: Bureau) -> None:
    bureau.server.fault = lambda _path, _query, _body: (200, {}, bureau.server.answer({"size": "3"})[0])
    with pytest.raises(SourceError, match="SVC-008"):
        bureau.pull("page")


@pytest.mark.parametrize("bureau", ["link"], indirect=True)
@pytest.mark.parametrize("there", ["http://127.0.0.1:9/x", "//example.invalid/x", "https://127.0.0.1/x"])
def test_a_link_to_another_host_is_not_followed(bureau: Bureau, there: str) -> None:
    """S5: an answer can't lead the gateway elsewhere."""
    body = json.dumps({"data": {"list": rows(1)}, "links": {"next": there}}).encode()
    bureau.server.fault = answer_with(body)
    with pytest.raises(SourceError, match="SVC-014"):
        bureau.pull("link")
    assert len(bureau.server.asked) == 1


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"insecure": False}, "insecure"),
        ({"row_id": None}, "row_id"),
        ({"paging": {"style": "cursor", "parameter": "c"}}, "next"),
        ({"since": {"parameter": "s"}}, "stamp"),
        ({"headers": {"Authorization": "Bearer x"}}, "auth"),
        ({"auth": {"secret": "plain"}}, "secret"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_wrong_options_are_named(bureau: Bureau, wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        bureau.source("page", **wrong)
