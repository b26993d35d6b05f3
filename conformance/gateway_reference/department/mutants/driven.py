# SPDX-License-Identifier: Apache-2.0
"""Mutants whose defect shows when the system does something: lifecycle, stamps of changes, texts, notices."""

import re
from datetime import datetime, timedelta
from typing import Any

from gateway_reference.department.driving import Driver, without
from gateway_reference.department.life import Row, put
from gateway_reference.department.mutants import mutant


@mutant("M016")
class RareLost(Driver):
    """Rare characters become question marks."""

    def store(self, element: str, text: str) -> str:
        """Return the text as GBK holds it."""
        return text.encode("gbk", "replace").decode("gbk")


@mutant("M019")
class CutByBytes(Driver):
    """Chinese text is cut at half length: bytes were counted."""

    def store(self, element: str, text: str) -> str:
        """Return what a column of 1000 bytes holds."""
        return text.encode()[:1000].decode("utf-8", "ignore")


@mutant("M035")
class NoDelivery(Driver):
    """The delivery message is never sent."""

    def script_a(self) -> list[Row]:
        """Leave the delivery out."""
        return [row for row in super().script_a() if row.type != "XK_SD"]


@mutant("M036")
class NoReason(Driver):
    """A refusal says no reason."""

    def not_accepted(self, row: Row) -> Row:
        """Refuse without a reason."""
        return row.copy(document=without(super().not_accepted(row).document, "reason"))


@mutant("M037")
class TwoSupplements(Driver):
    """Supplements are asked for twice."""

    def script_c(self) -> list[Row]:
        """Ask again."""
        rows = super().script_c()
        notice = next(row for row in rows if "<kind>notice</kind>" in row.document)
        document = put(put(notice.document, "sequence", "77"), "occurredAt", "2022-03-03T15:00:00+08:00")
        return [*rows, notice.copy(key=re.sub(r":\d+$", ":77", notice.key), document=document)]


@mutant("M038")
class TwoExtensions(Driver):
    """A case is extended twice."""

    def script_e(self) -> list[Row]:
        """Extend again."""
        rows = super().script_e()
        first = next(row for row in rows if row.type == "XK_YQ")
        document = put(put(first.document, "sequence", "77"), "occurredAt", "2022-03-14T15:00:00+08:00")
        return [*rows, first.copy(key=re.sub(r":\d+$", ":77", first.key), document=document)]


@mutant("M039")
class WeekendsOnly(Driver):
    """Deadlines leave out weekends only."""

    def works(self, day: str) -> bool:
        """Look at the weekday."""
        return datetime.fromisoformat(day).weekday() < 5


@mutant("M040")
class OverdueHidden(Driver):
    """Overdue cases are filtered out of the view."""

    def script(self, name: str) -> dict[str, Any]:
        """Do not show what is overdue."""
        return {"keys": [row.key for row in self.script_f()]} if name == "F" else super().script(name)


@mutant("M041")
class StepAfterEnd(Driver):
    """A node is added after the end."""

    def script_a(self) -> list[Row]:
        """Add a step after the delivery."""
        rows = super().script_a()
        step = next(row for row in reversed(rows) if row.type == "XK_HJ")
        document = put(put(step.document, "sequence", "77"), "occurredAt", "2022-04-06T09:00:00+08:00")
        document = put(
            put(document, "startedAt", "2022-04-06T08:30:00+08:00"), "finishedAt", "2022-04-06T09:00:00+08:00"
        )
        return [*rows, step.copy(key=re.sub(r":\d+$", ":77", step.key), document=document)]


@mutant("M044")
class ChildUnstamped(Driver):
    """An update of a child table does not move the stamp."""

    def department_stamp(self, row: Row, part: str) -> datetime | None:
        """Keep the old stamp where a child table changed."""
        return datetime.fromisoformat(row.changed) - timedelta(hours=1) if part == "child" else None


@mutant("M045")
class PhysicalDelete(Driver):
    """Cases are deleted without a trace."""

    def remove(self, row: Row) -> bool:
        """Delete the row."""
        del self.department.rows[row.key]
        return True


@mutant("M051")
class NewNumber(Driver):
    """A correction comes as a new case."""

    def script_i(self) -> list[Row]:
        """Number the corrected record anew."""
        row = super().script_i()[0]
        number = re.compile(r"-\d{8}(?=:|<)")
        document = put(put(number.sub("-00900001", row.document), "version", "1"), "operation", "C")
        return [row.copy(key=number.sub("-00900001", row.key), version=1, document=document)]


@mutant("M052")
class NoApprover(Driver):
    """A withdrawal has no approver."""

    def remove(self, row: Row) -> bool:
        """Withdraw without an approver."""
        done = super().remove(row)
        kept = self.department.rows[row.key]
        kept.document = without(kept.document, "approver")
        return done


@mutant("M065")
class ReplyWithoutNumber(Driver):
    """A reply does not name the notice."""

    def answer(self, number: str, task: dict[str, str], sequence: int, at: str) -> Row:
        """Leave the number out."""
        row = super().answer(number, task, sequence, at)
        return row.copy(document=without(row.document, "alertNo"))


# defects that only the list of this house has ------------------------------------------------------------------------


@mutant("H040")
class StampAtBegin(Driver):
    """Rows are stamped when a transaction begins, not when it commits."""

    def commit_stamp(self, row: Row) -> datetime:
        """Return the moment at which the transaction began."""
        return datetime.fromisoformat(row.changed)


@mutant("H041")
class EndNeverSent(Driver):
    """The end of a special procedure is not reported."""

    def script_d(self) -> list[Row]:
        """Leave the end out."""
        return [row for row in super().script_d() if "<phase>end</phase>" not in row.document]


@mutant("H042")
class LineLeft(Driver):
    """A seizure is closed with a line of its list still held."""

    def script_k(self) -> list[Row]:
        """Leave one disposal out."""
        rows = super().script_k()
        last = [row for row in rows if row.type == "QZ_CL"][-1]
        return [row for row in rows if row is not last]


@mutant("H043")
class LateApproval(Driver):
    """An on-the-spot measure is reported two days later."""

    def script_l(self) -> list[Row]:
        """Report late."""
        return [
            row.copy(
                document=put(
                    put(row.document, "reportedAt", "2022-03-06T15:30:00+08:00"),
                    "approvedAt",
                    "2022-03-06T16:00:00+08:00",
                )
            )
            if row.type == "QZ_SP"
            else row
            for row in super().script_l()
        ]


@mutant("H044")
class StillOpen(Driver):
    """A case goes on though its applicant gave it up."""

    def given_up(self, row: Row) -> Row:
        """Decide as if nothing had happened."""
        return row


@mutant("H045")
class RemedyUnreported(Driver):
    """The change of a penalty after a remedy is not reported."""

    def script_m(self) -> list[Row]:
        """Leave out what came of the remedy."""
        return [row for row in super().script_m() if row.type != "GG_BG"]


@mutant("H046")
class EscapedTwice(Driver):
    """Markup in a text is escaped twice."""

    def store(self, element: str, text: str) -> str:
        """Return the text escaped once more than it should be."""
        return text.replace("&", "&amp;").replace("<", "&lt;")


@mutant("H047")
class LeapDay(Driver):
    """29 February becomes 1 March."""

    def accept(self, at: str) -> dict[str, Any]:
        """Move the leap day."""
        moment = datetime.fromisoformat(at)
        return super().accept((moment + timedelta(days=1)).isoformat() if (moment.month, moment.day) == (2, 29) else at)


@mutant("H048")
class StaysPublished(Driver):
    """What was published stays so when its case is withdrawn."""

    def remove(self, row: Row) -> bool:
        """Leave publications alone."""
        return row.type != "GK_XX" and super().remove(row)


@mutant("H049")
class Late(Driver):
    """Events come an hour later."""

    def add(self, count: int, at: str | None = None) -> dict[str, Any]:
        """Write new rows without showing them yet."""
        told = super().add(count, at)
        if at is None and count == 1 and self.department.tasks.get("late") is None:
            hidden = self.department.rows.pop(told["keys"][0])
            self.department.pending.append(hidden)
        return told


@mutant("H050")
class VersionStays(Driver):
    """A correction keeps its version."""

    def change(self, row: Row, element: str, text: str, part: str = "main") -> Row:
        """Write other content under the same version."""
        changed = super().change(row, element, text, part)
        if part == "main":
            changed.version, changed.document = row.version, put(changed.document, "version", str(row.version))
        return changed


@mutant("H051")
class NoticeList(Driver):
    """A repeated notice makes a second task."""

    def notices(self) -> dict[str, Any]:
        """List every task, those made twice as well."""
        return {"keys": [*super().notices()["keys"], *getattr(self.department, "doubled", [])]}
