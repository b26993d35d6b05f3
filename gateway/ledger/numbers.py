# SPDX-License-Identifier: Apache-2.0
"""Numbers given once per subject and kept for ever (ledger.md B8): sequences and case numbers of a mapping."""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import IntegrityError

from gateway.errors import Disposition, LedgerError
from gateway.ledger.batches import in_parts, insert_rows
from gateway.ledger.tables import allocation
from gateway.model.words import Words
from gateway.ports import AllocationRequest

_Group: TypeAlias = tuple[str, str]  # name, scope

_COLUMNS = ("name", "subject", "scope", "number")
_GROUPS_REMEMBERED = 10_000  # highest numbers kept in memory, so that a long scope isn't counted again for each chunk


class NumbersTaken(LedgerError):
    """Another process gave one of the proposed numbers away meanwhile: ask again and map the rows again."""

    code = "GW-503"
    disposition = Disposition.RETRY
    summary = Words("编号已被其他进程占用,本次未写入", "another process took the number, nothing was written")
    advice = Words("下一次采集会自动取新编号", "the next pull takes new numbers by itself")


class Numbers:
    """Proposes numbers that two threads of this process never propose twice, and writes those that a chunk used."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._proposed: dict[AllocationRequest, int] = {}
        self._highest: OrderedDict[_Group, int] = OrderedDict()

    def look_up(self, connection: Connection, requests: Iterable[AllocationRequest]) -> dict[AllocationRequest, int]:
        """Return the number of each request: the one it has for ever, or a proposal that isn't written yet."""
        wanted = list(dict.fromkeys(requests))
        found = _existing(connection, wanted)
        missing = [each for each in wanted if each not in found]
        with self._lock:
            groups = {(each.name, each.scope) for each in missing}
            unknown = groups - self._highest.keys()
        stored = _highest(connection, unknown)
        with self._lock:
            for each in missing:
                found[each] = self._propose(each, stored)
            while len(self._highest) > _GROUPS_REMEMBERED:
                self._highest.popitem(last=False)
        return {each: found[each] for each in wanted}

    def _propose(self, request: AllocationRequest, stored: Mapping[_Group, int]) -> int:
        earlier = self._proposed.get(request)
        if earlier is not None:
            return earlier
        group = (request.name, request.scope)
        number = max(self._highest.get(group, 0), stored.get(group, 0)) + 1
        self._highest[group] = number
        self._highest.move_to_end(group)
        self._proposed[request] = number
        return number

    def keep(self, connection: Connection, numbers: Mapping[AllocationRequest, int]) -> None:
        """Write the proposals among ``numbers`` inside the caller's transaction.

        Raises NumbersTaken where another process gave such a subject or number away.
        """
        with self._lock:
            fresh = [each for each, number in numbers.items() if self._proposed.get(each) == number]
        if not fresh:
            return
        written = _existing(connection, fresh)
        if any(written[each] != numbers[each] for each in written):
            self.forget(fresh)
            raise NumbersTaken
        rows = sorted((each.name, each.subject, each.scope, numbers[each]) for each in fresh if each not in written)
        try:
            insert_rows(connection, allocation, _COLUMNS, rows)
        except IntegrityError as taken:
            self.forget(fresh)
            raise NumbersTaken(str(taken.orig)) from taken

    def written(self, requests: Iterable[AllocationRequest]) -> None:
        """Drop proposals that a commit has made lasting."""
        with self._lock:
            for each in requests:
                self._proposed.pop(each, None)

    def forget(self, requests: Iterable[AllocationRequest]) -> None:
        """Drop proposals that can't be kept, and what was believed about their scopes."""
        with self._lock:
            for each in requests:
                self._proposed.pop(each, None)
                self._highest.pop((each.name, each.scope), None)


def _by_name(requests: Iterable[AllocationRequest]) -> dict[str, list[AllocationRequest]]:
    grouped: dict[str, list[AllocationRequest]] = {}
    for each in requests:
        grouped.setdefault(each.name, []).append(each)
    return grouped


def _existing(connection: Connection, requests: Sequence[AllocationRequest]) -> dict[AllocationRequest, int]:
    """Ask by subject: few subjects have numbers in several scopes, while a scope may hold a million subjects."""
    found: dict[AllocationRequest, int] = {}
    wanted = set(requests)
    for name, members in _by_name(requests).items():
        for part in in_parts(sorted({each.subject for each in members})):
            question = select(allocation.c.scope, allocation.c.subject, allocation.c.number).where(
                allocation.c.name == name, allocation.c.subject.in_(part)
            )
            for scope, subject, number in connection.execute(question):
                request = AllocationRequest(name, scope, subject)
                if request in wanted:
                    found[request] = number
    return found


def _highest(connection: Connection, groups: Iterable[_Group]) -> dict[_Group, int]:
    found: dict[_Group, int] = {}
    names: dict[str, list[str]] = {}
    for name, scope in sorted(groups):
        names.setdefault(name, []).append(scope)
    for name, scopes in names.items():
        for part in in_parts(scopes):
            question = (
                select(allocation.c.scope, func.max(allocation.c.number))
                .where(allocation.c.name == name, allocation.c.scope.in_(part))
                .group_by(allocation.c.scope)
            )
            found.update({(name, scope): number for scope, number in connection.execute(question)})
    return found
