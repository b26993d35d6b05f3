# SPDX-License-Identifier: Apache-2.0
"""Ten known bugs, planted into a running process on purpose: the harness must find every one of them.

Each takes the place of a real function. The wheel does not contain this module; nothing in the gateway knows of it.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from tests.chaos.points import replace

Undo = Callable[[], None]


def _ack_before_commit() -> Undo:
    """The source is told, by its cursor, before what it gave is durable."""

    def made(original: Any) -> Any:
        def commit_chunk(ledger: Any, lease: Any, chunk: Any) -> Any:
            from gateway.ledger import runs

            with ledger.begin() as connection:
                runs.move_cursor(connection, lease, chunk.cursor)
            lease.cursor = chunk.cursor
            return original(ledger, lease, chunk)

        return commit_chunk

    return replace("gateway.ledger.store:Ledger.commit_chunk", made)


def _mark_before_send() -> Undo:
    """A package is called settled before its first byte is sent."""

    def made(original: Any) -> Any:
        def send(job: Any, claimed: Any) -> Any:
            from gateway.ledger.settlement import Answer, settle
            from gateway.semantics.outcomes import Judgement, PackageMove

            good = Judgement(PackageMove.SETTLED, accepted_all=True, code="0000")
            with job.ledger.begin() as connection:
                settle(connection, job.route, claimed, Answer("submit", job.ledger.now(), good, 1), None)
            original(job, claimed)
            return Answer("submit", job.ledger.now(), good, 1)

        return send

    return replace("gateway.flow.deliver:_send", made)


def _no_fencing() -> Undo:
    """Whoever has lost a source goes on writing."""

    def made(_original: Any) -> Any:
        def move_cursor(connection: Any, lease: Any, cursor: str) -> None:
            from sqlalchemy import update

            from gateway.ledger.tables import source

            connection.execute(update(source).where(source.c.id == lease.source_id).values(cursor=cursor, deaths=0))

        return move_cursor

    return replace("gateway.ledger.runs:move_cursor", made)


def _retry_fsync() -> Undo:
    """After a failed write the same connection is used again, as if what it had lost were there."""

    def made(_original: Any) -> Any:
        @contextlib.contextmanager
        def writing(ledger: Any) -> Iterator[Any]:
            from sqlalchemy.exc import DBAPIError

            from gateway.ledger.engine import WRITES

            with ledger._writing_engine.connect().execution_options(**{WRITES: True}) as connection:
                transaction = connection.begin()
                try:
                    yield connection
                    transaction.commit()
                except DBAPIError:
                    connection.connection.driver_connection.commit()  # type: ignore[union-attr]
                except BaseException:
                    transaction.rollback()
                    raise

        return writing

    return replace("gateway.ledger.store:Ledger._writing", made)


def _window_of_ten_minutes() -> Undo:
    """What was seen more than ten minutes ago is taken for new."""

    def short(original: Any) -> Any:
        def commit(connection: Any, desk: Any, lease: Any, chunk: Any, now: int) -> Any:
            from sqlalchemy import delete, select, update

            from gateway.ledger.tables import record, record_key, row_memory

            old = now - 600_000_000
            keys = select(record.c.key).where(record.c.accepted_at < old)
            rows = select(record.c.row_id).where(record.c.accepted_at < old)
            connection.execute(delete(row_memory).where(row_memory.c.row_id.in_(rows)))
            connection.execute(update(record_key).where(record_key.c.key.in_(keys)).values(identity=b"?"))
            return original(connection, desk, lease, chunk, now)

        return commit

    def forgetful(original: Any) -> Any:
        def remembered(ledger: Any, lease: Any, row_ids: Any) -> Any:
            from sqlalchemy import select

            from gateway.ledger.tables import record

            with ledger.reading() as connection:
                old = set(
                    connection.execute(
                        select(record.c.row_id).where(record.c.accepted_at < ledger.now() - 600_000_000)
                    ).scalars()
                )
            return {row: digest for row, digest in original(ledger, lease, row_ids).items() if row not in old}

        return remembered

    undone = [
        replace("gateway.ledger.intake:commit", short),
        replace("gateway.ledger.store:Ledger.remembered", forgetful),
    ]
    return lambda: [each() for each in undone] and None


def _timeout_per_read() -> Undo:
    """A call may take for ever as long as a byte comes now and then."""

    def made(_original: Any) -> Any:
        @contextlib.contextmanager
        def deadline(_channel: Any) -> Iterator[None]:
            yield

        return deadline

    return replace("gateway.channels.https:HttpsChannel._deadline", made)


def _wall_clock_order() -> Undo:
    """Records of a case go in the order in which they came."""

    def made(_original: Any) -> Any:
        counted = iter(range(10**9))

        def order_key(_place: Any, version: int, _lane: str, _after: str = "") -> str:
            return f"{next(counted):012d}{version:06d}"

        return order_key

    return replace("gateway.semantics.order:order_key", made)


def _batch_settles_all() -> Undo:
    """A receipt settles every record of its package, whatever it says of each."""

    def made(_original: Any) -> Any:
        def judge_receipt(_facts: Any, receipt: Any) -> Any:
            from gateway.semantics.outcomes import Judgement, PackageMove

            return Judgement(PackageMove.SETTLED, accepted_all=True, code=receipt.code)

        return judge_receipt

    return replace("gateway.semantics.outcomes:judge_receipt", made)


def _swallowing() -> Undo:
    """What goes wrong with a row is caught, and the row is forgotten."""

    def made(original: Any) -> Any:
        def translate(*given: Any) -> Any:
            return [each for each in original(*given) if not each.refused]

        return translate

    return replace("gateway.flow.translate:translate", made)


def _schedule_drift() -> Undo:
    """The next firing is counted from the end of the last one instead of read from the clock line."""

    def made(_original: Any) -> Any:
        from datetime import timedelta

        ended: list[Any] = []

        def latest_tick(_line: str, now: Any) -> Any:
            if not ended or now >= ended[-1] + timedelta(hours=1, seconds=7):
                ended.append(now)
            return ended[-1]

        return latest_tick

    return replace("gateway.schedule.firing:latest_tick", made)


BUGS: dict[str, Callable[[], Undo]] = {
    "ack-before-commit": _ack_before_commit,
    "mark-before-send": _mark_before_send,
    "no-fencing": _no_fencing,
    "retry-fsync": _retry_fsync,
    "window-of-ten-minutes": _window_of_ten_minutes,
    "timeout-per-read": _timeout_per_read,
    "wall-clock-order": _wall_clock_order,
    "batch-settles-all": _batch_settles_all,
    "swallowing": _swallowing,
    "schedule-drift": _schedule_drift,
}


def plant(name: str) -> Undo:
    """Plant a bug into this process; returns what digs it out again."""
    return BUGS[name]()
