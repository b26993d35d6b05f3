# SPDX-License-Identifier: Apache-2.0
"""``gateway mapping diff``: a changed mapping over the raw rows that the ledger holds, before anybody uses it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gateway.cli import shell
from tests.flow.town import Town, town

pytestmark = pytest.mark.service
OLD = Path(__file__).parent / "mappings" / "applications.yaml"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with town(tmp_path_factory.mktemp("diff")) as made:
        keys = made.apply(4)
        made.apply(1, LX="9")  # no such kind of applicant: refused
        made.run(patience=0)
        made.change(keys[0], NR="另一许可")
        made.change(keys[1], XM="王小明", ZFYY="重复登记")
        made.run(patience=0)
        yield made


def diff(place: Town, new: Path, *words: str) -> tuple[int, dict[str, Any]]:
    result = CliRunner().invoke(
        shell,
        ["mapping", "diff", str(OLD), str(new), "--source", "applications", "-C", str(place.folder), "--json", *words],
    )
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, json.loads(result.stdout)


def changed(tmp_path: Path, old: str, new: str) -> Path:
    text = OLD.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "applications.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def test_the_same_mapping_makes_no_difference(place: Town) -> None:
    code, told = diff(place, OLD)
    assert code == 0
    assert told["rows"] == 7, "five rows, and the two that were read again after a change"
    assert told["same"] == {"XK_SQ": 6, "GG_CH": 1}
    assert not told["changed"]
    assert not told["newly_refused"]


def test_changed_elements_are_counted_and_masked(place: Town, tmp_path: Path) -> None:
    new = changed(tmp_path, "applicant/name: XM", "applicant/name: {concat: [XM, {text: 某}]}")
    code, told = diff(place, new)
    assert code == 0
    assert [(each["type"], each["path"], each["records"]) for each in told["changed"]] == [
        ("XK_SQ", "applicant/name", 6)
    ]
    assert told["changed_records"] == {"XK_SQ": 6}
    assert all("王小明" not in str(each) for each in told["changed"])
    _code, revealed = diff(place, new, "--reveal")
    assert revealed["changed"][0]["examples"][0]["new"].endswith("某")
    _code, some = diff(place, new, "--limit", "2")
    assert some["rows"] == 2


def test_what_is_newly_refused_and_what_no_longer(place: Town, tmp_path: Path) -> None:
    new = changed(tmp_path, "applicant/kind: LX", 'applicant/kind: {from: LX, codes: {"9": "2"}}')
    code, told = diff(place, new)
    assert code == 1, "the other rows have no code in the crosswalk"
    assert {(each["type"], each["rule"], each["records"]) for each in told["newly_refused"]} >= {
        ("XK_SQ", "MAP-004", 6)
    }
    assert told["vanished"]["XK_SQ"] == 6
    assert told["appeared"] == {"XK_SQ": 1}
    assert sum(each["records"] for each in told["no_longer_refused"]) == 1
