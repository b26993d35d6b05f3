# SPDX-License-Identifier: Apache-2.0
"""What the flow must know of a record type (记录类型); the values stand in the pack, never in code."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from gateway.model.words import Words


class LaneKind(StrEnum):
    """Whose order a record keeps (ledger.md B9, B13)."""

    CASE = "case"  # its case
    NAMED = "named"  # the lane of the record it names
    OWN = "own"  # master data: its own code


class Role(StrEnum):
    """A thing that every pack must be able to point at; the pack says which element plays the role."""

    CASE = "case"
    ITEM = "item"
    ITEM_VERSION = "item-version"
    ORGANISATION = "organisation"
    REGION = "region"
    SEQUENCE = "sequence"
    VERSION = "version"
    OPERATION = "operation"
    OCCURRED_AT = "occurred-at"
    SECRECY = "secrecy"
    OWN_CODE = "own-code"
    TARGET_TYPE = "target-type"
    TARGET_KEY = "target-key"
    TARGET_VERSION = "target-version"
    REASON = "reason"
    APPROVER = "approver"


@dataclass(frozen=True, slots=True)
class RecordType:
    """One record type: its code (``CF_JD``), payload element, place in the order of a case, and roles.

    ``rank`` orders records of a case (B9). ``predecessors``: at least one record of one of these types must be accepted
    before at L2 and L3; empty means it may begin a case. ``roles`` maps a role to the element path below the payload
    element (``caseNo``; nested paths with ``/``). ``withdraws``: the type takes the key of the record it names. ``closes``: a case
    that holds one is at its end.
    """

    code: str
    element: str
    label: Words
    category: str
    rank: int
    lane: LaneKind
    predecessors: tuple[str, ...]
    roles: Mapping[Role, str]
    withdraws: bool = False
    closes: bool = False
    notice: bool = False
    """Whether departments are told of such a record when it comes from elsewhere (FetchNotices)."""

    @property
    def has_own_code(self) -> bool:
        """Tell whether the key holds a code of the record's own instead of case and sequence."""
        return Role.OWN_CODE in self.roles

    def key(self, case_no: str | None, sequence: int | None, own_code: str | None) -> str:
        """Return the business key (业务主键): ``type:case:sequence`` or ``type:own code``."""
        if self.has_own_code:
            return f"{self.code}:{own_code}"
        return f"{self.code}:{case_no}:{sequence}"

    def key_of(self, given: Mapping[Role, str | None]) -> str | None:
        """Return the business key as far as the texts of a record's elements tell it, None where they do not.

        ``given`` holds the text of the element of each role; a record that withdraws has the key that it names.
        """
        if self.withdraws:
            return given.get(Role.TARGET_KEY)
        own, case = given.get(Role.OWN_CODE), given.get(Role.CASE)
        if self.has_own_code:
            return self.key(None, None, own) if own else None
        sequence = given.get(Role.SEQUENCE) or ""
        return self.key(case, int(sequence), None) if case and sequence.isdecimal() else None


def sequence_in(key: str) -> int:
    """Return the number in its case that a business key names, 0 where the key holds an own code."""
    parts = key.split(":")
    return int(parts[2]) if len(parts) == 3 and parts[2].isdecimal() else 0


def case_in(key: str) -> str | None:
    """Return the case that a business key names (``type:case:sequence``), or None where the key holds an own code.

    >>> case_in("CF_JD:MA0000015-2022-CF-00000001:7")
    'MA0000015-2022-CF-00000001'
    """
    parts = key.split(":")
    return parts[1] if len(parts) == 3 else None
