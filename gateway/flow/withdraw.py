# SPDX-License-Identifier: Apache-2.0
"""Withdraw (撤回): what two people decided of rows that are gone becomes records of withdrawal, within a run (ledger.md T4)."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from gateway.clock import moment
from gateway.documents.render import element
from gateway.errors import ConfigurationError
from gateway.ledger.withdrawals import Decided
from gateway.model.record import Draft, Level, Observation, Piece, Row, Slot
from gateway.model.record_type import Role
from gateway.pack import Pack
from gateway.ports import Validator

_SLOTS: Final = {Role(slot.value): slot for slot in Slot}


@dataclass(frozen=True, slots=True)
class WithdrawalForm:
    """How a pack writes a withdrawal: type, payload element, and its elements in the order of the schema.

    Each element comes with the role it plays and the characters it may hold at most (None: any number).
    """

    type: str
    element: str
    namespace: str
    elements: tuple[tuple[str, Role, int | None], ...]

    @classmethod
    def of(cls, pack: Pack) -> Self:
        """Read the form out of a pack; raises ConfigurationError where it has no type that withdraws."""
        kind = next((each for each in pack.types.values() if each.withdraws), None)
        if kind is None:
            raise ConfigurationError(f"{pack.name}: roles.toml: 没有撤回类型 / no type withdraws")
        played = {path: role for role, path in kind.roles.items()}
        children = pack.shape(kind.code).children
        elements = tuple((each.name, played[each.path], each.max_length) for each in children if each.path in played)
        return cls(kind.code, kind.element, pack.namespace, elements)

    def draft(self, decided: Decided) -> Draft:
        """Return the withdrawal as a record of the standard, before the ledger has given it a version."""
        at = moment(decided.at).isoformat(timespec="seconds")
        pieces = self._pieces(
            {
                Role.TARGET_TYPE: decided.type, Role.TARGET_KEY: decided.key, Role.ORGANISATION: decided.org_code,
                Role.OCCURRED_AT: at, Role.REASON: decided.reason, Role.APPROVER: decided.approver,
            }
        )  # fmt: skip
        identity = hashlib.sha256(b"".join(piece for piece in pieces if isinstance(piece, bytes))).digest()
        return Draft(
            type=self.type, key=decided.key, case_no=decided.case_no, org_code=decided.org_code, item_code=None,
            occurred_at=at, sequence=0, pieces=pieces, identity=identity, withdraws=decided.key,
        )  # fmt: skip

    def _pieces(self, told: dict[Role, str]) -> tuple[Piece, ...]:
        pieces: list[Piece] = []
        text = f'<{self.element} xmlns="{self.namespace}">'
        for name, role, longest in self.elements:
            slot = _SLOTS.get(role)
            if slot is not None:
                pieces += [f"{text}<{name}>".encode(), slot]
                text = f"</{name}>"
            elif role in told:
                text += element(name, told[role][:longest])
        return (*pieces, f"{text}</{self.element}>".encode())


def withdrawing(
    decided: Iterable[Decided], form: WithdrawalForm, validator: Validator, level: Level, now: str
) -> list[Observation]:
    """Return one observation for each row, with the withdrawals of its keys and what the rules of their cases will ask.

    What the validator finds in one is kept beside it as a warning: two people have decided.
    """
    rows: dict[str, list[Decided]] = defaultdict(list)
    for each in decided:
        rows[each.row_id].append(each)
    return [_observation(row_id, of_row, form, validator, level, now) for row_id, of_row in rows.items()]


def _observation(
    row_id: str, of_row: list[Decided], form: WithdrawalForm, validator: Validator, level: Level, now: str
) -> Observation:
    said = {"withdrawals": [[each.number, each.key, each.reason, each.approver] for each in of_row]}
    raw = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
    # No reading of the row has this digest: whatever it shows when it is back is looked at anew.
    row = Row(row_id, {}, raw, hashlib.sha256(raw).digest())
    drafts = [form.draft(each) for each in of_row]
    examined = validator.check([each.document() for each in drafts], level, now)
    warnings = tuple(found for each in examined for found in each.findings)
    made = tuple(each._replace(facts=seen.facts) for each, seen in zip(drafts, examined, strict=True))
    return Observation(row, made, (), warnings, decided=True)
