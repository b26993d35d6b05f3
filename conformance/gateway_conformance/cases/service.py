# SPDX-License-Identifier: Apache-2.0
"""What the cases of profile S share: the subject as a service, and a mark from which changes are read."""

from gateway_conformance.bench import Bench
from gateway_conformance.capture import CapturedRecord
from gateway_conformance.subjects.soap import Page, SoapSubject
from gateway_conformance.subjects.wire import told
from gateway_conformance.verdict import Inconclusive


def service(bench: Bench) -> SoapSubject:
    """Return the subject of profile S."""
    if not isinstance(bench.subject, SoapSubject):
        raise TypeError("profile S has a SoapSubject")
    return bench.subject


class Mark:
    """The place up to which everything has been read; ``changes`` reads what came after, by cursor.

    The service's subject keeps one tail a run: a new mark goes on from it, so that the whole is read once only.
    """

    def __init__(self, bench: Bench) -> None:
        self._service = service(bench)
        self._by_time = bench.description.declares("order") == "descending"
        tail = self._service.tail
        if tail.cursor is None and tail.time is None:
            self._note_time()
            self._read(self._service.pages())
        else:
            self.changes()
        self.held = dict(tail.held)

    def changes(self) -> list[CapturedRecord]:
        """Return the records after the mark, and move it."""
        tail = self._service.tail
        if not self._by_time:
            if tail.cursor is None:
                raise Inconclusive(
                    "服务没有给出 nextCursor,无法取增量", "no nextCursor was given: no increment can be asked for"
                )
            return self._read(self._service.pages(cursor=tail.cursor))
        since = tail.time
        self._note_time()
        known = {key: record.version for key, record in tail.held.items()}
        found = self._read(self._service.pages(since=since))
        return [record for record in reversed(found) if known.get(record.key) != record.version]

    def _note_time(self) -> None:
        """Keep the service's own time: where the order is descending, changes are asked for by it."""
        if self._by_time:
            self._service.tail.time = told(self._service.answer("Ping"), "serverTime")

    def _read(self, pages: list[Page]) -> list[CapturedRecord]:
        tail = self._service.tail
        found = [record for page in pages for record in page.records]
        tail.held.update({record.key: record for record in found})
        tail.cursor = next((page.cursor for page in reversed(pages) if page.cursor), tail.cursor)
        return found


def by_key(records: list[CapturedRecord], wanted: tuple[str, ...]) -> list[CapturedRecord]:
    """Return the records of these keys in the order of the keys; the last one of a key counts."""
    held = {record.key: record for record in records}
    return [held[key] for key in wanted if key in held]
