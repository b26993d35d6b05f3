# SPDX-License-Identifier: Apache-2.0
"""What cases share: the subject of profile S as a service, those that are pulled from, and a mark to read changes from."""

from collections.abc import Sequence
from typing import Any, Protocol, cast

from gateway_conformance.bench import Bench
from gateway_conformance.capture import CapturedRecord
from gateway_conformance.subjects.soap import SoapSubject
from gateway_conformance.subjects.subject import Counted, Subject


def service(bench: Bench) -> SoapSubject:
    """Return the subject of profile S."""
    if not isinstance(bench.subject, SoapSubject):
        raise TypeError("profile S has a SoapSubject")
    return bench.subject


class Page(Protocol):
    """A page of records; ``cursor`` is the place behind it."""

    @property
    def records(self) -> list[CapturedRecord]:
        """The records in the order given."""

    @property
    def cursor(self) -> str | None:
        """Where the next page begins."""

    @property
    def more(self) -> bool:
        """Whether there are more."""


class Pulled(Subject, Protocol):
    """A subject that is asked: page by page, by time of change, and for what it counts of a day."""

    page_size: int

    def connect(self) -> Any:
        """Open a connection of its own."""

    def page(
        self, *, types: Sequence[str] = (), since: str | None = None, cursor: str | None = None, size: int | None = None,
        connection: Any = None,
    ) -> Page:  # fmt: skip
        """Ask for one page of records; raises Unanswered."""

    def pages(self, limit: int = 100_000, **asked: Any) -> Sequence[Page]:
        """Page through to the end, or to ``limit`` pages; raises Unanswered."""

    def pull(self, **asked: Any) -> list[CapturedRecord]:
        """Return the records of all pages; raises Unanswered."""

    def abandon_page(self, types: Sequence[str]) -> None:
        """Ask for records and go away when the answer begins."""

    def counts(self, day: str) -> list[Counted]:
        """Return what the system counts of a day; raises Unanswered."""

    def key_list(self, day: str) -> list[str]:
        """Return the keys of a day; raises Unanswered."""


def pulled(bench: Bench) -> Pulled:
    """Return the subject of a profile that is pulled from: S or V."""
    return cast("Pulled", bench.subject)


class Mark:
    """The place up to which everything has been read; ``held`` is the last version of every key at that place."""

    def __init__(self, bench: Bench) -> None:
        self._subject = bench.subject
        self._subject.catch_up()
        self.held = dict(self._subject.held)

    def changes(self) -> list[CapturedRecord]:
        """Return the records after the mark in the order of their changes, and move it."""
        return self._subject.changes()


def by_key(records: list[CapturedRecord], wanted: tuple[str, ...]) -> list[CapturedRecord]:
    """Return the records of these keys in the order of the keys; the last one of a key counts."""
    held = {record.key: record for record in records}
    return [held[key] for key in wanted if key in held]
