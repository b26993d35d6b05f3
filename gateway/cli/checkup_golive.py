# SPDX-License-Identifier: Apache-2.0
"""Lamps of the go-live lock: what is held back, ends that come near, drift, and overrides that are on."""

from collections.abc import Iterator
from typing import Any

from gateway.cli.checkup import Lamp, State
from gateway.cli.golive_notes import drifted, notes
from gateway.config import Configuration
from gateway.errors import GatewayError
from gateway.golive import lock_of
from gateway.model.words import Words
from gateway.parts import read_ledger

_NAME, _LABEL = "go-live", Words("上线锁", "go-live lock")


def lamps(configuration: Configuration) -> Iterator[Lamp]:
    """Light one lamp for each item of a source that wants somebody's eye; none where the lock is off."""
    if lock_of(configuration) is None:
        return
    try:
        with read_ledger(configuration) as ledger, ledger.reading() as connection:
            found = notes(configuration, connection, ledger.now())
    except GatewayError as fault:
        yield Lamp(_NAME, _LABEL, State.SKIPPED, Words(fault.spoken("zh"), fault.spoken("en")))
        return
    if not found:
        yield Lamp(
            _NAME,
            _LABEL,
            State.GOOD,
            Words("没有扣留、到期、接口变化和紧急放行", "nothing held, ending, drifted or overridden"),
        )
    for each in found:
        yield Lamp(_NAME, _LABEL, State.WARNING, _said(each))


def _said(note: dict[str, Any]) -> Words:
    """Return everything that a note says in one sentence."""
    place = f"{note['source']}/{note['item'] or '-'} {note['stage']}"
    zh, en = [place], [place]
    if note["held"]:
        zh.append(f"扣留 {note['held']} 条")
        en.append(f"{note['held']} records held")
    if note["days_left"] is not None:
        zh.append(f"证明还有 {note['days_left']} 天")
        en.append(f"attestation ends in {note['days_left']} days")
    if note["override_until"] is not None:
        zh.append(f"紧急放行至 {note['override_until']}({note['override_by']})")
        en.append(f"overridden until {note['override_until']} ({note['override_by']})")
    if note["drift"]:
        zh.append(f"接口变化 {drifted(note['drift'])},须重跑 {' '.join(note['cases'])}")
        en.append(f"interface changed {drifted(note['drift'])}, run again {' '.join(note['cases'])}")
    return Words(",".join(zh), ", ".join(en))
