# SPDX-License-Identifier: Apache-2.0
"""``gateway intake`` beside a running intake: status, closing for maintenance, opening again; all audited."""

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from gateway.config import SourceSettings
from gateway.errors import ConfigurationError
from tests.chaos.systems import gateway, gateway_json
from tests.exchange.town import Town
from tests.reference.client import Reply, file_case


def test_the_intake_is_closed_and_opened_by_command(town: Town) -> None:
    sender = town.sender()
    where = ("-C", town.folder)
    assert sender.submit([file_case(1)], streamId="6a8f7b3e-8c1e-4a53-9d2f-7f0c1f2b3c4d", packageSeq=3).codes == [
        "0000"
    ]
    assert sender.submit([file_case(2)], senderCode="990000025").fault == "3002"
    told = gateway_json("intake", "status", *where)
    assert told["closed"] is None
    assert (told["senders"][0]["name"], told["senders"][0]["last_receipt_no"]) == ("s0", 1)
    assert [gap["seq"] for gap in told["gaps"]] == [1, 2]
    assert [each["code"] for each in told["refused"]] == ["3002"]
    tried = gateway("intake", "close", *where, "--for", "1h", "--reason", "更换硬盘", "--dry-run")
    assert tried.returncode == 0, tried.stderr
    assert sender.call("Ping").fault is None
    done = gateway("intake", "close", *where, "--for", "1h", "--reason", "更换硬盘")
    assert done.returncode == 0, done.stderr
    assert gateway_json("intake", "status", *where)["closed"]["reason"] == "更换硬盘"
    assert _until(lambda: sender.call("Ping"), "4002")
    assert gateway("intake", "open", *where, "--reason", "换好了").returncode == 0
    assert _until(lambda: sender.call("Ping"), None)
    acts = town.rows("SELECT action FROM act ORDER BY id")
    assert [act[0] for act in acts][-2:] == ["intake.close", "intake.open"]
    assert gateway("intake", "close", *where, "--reason", " ").returncode == 2
    assert gateway("intake", "close", *where, "--for", "soon", "--reason", "x").returncode == 2


def _until(ask: Callable[[], Reply], wanted: str | None) -> bool:
    for _ in range(100):
        if ask().fault == wanted:
            return True
        threading.Event().wait(0.1)
    return False


def test_a_sender_may_not_have_the_name_of_a_source(town: Town) -> None:
    """Both would be one source of the ledger and fence each other."""
    assert town.gateway is not None
    source = SourceSettings.model_construct(name="s0")
    site = town.gateway.configuration.model_copy(update={"sources": (source,)})
    clashing = replace(town.gateway, configuration=site)
    with pytest.raises(ConfigurationError, match="s0"):
        clashing.intake(lambda _: None)


def test_an_address_that_is_taken_is_a_fault_of_the_configuration(town: Town) -> None:
    assert town.gateway is not None
    assert town.intake is not None
    settings = town.gateway.configuration.site.intake
    assert settings is not None
    taken = settings.model_copy(update={"listen": f"127.0.0.1:{town.intake.address[1]}"})
    site = town.gateway.configuration.site.model_copy(update={"intake": taken})
    changed = town.gateway.configuration.model_copy(update={"site": site})
    again = replace(town.gateway, configuration=changed)
    with pytest.raises(ConfigurationError, match=str(town.intake.address[1])):
        again.intake(lambda _: None)
