# SPDX-License-Identifier: Apache-2.0
"""Validation needs nothing but the pack: no network, no file that a document, schema or path points to."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.cli import shell
from gateway.documents.safexml import check_schema_files, load_schema
from gateway.errors import ConfigurationError
from gateway.pack import load_pack

PACK = load_pack()
NS = PACK.namespace
SAMPLE = PACK.root / "samples" / "valid" / "CF_LA.xml"
XSI = "http://www.w3.org/2001/XMLSchema-instance"


def validate(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        shell.main(["validate", *map(str, arguments)])
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.fixture
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "__init__", refuse)
    for name in ("create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refuse)


@pytest.mark.usefixtures("no_sockets")
def test_no_socket_is_opened(capsys: pytest.CaptureFixture[str]) -> None:
    assert validate(SAMPLE, "--explain") == 0
    assert validate(PACK.root / "samples" / "invalid", "--json") == 1
    assert capsys.readouterr().out


def test_in_a_network_namespace_without_a_route() -> None:
    unshare = shutil.which("unshare")
    if unshare is None or os.geteuid() != 0:
        pytest.skip("unshare: a network namespace needs root")
    alone = [unshare, "--net"]
    if subprocess.run([*alone, "true"], check=False, capture_output=True).returncode:
        pytest.skip("unshare: this kernel gives no network namespaces")
    routes = subprocess.run([*alone, "cat", "/proc/net/route"], check=True, capture_output=True, text=True).stdout
    assert len(routes.splitlines()) <= 1
    command = [*alone, sys.executable, "-m", "gateway", "validate", "--json"]
    assert subprocess.run(
        [*command, str(SAMPLE)], check=False, capture_output=True, text=True
    ).stdout.strip() == "[\n]".replace("\n", "")
    ended = subprocess.run([*command, str(PACK.root / "samples" / "invalid")], check=False, capture_output=True)
    assert ended.returncode == 1


HINTS = (
    f'xmlns:xsi="{XSI}" xsi:schemaLocation="{NS} {{there}}"',
    f'xmlns:xsi="{XSI}" xsi:noNamespaceSchemaLocation="{{there}}"',
)


@pytest.mark.usefixtures("no_sockets")
@pytest.mark.parametrize("hint", HINTS)
@pytest.mark.parametrize("there", ["http://127.0.0.1:9/all.xsd", "file:///etc/passwd", "../../../etc/passwd"])
def test_a_schema_location_in_a_document_is_not_followed(tmp_path: Path, hint: str, there: str) -> None:
    text = SAMPLE.read_text("utf-8").replace("<penaltyFiling ", f"<penaltyFiling {hint.format(there=there)} ", 1)
    file = tmp_path / "one.xml"
    file.write_text(text, "utf-8")
    opened: list[str] = []
    hook = _Watch(opened)
    sys.addaudithook(hook)
    try:
        validate(file, "--json", "--explain")
    finally:
        hook.over = True
    outside = [name for name in opened if name.endswith(("passwd", "all.xsd")) and not name.startswith(str(PACK.root))]
    assert outside == []


class _Watch:
    """An audit hook that can be switched off; Python keeps it for ever."""

    def __init__(self, opened: list[str]) -> None:
        self._opened = opened
        self.over = False

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self.over and event == "open" and isinstance(arguments[0], str):
            self._opened.append(arguments[0])


@pytest.mark.usefixtures("no_sockets")
@pytest.mark.parametrize(
    "body",
    [
        '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>',
        '<?xml-stylesheet href="http://127.0.0.1:9/a.xsl"?>',
    ],
)
def test_includes_and_instructions_have_no_effect(
    tmp_path: Path, body: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "one.xml"
    file.write_text(SAMPLE.read_text("utf-8").replace("</penaltyFiling>", f"{body}</penaltyFiling>"), "utf-8")
    validate(file, "--json", "--explain")
    assert "root:" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "location",
    ["http://127.0.0.1:9/a.xsd", "file:///etc/passwd", "/etc/passwd", "../outside.xsd", "//host/a.xsd", "link.xsd",
     "../pack/../outside.xsd", "%2e%2e/outside.xsd"],
)  # fmt: skip
@pytest.mark.parametrize("element", ["include", "import", "redefine"])
def test_a_schema_reads_nothing_outside_its_pack(tmp_path: Path, location: str, element: str) -> None:
    pack = tmp_path / "pack"
    pack.mkdir()
    (tmp_path / "outside.xsd").write_text('<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"/>', "utf-8")
    (pack / "link.xsd").symlink_to(tmp_path / "outside.xsd")
    main = pack / "all.xsd"
    space = ' namespace="urn:other"' if element == "import" else ""
    main.write_text(
        f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:{element}{space} schemaLocation="{location}"/></xs:schema>',
        "utf-8",
    )
    for read in (check_schema_files, load_schema):
        with pytest.raises(ConfigurationError):
            read(main, pack)


def test_the_pack_is_its_own_catalogue() -> None:
    files = check_schema_files(PACK.schema_path, PACK.root)
    assert files
    assert all(file.is_relative_to(PACK.root.resolve()) for file in files)
