# SPDX-License-Identifier: Apache-2.0
"""How far the changes of a pulled system have been read: one tail a run, so that the whole is read once only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway_conformance.subjects.wire import told
from gateway_conformance.verdict import Inconclusive

if TYPE_CHECKING:
    from gateway_conformance.capture import CapturedRecord
    from gateway_conformance.subjects.soap import Page, SoapSubject


class Tail:
    """The end of what was read of a service, by cursor; where its order is descending, by time."""

    def __init__(self, service: SoapSubject) -> None:
        self._service = service
        self._by_time = service.description.declares("order") == "descending"
        self._cursor: str | None = None
        self._time: str | None = None
        self.held: dict[str, CapturedRecord] = {}

    def catch_up(self) -> None:
        """Read everything up to now."""
        if self._cursor is None and self._time is None:
            self._note_time()
            self._read(self._service.pages())
        else:
            self.changes()

    def changes(self) -> list[CapturedRecord]:
        """Return what came after the last reading."""
        if not self._by_time:
            if self._cursor is None:
                raise Inconclusive(
                    "服务没有给出 nextCursor,无法取增量", "no nextCursor was given: no increment can be asked for"
                )
            return self._read(self._service.pages(cursor=self._cursor))
        since = self._time
        self._note_time()
        known = {key: record.version for key, record in self.held.items()}
        found = self._read(self._service.pages(since=since))
        return [record for record in reversed(found) if known.get(record.key) != record.version]

    def _note_time(self) -> None:
        """Keep the service's own time: where the order is descending, changes are asked for by it."""
        if self._by_time:
            self._time = told(self._service.answer("Ping"), "serverTime")

    def _read(self, pages: list[Page]) -> list[CapturedRecord]:
        found = [record for page in pages for record in page.records]
        self.held.update({record.key: record for record in found})
        self._cursor = next((page.cursor for page in reversed(pages) if page.cursor), self._cursor)
        return found
