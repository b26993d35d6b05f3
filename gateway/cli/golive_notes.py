# SPDX-License-Identifier: Apache-2.0
"""What of the go-live lock wants somebody's eye: held records, drift, ends that come near, emergency overrides."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from gateway.cli.shown import shown_time
from gateway.config import Configuration
from gateway.golive import cases_to_rerun, lock_of
from gateway.ledger import golive
from gateway.ledger.golive import FLAGGED, HELD, Item
from gateway.model.words import Words
from gateway.semantics.golive import STAGES, WARN_DAYS, Stage, days_left

_HELD = Words("上线锁扣留,不投递", "held back by the go-live lock, not delivered")
_FLAGGED = Words("已放行并打标记", "let pass with a flag")
_HINTS = {
    Stage.DRAFT: Words("提交自测报告和验收证明:gateway source golive attest", "present attestations: gateway source golive attest"),
    Stage.SELF_TESTED: Words("提交信息中心的验收证明:gateway source golive attest", "present the Center's acceptance: gateway source golive attest"),
    Stage.ATTESTED: Words("进入试运行:gateway source golive promote", "begin the trial: gateway source golive promote"),
    Stage.TRIAL: Words(
        "证明有效、对账满天数且零差异后:gateway source golive promote",
        "with a valid attestation and enough days without differences: gateway source golive promote",
    ),
    Stage.LIVE: Words("投递扣留的记录:gateway source golive release", "deliver what is held: gateway source golive release"),
    Stage.SUSPENDED: Words(
        "改回接口后 gateway source golive resume,或重跑所列用例、重新验收;之后 release",
        "put the interface back and gateway source golive resume, or run the cases named again and accept anew; then release",
    ),
}  # fmt: skip


def notes(configuration: Configuration, connection: Connection, now: int) -> list[dict[str, Any]]:
    """Return the items of sources that want somebody's eye, as ``--json`` gives them; all others are left out."""
    held = Counter[tuple[str, str]]()
    first: dict[tuple[str, str], int] = {}
    for each in golive.held(connection):
        place = each["source"], each["item"]
        held[place] += each["records"]
        first[place] = min(each["first_at"], first.get(place, each["first_at"]))
    rows = {(row.source, row.item): row for row in golive.items(connection)} if lock_of(configuration) else {}
    found = []
    for place in sorted({*held, *rows}):
        row = rows.get(place)
        if held[place] or (row is not None and _wants_eye(row, now)):
            found.append(_note(place, row, held[place], first.get(place), now))
    return found


def _wants_eye(row: Item, now: int) -> bool:
    standing = row.standing
    ends = standing.valid_until > 0 and days_left(standing, now) <= WARN_DAYS[0]
    return ends or standing.flagged or bool(standing.drift) or now < standing.override_until


def _note(place: tuple[str, str], row: Item | None, held: int, since: int | None, now: int) -> dict[str, Any]:
    standing = None if row is None else row.standing
    overridden = row is not None and now < row.standing.override_until
    drift = () if standing is None else standing.drift
    return {
        "source": place[0],
        "item": place[1],
        "stage": (Stage.DRAFT if standing is None else standing.stage).value,
        "held": held,
        "held_since": None if since is None else shown_time(since),
        "days_left": days_left(standing, now) if standing is not None and standing.valid_until else None,
        "override_until": shown_time(standing.override_until) if standing is not None and overridden else None,
        "override_by": row.override_by if row is not None and overridden else None,
        "override_reason": row.override_reason if row is not None and overridden else None,
        "flagged": standing is not None and standing.flagged,
        "drift": [each._asdict() for each in drift],
        "cases": list(cases_to_rerun(drift)) if drift else [],
    }


def of_record(connection: Connection, number: int) -> dict[str, Any] | None:
    """Return how the lock treats one record: held back or flagged, by which stage, what drifted; None where it lets it be."""
    found = golive.marked(connection, number)
    if found is None:
        return None
    row, item = found
    stage = Stage.DRAFT if item is None else item.standing.stage
    drift = () if item is None else item.standing.drift
    return {
        "state": row.state,
        "since": shown_time(row.at),
        "source": row.source,
        "item": row.item,
        "stage_then": row.stage,
        "stage": stage.value,
        "drift": [each._asdict() for each in drift],
        "cases": list(cases_to_rerun(drift)) if drift else [],
        "message": {HELD: _HELD, FLAGGED: _FLAGGED}[row.state],
        "hint": _HINTS[stage] if row.state == HELD else None,
    }


def drifted(changes: Sequence[Mapping[str, Any]]) -> str:
    """Return what changed in one line."""
    return "; ".join(f"{each['part']} {each['attested'] or '∅'} → {each['seen'] or '∅'}" for each in changes)


def stage_words(stage: str) -> Words:
    """Return the name of a stage."""
    return STAGES[Stage(stage)]
