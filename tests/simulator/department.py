# SPDX-License-Identifier: Apache-2.0
"""A department that lives in memory: cases go on, rows are put right, later stages may show before earlier ones."""

import hashlib
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.model.finding import Finding, Stage
from gateway.model.record import Draft, Level, Row, Slot, SourceKind
from gateway.model.record_type import LaneKind, RecordType
from gateway.model.words import Words
from gateway.ports import AllocationRequest, Examined, Mapped, Page, Position, Window
from tests.chaos.checker import Event

STAGES = ("LA", "GZ", "JD", "ZX")
OVERLAP = 3
BROKEN = Finding("XSD-001", Stage.VALIDATE, "a/b", Words("错了", "wrong"), Words("改", "mend"))


def _type(code: str, rank: int, *after: str) -> RecordType:
    return RecordType(code, code.lower(), Words(code, code), "CF", rank, LaneKind.CASE, after, {}, False)


TYPES: Mapping[str, RecordType] = {
    code: _type(code, 10 * at, *STAGES[max(0, at - 1) : at]) for at, code in enumerate(STAGES)
}


@dataclass
class Line:
    """One row of the department, with its own memory of how many contents it has shown."""

    row_id: str
    case: str
    stage: int
    text: str
    stamp: int
    contents: int = 1

    @property
    def type(self) -> str:
        return STAGES[self.stage]

    @property
    def key(self) -> str:
        return f"{self.type}:{self.case}:1"


@dataclass
class Department:
    """A state source: ``interrupted`` is called while a page is on its way, as another process would come between."""

    name: str
    chance: random.Random
    kind: SourceKind = SourceKind.STATE
    lines: dict[str, Line] = field(default_factory=dict)
    tick: int = 10
    interrupted: Callable[[Sequence[str]], None] = lambda _row_ids: None
    _cases: int = 0

    def work(self) -> None:
        """One thing happens: a case begins, goes on, or a row is put right."""
        self.tick += self.chance.randrange(1, 4)
        choice = self.chance.random()
        going = [case for case in self._open_cases() if not self._flawed(case)]
        if choice < 0.35 or not going:
            self._cases += 1
            self._go_on(f"{self.name}-{self._cases}", 0)
        elif choice < 0.7:
            case = self.chance.choice(going)
            self._go_on(case, self._stage(case) + 1)
        else:
            line = self.chance.choice(list(self.lines.values()))
            self.change(line, self._text())

    def mend_all(self) -> None:
        """Put every row right that a destination would refuse, and some of those that the gateway never took."""
        self.tick += OVERLAP + 2
        for line in self.lines.values():
            wrong_from_the_first = "broken" in line.text and line.contents == 1
            if "sound" not in line.text and not (wrong_from_the_first and self.chance.random() < 0.5):
                self.change(line, "sound")
        self.tick += 1

    def change(self, line: Line, text: str) -> None:
        if line.text != text:
            line.text, line.stamp = text, self.tick
            line.contents += 1

    def events(self) -> list[Event]:
        """Return the department's own log for the checker."""
        return [
            Event(self.name, line.row_id, line.type, line.case, 1, line.key, STAGES[: line.stage], line.contents)
            for line in self.lines.values()
        ]

    def _text(self) -> str:
        kind = self.chance.random()
        what = "broken" if kind < 0.1 else "poison" if kind < 0.2 else "sound"
        return f"{what}-{self.chance.randrange(3)}"

    def _go_on(self, case: str, stage: int) -> None:
        """Write the next stage, sometimes two of which the later shows first."""
        upto = min(stage + (self.chance.random() < 0.3), len(STAGES) - 1)
        for each in range(stage, upto + 1):
            stamp = self.tick if each == upto else self.tick + 1
            row_id = f"{case}-{each}"
            self.lines[row_id] = Line(row_id, case, each, self._text(), stamp)
            if "sound" not in self.lines[row_id].text:
                break
        self.tick += 1

    def _stage(self, case: str) -> int:
        return max(line.stage for line in self.lines.values() if line.case == case)

    def _open_cases(self) -> list[str]:
        return sorted({line.case for line in self.lines.values() if self._stage(line.case) < len(STAGES) - 1})

    def _flawed(self, case: str) -> bool:
        return any(line.case == case and not line.text.startswith("sound") for line in self.lines.values())

    # -- the port Source

    def check(self) -> tuple[Finding, ...]:
        return ()

    def window(self, floor: str | None) -> Window:
        first = None if floor is None else f"{max(0, int(floor) - OVERLAP):06d}"
        return Window(first, f"{self.tick:06d}")

    def read(self, window: Window, after: Position | None, size: int) -> Page:
        begin = (after.stamp or "", after.row_id or "") if after else ("", "")
        rows = sorted(
            (f"{line.stamp:06d}", line.row_id)
            for line in self.lines.values()
            if (window.floor or "") <= f"{line.stamp:06d}" <= window.until
        )
        left = [each for each in rows if each > begin]
        page = left[:size]
        last = page[-1] if page else begin
        read = Page(tuple(_row(self.lines[row_id], stamp) for stamp, row_id in page), Position(*last), len(left) > size)
        self.interrupted([row_id for _stamp, row_id in page])
        return read

    def next_floor(self, window: Window, highest: str | None) -> str | None:
        return None if highest is None else min(highest, window.until)

    def estimate(self, window: Window) -> int | None:
        return None

    def close(self) -> None:
        return None


def _row(line: Line, stamp: str) -> Row:
    raw = f"{line.row_id}|{line.text}".encode()
    values = {"case": line.case, "stage": line.stage, "text": line.text}
    return Row(line.row_id, values, raw, hashlib.sha256(raw).digest(), stamp)


class OneToOne:
    """The port Mapper: one record a row."""

    version = "sim"
    asks = False

    def wants(self, row: Row) -> tuple[AllocationRequest, ...]:
        return ()

    def map(self, row: Row, numbers: Mapping[AllocationRequest, int]) -> Mapped:
        case, text = str(row.values["case"]), str(row.values["text"])
        stage = int(row.values["stage"] or 0)
        pieces = (b"<r><v>", Slot.VERSION, b"</v><o>", Slot.OPERATION, b"</o><t>", text.encode(), b"</t></r>")
        at = f"2026-01-{stage + 1:02d}T09:00:00+08:00"
        key, identity = f"{STAGES[stage]}:{case}:1", hashlib.sha256(text.encode()).digest()
        return Mapped((Draft(STAGES[stage], key, case, "org", "item", at, 1, pieces, identity),), ())


class Checks:
    """The port Validator: refuses what is broken."""

    def check(self, documents: Sequence[bytes], level: Level | None = None, now: str | None = None) -> list[Examined]:
        return [Examined((BROKEN,) if b"broken" in document else ()) for document in documents]
