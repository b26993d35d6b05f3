# SPDX-License-Identifier: Apache-2.0
"""``gateway demo`` from an empty directory, and again: the figures must add up."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gateway.demo.catalogue import rows as catalogue_rows
from gateway.demo.city import DOUBLED, make_city

pytestmark = pytest.mark.service


def demo(directory: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gateway", "demo", "--dir", str(directory), *options],
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip


def summed(summary: dict[str, Any]) -> int:
    return sum(summary[name] for name in ("accepted", "refused", "duplicates", "conflicts", "stale", "waiting"))


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], str]:
    directory = tmp_path_factory.mktemp("demo") / "city"
    done = demo(directory, "--json")
    assert done.returncode == 0, done.stderr
    return directory, json.loads(done.stdout), done.stderr


def test_the_figures_of_the_first_run_add_up(first: tuple[Path, dict[str, Any], str]) -> None:
    directory, summary, _ = first
    planned = json.loads((directory / "demo.json").read_text())
    assert list(summary) == [
        "rows", "collected", "accepted", "refused", "duplicates", "conflicts", "stale", "waiting", "destinations",
        "reconciliation",
    ]  # fmt: skip
    assert summary["collected"] == planned["records"] == summed(summary)
    assert summary["accepted"] >= 5000
    assert summary["refused"] == planned["refused"]
    assert 0.015 < summary["refused"] / summary["collected"] < 0.025
    assert summary["duplicates"] == planned["doubled"] == DOUBLED
    assert (summary["conflicts"], summary["stale"], summary["waiting"]) == (0, 0, 0)
    assert summary["reconciliation"] == {"differences": 0}
    assert list(summary["destinations"]) == ["municipal", "supervision"]
    for figures in summary["destinations"].values():
        assert figures == {
            "accepted": summary["accepted"], "refused": 0, "pending": 0, "unknown": 0, "not_needed": 0
        }  # fmt: skip


def test_both_systems_hold_what_was_accepted_and_the_same(first: tuple[Path, dict[str, Any], str]) -> None:
    directory, summary, _ = first
    held = []
    for name in ("municipal", "supervision"):
        done = subprocess.run(
            [sys.executable, "-m", "gateway", "reference", "dump", "--dir", str(directory / "systems" / name), "--json"],
            capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        dump = json.loads(done.stdout)
        assert dump["duplicates"] == 0
        held.append({(r["key"], r["version"], r["digest"]) for r in dump["records"]})
    assert held[0] == held[1]
    assert len(held[0]) == summary["accepted"]


def test_a_second_run_accepts_nothing_and_a_table_says_why_records_were_refused(
    first: tuple[Path, dict[str, Any], str],
) -> None:
    directory, summary, _ = first
    again = demo(directory, "--json")
    assert again.returncode == 0, again.stderr
    second = json.loads(again.stdout)
    assert second["collected"] == summed(second) == 0
    assert second["reconciliation"] == {"differences": 0}
    table = demo(directory)
    assert table.returncode == 0
    for code in ("MAP-002", "MAP-003", "MAP-004", "MAP-009", "IDN-002", "IDN-007", "DAT-001", "SRC-011"):
        assert code in table.stdout
    assert "Traceback" not in table.stderr + again.stderr
    assert not summary["waiting"]


def test_nothing_keeps_running(first: tuple[Path, dict[str, Any], str]) -> None:
    directory, _, _ = first
    for ready in (directory / "var").glob("*.ready.json"):
        with pytest.raises(ProcessLookupError):
            os.kill(json.loads(ready.read_text())["pid"], 0)


def test_serve_stays_up_until_told(first: tuple[Path, dict[str, Any], str]) -> None:
    directory, _, _ = first
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway", "--lang", "en", "demo", "--dir", str(directory), "--serve"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stderr is not None
    try:
        told = []
        for line in iter(process.stderr.readline, ""):
            told.append(line)
            if "Ctrl-C" in line:
                break
        assert sum("https://127.0.0.1" in line for line in told) == 2
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def test_another_seed_or_a_foreign_directory_is_refused(
    first: tuple[Path, dict[str, Any], str], tmp_path: Path
) -> None:
    directory, _, _ = first
    assert demo(directory, "--seed", "2").returncode == 3
    (tmp_path / "letter.txt").write_text("mine")
    done = demo(tmp_path)
    assert done.returncode == 3
    assert sorted(p.name for p in tmp_path.iterdir()) == ["letter.txt"]


def test_the_same_seed_makes_the_same_city(tmp_path: Path) -> None:
    import sqlite3

    def content(place: Path) -> list[str]:
        found: list[str] = []
        for path in sorted(place.glob("*.db")):
            connection = sqlite3.connect(path)
            found += connection.iterdump()
            connection.close()
        return found

    first_city, again, other = (make_city(tmp_path / name, seed) for name, seed in (("a", 5), ("b", 5), ("c", 6)))
    assert first_city == again
    assert content(tmp_path / "a") == content(tmp_path / "b")
    assert content(tmp_path / "a") != content(tmp_path / "c")
    assert other.records > 5000
    assert len(catalogue_rows()) == 11


def test_a_case_is_traced_from_its_application_to_its_receipts(first: tuple[Path, dict[str, Any], str]) -> None:
    directory, _, _ = first

    def gateway(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "gateway", *arguments, "-C", str(directory)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    delivered = json.loads(gateway("records", "list", "--type", "XK_SD", "--limit", "20", "--json").stdout)
    traces = (json.loads(gateway("records", "trace", each["case_no"], "--json").stdout) for each in delivered)
    granted = (trace for trace in traces if "permit.delivery" in {each["limit"] for each in trace["clocks"]})
    told = next(granted)  # only a permit that was granted has a term of delivery
    assert [each["at"] for each in told["events"]] == sorted(each["at"] for each in told["events"])
    records = [each["type"] for each in told["events"] if each["what"] == "record"]
    assert {"XK_SQ", "XK_SL", "XK_JD"} <= set(records)
    receipts = {(each["destination"], each["key"]) for each in told["events"] if each["what"] == "receipt"}
    assert len(receipts) == 2 * len(records)
    assert all(each["receipt_no"] > 0 for each in told["events"] if each["what"] == "receipt")
    assert any(each["what"] == "attempt" for each in told["events"])
    clocks = {each["limit"]: each for each in told["clocks"]}
    assert clocks["permit.delivery"]["kept"] is True
    assert clocks["permit.delivery"]["due"] > clocks["permit.delivery"]["act"][:10]
    assert told["parties"]
    assert all("*" in value for party in told["parties"] for name, value in party.items() if name == "idNo")
    shown = gateway("records", "trace", told["case_no"], "--lang", "en")
    assert "delivery" in shown.stdout
    assert gateway("records", "trace", "none").returncode == 1
