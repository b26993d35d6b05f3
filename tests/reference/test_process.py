# SPDX-License-Identifier: Apache-2.0
"""The systems as processes: ready file, SIGTERM, kill -9 after the store, init and dump as commands."""

import json
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from lxml import etree

from gateway_reference.command import command
from tests.reference.client import Sender, file_case

pytestmark = [pytest.mark.service, pytest.mark.chaos]

REFERENCE = [sys.executable, "-c", "from gateway_reference.command import command; command()"]


def invoke(*arguments: str) -> Any:
    result = CliRunner().invoke(command, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture
def city(tmp_path: Path) -> dict[str, Any]:
    made: dict[str, Any] = invoke("init", "--dir", str(tmp_path / "city"))
    return made


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Callable[..., tuple[subprocess.Popen[bytes], dict[str, Any]]]]:
    """Start a system as its own process and wait until it says it is ready."""
    running: list[subprocess.Popen[bytes]] = []

    def begin(role: str, directory: str, *options: str) -> tuple[subprocess.Popen[bytes], dict[str, Any]]:
        ready = tmp_path / f"ready-{uuid.uuid4()}.json"
        process = subprocess.Popen([*REFERENCE, role, "--dir", directory, "--ready-file", str(ready), *options])
        running.append(process)
        pause = threading.Event()
        for _ in range(600):
            if ready.exists() or process.poll() is not None:
                break
            pause.wait(0.05)
        assert ready.exists()
        return process, json.loads(ready.read_text("utf-8"))

    yield begin
    for process in running:
        if process.poll() is None:
            process.kill()
        process.wait()


def test_two_systems_of_one_city(city: dict[str, Any], launch: Callable[..., Any]) -> None:
    for role, system in (("platform", "municipal"), ("supervision", "supervision")):
        directory = city["systems"][system]["directory"]
        process, ready = launch(role, directory)
        assert (ready["pid"], ready["role"], ready["code"]) == (process.pid, role, city["systems"][system]["code"])
        sender = Sender(ready["url"], city, system)
        assert sender.submit([file_case(1)]).codes == ["0000"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        sender.close()
        held = invoke("dump", "--dir", directory, "--json")
        assert [row["key"] for row in held["records"]] == [file_case(1).key]
        assert held["system"]["role"] == role
        assert held["stats"]["handshakes"] == 1


def test_kill_after_the_store_keeps_the_receipt(city: dict[str, Any], launch: Callable[..., Any]) -> None:
    directory = Path(city["systems"]["municipal"]["directory"])
    (directory / "faults.json").write_text(
        json.dumps([{"operation": "SubmitPackage", "match": {"nth": [2]}, "action": "hang", "when": "after"}]), "utf-8"
    )
    process, ready = launch("platform", str(directory))
    sender = Sender(ready["url"], city, "municipal")
    first, package_id = sender.submit([file_case(1)]), str(uuid.uuid4())
    assert first.receipt_no == 1
    lost = threading.Thread(target=swallow, args=(sender, package_id))
    lost.start()
    pause = threading.Event()
    for _ in range(200):
        if len(invoke("dump", "--dir", str(directory), "--json")["records"]) == 2:
            break
        pause.wait(0.05)
    process.kill()
    process.wait()
    lost.join(10)
    (directory / "faults.json").unlink()
    _process, ready = launch("platform", str(directory))
    again = Sender(ready["url"], city, "municipal")
    asked = again.query(package_id=package_id)
    assert asked.receipt_no == 2
    again.require_genuine(asked.receipt)
    resent = again.submit([file_case(2)], package_id=package_id)
    assert etree.tostring(resent.receipt, with_tail=False) == etree.tostring(asked.receipt, with_tail=False)
    assert again.submit([file_case(3)]).receipt_no == 3
    again.close()
    held = invoke("dump", "--dir", str(directory), "--json")
    assert ([row["order"] for row in held["records"]], held["duplicates"]) == ([1, 2, 3], 0)


def swallow(sender: Sender, package_id: str) -> None:
    """Send a package whose answer will never come."""
    with pytest.raises(OSError):  # noqa: PT011 - whichever way the connection dies
        sender.submit([file_case(2)], package_id=package_id)


def test_init_leaves_an_existing_city_alone(tmp_path: Path) -> None:
    first = invoke("init", "--dir", str(tmp_path))
    key = Path(first["sender"]["signing_key"]).read_bytes()
    assert invoke("init", "--dir", str(tmp_path)) == first
    assert Path(first["sender"]["signing_key"]).read_bytes() == key
    invoke("init", "--dir", str(tmp_path), "--renew", "--rsa")
    assert Path(first["sender"]["signing_key"]).read_bytes() != key


def test_directories_that_cannot_serve(tmp_path: Path) -> None:
    for arguments in (["platform", "--dir", str(tmp_path)], ["dump", "--dir", str(tmp_path), "--json"]):
        result = CliRunner().invoke(command, arguments)
        assert result.exit_code == 3
        assert result.stdout == ""
    city = invoke("init", "--dir", str(tmp_path / "c"), "--system", "only=113601009900000258")
    result = CliRunner().invoke(
        command, ["platform", "--dir", city["systems"]["only"]["directory"], "--pack", str(tmp_path)]
    )
    assert result.exit_code == 3
    assert "pack" in result.stderr
    assert CliRunner().invoke(command, ["init", "--dir", str(tmp_path), "--system", "nocode"]).exit_code == 2


def test_dump_for_people(city: dict[str, Any], launch: Callable[..., Any]) -> None:
    directory = city["systems"]["municipal"]["directory"]
    process, ready = launch("platform", directory)
    sender = Sender(ready["url"], city, "municipal")
    sender.submit([file_case(1)])
    sender.close()
    process.send_signal(signal.SIGTERM)
    process.wait(10)
    result = CliRunner().invoke(command, ["dump", "--dir", directory])
    assert file_case(1).key in result.stdout
    assert "duplicates 0" in result.stdout
