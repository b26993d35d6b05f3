# SPDX-License-Identifier: Apache-2.0
"""Replay: plans that run feed the lanes, raw rows go through today's mapping again (ledger.md B21, promises.md R14)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.clock import microseconds
from gateway.flow.collect import Handling
from gateway.flow.translate import translate
from gateway.ledger import replay_feed
from gateway.ledger.claims import Transaction
from gateway.ledger.intake import Chunk
from gateway.ledger.replay_feed import RawItem
from gateway.ledger.replays import Mode, fail_items, outdated
from gateway.ledger.runs import RunLease
from gateway.ledger.segments import PayloadPruned
from gateway.ledger.store import Ledger
from gateway.model.record import Row, row_of
from gateway.ports import Clock, Validator

PRUNED, ROW_CHANGED, SOURCE_GONE, UNCHANGED = "pruned", "row-changed", "source-gone", "unchanged"
_ROWS = 200


@dataclass(slots=True)
class Replaying:
    """What feeding the plans needs; ``fed`` remembers when each plan was fed last."""

    ledger: Ledger
    handlings: Mapping[str, Handling]
    clock: Clock
    grew: Callable[[int], None]
    fed: dict[int, int] = field(default_factory=dict)


def step(job: Replaying) -> int:
    """Take every plan one slice further; returns how many items moved. Costs no commit where no plan is active."""
    with job.ledger.reading() as connection:
        active = replay_feed.active(connection)
    return sum(_step_plan(job, plan, mode) for plan, mode in active)


def is_active(job: Replaying) -> bool:
    """Tell whether any plan runs or has items on their way."""
    with job.ledger.reading() as connection:
        return bool(replay_feed.active(connection))


def _step_plan(job: Replaying, plan: int, mode: str) -> int:
    if mode == Mode.RAW:
        moved = _remap(job, plan)
        with job.ledger.begin() as connection:
            replay_feed.close_if_done(connection, plan, job.ledger.now())
        return moved
    now = microseconds(job.clock.now())
    with job.ledger.begin() as connection:
        before = replay_feed.settle_items(connection, plan, now)
        queued = replay_feed.feed(connection, plan, now, job.fed.get(plan, now - replay_feed.SECOND))
        if queued:
            job.fed[plan] = now
        ended = not before and not queued and replay_feed.close_if_done(connection, plan, now)
    if queued:
        job.grew(queued)
    return queued + ended


def _remap(job: Replaying, plan: int) -> int:
    """Map the next raw rows of one source again and fold what comes of them, outcome included, in one transaction."""
    with job.ledger.reading() as connection:
        items = replay_feed.raw_items(connection, plan, _ROWS)
    if not items:
        return 0
    handling = job.handlings.get(items[0].source)
    if handling is None:
        return _skipped(job, plan, {each.no: SOURCE_GONE for each in items})
    with job.ledger.begin() as connection:
        lease = replay_feed.run_of(connection, plan, items[0].source_id, job.ledger.now())
    rows, left = _rows(job, lease, items)
    if left:
        _skipped(job, plan, left)
    if rows:
        _fold(job, plan, lease, handling, rows)
    return len(items)


def _rows(job: Replaying, lease: RunLease, items: Sequence[RawItem]) -> tuple[dict[int, Row], dict[int, str]]:
    """Return the rows by item, and why others can't be mapped again."""
    known = job.ledger.remembered(lease, [each.row_id for each in items])
    rows: dict[int, Row] = {}
    left: dict[int, str] = {}
    for each in items:
        try:
            row = row_of(each.row_id, job.ledger.payloads([each.raw])[0])
        except PayloadPruned:
            left[each.no] = PRUNED
            continue
        if row is None or known.get(each.row_id) != row.digest:
            left[each.no] = ROW_CHANGED
        else:
            rows[each.no] = row
    return rows, left


def _skipped(job: Replaying, plan: int, why: Mapping[int, str]) -> int:
    with job.ledger.begin() as connection:
        for number, outcome in why.items():
            replay_feed.mark(connection, plan, [number], "skipped", outcome, job.ledger.now())
    return len(why)


def _fold(job: Replaying, plan: int, lease: RunLease, handling: Handling, rows: Mapping[int, Row]) -> None:
    mapper = handling.mapper
    numbers = job.ledger.numbers(dict.fromkeys(wanted for row in rows.values() for wanted in mapper.wants(row)))
    chunk = Chunk(
        observations=tuple(
            translate(list(rows.values()), mapper, numbers, handling.validator, handling.level, _now(job.ledger))
        ),
        numbers=numbers,
        cursor=lease.cursor,
        rows=len(rows),
        rereads=0,
        pack=handling.pack,
        mapping=mapper.version,
        adapter=handling.adapter,
        sender=handling.sender,
    )

    def outcomes(connection: Transaction) -> None:
        made = replay_feed.made_by(connection, lease.run_id, [row.row_id for row in rows.values()])
        groups: dict[tuple[str, str], list[int]] = {}
        for number, row in rows.items():
            groups.setdefault(made.get(row.row_id, ("done", UNCHANGED)), []).append(number)
        for (state, outcome), members in groups.items():
            replay_feed.mark(connection, plan, members, state, outcome, job.ledger.now())

    job.grew(job.ledger.commit_chunk(lease, chunk, outcomes).accepted)


def _now(ledger: Ledger) -> str:
    return ledger.clock.now().isoformat(timespec="seconds")


def check_rules(
    ledger: Ledger, connection: Transaction, plan: int, validator: Callable[[], Validator], stamp: str
) -> int:
    """Leave out of a new plan what today's rules refuse, looking only at what other rules than ``stamp`` have passed."""
    failing: dict[int, str] = {}
    judge: Validator | None = None  # compiling the schema takes longer than many a plan
    for batch in outdated(connection, plan, stamp):
        judge = judge or validator()
        documents = ledger.documents([record_id for _, record_id in batch])
        for (number, _), examined in zip(batch, judge.check(documents), strict=True):
            refusing = next((each.code for each in examined.findings if each.refuses), None)
            if refusing is not None:
                failing[number] = refusing
    fail_items(connection, plan, failing)
    return len(failing)
