# SPDX-License-Identifier: Apache-2.0
"""B29, R15: whatever was written for ever is under evidence, and any change of it up to a sealed head is found and named.

``GATEWAY_TAMPER_SEED`` replays the random changes, ``GATEWAY_TAMPERS`` says how many there are (60).
"""

import os
import random
import secrets
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import Connection, LargeBinary, func, select, update

from gateway.ledger import evidence, retention
from gateway.ledger.evidence import CHAINED
from gateway.ledger.evidence_check import Checked, check
from gateway.ledger.evidence_tables import leaf, seal
from gateway.ledger.tables import record, refusal, segment, site
from gateway.trust.detached import holds, signer

TAMPERS = int(os.environ.get("GATEWAY_TAMPERS", "60"))
DAY = 24 * 3600 * 1_000_000


def fill(desk: Any, make: Any, chunks: int = 4) -> None:
    """Write a few chunks of records and refusals."""
    feed = desk.feed()
    for number in range(chunks):
        feed.show(
            *(
                make.seen(
                    f"r{number}-{each}", f"raw {number} {each}", make.draft("LA", f"c{number}-{each}", f"内容{each}")
                )
                for each in range(3)
            ),
            make.seen(f"w{number}", f"wrong {number}", refused=(make.refused(),)),
        )
        desk.clock.advance(2)
    feed.end()


def checked(desk: Any, **more: Any) -> Checked:
    with desk.ledger.reading() as connection:
        return check(connection, **more)


@pytest.fixture
def filled(desk: Any, make: Any) -> Any:
    fill(desk, make)
    desk.ledger.seal()
    return desk


@pytest.fixture
def tampering(filled: Any) -> Iterator[Connection]:
    """A connection past the ledger, rolled back at the end."""
    with filled.ledger._writing_engine.connect() as connection:
        yield connection
        connection.rollback()


def test_b29_one_leaf_a_transaction_and_all_of_it_sealed(filled: Any) -> None:
    found = checked(filled)
    assert (found.faults, found.unsealed) == ([], 0)
    with filled.ledger.reading() as connection:
        rows = sum(
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table, _columns in CHAINED.values()
        )
        assert connection.execute(select(func.count()).select_from(leaf)).scalar_one() == 4
    assert found.rows == rows > 20


def test_b29_the_commit_seals_once_a_second_and_the_rest_later(desk: Any, make: Any) -> None:
    feed = desk.feed()
    for number in range(5):
        feed.row(f"r{number}", f"raw {number}", make.draft("LA", f"c{number}", "x"))
    found = checked(desk)
    assert (found.leaves, found.seals, found.unsealed) == (5, 1, 4)
    desk.clock.advance(1.5)
    feed.row("r9", "raw 9", make.draft("LA", "c9", "x"))
    assert (checked(desk).seals, checked(desk).unsealed) == (2, 0)
    commits = desk.ledger.commits
    desk.ledger.seal()
    assert desk.ledger.commits == commits, "nothing stands open, nothing is written"


def test_b29_what_a_savepoint_takes_back_is_in_no_leaf(desk: Any, make: Any) -> None:
    with desk.ledger.attempt(keep=False) as connection:
        evidence.state_row(connection, refusal, 7, {"code": "x"})
    with desk.ledger.begin() as connection:
        inner = connection.begin_nested()
        evidence.state_row(connection, refusal, 8, {"code": "x"})
        inner.rollback()
    assert checked(desk).leaves == 0


def test_b29_a_transaction_that_fails_leaves_nothing_behind(desk: Any, make: Any) -> None:
    with suppress(ZeroDivisionError), desk.ledger.begin() as connection:
        evidence.state_row(connection, refusal, 7, {"code": "x"})
        raise ZeroDivisionError
    fill(desk, make, 1)
    assert checked(desk).faults == []


def some_row(connection: Connection, chance: random.Random, name: str) -> int:
    key = next(iter(CHAINED[name][0].primary_key))
    return int(chance.choice(connection.execute(select(key).order_by(key)).scalars().all()))


def tamper(connection: Connection, chance: random.Random) -> tuple[str, set[int]]:
    """Change something; return the table and the numbers of the rows concerned."""
    name = chance.choice(["record", "record", "segment", "refusal"])
    table, columns = CHAINED[name]
    key = next(iter(table.primary_key))
    number = some_row(connection, chance, name)
    kind = chance.choice(["flip", "delete", "insert", "swap", "tail"])
    if kind == "flip":
        changed = dict.fromkeys([chance.choice(columns)])
        old = connection.execute(select(table).where(key == number)).one()._mapping
        for column in changed:
            changed[column] = other(table.c[column], old[column], chance)
        connection.execute(update(table).where(key == number).values(changed))
        return name, {number}
    if kind == "swap":
        numbers = connection.execute(select(key).where(key != number)).scalars().all()
        one, two = number, chance.choice(numbers)
        for source, target in ((one, -1), (two, one), (-1, two)):
            connection.execute(update(table).where(key == source).values({key.name: target}))
        return name, {one, two}
    if kind == "insert":
        row = dict(connection.execute(select(table).where(key == number)).one()._mapping)
        fresh = connection.execute(select(func.max(key))).scalar_one() + chance.randrange(1, 9)
        row |= {key.name: fresh} | ({"version": 99} if name == "record" else {})
        connection.execute(table.insert().values(row))
        return name, {fresh}
    if kind == "tail":
        number = connection.execute(select(func.max(key))).scalar_one()
    connection.execute(table.delete().where(key == number))
    return name, {number}


def other(column: Any, value: Any, chance: random.Random) -> Any:
    """Return another value of the kind that a column holds; mostly one bit or character differs."""
    if value is None:
        return 1 if column.type.python_type is int else "x"
    if isinstance(column.type, LargeBinary):
        at = chance.randrange(len(value))
        return value[:at] + bytes([value[at] ^ 1 << chance.randrange(8)]) + value[at + 1 :]
    return value + 1 if isinstance(value, int) else value + "\u200b"


def test_r15_every_random_change_is_found_and_named(filled: Any) -> None:
    """Flipped, deleted, inserted and exchanged rows, the tail too: all found, and the very row named."""
    seed = int(os.environ.get("GATEWAY_TAMPER_SEED") or secrets.randbelow(10**9))
    for number in range(seed, seed + TAMPERS):
        with filled.ledger._writing_engine.connect() as connection:
            name, rows = tamper(connection, random.Random(number))
            found = check(connection)
            connection.rollback()
        named = {each.number for each in found.faults if each.table == name}
        assert named == rows, f"GATEWAY_TAMPER_SEED={number}: {name} {rows}, found {found.faults}"
        assert found.first is not None
        assert found.first.number in rows


def test_r15_exchanged_rows_are_told_from_altered_ones(tampering: Connection) -> None:
    for source, target in ((1, -1), (2, 1), (-1, 2)):
        tampering.execute(update(record).where(record.c.id == source).values(id=target))
    assert [(each.what, each.number, each.came_from) for each in check(tampering).faults] == [
        ("moved", 1, 2),
        ("moved", 2, 1),
    ]


def test_r15_a_removed_and_an_altered_leaf_and_seal_are_named(filled: Any) -> None:
    def found(*statements: Any) -> list[tuple[str, str, int]]:
        with filled.ledger._writing_engine.connect() as connection:
            for each in statements:
                connection.execute(each)
            told = check(connection).faults
            connection.rollback()
        return [(each.what, each.table, each.number) for each in told]

    assert ("removed", "evidence_leaf", 2) in found(leaf.delete().where(leaf.c.id == 2))
    assert ("altered", "evidence_leaf", 3) in found(update(leaf).where(leaf.c.id == 3).values(digests=bytes(99)))
    assert ("removed", "evidence_seal", 2) in found(seal.delete().where(seal.c.no == 2))
    assert ("altered", "evidence_seal", 2) in found(update(seal).where(seal.c.no == 2).values(at=5))
    last = found(seal.delete().where(seal.c.no == 4), leaf.delete().where(leaf.c.id == 4))
    assert ("removed", "evidence_seal", 4) in last, "the tail, by the note of its head"
    assert ("inserted", "record", 10) in last


def recompute(connection: Connection, tampered: int) -> None:
    """Play somebody who knows how the chain is made: every leaf and seal is computed anew over a changed record."""
    connection.execute(update(record).where(record.c.id == tampered).values(org_code="other"))
    connection.execute(leaf.delete())
    connection.execute(seal.delete())
    evidence.Evidence().begin(connection)
    for table, _columns in CHAINED.values():
        numbers = connection.execute(select(next(iter(table.primary_key)))).scalars().all()
        evidence.state_again(connection, table, numbers)
    forger = evidence.Evidence()
    forger.end(connection, lambda: 9_000_000)


def test_r15_who_computes_the_chain_anew_is_betrayed_by_an_exported_head(filled: Any) -> None:
    with filled.ledger.reading() as connection:
        exported = evidence.exported(connection)
    assert exported is not None
    assert checked(filled, exported=exported["head"]).met
    with filled.ledger._writing_engine.connect() as connection:
        recompute(connection, 5)
        assert check(connection).faults == [], "an unkeyed chain proves nothing against this"
        found = check(connection, exported=exported["head"])
        connection.rollback()
    assert not found.met
    assert [(each.what, each.table) for each in found.faults] == [("missing", "exported-head")]


def test_r15_a_signature_that_is_not_ours_is_found(desk: Any, make: Any, trust: Any) -> None:
    desk.ledger.evidence.sign = signer(trust.key)
    fill(desk, make, 2)

    def ours(signed: bytes, signature: str) -> bool:
        return holds(trust.certificate, signed, signature)

    found = checked(desk, holds=ours)
    assert (found.faults, found.unsigned, found.seals) == ([], 0, 2)
    with desk.ledger._writing_engine.connect() as connection:
        recompute(connection, 2)
        connection.execute(update(seal).values(signature=signer(trust.other)(b"anything")))
        forged = check(connection, ours)
        connection.rollback()
    assert [(each.what, each.table) for each in forged.faults] == [("forged", "evidence_seal")]


@pytest.fixture(scope="module")
def trust() -> Any:
    from types import SimpleNamespace

    from gateway.clock import SystemClock
    from gateway.trust.certificates import make_authority

    authority = make_authority("test", SystemClock().now())
    ours, other = authority.issue("a", "a", client=True), authority.issue("b", "b", client=True)
    return SimpleNamespace(key=ours.key, certificate=ours.certificate, other=other.key)


def test_b29_what_retention_takes_is_pruned_not_removed(filled: Any) -> None:
    """Segments go and are copied in part, refusals go: the transaction that does so states it."""
    filled.clock.advance(400 * 24 * 3600)
    terms = retention.Terms(filled.ledger.now() - 30 * DAY, frozenset({"ZX"}))
    with filled.ledger.begin() as connection:
        connection.execute(update(refusal).where(refusal.c.id < 3).values(superseded=True))
        retention.place(connection, "case", "c1-1", "r", "somebody", filled.ledger.now())
        numbers = retention.candidates(connection, terms.before, 0)
        pruned = retention.prune_segments(connection, numbers, terms, dry_run=False)
        pruned += retention.prune_rows(connection, terms, dry_run=False)
    assert pruned.segments > 1
    found = checked(filled)
    assert (found.faults, found.pruned > 1) == ([], True)
    with filled.ledger._writing_engine.connect() as connection:
        left = connection.execute(select(func.max(segment.c.id))).scalar_one()
        connection.execute(segment.delete().where(segment.c.id == left))
        assert ("removed", "segment", left) in [
            (each.what, each.table, each.number) for each in check(connection).faults
        ]
        connection.rollback()


def test_b29_a_dry_run_of_pruning_leaves_the_evidence_alone(filled: Any) -> None:
    filled.clock.advance(400 * 24 * 3600)
    terms = retention.Terms(filled.ledger.now() - 30 * DAY, frozenset({"ZX"}))
    with filled.ledger.attempt(keep=False) as connection:
        numbers = retention.candidates(connection, terms.before, 0)
        retention.prune_segments(connection, numbers, terms, dry_run=False)
    assert checked(filled).faults == []
    with filled.ledger.reading() as connection:
        assert connection.execute(select(site.c.value).where(site.c.name == evidence.HEAD)).scalar_one()
