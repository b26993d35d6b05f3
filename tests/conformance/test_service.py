# SPDX-License-Identifier: Apache-2.0
"""The subject of profile S and what its faults become: the contract walked once, and no fault of a system an ERROR."""

import dataclasses
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from gateway.clock import SystemClock
from gateway_conformance import runner, sut
from gateway_conformance.capture import CapturedRecord, Judge, Judged
from gateway_conformance.cases import claims, hostile, lifecycle
from gateway_conformance.clock import ScaledClock
from gateway_conformance.subjects.soap import SoapSubject
from gateway_conformance.subjects.subject import Unanswered
from gateway_conformance.subjects.wire import counted, told
from gateway_reference.department import listening

pytestmark = pytest.mark.service
OUTSIDE = '<xs:import namespace="urn:other" schemaLocation="http://schemas.example.invalid/o.xsd"/>'
FILES = {
    "/ws/exchange?wsdl": "<wsdl:import location=\"../xsd/a.xsd?v=1&amp;w=2\"/><xs:include schemaLocation='b.xsd'/>",
    "/xsd/a.xsd?v=1&w=2": '<xs:include schemaLocation="/ws/b.xsd"/>' + OUTSIDE,
    "/ws/b.xsd": '<xs:include schemaLocation="/xsd/a.xsd?v=1&amp;w=2"/><xs:include schemaLocation="b.xsd"/>',
}


class Files(ThreadingHTTPServer):
    """A service that gives a WSDL whose schemas include each other."""

    daemon_threads = True

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.files = dict(FILES)
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append(self.path)
                content = server.files.get(self.path, "").encode()
                self.send_response(200 if content else 404)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
                pass

        super().__init__(("127.0.0.1", 0), Handler)


@pytest.fixture
def files() -> Iterator[Files]:
    server = Files()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def subject(port: int, **tables: dict[str, Any]) -> SoapSubject:
    soap = {"url": f"http://127.0.0.1:{port}/ws/exchange", **tables.get("soap", {})}
    return SoapSubject(
        sut.Description(Path("sut.toml"), {**tables, "soap": soap}, ("S",)), ScaledClock(600), Judge(None)
    )


def test_the_contract_is_walked_once_though_its_schemas_include_each_other(files: Files) -> None:
    service = subject(files.server_address[1])
    assert set(service.contract()) == set(FILES)
    first = service.interface()
    assert first is not None
    assert service.interface() == first
    assert sorted(files.asked) == sorted(FILES), "each file once a run"
    outside = [
        place
        for target, reply in service.contract().items()
        for place in service.references(target, reply)
        if not service.own(place)
    ]
    assert outside == ["http://schemas.example.invalid/o.xsd"]


def digest(port: int) -> str | None:
    shown = subject(port).interface()
    return None if shown is None else shown.digest


def test_every_file_counts_for_the_fingerprint(files: Files) -> None:
    port = files.server_address[1]
    first = digest(port)
    seen = {first}
    for target in FILES:
        files.files = {**FILES, target: FILES[target] + "<another/>"}
        seen.add(digest(port))
    assert len(seen) == 4
    files.files = dict(FILES)
    assert digest(port) == first


def test_no_fingerprint_where_the_contract_cannot_be_read(files: Files) -> None:
    port = files.server_address[1]
    assert subject(port, limits={"requests": 1}).interface() is None, "the budget is spent"
    assert subject(port, soap={"wsdl": "http://other.example.invalid/?wsdl"}).interface() is None
    del files.files["/ws/b.xsd"]
    assert subject(port).interface() is None, "a schema is missing"
    files.shutdown()
    files.server_close()
    assert subject(port).interface() is None, "nobody answers"
    with pytest.raises(Unanswered):
        subject(port).get("/ws/exchange?wsdl")


def test_more_files_than_are_read_is_said(files: Files) -> None:
    files.files = {f"/ws/{n}.xsd": f'<xs:include schemaLocation="{n + 1}.xsd"/>' for n in range(200)}
    files.files["/ws/exchange?wsdl"] = '<xs:include schemaLocation="0.xsd"/>'
    with pytest.raises(Unanswered):
        subject(files.server_address[1]).contract()


def test_the_own_host_is_told_whatever_port_is_written() -> None:
    service = subject(80)
    assert service.own("http://127.0.0.1/x")
    assert service.own("http://127.0.0.1:80/x")
    assert not service.own("http://127.0.0.1:81/x")
    assert not service.own("urn:jx:power-exchange:1.0")


def test_the_canary_listens_where_the_system_sees_the_bench() -> None:
    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("no IPv6 here")
    with listener:
        service = subject(1, soap={"url": f"http://[::1]:{listener.getsockname()[1]}/x"})
        canary = hostile._Canary(service)
        try:
            assert canary.url.startswith("http://[::1]:")
            port = int(canary.url.rpartition(":")[2].partition("/")[0])
            socket.create_connection(("::1", port), timeout=5).close()
            assert canary.called.wait(5)
        finally:
            canary.close()


# what a system answers is never the suite's fault --------------------------------------------------------------------


BROKEN_ANSWERS = {
    "unsigned": ("SEC-05", "FAIL", "def signature(self, head):\n        return ''"),
    "no time": ("CLK-01", "FAIL", "def ping(self, _e):\n        return '<serverTime>soon</serverTime>'"),
    "no zone": ("CLK-01", "FAIL", "def ping(self, _e):\n        return '<serverTime>2026-05-06T09:00:00</serverTime>'"),
    "nothing": ("CLK-01", "INCONCLUSIVE", "def ping(self, _e):\n        return ''"),
    "counts": ("REC-01", "INCONCLUSIVE", "def count_rows(self, e):\n        return re.sub('<count>[^<]*<', '<count>one<', super().count_rows(e))"),
    "empty": ("IDM-01", "INCONCLUSIVE", "def package(self, rows):\n        return '<Package xmlns=\"urn:jx:power-exchange:1.0\"><Record/></Package>'"),
    "accepted": ("SUP-01", "INCONCLUSIVE", "def put_notice(self, e):\n        return ''"),
    "target": ("COR-02", "FAIL", "def document(self, row):\n        return re.sub('<targetVersion>[^<]*<', '<targetVersion>one<', super().document(row))"),
    "dates": ("PUB-04", "INCONCLUSIVE", "def document(self, row):\n        return re.sub('<publishFrom>[^<]*<', '<publishFrom>soon<', super().document(row))"),
}  # fmt: skip


@pytest.mark.parametrize("fault", sorted(BROKEN_ANSWERS))
def test_a_wrong_answer_is_no_fault_of_the_suite(
    fault: str, department: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gateway_conformance import engine

    case, verdict, method = BROKEN_ANSWERS[fault]
    file = tmp_path / "mine.py"
    file.write_text(
        f"import re\nfrom gateway_reference.department import system\n\nclass Mine(system.Department):\n    {method}\n",
        "utf-8",
    )
    monkeypatch.setattr(engine, "expected", lambda _p, _o: [alone(case)])
    result = runner.run(sut.load(department(mutant_file=file)), runner.Options(1, 600.0, only=frozenset({case})))
    assert [each["verdict"] for each in result["cases"]] == [verdict]
    assert result["faults_of_the_suite"] == []


def alone(id_: str) -> Any:
    from gateway_conformance import registry

    return dataclasses.replace(registry.requirements()[id_], prerequisites=())


def test_a_system_that_closes_connections_passes_the_hostile_cases(
    try_system: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = listening.Handler._answer

    def closing(self: Any, *args: Any) -> None:
        answer(self, *args)
        self.close_connection = True

    monkeypatch.setattr(listening.Handler, "_answer", closing)
    result = try_system(frozenset({"ROB-01", "ROB-02", "ROB-03", "ROB-04", "ROB-05"}))
    assert {each["id"]: each["verdict"] for each in result["cases"] if each["verdict"] != "PASS"} == {}


def test_rows_are_seen_whatever_prefix_they_have() -> None:
    for body in (b"<Record>", b"<p:Record>", b'<x.y:row a="1">', b"<row/>"):
        assert hostile.ROWS.search(body)
    assert not hostile.ROWS.search(b"<Records><rows><p:RecordSet>")


def test_told_and_counted_refuse_what_is_not_there() -> None:
    from gateway.documents import safexml

    answer = safexml.parse(b'<a xmlns="urn:x"><b> c </b></a>')
    assert told(answer, "b") == "c"
    with pytest.raises(Unanswered):
        told(answer, "d")
    assert (counted(None, "n"), counted(" 7 ", "n")) == (0, 7)
    with pytest.raises(Unanswered):
        counted("many", "n")


# prefixes ------------------------------------------------------------------------------------------------------------


def test_texts_are_read_with_any_prefix_and_as_they_were_written() -> None:
    record = CapturedRecord(
        "k",
        1,
        "",
        "",
        b'<p:a xmlns:p="urn:x"><p:caseNo>C-1</p:caseNo><q.r:name x="1"> A &amp; &lt;B> </q.r:name></p:a>',
    )
    assert (record.case, record.text("name"), record.text("am")) == ("C-1", "A & <B>", None)


def test_the_kind_beside_a_number_is_found_with_any_prefix() -> None:
    from types import SimpleNamespace

    document = b"<p:idKind>\xe6\x8a\xa4\xe7\x85\xa7</p:idKind><p:idNo>A&amp;1</p:idNo>"
    judged: Any = Judged(CapturedRecord("k", 1, "", "", document), SimpleNamespace(value="A&1"))  # type: ignore[arg-type]
    assert claims._kind_of(judged) == "护照"


def test_the_twin_with_prefixes_does_write_them(department: Callable[..., Path]) -> None:
    description = sut.load(department(twin="T22"))
    service = SoapSubject(description, ScaledClock(600), Judge(description.file("items", "catalogue")))
    try:
        page = service.page(size=5)
    finally:
        service.close()
    assert b"<p:Record>" in page.reply.body
    assert all(record.document.startswith(b"<p:") and record.type for record in page.records)


def test_one_key_is_told_by_the_elements_of_a_record() -> None:
    from gateway.model.record_type import Role
    from gateway.pack import load_pack

    types = load_pack().by_element
    named = {Role.CASE: "C-1", Role.SEQUENCE: "7", Role.OWN_CODE: "F-1", Role.TARGET_KEY: "XK_SQ:C-1:1"}
    keys = {name: kind.key_of(named) for name, kind in types.items()}
    assert keys["permitApplication"] == "XK_SQ:C-1:7"
    assert keys["attachment"] == "GG_FJ:F-1"
    assert keys["withdrawal"] == "XK_SQ:C-1:1"
    assert {kind.key_of({}) for kind in types.values()} == {None}
    assert types["permitApplication"].key_of({Role.CASE: "C-1", Role.SEQUENCE: "seven"}) is None


def test_the_rules_are_compiled_once_and_a_catalogue_only_adds() -> None:
    first, second = Judge(None), Judge(None)
    assert (first.pack, first.clock, first._validator) == (second.pack, second.clock, second._validator)


# time ----------------------------------------------------------------------------------------------------------------


class Waiting(ScaledClock):
    """A clock that moves when it is waited on."""

    def __init__(self) -> None:
        super().__init__(1.0)
        self.at, self.waits = 0.0, 0

    def monotonic(self) -> float:
        return self.at

    def wait(self, seconds: float) -> None:
        self.at += seconds
        self.waits += 1


@pytest.mark.parametrize(("delays", "letters"), [([60.0] * 10, ""), ([60.0] * 9 + [1000.0], "b"), ([9999.0] * 10, "a")])
def test_events_are_looked_for_every_ten_seconds(
    delays: list[float], letters: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FLW-09 at scale 1: ten events, at most 181 looks each."""
    from types import SimpleNamespace

    clock, added, failed = Waiting(), list[tuple[str, float]](), list[str]()

    def drive(_verb: str, count: int) -> Any:
        key = f"k{len(added)}"
        added.append((key, clock.at + delays[len(added)]))
        return SimpleNamespace(keys=(key,))

    monkeypatch.setattr(
        lifecycle,
        "Mark",
        lambda _bench: SimpleNamespace(changes=lambda: [SimpleNamespace(key=k) for k, at in added if at <= clock.at]),
    )
    bench: Any = SimpleNamespace(
        clock=clock, drive=drive, fail=lambda letter, *_a, **_k: failed.append(letter), examined=lambda: None
    )
    lifecycle.real_time(bench)
    assert "".join(failed) == letters
    assert clock.waits <= 181 if letters == "a" else len(added) == lifecycle.EVENTS == 10


def test_percentiles_are_of_the_nearest_rank() -> None:
    assert lifecycle.percentile([float(n) for n in range(1, 101)], 95) == 95
    assert lifecycle.percentile([3.0, 1.0, 2.0], 95) == 3


def test_the_clock_of_the_suite_is_that_of_the_gateway() -> None:
    assert isinstance(ScaledClock(), SystemClock)
    assert ScaledClock(600).bound(1800) == 3
    assert ScaledClock(0.1).scale == 1
