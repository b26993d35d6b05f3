# SPDX-License-Identifier: Apache-2.0
"""Records already in the standard form: the identity mapping from a payload element to a draft."""

from typing import NamedTuple

from lxml import etree

from gateway.model.record import Draft, content_digest
from gateway.model.record_type import LaneKind, RecordType, Role, case_in


class Told(NamedTuple):
    """A payload as a draft, with the key and version that the payload itself tells."""

    draft: Draft
    version: int


def read_standard_form(payload: "etree._Element", kind: RecordType, document: bytes) -> Told:
    """Return the draft of a payload that the schema has found valid; ``document`` is its canonical form.

    Nothing is translated: the document stays byte for byte what its sender signed (ledger.md B21). ``identity`` is
    the content digest, as a sender's own version stands for its content.
    """
    roles = {role: _text(payload, path) for role, path in kind.roles.items()}
    sequence = roles.get(Role.SEQUENCE) or "0"
    target = roles.get(Role.TARGET_KEY) or ""
    case_no = roles.get(Role.CASE) if not target else case_in(target)
    if kind.withdraws:
        key = target
    elif kind.has_own_code:
        key = kind.key(None, None, roles.get(Role.OWN_CODE))
    else:
        key = kind.key(roles.get(Role.CASE), int(sequence), None)
    draft = Draft(
        type=kind.code,
        key=key,
        case_no=None if kind.lane is LaneKind.OWN else case_no,
        org_code=roles.get(Role.ORGANISATION) or "",
        item_code=roles.get(Role.ITEM),
        occurred_at=roles.get(Role.OCCURRED_AT) or "",
        sequence=int(sequence),
        pieces=(document,),
        identity=content_digest(document),
        withdraws=key if kind.withdraws else None,
    )
    return Told(draft, int(roles.get(Role.VERSION) or "0"))


def target_type(payload: "etree._Element", kind: RecordType) -> str | None:
    """Return the type that a withdrawal says its target has; None where the type has no such element."""
    path = kind.roles.get(Role.TARGET_TYPE)
    return None if path is None else _text(payload, path)


def _text(payload: "etree._Element", path: str) -> str | None:
    at: etree._Element | None = payload
    for name in path.split("/"):
        if at is None:
            return None
        at = at.find(f"{{{etree.QName(payload).namespace}}}{name}")
    return None if at is None else (at.text or "").strip() or None
