# SPDX-License-Identifier: Apache-2.0
"""Telling the source (ledger.md B17): an outbox row in the chunk's transaction, tried until the source has heard it."""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from gateway.clock import moment
from gateway.ledger.batches import in_parts
from gateway.ledger.findings import SEQUENCE_GAP, finding, from_json, to_json
from gateway.ledger.refusals import Outcome, TurnedAway, supersede
from gateway.ledger.runs import Figures, RunLease
from gateway.ledger.source_tables import source_file, source_notice
from gateway.ledger.tables import refusal, row_memory
from gateway.model.finding import Finding, Severity
from gateway.model.words import Words
from gateway.ports import FileResult, FileStep, Notice, RowResult

MOST_FINDINGS: Final = 10_000
"""Findings of one file that are kept; the others are counted."""

_COUNTED: Final = ("rows", "rereads", "accepted", "refused", "duplicates", "conflicts", "stale", "waiting")
_NOT_TAKEN: Final = (Outcome.REFUSED, Outcome.CONFLICT, Outcome.STALE)


class Happened(NamedTuple):
    """What a chunk did, as far as its source is told."""

    marks: Mapping[str, str]
    file: FileStep | None
    figures: Figures
    turned_away: Sequence[TurnedAway]
    now: int
    again: Mapping[str, int | None]
    unreadable: Sequence[Finding]


class Pending(NamedTuple):
    """A notice not told yet, and its number in the outbox."""

    number: int
    notice: Notice


def write(connection: Connection, lease: RunLease, happened: Happened) -> None:
    """Write what the source is to be told of a chunk; a file is told of once, when it ends."""
    if happened.marks:
        results = _results(connection, lease, happened)
        body = json.dumps(results, ensure_ascii=False, separators=(",", ":"))
        connection.execute(insert(source_notice).values(source_id=lease.source_id, at=happened.now, body=body))
    if happened.file is not None:
        number = _note_file(connection, lease, happened.file, happened)
        if happened.file.ended:
            if not happened.file.refused:
                _forget_refused(connection, lease.source_id, f"file:{happened.file.name}", happened)
            values = {"source_id": lease.source_id, "at": happened.now, "body": "[]", "file_id": number}
            connection.execute(insert(source_notice).values(values))


def _results(connection: Connection, lease: RunLease, happened: Happened) -> list[list[Any]]:
    """Return (row id, mark, reason) of each row; the reason of a re-read is that of its refusal, if it still stands."""
    reasons: dict[str, Words] = {}
    for part in in_parts(happened.marks):
        held = connection.execute(
            select(refusal.c.row_id, refusal.c.findings)
            .where(refusal.c.source_id == lease.source_id, refusal.c.row_id.in_(part), refusal.c.superseded.is_(False))
            .where(refusal.c.outcome.in_([each.value for each in _NOT_TAKEN]))
            .order_by(refusal.c.id)
        )
        for row_id, findings in held:
            reasons.setdefault(row_id, _reason(from_json(findings)))
    return [[row_id, mark, reasons.get(row_id)] for row_id, mark in happened.marks.items()]


def _reason(findings: Sequence[Finding]) -> Words:
    """Say in one line what is wrong and how to mend it, without the data itself."""
    shown = [each for each in findings if each.refuses] or list(findings)
    zh = ";".join(f"{each.code} {each.path} {each.message.zh}(建议:{each.hint.zh})" for each in shown[:3])
    en = "; ".join(f"{each.code} {each.path} {each.message.en} (hint: {each.hint.en})" for each in shown[:3])
    return Words(zh, en)


def _note_file(connection: Connection, lease: RunLease, step: FileStep, happened: Happened) -> int:
    """Add a chunk to the account of its file, which is opened with its first one; return the file's number."""
    found = connection.execute(
        select(source_file)
        .where(source_file.c.source_id == lease.source_id, source_file.c.name == step.name)
        .where(source_file.c.digest == step.digest, source_file.c.state == "open")
    ).first()
    if found is None:
        number, before = _open_file(connection, lease, step, happened.now)
        counted = dict.fromkeys(_COUNTED, 0)
        omitted = 0
    else:
        number, before, omitted = found.id, read_findings(found.findings), found.omitted
        counted = {name: getattr(found, name) for name in _COUNTED}
    new = [each for away in happened.turned_away if away.outcome in _NOT_TAKEN for each in away.findings]
    new += [*happened.unreadable, *_said_before(connection, lease, happened.again)]
    room = max(0, MOST_FINDINGS - len(before))
    state = "open" if not step.ended else "refused" if step.refused else "done"
    connection.execute(
        update(source_file)
        .where(source_file.c.id == number)
        .values(
            {name: counted[name] + getattr(happened.figures, name) for name in _COUNTED},
        )
        .values(
            state=state,
            ended_at=happened.now if step.ended else None,
            findings=_packed([*before, *new[:room]]),
            omitted=omitted + max(0, len(new) - room),
        )
    )
    return number


def _said_before(connection: Connection, lease: RunLease, again: Mapping[str, int | None]) -> list[Finding]:
    """Return what is still held against rows that were read again unchanged, at the lines where they stand now."""
    found: list[Finding] = []
    for part in in_parts(again):
        held = connection.execute(
            select(refusal.c.row_id, refusal.c.findings)
            .where(refusal.c.source_id == lease.source_id, refusal.c.row_id.in_(part), refusal.c.superseded.is_(False))
            .where(refusal.c.outcome.in_([each.value for each in _NOT_TAKEN]))
            .order_by(refusal.c.id)
        )
        for row_id, findings in held:
            found += [replace(each, line=again[row_id] or each.line) for each in from_json(findings)]
    return found


def _forget_refused(connection: Connection, source_id: int, row_id: str, happened: Happened) -> None:
    """Done with what was said of a file that is taken now: should it be refused again, that is news."""
    if any(away.row.row_id == row_id for away in happened.turned_away):
        return
    supersede(connection, source_id, [row_id])
    connection.execute(delete(row_memory).where(row_memory.c.source_id == source_id, row_memory.c.row_id == row_id))


def _open_file(connection: Connection, lease: RunLease, step: FileStep, now: int) -> tuple[int, list[Finding]]:
    before: list[Finding] = []
    if step.sequence is not None and not step.refused:
        last = connection.execute(
            select(func.max(source_file.c.sequence))
            .where(source_file.c.source_id == lease.source_id, source_file.c.state != "refused")
        ).scalar()  # fmt: skip
        if last is not None and step.sequence > last + 1:
            before = [finding(SEQUENCE_GAP, step.name, f"{last + 1}-{step.sequence - 1}", Severity.WARNING)]
    values = {
        "source_id": lease.source_id, "name": step.name, "digest": step.digest, "size": step.size,
        "sequence": step.sequence, "state": "open", "taken_at": now, "findings": _packed(before),
    }  # fmt: skip
    made = connection.execute(insert(source_file).values(values))
    return int(made.inserted_primary_key[0]), before  # type: ignore[index]


def _packed(findings: Sequence[Finding]) -> bytes:
    return zlib.compress(to_json(findings, values=False).encode(), 1)


def read_findings(packed: bytes) -> list[Finding]:
    """Return the findings of a file's account."""
    return list(from_json(zlib.decompress(packed).decode()))


def pending(connection: Connection, source_name_id: int, most: int = 100) -> list[Pending]:
    """Return what a source is still to be told, in order."""
    rows = connection.execute(
        select(source_notice)
        .where(source_notice.c.source_id == source_name_id)
        .order_by(source_notice.c.id)
        .limit(most)
    ).all()  # fmt: skip
    return [Pending(row.id, _notice(connection, row)) for row in rows]


def _notice(connection: Connection, row: Row[Any]) -> Notice:
    at = moment(row.at)
    if row.file_id is None:
        rows = tuple(
            RowResult(row_id, mark, reason is None, None if reason is None else Words(*reason))
            for row_id, mark, reason in json.loads(row.body)
        )
        return Notice(at, rows)
    file = connection.execute(select(source_file).where(source_file.c.id == row.file_id)).one()
    step = FileStep(file.name, file.digest, file.size, file.sequence, ended=True, refused=file.state == "refused")
    figures = {name: getattr(file, name) for name in _COUNTED}
    return Notice(at, (), FileResult(step, file.rows, figures, tuple(read_findings(file.findings)), file.omitted))


def told(connection: Connection, number: int, now: int) -> None:
    """Strike a notice off the outbox: the source has heard it."""
    file_id = connection.execute(select(source_notice.c.file_id).where(source_notice.c.id == number)).scalar()
    connection.execute(delete(source_notice).where(source_notice.c.id == number))
    if file_id is not None:
        connection.execute(update(source_file).where(source_file.c.id == file_id).values(told_at=now))


def not_told(connection: Connection, number: int, error: str) -> None:
    """Note why a source could not be told; the notice stays."""
    connection.execute(
        update(source_notice)
        .where(source_notice.c.id == number)
        .values(attempts=source_notice.c.attempts + 1, error=error)
    )
