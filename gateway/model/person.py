# SPDX-License-Identifier: Apache-2.0
"""People who act (操作人): their roles, what each role may do, and how somebody has shown who he is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Role(StrEnum):
    """One person has one role: configuring, approving and reading the audit exclude each other (三员分立)."""

    SYSTEM = "system-admin"  # 系统管理员
    SECURITY = "security-admin"  # 安全管理员
    AUDIT = "auditor"  # 审计管理员
    OPERATOR = "operator"  # 中心值班
    READER = "reader"  # 监察、部门:只读


class Duty(StrEnum):
    """Something that only some roles may do."""

    ADD_PEOPLE = "add-people"
    ADMIT_PEOPLE = "admit-people"
    OPERATE = "operate"
    APPROVE = "approve"
    KEEP = "keep"  # backup, restore, pruning
    HOLD = "hold"  # legal hold


ALLOWED: Final[Mapping[Duty, frozenset[Role]]] = MappingProxyType(
    {
        Duty.ADD_PEOPLE: frozenset({Role.SYSTEM}),
        Duty.ADMIT_PEOPLE: frozenset({Role.SECURITY}),
        Duty.OPERATE: frozenset({Role.OPERATOR, Role.SYSTEM}),
        Duty.APPROVE: frozenset({Role.OPERATOR, Role.SECURITY}),
        Duty.KEEP: frozenset({Role.SYSTEM}),
        Duty.HOLD: frozenset({Role.SECURITY, Role.SYSTEM}),
    }
)
"""Which roles may do what."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a known person with his role, or, while nobody is known yet, the account of the machine (no role).

    ``proof`` tells how he showed it: ``password``, ``key`` or ``account``; with a key every act is signed.
    """

    name: str
    role: Role | None
    proof: str
    sign: Callable[[bytes], bytes] | None = None

    def may(self, duty: Duty) -> bool:
        """Tell whether the role of this person allows ``duty``; the machine's account may all, until people are named."""
        return self.role is None or self.role in ALLOWED[duty]


ITSELF: Final = Actor("gateway", None, "process")
"""The gateway, where it acts by itself: takes up a configuration, suspends a source."""
