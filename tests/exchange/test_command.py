# SPDX-License-Identifier: Apache-2.0
"""``gateway intake`` beside a running intake: status, closing for maintenance, opening again; all audited."""

import threading
from collections.abc import Callable

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
