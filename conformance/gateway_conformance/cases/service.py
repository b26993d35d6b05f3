# SPDX-License-Identifier: Apache-2.0
"""What cases share: the subject of profile S as a service, and a mark from which changes are read in any profile."""

from gateway_conformance.bench import Bench
from gateway_conformance.capture import CapturedRecord
from gateway_conformance.subjects.soap import SoapSubject


def service(bench: Bench) -> SoapSubject:
    """Return the subject of profile S."""
    if not isinstance(bench.subject, SoapSubject):
        raise TypeError("profile S has a SoapSubject")
    return bench.subject


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
