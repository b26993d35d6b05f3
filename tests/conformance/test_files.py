# SPDX-License-Identifier: Apache-2.0
"""Profile F: a system that drops files, tried by the bench in the gateway's place."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gateway.channels.files.layout import package_layout
from gateway.channels.files.package_files import open_package_files
from gateway.clock import SystemClock
from gateway.documents import safexml
from gateway.model.record import SourceKind
from gateway.ports import Position
from gateway.sdk import AdapterSettings
from gateway.trust.signing import Verifier
from gateway_conformance import runner, sut
from gateway_conformance.capture import Judge
from gateway_conformance.clock import ScaledClock
from gateway_conformance.command import command
from gateway_conformance.standin.watching import Watch
from gateway_conformance.stimulus import NoStimulus
from gateway_conformance.subjects.file import FileSubject
from gateway_reference.department import keys, running

pytestmark = pytest.mark.service
SCALE = 600.0
Run = Callable[..., dict[str, Any]]


@pytest.fixture
def files(department: Callable[..., Path]) -> Run:
    """Start a department that drops files and run the suite against it."""

    def run(*only: str, edit: Callable[[str], str] | None = None, **settings: Any) -> dict[str, Any]:
        path = department(profile="F", **settings)
        if edit is not None:
            path.write_text(edit(path.read_text("utf-8")), "utf-8")
        result = runner.run(sut.load(path), runner.Options(1, SCALE, "F", frozenset(only) or None))
        return {"gate": result["gate"], **{each["id"]: each for each in result["cases"]}}

    return run


def _codes(found: dict[str, Any], id_: str) -> list[str]:
    return [each["code"] for each in found[id_]["findings"]]


def test_reference_department_passes_every_case_of_its_profile(files: Run) -> None:
    found = files()
    assert found.pop("gate") == "open", [each for each in found.values() if each["verdict"] != "PASS"]
    assert {id_: each["verdict"] for id_, each in found.items() if each["verdict"] != "PASS"} == {}
    assert all(each["examined"] > 0 for each in found.values())
    assert len(found) == 77


def test_observe_only_is_never_a_pass_where_a_stimulus_is_needed(files: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "prepare", lambda _driven, _options: SCALE)
    found = files("INC-10", "SEC-11", edit=lambda text: text.replace('mode = "hook"', 'mode = "observe"'))
    assert found["INC-10"]["verdict"] == "INCONCLUSIVE"
    assert found["SEC-11"]["verdict"] == "PASS"


@pytest.mark.parametrize(
    ("seam", "case", "codes"),
    [
        ("def manifest(self, name, data, number):\n        return b'name=x'", "SEC-11", ["E-SEC-11b"]),
        ("def file_mode(self):\n        return 0o666", "SEC-11", ["E-SEC-11e"]),
        ("def sign(self, signed):\n        return 'AAAA'", "SEC-11", ["E-SEC-11d"]),
        ("def folder_mode(self):\n        return 0o751", "SEC-03", ["E-SEC-03a"]),
        ("def file_name(self, number):\n        return f'{number}.dat'", "CON-02", ["E-CON-02a"]),
    ],
)
def test_a_mutant_file_changes_what_is_dropped(
    files: Run, tmp_path: Path, seam: str, case: str, codes: list[str]
) -> None:
    file = tmp_path / "mine.py"
    file.write_text(f"class Mine:\n    {seam}\n", "utf-8")
    assert _codes(files(case, mutant_file=file), case) == codes


def test_a_manifest_that_is_written_straight_is_only_noted(files: Run, tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "class Mine:\n    def place(self, name, data):\n        if name.endswith('.ok'):\n"
        "            (self.drop / name).write_bytes(data)\n        else:\n            super(Mine, self).place(name, data)\n",
        "utf-8",
    )
    found = files("INC-10", "SEC-11", mutant_file=file)
    assert (found["INC-10"]["verdict"], _codes(found, "INC-10")) == ("WARN", ["E-INC-10g"])
    assert found["SEC-11"]["verdict"] == "PASS"


def test_a_folder_that_is_not_there_is_unreachable_and_a_bad_certificate_a_fault_of_the_description(
    department: Callable[..., Path],
) -> None:
    path = department(profile="F", mutant="M001")
    arguments = ["run", "--sut", str(path), "--only", "CON-02", "--time-scale", "600"]
    assert CliRunner().invoke(command, arguments, standalone_mode=False).return_value == 4
    bad = path.parent / "bad.pem"
    bad.write_text("no certificate", "utf-8")
    told = sut.load(path).text("file", "signing_cert")
    path.write_text(path.read_text("utf-8").replace(told, f"file:{bad}"), "utf-8")
    refused = CliRunner().invoke(command, arguments, standalone_mode=False)
    assert (refused.return_value, "[file]" in refused.stderr) == (3, True)


class Bench:
    """The bench alone before a folder that a test fills by hand."""

    def __init__(self, place: Path, ring: keys.Keys) -> None:
        built = running.build(running.Settings("F", place), ring)
        built.close()
        self.department: Any = built.department
        self.department.clear()
        self.subject = FileSubject(
            sut.load(place / "sut.toml"), ScaledClock(SCALE), Judge(None), NoStimulus(), lambda _note: None
        )
        self.drop = place / "drop"

    def put(self, name: str, data: bytes, number: int = 1) -> None:
        self.department.place(name, data)
        self.department.place(f"{name}.ok", self.department.manifest(name, data, number))

    def wait(self, path: Path) -> bytes:
        end = time.monotonic() + 10
        while not path.exists() and time.monotonic() < end:
            time.sleep(0.01)
        return path.read_bytes()


@pytest.fixture
def bench(tmp_path: Path, ring: keys.Keys) -> Iterator[Bench]:
    made = Bench(tmp_path / "d", ring)
    yield made
    made.subject.close()


def test_a_package_is_taken_put_away_and_gets_a_signed_receipt(bench: Bench) -> None:
    parcel = bench.department.compose(sorted(bench.department.rows.values(), key=lambda row: row.order)[:3])
    bench.put("JX-1.xml", bench.department.file_bytes(parcel))
    receipt = safexml.parse(bench.wait(bench.drop / "receipts" / f"{parcel.id}.receipt.xml"))
    signer = (bench.drop.parent / "bench" / "receipts.pem").read_bytes()
    Verifier({"bench": [signer]}).verify(receipt[0], receipt[2], "bench")
    assert [each.findtext("{*}code") for each in receipt[1]] == ["0000"] * 3
    assert {each.name for each in (bench.drop / "done").iterdir()} == {"JX-1.xml", "JX-1.xml.ok"}
    assert [each.key for each in bench.subject.changes()] == [row.key for row in parcel.rows]
    assert bench.department.parcel_of(receipt) is None, "put by hand: no package of the department's own"


def test_what_is_no_package_is_refused_and_keeps_no_other_waiting(bench: Bench) -> None:
    parcel = bench.department.compose(list(bench.department.rows.values())[:1])
    bench.put("JX-1.xml", b"<no><package/></no>", 1)
    bench.put("JX-2.xml", bench.department.file_bytes(parcel), 2)
    told = json.loads(bench.wait(bench.drop / "receipts" / "JX-1.xml.receipt.json"))
    assert (told["file"], told["result"], told["findings"][0]["code"]) == ("JX-1.xml", "refused", "1002")
    bench.wait(bench.drop / "receipts" / f"{parcel.id}.receipt.xml")
    assert (bench.drop / "refused" / "JX-1.xml").exists()


def test_what_is_not_complete_stays_where_it_is(bench: Bench) -> None:
    (bench.drop / "JX-1.xml").write_bytes(b"<half")
    (bench.drop / ".JX-2.xml.tmp").write_bytes(b"<half")
    parcel = bench.department.compose(list(bench.department.rows.values())[:1])
    bench.put("JX-3.xml", bench.department.file_bytes(parcel), 3)
    bench.wait(bench.drop / "receipts" / f"{parcel.id}.receipt.xml")
    assert {each.name for each in bench.drop.iterdir() if each.is_file()} == {"JX-1.xml", ".JX-2.xml.tmp"}


def test_the_watch_tells_a_rename_from_writing_in_place(tmp_path: Path) -> None:
    watch = Watch()
    if not watch.begin(tmp_path):
        pytest.skip("no inotify here")
    (tmp_path / ".x.tmp").write_bytes(b"1")
    (tmp_path / ".x.tmp").rename(tmp_path / "renamed")
    (tmp_path / "straight").write_bytes(b"2")
    (tmp_path / ".y.tmp").write_bytes(b"3")
    (tmp_path / ".y.tmp").rename(tmp_path / "later")
    watch.wait()
    watch.close()
    assert "straight" in watch.written
    assert not {"renamed", "later"} & watch.written
    assert watch.appeared["renamed"] < watch.appeared["straight"] < watch.appeared["later"]


def test_the_interface_is_the_one_that_the_gateways_source_shows(bench: Bench) -> None:
    seen = bench.subject.interface()
    assert seen is not None
    assert seen.kind == "file"
    pinned = json.loads(seen.parts["layout:certificates"])
    assert not seen.changes(package_layout("manifest", pinned))
    assert [each.part for each in seen.changes(package_layout("manifest", ["0" * 64]))] == ["layout:certificates"]


def test_the_gateways_own_source_takes_what_the_reference_department_drops(bench: Bench) -> None:
    """The suite and the gateway take the same files: what passes here is read there."""
    bench.subject.close()
    parcel = bench.department.compose(list(bench.department.rows.values())[:2])
    bench.put("JX-1.xml", bench.department.file_bytes(parcel))
    pem = sut.load(bench.drop.parent / "sut.toml").file("file", "signing_cert")
    options = {"directory": str(bench.drop), "signing_certificates": [str(pem)]}
    source = open_package_files(AdapterSettings("drop", SourceKind.EVENT, options, bench.drop.parent), SystemClock())
    try:
        seen, attested = source.interface(), bench.subject.interface()
        window = source.window(None)
        page = source.fetch(window, None, 1)
        source.fetch(window, Position(None, page.cursor), 1)
    finally:
        source.close()
    assert page.package is not None
    assert [each.text for each in page.package.iter("{*}key")] == [row.key for row in parcel.rows]
    assert {each.name for each in (bench.drop / "done").iterdir()} == {"JX-1.xml", "JX-1.xml.ok"}
    assert seen is not None
    assert attested is not None
    assert attested.changes(seen) == ()


@pytest.mark.parametrize(
    ("seam", "codes"),
    [
        ("sign(self, signed):\n        return 'Ab' * 40 + '11010519491231002X' + 'pwd='", []),
        ("manifest(self, name, data, number):\n        return super().manifest(name, data, number) + b'operator=11010519491231002X\\n'", ["E-SEC-10b"]),
        ("manifest(self, name, data, number):\n        return super().manifest(name, data, number) + b'pwd=12345678\\n'", ["E-SEC-10a"]),
    ],
)  # fmt: skip
def test_what_is_random_is_no_secret_and_no_number_of_a_person(
    files: Run, tmp_path: Path, seam: str, codes: list[str]
) -> None:
    file = tmp_path / "mine.py"
    file.write_text(f"class Mine:\n    def {seam}\n", "utf-8")
    assert _codes(files("SEC-10", mutant_file=file), "SEC-10") == codes
