# SPDX-License-Identifier: Apache-2.0
"""The go-live lock over senders that push: receipted, held, and compared by their pinned certificates."""

from pathlib import Path

import pytest

from gateway.errors import ConfigurationError
from tests.exchange.town import Town, keep
from tests.reference.client import file_case


def test_what_a_sender_pushes_before_it_is_live_is_receipted_and_held(tmp_path: Path) -> None:
    town = Town(tmp_path)
    (town.folder / "trust.json").write_text('{"keys": [], "registries": {}}', "utf-8")
    path = town.folder / "gateway.yaml"
    path.write_text(path.read_text("utf-8") + "golive:\n  lock: true\n  trust: trust.json\n", "utf-8")
    town.start()
    try:
        reply = town.sender().submit([file_case(1), file_case(2)])
        assert reply.codes == ["0000", "0000"], reply.body
        assert town.rows("SELECT source, state, stage FROM go_live_record") == [("s0", "held", "draft")] * 2
        assert town.gateway is not None
        watch, ledger = town.gateway.place.watch, town.gateway.place.ledger
        assert watch is not None
        assert watch.at_times(ledger) == []
        assert town.rows("SELECT source, differences FROM reconciled_source_day") == [("s0", 0)]
        before = watch.shown["s0"]
        assert sorted(part.partition(".")[0] for part in before.parts) == [
            "certificate:client", "certificate:signing", "version:standard",
        ]  # fmt: skip
    finally:
        town.stop()
    keep(town.keys, "s0-sign", town.authority.issue("s0 signing", "department"))
    town.start()
    try:
        assert town.gateway is not None
        assert town.gateway.place.watch is not None
        changed = before.changes(town.gateway.place.watch.shown["s0"])
        assert [each.part.partition(".")[0] for each in changed] == ["certificate:signing", "certificate:signing"]
    finally:
        town.stop()


def test_a_lock_without_a_usable_trust_file_starts_nothing(tmp_path: Path) -> None:
    town = Town(tmp_path)
    path = town.folder / "gateway.yaml"
    plain = path.read_text("utf-8")
    for lock in ("  lock: true\n", "  lock: true\n  trust: none.json\n", "  lock: true\n  trust: gateway.yaml\n"):
        path.write_text(f"{plain}golive:\n{lock}", "utf-8")
        with pytest.raises(ConfigurationError, match="golive"):
            town.start()
