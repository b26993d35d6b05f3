# SPDX-License-Identifier: Apache-2.0
"""The checker can object: to every rule it knows, in accounts small enough to read."""

import ast
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.chaos import accounts, checker
from tests.chaos.checker import Event, Receipted, Receipts, Refusal, Terms, judge

PERMIT = "permits-applications"
EVENTS = [
    Event(PERMIT, "A1", "XK_SQ", "A1", 1, "XK_SQ:A1:1"),
    Event(PERMIT, "A1", "XK_SL", "A1", 2, "XK_SL:A1:2", ("XK_SQ",)),
    Event("penalties", "1", "CF_LA", "7", 1),
    Event("penalties", "2", "CF_DC", "7", 2, None, ("CF_LA",)),
    Event("penalties", "3", "CF_LA", "8", 1),
    Event("penalties", "4", "CF_DC", "8", 2, None, ("CF_LA",)),
]
KEYS = ["XK_SQ:A1:1", "XK_SL:A1:2", "CF_LA:N-01:1", "CF_DC:N-01:2", "CF_LA:N-02:1"]
SETTLED = {"municipal": "settled"}


def digest(number: int) -> str:
    return f"{number:064x}"


def receipted(number: int, **changes: Any) -> Receipted:
    event, key = EVENTS[number], KEYS[number]
    made = Receipted(event.source, event.row_id, event.type, key, 1, digest(number), "accepted", SETTLED)
    return replace(made, **changes)


RECORDS = [receipted(number) for number in range(5)]
REFUSALS = [Refusal("penalties", "4", "CF_DC", "refused")]


def held(number: int, version: int = 1, order: int | None = None, **changes: Any) -> dict[str, Any]:
    key = changes.get("key", KEYS[number])
    content = f"{EVENTS[number].type}|{key}|{version}|{changes.get('digest', digest(number))}"
    return {
        "key": key, "type": EVENTS[number].type, "version": version, "digest": digest(number),
        "order": number + 1 if order is None else order, "record_id": str(uuid.uuid5(checker.NAMESPACE, content)),
        **changes,
    }  # fmt: skip


HELD = [held(number) for number in range(5)]


def rules(
    records: list[Receipted] | None = None,
    there: list[dict[str, Any]] | None = None,
    refusals: list[Refusal] | None = None,
    terms: Terms | None = None,
    journal: list[tuple[str, int, str]] | None = None,
) -> list[str]:
    receipts = Receipts(RECORDS if records is None else records, REFUSALS if refusals is None else refusals)
    dumps = {"municipal": {"records": HELD if there is None else there}}
    return [each.rule for each in judge(EVENTS, receipts, dumps, {"municipal": terms or Terms()}, journal or [])]


def changed(number: int, **changes: Any) -> list[Receipted]:
    return [receipted(number, **changes) if each == RECORDS[number] else each for each in RECORDS]


def test_kept_promises_are_not_objected_to() -> None:
    assert rules() == []
    assert rules(journal=[(KEYS[0], 1, digest(0))]) == []


def test_what_destinations_hold() -> None:
    assert rules(there=HELD[1:]) == ["lost", "hole"]
    assert rules(there=[*HELD, held(4, order=9)]) == ["twice"]
    assert rules(there=[*HELD, held(4, order=9)], terms=Terms(idempotent=False)) == []
    assert rules(there=[held(0, order=2), held(1, order=1), *HELD[2:]]) == ["case order"]
    assert rules(there=[held(0, digest=digest(99)), *HELD[1:]]) == ["altered", "altered"]
    assert rules(there=[*HELD, held(4, key="CF_LA:N-09:1", order=9)]) == ["not of ours"]
    assert rules(there=[held(0, record_id="x"), *HELD[1:]]) == ["wrong recordId"]


def test_versions_rise() -> None:
    twice = [*RECORDS, receipted(0, version=2, digest=digest(50))]
    later = held(0, 2, order=9, digest=digest(50))
    assert rules(twice, [*HELD, later]) == []
    assert rules(twice, [held(0, order=10), *HELD[1:], {**later, "order": 0}]) == ["version order"]
    assert rules([*RECORDS, receipted(0, version=3, digest=digest(50))], [*HELD, held(0, 3, 9, digest=digest(50))]) == [
        "versions not dense"
    ]


def test_what_the_gateway_says_of_a_destination() -> None:
    assert rules(changed(4, deliveries={})) == ["not routed"]
    for state in ("parked", "superseded", "not-needed", "outcome-unknown"):
        assert rules(changed(4, deliveries={"municipal": state}), HELD[:4]) == []
    for state in ("ready", "packed", "waiting"):
        assert rules(changed(4, deliveries={"municipal": state}), HELD[:4]) == ["left on the way"]
        assert rules(changed(4, deliveries={"municipal": state}), HELD[:4], terms=Terms(may_be_on_the_way=True)) == []
    assert rules(changed(4, deliveries={"municipal": "gone"}), HELD[:4]) == ["state unheard of"]
    assert rules(changed(4, state="waiting", deliveries={}), HELD[:4]) == []
    assert rules(changed(4, state="waiting", deliveries={})) == ["not of ours"]


def test_every_row_is_accounted_for() -> None:
    assert rules(refusals=[]) == ["row unaccounted"]
    assert rules(refusals=[Refusal("penalties", "4", None, "refused")]) == []
    assert rules(RECORDS[:4], HELD[:4]) == ["row unaccounted"]
    assert "from nowhere" in rules([*RECORDS, receipted(4, row_id="99", key="CF_LA:N-09:1")])
    assert "wrong key" in rules(changed(0, key="XK_SQ:A2:1"))


def test_numbers_given_by_the_gateway() -> None:
    assert "case with two numbers" in rules(changed(3, key="CF_DC:N-05:2"))
    assert "number of two cases" in rules(changed(4, key="CF_LA:N-01:1"))
    assert "wrong sequence" in rules(changed(3, key="CF_DC:N-01:5"))


def test_what_was_accepted_once_is_remembered() -> None:
    assert rules(journal=[("XK_SQ:A9:1", 1, digest(0))]) == ["forgotten"]
    assert rules(journal=[(KEYS[0], 1, digest(1))]) == ["rewritten"]


def test_the_checker_knows_nothing_of_the_gateway() -> None:
    for module in (checker, accounts):
        source = Path(str(module.__file__)).read_text(encoding="utf-8")
        named = {
            name
            for node in ast.walk(ast.parse(source))
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
        }
        roots = {name.partition(".")[0] for name in named}
        assert not {root for root in roots if root.startswith("gateway")}, module.__name__
        assert {name for name in named if name.startswith("tests")} <= {"tests.chaos.checker"}
