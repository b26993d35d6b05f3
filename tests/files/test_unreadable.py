# SPDX-License-Identifier: Apache-2.0
"""What the file system and the SFTP server say of one file keeps no other waiting; what they say of the place stops the run."""

import bz2
import errno
import os
import socket
import tempfile
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import paramiko
import pytest

from gateway.channels.files import archive
from gateway.channels.files.findings import FileRefused
from gateway.channels.files.formats import rows_of
from gateway.channels.files.options import FileOptions
from gateway.errors import ConfigurationError, SourceError
from tests.files.conftest import Office

CSV = "ID,MC\n{0},甲\n"


def three(office: Office) -> None:
    for number in (1, 2, 3):
        office.put(f"{number}.csv", CSV.format(number))


def codes(office: Office) -> list[tuple[str, str]]:
    return [(code, row_id) for _outcome, code, row_id, _findings in office.keeping.refusals()]


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.ESTALE], ids=errno.errorcode.get)
@pytest.mark.parametrize("call", ["open", "rename"])
def test_a_file_that_can_not_be_had_is_named_and_the_others_go_on(
    here: Office, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    three(here)
    real = getattr(os, call)

    def failing(name: Any, *given: Any, **more: Any) -> Any:
        if name == "2.csv":
            raise OSError(number, os.strerror(number))
        return real(name, *given, **more)

    monkeypatch.setattr(os, call, failing)
    here.pull()
    assert set(here.keeping.heads()) == {"SX:1", "SX:3"}
    assert codes(here) == [("FIL-021", "file:2.csv")]
    assert os.strerror(number) in here.keeping.refusals()[0][3]
    monkeypatch.undo()
    here.pull()
    assert set(here.keeping.heads()) == {"SX:1", "SX:2", "SX:3"}
    assert here.names("claimed") == []


def test_a_file_that_vanishes_after_its_claim_keeps_no_other_waiting(
    here: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    three(here)
    real = os.open

    def gone(name: Any, *given: Any, **more: Any) -> int:
        if name == "1.csv":
            raise FileNotFoundError(errno.ENOENT, "gone")
        return real(name, *given, **more)

    monkeypatch.setattr(os, "open", gone)
    here.pull()
    assert set(here.keeping.heads()) == {"SX:2", "SX:3"}


def test_a_full_disk_stops_the_run_with_place_and_hint_and_loses_nothing(
    here: Office, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    three(here)
    full = tmp_path / "full"
    full.mkdir()
    (full / "copy").symlink_to("/dev/full")
    with monkeypatch.context() as patched:
        patched.setattr(tempfile, "mkdtemp", lambda prefix: str(full))
        with pytest.raises(SourceError) as fault:
            here.pull()
    assert "工作副本写不下" in fault.value.detail
    assert fault.value.hint is not None
    assert "TMPDIR" in fault.value.hint.zh
    here.pull()
    assert len(here.keeping.heads()) == 3


def test_a_drop_that_can_not_be_written_is_told_before_anything_is_claimed(
    here: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    three(here)
    monkeypatch.setattr(os, "access", lambda *_given, **_more: False)
    with pytest.raises(SourceError):
        here.pull()
    assert [each.code for each in here.source().check()] == ["FIL-016"]
    assert here.names("claimed") == []


def test_a_file_that_the_sftp_server_denies_keeps_no_other_waiting(remote: Office) -> None:
    assert remote.server is not None
    three(remote)
    remote.server.denied.add("2.csv")
    remote.pull()
    assert set(remote.keeping.heads()) == {"SX:1", "SX:3"}
    assert codes(remote) == [("FIL-021", "file:2.csv")]
    remote.server.denied.clear()
    remote.pull()
    assert len(remote.keeping.heads()) == 3


def test_what_is_configured_wrongly_is_told_before_the_sftp_server_is_called(remote: Office) -> None:
    assert remote.server is not None
    (remote.directory / "key").write_text("no key")
    sftp = {"host": "127.0.0.1", "port": remote.server.port, "user": "dept", "host_key": remote.server.host_key}
    with pytest.raises(ConfigurationError, match=r"options\.sftp\.key"):
        remote.source(sftp=sftp | {"key": "file:key"}).window(None)
    with pytest.raises(ConfigurationError, match="none"):
        remote.source(sftp=sftp | {"key": "file:none"}).window(None)
    assert remote.server.met == 0


def test_the_sftp_server_is_called_within_the_timeout(remote: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    def silent(_address: object, timeout: float) -> socket.socket:
        asked.append(timeout)
        raise TimeoutError

    source = remote.source()
    monkeypatch.setattr(socket, "create_connection", silent)
    with pytest.raises(SourceError, match="TimeoutError"):
        source.window(None)
    monkeypatch.undo()
    assert asked == [20.0]


def test_a_large_file_comes_over_sftp_window_by_window(remote: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    windows: list[int] = []
    real = paramiko.SFTPFile.readv

    def counted(self: paramiko.SFTPFile, chunks: list[tuple[int, int]], most: int | None = None) -> Any:
        windows.append(len(chunks))
        return real(self, chunks, most)

    monkeypatch.setattr(paramiko.SFTPFile, "readv", counted)
    monkeypatch.setattr(paramiko.SFTPFile, "prefetch", None)
    remote.put("big.csv", "ID,MC\n" + "".join(f"{n},{'x' * 1000}\n" for n in range(3000)))
    assert remote.pull(1000).accepted == 3000
    assert max(windows) == 32, "a mebibyte in requests of 32 kB"
    assert sum(windows) > 90


def test_each_waiting_manifest_is_read_once_a_run_and_the_drop_listed_twice(here: Office) -> None:
    for number in range(30):
        here.put(f"{number}.csv", CSV.format(number), number)
    source = here.source()
    read: Counter[str] = Counter()
    fetch = source._drop.fetch

    def counted(folder: str, name: str, *given: Any) -> Any:
        read[folder, name.endswith(".ok")] += 1
        return fetch(folder, name, *given)

    listed: Counter[str] = Counter()
    entries = source._drop.entries

    def counting(folder: str) -> Any:
        listed[folder] += 1
        return entries(folder)

    source._drop.fetch, source._drop.entries = counted, counting  # type: ignore[method-assign]
    here.keeping.pull(source)
    assert len(here.keeping.heads()) == 30
    assert read == {("", True): 30, ("claimed", True): 30, ("claimed", False): 30}
    assert (listed[""], listed["done"]) == (2, 1)


def test_the_working_copy_of_a_refused_file_is_gone_at_once(here: Office) -> None:
    here.put("a.csv", CSV.format(1), size=3)
    source = here.source()
    page = source.read(source.window(None), None, 10)
    assert [each.finding.code for each in page.unreadable] == ["FIL-004"]
    assert source._place is not None
    assert list(source._place.iterdir()) == []
    source.close()


def test_half_of_a_file_is_never_looked_at(here: Office) -> None:
    """Who only looks copies the drop first; a file that can't be copied whole is named, and no half of it is read."""
    here.put("a.csv", CSV.format(1), ok=False)
    here.put("b.csv", "ID,MC\n" + "".join(f"{n},{'x' * 1000}\n" for n in range(3000)), ok=False)
    for name in ("a.csv", "b.csv"):
        here.age(name, 120)
    source = here.source(ready="stable", largest=2_000_000)
    source.look()
    window = source.window(None)
    first = source.read(window, None, 10)
    assert [row.row_id for row in first.rows] == ["1"]
    last = source.read(window, first.after, 10)
    assert (last.rows, last.more) == ((), False)
    assert [each.finding.code for each in last.unreadable] == ["FIL-006"]
    assert here.names("") == ["a.csv", "b.csv"]
    source.close()


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_archives_packed_by_other_methods_are_named(tmp_path: Path, method: int) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", method) as packed:
        packed.writestr("a.csv", CSV.format(1))
    with pytest.raises(FileRefused) as refused:
        list(archive.members(path, "a.zip", 10**6))
    assert refused.value.finding.code == "FIL-007"
    assert "Deflate" in refused.value.finding.message.zh
    book = tmp_path / "a.xlsx"
    with zipfile.ZipFile(book, "w", method) as packed:
        packed.writestr("xl/workbook.xml", bz2.compress(b"x"))
    with pytest.raises(FileRefused) as refused:
        list(rows_of(book, "a.xlsx", FileOptions(directory="x")))
    assert (refused.value.finding.code, "Deflate" in refused.value.finding.message.zh) == ("TAB-001", True)


def test_a_block_file_of_another_encoding_is_named_as_the_department_named_it(tmp_path: Path) -> None:
    with pytest.raises(FileRefused) as refused:
        list(rows_of(tmp_path / "copy", "台账.txt", FileOptions(directory="x", format="blocks", encoding="utf-16")))
    assert (refused.value.finding.code, refused.value.finding.path) == ("FIL-009", "台账.txt")
