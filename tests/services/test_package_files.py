# SPDX-License-Identifier: Apache-2.0
"""Signed packages as files: the sender's own versions stand, a file at fault keeps no other waiting (B3, B5, B17)."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from gateway.clock import SystemClock
from gateway.config import load
from gateway.documents.department import RecordsPage
from gateway.errors import SourceError
from gateway.parts import open_source
from gateway.ports import Position
from gateway_reference.department import life
from tests.files.sftp_server import SftpServer
from tests.services.site import Place, killed

Build = Callable[..., Place]
SOURCE = """\
org: "{org}"
department: 南昌市示例局
kind: event
level: L2
adapter: packages
options:
  directory: {drop}
  ready: stable
  settle: 0s
  signing_certificates: [{keys}/system.pem]
"""
SFTP = """\
  sftp: {{host: 127.0.0.1, port: {port}, user: dept, password: "file:password", host_key: "{host_key}"}}
"""


class Office:
    """A department that drops the packages which its service would give."""

    def __init__(self, place: Place, server: SftpServer | None) -> None:
        self.place = place
        self.drop = place.folder / "drop"
        self.drop.mkdir()
        self._service = load(place.folder)
        written = SOURCE.format(
            org=life.ORGANISATION, keys=place.keys.directory, drop="/drop" if server is not None else "drop"
        )
        if server is not None:
            (place.folder / "password").write_text("secret", "utf-8")
            written += SFTP.format(port=server.port, host_key=server.host_key)
        (place.folder / "sources.d" / "bureau.yaml").write_text(written, "utf-8")

    def packages(self) -> list[bytes]:
        """Return everything the department shows now, as its service packs it."""
        source: Any = open_source(self._service, self._service.sources[0], SystemClock())
        found: list[bytes] = []
        with closing(source):
            window, after = source.window(None), None
            while True:
                page: RecordsPage = source.fetch(window, after, source.page)
                if page.package is not None:
                    found.append(etree.tostring(page.package, method="c14n", exclusive=True))
                if not page.more:
                    return found
                after = Position(None, page.cursor)

    def put(self, packages: list[bytes], prefix: str = "p") -> None:
        for number, package in enumerate(packages):
            (self.drop / f"{prefix}{number:02d}.xml").write_bytes(package)

    def names(self, folder: str) -> list[str]:
        return sorted(each.name for each in (self.drop / folder).iterdir() if each.is_file())


@pytest.fixture(params=["local", "sftp"])
def office(build: Build, request: pytest.FixtureRequest) -> Iterator[Office]:
    """A drop on this disk, and one on an SFTP server."""
    place = build("page: 40", "receipts: false", "notices: false")
    server = SftpServer(place.folder) if request.param == "sftp" else None
    try:
        yield Office(place, server)
    finally:
        if server is not None:
            server.stop()


def test_b3_the_versions_of_a_package_file_are_those_of_its_sender(office: Office) -> None:
    place = office.place
    office.put(office.packages())
    place.running.driver.drive("record.touch", {"part": "main"})
    touched = office.packages()
    files = len(office.names("")) + len(touched)
    office.put(touched, "q")
    assert place.sync().failures == {}
    assert place.held() >= place.shown()
    assert place.one("SELECT max(version) FROM record WHERE type = 'XK_SQ'") == 2
    assert (office.names(""), office.names("claimed"), office.names("refused")) == ([], [], [])
    assert len(office.names("done")) == files
    told = [(office.drop / "receipts" / name).read_text("utf-8") for name in office.names("receipts")]
    assert told
    assert all("<receiptNo>" in each or "receiptNo" in each for each in told)
    assert place.one("SELECT count(*) FROM owed_receipt") == 0


def test_b3_a_later_version_alone_keeps_its_number(office: Office) -> None:
    """What the mapping of a row would call its first version is the second one, for its sender says so."""
    office.place.running.driver.drive("record.touch", {"part": "main"})
    office.put(office.packages())
    office.place.sync()
    assert office.place.held() == office.place.shown()
    assert office.place.one("SELECT max(version) FROM record WHERE type = 'XK_SQ'") == 2


def test_a_file_at_fault_is_refused_and_keeps_no_other_waiting(office: Office) -> None:
    packages = office.packages()
    office.put(packages, "z")
    (office.drop / "a-cut.xml").write_bytes(packages[0][:-20])
    (office.drop / "b-other.xml").write_bytes(b"<Records/>")
    (office.drop / "c-changed.xml").write_bytes(packages[0].replace(b"<createdAt>20", b"<createdAt>19", 1))
    summary = office.place.sync()
    assert summary.failures == {}
    assert office.place.held() == office.place.shown()
    assert office.names("refused") == ["a-cut.xml", "b-other.xml", "c-changed.xml"]
    codes = {
        name: (office.drop / "receipts" / f"{name}.receipt.json").read_text("utf-8") for name in office.names("refused")
    }
    assert "DOC-001" in codes["a-cut.xml"]
    assert "SVC-006" in codes["b-other.xml"]
    assert "1005" in codes["c-changed.xml"]
    assert office.place.one("SELECT count(*) FROM refusal") == 3
    assert office.names("claimed") == []


def test_many_files_at_fault_in_a_row_are_each_named_and_the_one_behind_them_is_taken(office: Office) -> None:
    for number in range(25):
        (office.drop / f"a{number:02d}.xml").write_bytes(b"<Records/>")
    office.put(office.packages(), "z")
    assert office.place.sync().failures == {}
    assert office.place.held() == office.place.shown()
    assert len(office.names("refused")) == office.place.one("SELECT count(*) FROM refusal") == 25


def test_b5_killed_on_the_way_it_goes_on_where_it_was(office: Office, tmp_path: Path) -> None:
    office.put(office.packages())
    process = office.place.gateway("sync", "bureau", "--patience", "0")
    while process.poll() is None:
        if (office.drop / "done").is_dir() and office.names("done"):
            killed(process)
            break
    process.communicate(timeout=30)
    assert office.place.sync().failures == {}
    assert office.place.held() == office.place.shown()
    assert office.place.one("SELECT count(*) FROM record") == len(office.place.shown())
    assert office.place.one("SELECT count(*) FROM owed_receipt") == 0
    assert office.names("claimed") == []


def test_a_drop_that_is_gone_is_an_error_to_retry(office: Office) -> None:
    for folder in office.drop.iterdir():
        folder.unlink()
    office.drop.rmdir()
    configuration = load(office.place.folder)
    source: Any = open_source(configuration, configuration.sources[0], SystemClock())
    with closing(source), pytest.raises(SourceError):
        source.window(None)
    assert [each.code for each in source.check()] == ["FIL-016"]
