# SPDX-License-Identifier: Apache-2.0
"""Withdraw (撤回): what two people decided of rows that are gone becomes records of withdrawal, within a run (ledger.md T4)."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable

from gateway.clock import moment
from gateway.documents.render import NAMESPACE, element
from gateway.ledger.withdrawals import Decided
from gateway.model.record import Draft, Level, Observation, Piece, Row, Slot
from gateway.ports import Validator

TYPE = "GG_CH"
_MOST_REASON = 500
_MOST_NAME = 50


def withdrawing(decided: Iterable[Decided], validator: Validator, level: Level, now: str) -> list[Observation]:
    """Return one observation for each row, with the withdrawals of its keys and what the rules of their cases will ask.

    What the validator finds in one is kept beside it as a warning: two people have decided.
    """
    rows: dict[str, list[Decided]] = defaultdict(list)
    for each in decided:
        rows[each.row_id].append(each)
    return [_observation(row_id, of_row, validator, level, now) for row_id, of_row in rows.items()]


def _observation(row_id: str, of_row: list[Decided], validator: Validator, level: Level, now: str) -> Observation:
    said = {"withdrawals": [[each.number, each.key, each.reason, each.approver] for each in of_row]}
    raw = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
    # No reading of the row has this digest: whatever it shows when it is back is looked at anew.
    row = Row(row_id, {}, raw, hashlib.sha256(raw).digest())
    drafts = [draft(each) for each in of_row]
    examined = validator.check([each.document() for each in drafts], level, now)
    warnings = tuple(found for each in examined for found in each.findings)
    made = tuple(each._replace(facts=seen.facts) for each, seen in zip(drafts, examined, strict=True))
    return Observation(row, made, (), warnings, decided=True)


def draft(decided: Decided) -> Draft:
    """Return the withdrawal as a record of the standard, before the ledger has given it a version."""
    at = moment(decided.at).isoformat(timespec="seconds")
    pieces: tuple[Piece, ...] = (
        f'<withdrawal xmlns="{NAMESPACE}">{element("targetType", decided.type)}{element("targetKey", decided.key)}'
        "<targetVersion>".encode(), Slot.TARGET_VERSION,
        f"</targetVersion>{element('orgCode', decided.org_code)}<version>".encode(), Slot.VERSION,
        b"</version><operation>", Slot.OPERATION,
        f"</operation>{element('occurredAt', at)}{element('reason', decided.reason[:_MOST_REASON])}"
        f"{element('approver', decided.approver[:_MOST_NAME])}</withdrawal>".encode(),
    )  # fmt: skip
    identity = hashlib.sha256(b"".join(piece for piece in pieces if isinstance(piece, bytes))).digest()
    return Draft(
        type=TYPE, key=decided.key, case_no=decided.case_no, org_code=decided.org_code, item_code=None, occurred_at=at,
        sequence=0, pieces=pieces, identity=identity, withdraws=decided.key,
    )  # fmt: skip
