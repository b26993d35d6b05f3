# SPDX-License-Identifier: Apache-2.0
"""What reconciliation asks the ledger and leaves in it, on both databases (ledger.md B14, B26)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from gateway.flow.cursor import Cursor
from gateway.flow.lateness import late_records
from gateway.flow.sweep import Swept, can_sweep, keep, sweep
from gateway.ledger import reconciling
from gateway.ledger.claims import claim, unfinished
from gateway.ledger.reconciliation_tables import reconciled_day, source_difference
from gateway.ledger.settlement import Answer, settle
from gateway.ledger.tables import source
from gateway.model.finding import Finding
from gateway.model.package import Receipt, RecordResult, Submission
from gateway.model.record import Draft, Level, Row, SourceKind
from gateway.ports import Mapped, Page, Position, Window
from gateway.semantics.outcomes import PackageFacts, judge_receipt, judge_submission

FLOOR = "2026-01-05 09:00:00"


@dataclass
class Rows:
    """A source of stamped rows: row id → (text, stamp)."""

    shows: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    name: str = "s1"
    kind: SourceKind = SourceKind.STATE
    overlap: timedelta = timedelta(minutes=30)
    outside: frozenset[str] = frozenset()

    def check(self) -> tuple[Finding, ...]:
        return ()

    def window(self, floor: str | None) -> Window:
        return Window(floor, "2026-01-05 10:00:00")

    def read(self, window: Window, after: Position | None, size: int) -> Page:
        """One row a page."""
        ids = sorted(self.shows)
        at = 0 if after is None else ids.index(str(after.row_id)) + 1
        rows = tuple(row(each, *self.shows[each]) for each in ids[at : at + 1])
        return Page(rows, Position(None, ids[at] if rows else None), at + 1 < len(ids))

    def next_floor(self, window: Window, highest: str | None) -> str | None:
        return highest

    def estimate(self, window: Window) -> int | None:
        return len(self.shows)

    def close(self) -> None:
        pass


def row(row_id: str, text: str, stamp: str | None = None) -> Row:
    raw = text.encode()
    return Row(row_id, {"t": text}, raw, hashlib.sha256(raw).digest(), stamp)


@dataclass
class OneEach:
    """A mapper that makes one record of each row; what it can't read it refuses."""

    make: Any
    version: str = "m1"
    asks: bool = False

    def wants(self, _row: Row) -> tuple[()]:
        return ()

    def map(self, row: Row, _numbers: object) -> Mapped:
        text = str(row.values["t"])
        return Mapped((), ()) if text == "?" else Mapped((self.draft(row.row_id, text),), ())

    def draft(self, row_id: str, text: str) -> Draft:
        made: Draft = self.make.draft("SX", None, text.partition("~")[0], code=row_id)
        return made


def pulled(desk: Any, make: Any, rows: dict[str, str]) -> None:
    mapper = OneEach(make)
    feed = desk.feed()
    chunk = feed.chunk(*[make.seen(number, text, mapper.draft(number, text)) for number, text in rows.items()])
    feed.ledger.commit_chunk(feed.lease, chunk)
    feed.end()
    with desk.ledger.begin() as connection:
        connection.execute(source.update().values(cursor=Cursor(FLOOR).text()))


def swept(desk: Any, make: Any, shows: Rows) -> Swept:
    found = sweep(desk.ledger, shows, OneEach(make))
    assert found is not None
    return found


def kinds(found: Swept) -> dict[str, str]:
    return {each.row_id: each.kind for each in found.differences}


def test_a_source_that_shows_what_the_ledger_remembers_agrees_to_the_digest(desk: Any, make: Any) -> None:
    pulled(desk, make, {"a": "甲", "b": "乙"})
    found = swept(desk, make, Rows({"a": ("甲", FLOOR), "b": ("乙", FLOOR)}))
    assert found.differences == ()
    assert found.source == found.ledger
    assert sum(each.count for each in found.source.values()) == 2


def test_a_sweep_names_missing_late_altered_and_extra_rows(desk: Any, make: Any) -> None:
    """B26: all kinds of differences, by row and key; the figures of the two sides differ by just these rows."""
    pulled(desk, make, {"a": "甲", "b": "乙", "c": "丙", "v": "丁"})
    shows = {
        "a": ("改了", "2026-01-01 00:00:00"), "b": ("乙", FLOOR), "l": ("迟", "2026-01-01 00:00:00"), "m": ("新", FLOOR),
        "v": ("丁~另一时间", FLOOR),
    }  # fmt: skip
    found = swept(desk, make, Rows(shows))
    assert kinds(found) == {"a": "altered", "c": "extra", "l": "late", "m": "missing"}, (
        "what is volatile does not count"
    )
    by_row = {each.row_id: each for each in found.differences}
    assert [key for key, _line in by_row["l"].keys] == ["SX:l"]
    assert (by_row["l"].read_again, by_row["m"].read_again) == (False, True)
    ((line, theirs),) = found.source.items()
    assert (theirs.count, found.ledger[line].count) == (5, 4)
    assert theirs.digest != found.ledger[line].digest


def test_rows_that_the_mapping_refuses_are_named_by_their_row(desk: Any, make: Any) -> None:
    pulled(desk, make, {"a": "甲"})
    found = swept(desk, make, Rows({"a": ("甲", FLOOR), "x": ("?", FLOOR)}))
    assert [(each.row_id, each.kind, each.keys) for each in found.differences] == [("x", "missing", ())]


def test_a_difference_counts_only_when_seen_again(desk: Any, make: Any) -> None:
    """B26: of a row that no pull reads after the overlap, of another once a pull has passed it by."""
    pulled(desk, make, {"a": "甲"})
    shows = Rows({"a": ("甲", FLOOR), "l": ("迟", "2026-01-01 00:00:00"), "m": ("新", FLOOR)})

    def states() -> dict[str, str]:
        return {
            row_id: each.state
            for row_id, each in keep(desk.ledger, swept(desk, make, shows), write=desk.ledger).items()
        }

    assert states() == {"l": "suspected", "m": "in-flight"}
    desk.clock.advance(29 * 60)
    assert states() == {"l": "suspected", "m": "in-flight"}
    desk.clock.advance(60)
    assert states() == {"l": "confirmed", "m": "in-flight"}
    desk.feed().end()
    assert states() == {"l": "confirmed", "m": "confirmed"}
    with desk.ledger.reading() as connection:
        assert reconciling.source_counts(connection) == {"s1": 2}
    del shows.shows["l"], shows.shows["m"]
    assert states() == {}
    assert desk.rows(source_difference, "row_id") == [], "what is not seen again is forgotten"


def test_a_source_never_pulled_or_read_off_is_left_alone(desk: Any, make: Any) -> None:
    assert sweep(desk.ledger, Rows(name="stranger"), OneEach(make)) is None
    rows = Rows()
    assert can_sweep(rows)
    rows.consumes = True  # type: ignore[attr-defined]
    assert not can_sweep(rows)


def test_days_are_kept_as_stated_and_restatements_counted(desk: Any) -> None:
    """B26: days never close."""
    stated = reconciling.Stated(1, "a" * 64, 7)
    for figures in (stated, stated, reconciling.Stated(2, "b" * 64, 9)):
        with desk.ledger.begin() as connection:
            reconciling.keep_days(connection, 1, {"2026-01-05": figures}, 0)
    assert desk.rows(reconciled_day, "day", "records", "through_receipt_no", "restated") == [("2026-01-05", 2, 9, 1)]


MINUTE = 60


def delivered(desk: Any, make: Any, *, waits: int, unanswered: int = 0) -> None:
    """One record that is collected now, claimed after ``waits`` seconds, answered ``unanswered`` seconds later."""
    at = desk.clock.now().isoformat(timespec="seconds")
    desk.clock.advance(10 * MINUTE)  # the department has it for ten minutes
    desk.feed(level=Level.L3).end()  # a pull that does not show it
    desk.clock.advance(5 * MINUTE)
    feed = desk.feed(level=Level.L3)
    feed.row("1", "r1", make.draft("SX", None, "甲", code="1", at=at))
    feed.end()
    desk.clock.advance(waits)
    route = desk.ledger.routes[0]
    with desk.ledger.begin() as connection:
        (worker,) = desk.ledger.membership.enlist(connection, ["m"], desk.ledger.now())
        claimed = claim(connection, route, worker, desk.ledger.ids, desk.ledger.now(), frozenset())
    assert claimed is not None
    facts = PackageFacts(claimed.records, claimed.cases, route.terms.behaviour, 1, was_unknown=False)
    if unanswered:
        answer = Answer("submit", desk.ledger.now(), judge_submission(facts, Submission(detail="silence")), None, b"")
        with desk.ledger.begin() as connection:
            settle(connection, route, claimed, answer, "SX")
        desk.clock.advance(unanswered)
        with desk.ledger.begin() as connection:
            claimed = unfinished(connection, route, worker, desk.ledger.now())
        assert claimed is not None
    results: Sequence[RecordResult] = [RecordResult(each.record_id, "0000") for each in claimed.records]
    receipt = Receipt(claimed.package_id, "M", "", 7, 1, "0000", "", tuple(results))
    with desk.ledger.begin() as connection:
        settle(
            connection, route, claimed, Answer("query", desk.ledger.now(), judge_receipt(facts, receipt), 7, b""), "SX"
        )


def late(desk: Any) -> list[Any]:
    return late_records(desk.ledger, desk.ledger.routes[0], desk.clock.now() - timedelta(days=1))


def test_lateness_names_the_party_that_used_the_time(desk: Any, make: Any) -> None:
    """The source until the last pull that did not show it, the destination from the claim on, the gateway in between."""
    delivered(desk, make, waits=20 * MINUTE)
    (found,) = late(desk)
    assert found.by == {"source": 600, "gateway": 25 * 60, "destination": 0}
    assert (found.party, found.key, found.seconds) == ("gateway", "SX:1", 35 * 60)


def test_time_without_an_answer_is_the_destinations(desk: Any, make: Any) -> None:
    delivered(desk, make, waits=0, unanswered=2 * 3600)
    (found,) = late(desk)
    assert found.by == {"source": 600, "gateway": 300, "destination": 7200}
    assert found.party == "destination"


def test_what_is_in_time_and_what_promises_nothing_is_not_late(desk: Any, make: Any) -> None:
    delivered(desk, make, waits=0)  # 15 minutes to the second
    assert late(desk) == []
    desk.feed(level=Level.L1)
    desk.clock.advance(7 * 86_400)
    assert late(desk) == []
