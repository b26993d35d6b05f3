# SPDX-License-Identifier: Apache-2.0
"""Profile P: a system that pushes, tried by the bench in the gateway's place."""

import http.client
import json
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gateway.documents import safexml
from gateway_conformance import runner, sut
from gateway_conformance.capture import Judge
from gateway_conformance.clock import ScaledClock
from gateway_conformance.command import command
from gateway_conformance.standin import reading
from gateway_conformance.standin.credentials import Face, make
from gateway_conformance.stimulus import Hook, NoStimulus
from gateway_conformance.subjects.push import PushSubject
from gateway_reference.department import keys, running
from gateway_reference.department.pushing import Pushing

pytestmark = pytest.mark.service
SCALE = 600.0
Run = Callable[..., dict[str, Any]]


@pytest.fixture
def push(department: Callable[..., Path]) -> Run:
    """Start a department that pushes and run the suite against it."""

    def run(*only: str, edit: Callable[[str], str] | None = None, **settings: Any) -> dict[str, Any]:
        path = department(profile="P", **settings)
        if edit is not None:
            path.write_text(edit(path.read_text("utf-8")), "utf-8")
        chosen = frozenset(only) or None
        result = runner.run(sut.load(path), runner.Options(1, SCALE, "P", chosen))
        return {"gate": result["gate"], **{each["id"]: each for each in result["cases"]}}

    return run


def test_reference_department_passes_every_case_of_its_profile(push: Run) -> None:
    found = push()
    assert found.pop("gate") == "open", [each for each in found.values() if each["verdict"] != "PASS"]
    assert {id_: each["verdict"] for id_, each in found.items() if each["verdict"] != "PASS"} == {}
    assert all(each["examined"] > 0 for each in found.values())
    assert len(found) == 93


def test_observe_only_is_never_a_pass_where_a_stimulus_is_needed(push: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "prepare", lambda _driven, _options: SCALE)
    found = push("RCP-03", edit=lambda text: text.replace('mode = "hook"', 'mode = "observe"'))
    assert found["RCP-03"]["verdict"] in {"INCONCLUSIVE", "NOT_RUN"}
    assert found["gate"] == "closed"


def test_a_mutant_file_changes_the_client(push: Run, tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text("class Mine:\n    def busy(self, seconds):\n        super(Mine, self).busy(5.0)\n", "utf-8")
    found = push("VOL-07", mutant_file=file)
    assert [each["code"] for each in found["VOL-07"]["findings"]] == ["E-VOL-07a"]


def test_the_command_says_where_the_bench_listens_and_with_what(department: Callable[..., Path]) -> None:
    path = department(profile="P")
    told = CliRunner().invoke(
        command, ["run", "--sut", str(path), "--only", "CON-04", "--time-scale", "600"], standalone_mode=False
    )
    port = sut.load(path).text("push", "listen").rpartition(":")[2]
    assert told.return_value == 0
    assert f"https://127.0.0.1:{port}/exchange" in told.stderr
    for file in ("server.pem", "ca.pem", "receipts.pem"):
        assert str(path.parent / "bench" / file) in told.stderr


def test_a_client_that_never_comes_is_unreachable_and_a_port_that_is_taken_a_fault_of_the_description(
    department: Callable[..., Path],
) -> None:
    path = department(profile="P", mutant="M001")
    arguments = ["run", "--sut", str(path), "--only", "SCH-02", "--time-scale", "600"]
    assert CliRunner().invoke(command, arguments, standalone_mode=False).return_value == 4
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        other = path.read_text("utf-8").replace(
            sut.load(path).text("push", "listen"), f"127.0.0.1:{taken.getsockname()[1]}"
        )
        path.write_text(other, "utf-8")
        told = CliRunner().invoke(command, arguments, standalone_mode=False)
    assert (told.return_value, "[push]" in told.stderr) == (3, True)


class Bench:
    """The stand-in alone, with a client that a test drives by hand."""

    def __init__(self, place: Path, ring: keys.Keys) -> None:
        self.built = running.build(running.Settings("P", place), ring)
        self.built.close()
        self.department: Any = self.built.department
        description = sut.load(place / "sut.toml")
        judge = Judge(description.file("items", "catalogue"))
        self.subject = PushSubject(description, ScaledClock(SCALE), judge, NoStimulus(), lambda _note: None)
        self.context = self.department.tls()

    def post(self, path: str, body: bytes, **headers: str) -> tuple[int, bytes]:
        host, port = self.department.endpoint()
        connection = http.client.HTTPSConnection(host, port, timeout=10, context=self.context)
        try:
            connection.request("POST" if body else "GET", path, body or None, headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()


@pytest.fixture
def bench(tmp_path: Path, ring: keys.Keys) -> Iterator[Bench]:
    made = Bench(tmp_path / "d", ring)
    yield made
    made.subject.close()


def _parcel(department: Pushing) -> Any:
    with department.lock:
        return department.compose(department.waiting()[:3])


def test_packages_come_by_json_too_and_are_answered_so(bench: Bench) -> None:
    server, parcel = bench.subject.server, _parcel(bench.department)
    submit = safexml.parse(
        f'<SubmitPackage xmlns="urn:jx:power-exchange:1.0">{parcel.document}</SubmitPackage>'.encode()
    )
    body = server.forms.to_json(submit)
    reply = bench.post("/exchange/v1/packages", body, **{"Content-Type": "application/json"})
    told = json.loads(reply[1])
    assert [each["code"] for each in told["Receipt"]["Results"]["Result"]] == ["0000"] * 3
    call = bench.subject.log.submissions()[0]
    assert (call.form, call.package is not None and call.package.package_id) == ("rest-json", parcel.id)
    assert {record.key for record in bench.subject.log.fresh} == {row.key for row in parcel.rows}
    asked = bench.post(f"/exchange/v1/receipts?packageId={parcel.id}", b"", Accept="application/json")
    assert json.loads(asked[1])["Receipt"]["Head"]["packageId"] == parcel.id


def test_the_same_package_gets_its_receipt_byte_for_byte(bench: Bench) -> None:
    department, parcel = bench.department, _parcel(bench.department)
    body = department.request_body("SubmitPackage", parcel.document)
    answers = [bench.post("/exchange", body, **department.request_headers("SubmitPackage")) for _time in range(2)]
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    "damage",
    [
        lambda body: body.decode().encode("gb18030"),
        lambda body: body.replace(b"?><soap", b"?><!DOCTYPE a [<!ENTITY b 'c'>]><soap", 1),
        lambda body: body.replace(b"<remark>", b"<remark>\x0b").replace(b"</matter>", b"\x0b</matter>", 1),
        lambda body: body.replace("示例".encode(), "示&例".encode()),
    ],
    ids=["gbk", "doctype", "control", "ampersand"],
)
def test_what_a_gateway_would_refuse_is_taken_and_noted(bench: Bench, damage: Callable[[bytes], bytes]) -> None:
    department, parcel = bench.department, _parcel(bench.department)
    body = damage(department.request_body("SubmitPackage", parcel.document))
    reply = bench.post("/exchange", body, **department.request_headers("SubmitPackage"))
    assert (reply[0], reply[1].count(b"<code>0000</code>")) == (200, 4)
    call = bench.subject.log.submissions()[0]
    assert call.mended
    assert call.package is not None
    assert call.package.keys == [row.key for row in parcel.rows]


def test_what_nobody_can_read_is_refused_as_the_contract_says(bench: Bench) -> None:
    reply = bench.post("/exchange", b"\x00\x01 no message", **{"Content-Type": "text/xml"})
    assert (reply[0], b"<code>1001</code>" in reply[1]) == (500, True)
    with pytest.raises(reading.Refusal):
        reading.tree(b"<a/>" * 2)


def test_a_wrong_face_is_refused_by_a_client_that_verifies_and_seen_by_one_that_does_not(bench: Bench) -> None:
    bench.subject.server.present(Face.EXPIRED)
    with pytest.raises(ssl.SSLCertVerificationError):
        bench.post("/exchange", b"x")
    bench.context.check_hostname, bench.context.verify_mode = False, ssl.CERT_NONE
    with pytest.raises((OSError, http.client.HTTPException)):
        bench.post("/exchange", b"x")
    assert bench.subject.log.wait(lambda: Face.EXPIRED in bench.subject.log.first_bytes, 5)


def test_a_notice_is_given_until_it_is_acknowledged(bench: Bench) -> None:
    department, notice = bench.department, (
        '<alert xmlns="urn:jx:power-exchange:1.0"><caseNo>MA0000015-2022-XK-00000001</caseNo><sequence>9</sequence>'
        "<alertNo>YJ1</alertNo></alert>"
    )  # fmt: skip
    record_id = bench.subject.put_up(notice)
    department.fetch()
    assert bench.subject.acknowledgements(record_id)
    assert "YJ1" in department.alarms or "YJ1" in department.tasks
    department.alarms.clear()
    department.fetch()
    assert not department.alarms, "not given again"


def test_certificates_are_kept_and_made_anew_for_another_host(tmp_path: Path) -> None:
    first = make(tmp_path, "127.0.0.1").certificate(Face.RIGHT).read_bytes()
    assert make(tmp_path, "127.0.0.1").certificate(Face.RIGHT).read_bytes() == first
    assert make(tmp_path, "10.1.2.3").certificate(Face.RIGHT).read_bytes() != first


def test_a_hook_that_knows_no_outbox_is_asked_once(monkeypatch: pytest.MonkeyPatch, bench: Bench) -> None:
    asked: list[str] = []
    hook = Hook("http://127.0.0.1:9/drive")
    monkeypatch.setattr(Hook, "_post", lambda _self, body: (asked.append(json.loads(body)["verb"]), {"ok": False})[1])
    bench.subject._stimulus = hook
    assert bench.subject._pending() is None
    assert bench.subject._pending() is None
    assert asked == ["outbox.list"]
