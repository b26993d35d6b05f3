# SPDX-License-Identifier: Apache-2.0
"""What the hook can make the department do: one function a verb (docs/reference/conformance.md)."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from gateway_reference import wire
from gateway_reference.department import life
from gateway_reference.department.life import Row, first, put, value
from gateway_reference.department.system import Department

GRANTED = ("permitKind", "certificateNo", "certificateName", "validFrom", "validTo")
REFUSED = "<reason>不符合示例条件</reason><remedy>六十日内复议或六个月内诉讼</remedy>"
PLAIN = frozenset({"permitSupplement", "permitSpecialProcedure", "permitExtension", "permitCharge", "permitChange"})


class Driver:
    """Carries out the verbs of the hook on a department; a mutant overrides the scripts it breaks."""

    def __init__(self, department: Department) -> None:
        self.department = department
        self.verbs: dict[str, Callable[..., dict[str, Any]]] = {
            "reset": self.reset, "clock": self.clock, "records.add": self.add, "record.touch": self.touch,
            "text.put": self.text, "case.delete": self.delete, "transaction.begin": self.begin,
            "transaction.commit": self.commit, "script.run": self.script, "case.accept": self.accept,
            "notice.list": self.notices, "notice.reply": self.reply, "receipt.list": self.receipts,
        }  # fmt: skip

    def drive(self, verb: str, args: dict[str, Any]) -> dict[str, Any]:
        """Carry out a verb; an unknown one is told as such."""
        if verb not in self.verbs:
            return {"ok": False, "keys": [], "error": f"未知的动作 / unknown verb: {verb}"}
        with self.department.lock:
            return {"ok": True, "keys": [], **self.verbs[verb](**args)}

    def reset(self) -> dict[str, Any]:
        """Go back to the seed data."""
        self.department.reset()
        return {}

    def clock(self, scale: float = 1.0) -> dict[str, Any]:
        """Take over the scale of the suite's clock."""
        self.department.scale = float(scale)
        return {}

    def add(self, count: int, at: str | None = None) -> dict[str, Any]:
        """Add applications, all stamped with the same moment."""
        moment = datetime.fromisoformat(at) if at else self.department.now()
        rows = [
            self.department.lives.case("XK", keep=lambda name, _n: name == "permitApplication")[0] for _ in range(count)
        ]
        return {"keys": [self.department.write(row, moment).key for row in rows], "at": wire_time(moment)}

    def touch(self, part: str = "main") -> dict[str, Any]:
        """Correct one field: in the main table, a child table or the attachment table."""
        element = {"main": "operatorName", "child": "phone", "attachment": "name"}[part]
        type_ = "GG_FJ" if part == "attachment" else "XK_SQ"
        row = next(row for row in self.department.rows.values() if row.type == type_)
        return {"keys": [self.change(row, element, f"改正{row.version}", part).key]}

    def change(self, row: Row, element: str, text: str, part: str = "main") -> Row:
        """Write the next version of a row with another text in one element."""
        document = put(put(row.document, element, text), "version", str(row.version + 1))
        document = put(document, "operation", "U")
        changed = row.copy(version=row.version + 1, operation="U", document=document)
        return self.department.write(changed, self.department_stamp(changed, part))

    def department_stamp(self, row: Row, part: str) -> datetime | None:
        """Return the change stamp of a corrected row: now, whichever table the field stands in."""
        return None

    def text(self, element: str, text: str) -> dict[str, Any]:
        """Put a text into an element of a new application."""
        row = self.department.lives.case("XK", keep=lambda name, _n: name == "permitApplication")[0]
        document = put(row.document, element, wire.escape(self.store(element, text)))
        return {"keys": [self.department.write(row.copy(document=document)).key]}

    def store(self, element: str, text: str) -> str:
        """Return a text as the department's database gives it back."""
        return text

    def delete(self, *, published: bool = False) -> dict[str, Any]:
        """Delete a case in the source, or one of which something is published: every record is withdrawn."""
        shown = {target(row) for row in self.department.rows.values() if row.type == "GK_XX"} if published else None
        held = list(self.department.rows.values())
        row = next(row for row in held if (row.key in shown if shown is not None else row.type == "XK_SD"))
        gone = [
            each for each in self.department.rows.values() if each.case == row.case or f":{row.case}:" in target(each)
        ]
        return {"keys": [each.key for each in gone if self.remove(each)]}

    def remove(self, row: Row) -> bool:
        """Withdraw one record."""
        self.department.write(self.department.lives.withdrawal(row, wire_time(self.department.now())))
        return True

    def begin(self) -> dict[str, Any]:
        """Open a transaction that writes one application and does not commit yet."""
        row = self.department.lives.case("XK", keep=lambda name, _n: name == "permitApplication")[0]
        self.department.pending.append(row.copy(changed=wire_time(self.department.now())))
        return {"keys": [row.key]}

    def commit(self) -> dict[str, Any]:
        """Commit what the open transaction wrote."""
        keys = []
        while self.department.pending:
            row = self.department.pending.pop()
            keys.append(self.department.write(row, self.commit_stamp(row)).key)
        return {"keys": keys}

    def commit_stamp(self, row: Row) -> datetime:
        """Return the stamp of a row that is being committed: the moment of the commit."""
        return self.department.now()

    def accept(self, at: str) -> dict[str, Any]:
        """Accept a new application at a given moment; the due date is the department's own reckoning."""
        chosen = {"permitApplication", "permitAcceptance"}
        rows = self.department.lives.case("XK", keep=lambda name, _n: name in chosen)
        moment, due = datetime.fromisoformat(at), self.due(datetime.fromisoformat(at), 10)
        year = re.compile(r"(MA0000015-)\d{4}(-XK)")
        keys = []
        for row in rows:
            document = year.sub(rf"\g<1>{moment.year}\g<2>", row.document)
            for element in ("occurredAt", "receivedAt", "acceptedAt"):
                document = put(document, element, wire_time(moment)) if value(document, element) else document
            if value(document, "dueDate"):
                document = put(document, "dueDate", due)
            moved = self.department.lives.row(
                "permitApplication" if row.type == "XK_SQ" else "permitAcceptance", document
            )
            keys.append(self.department.write(moved).key)
        return {"keys": keys}

    def due(self, begin: datetime, days: int) -> str:
        """Return the last day of a limit in working days; the first day is not counted."""
        day = begin.date()
        while days:
            day += timedelta(days=1)
            days -= self.works(day.isoformat())
        return day.isoformat()

    def works(self, day: str) -> bool:
        """Tell whether a day is a working day by the State Council's arrangement."""
        known = working_days(self.department.pack.root, day[:4])
        return known.get(day, datetime.fromisoformat(day).weekday() < 5)

    # scripts -----------------------------------------------------------------------------------------------------

    def script(self, name: str) -> dict[str, Any]:
        """Carry a scripted case out; returns the keys in the order in which things happened."""
        rows = getattr(self, f"script_{name.lower()}")()
        return {"keys": [self.department.write(row).key for row in rows]}

    def script_a(self) -> list[Row]:
        """A full permit case, from application to delivery."""
        return self.department.lives.case("XK", keep=lambda name, _n: name not in PLAIN)

    def script_b(self) -> list[Row]:
        """A refusal to accept and, in another case, a refusal to grant, each with reason and remedy."""
        chosen = {"permitApplication", "permitAcceptance"}
        applied, refused = self.department.lives.case("XK", keep=lambda name, _n: name in chosen)
        decided = [row for row in self.script_a() if row.type != "XK_SD"]
        return [
            applied,
            self.not_accepted(refused),
            *(self.not_granted(r) if r.type == "XK_JD" else r for r in decided),
        ]

    def not_accepted(self, row: Row) -> Row:
        """Turn an acceptance into a refusal to accept."""
        document = without(put(row.document, "result", "2"), "dueDate")
        return row.copy(document=document.replace("</permitAcceptance>", REFUSED + "</permitAcceptance>"))

    def not_granted(self, row: Row) -> Row:
        """Turn a decision into a refusal to grant."""
        document = without(put(row.document, "result", "不予"), *GRANTED)
        return row.copy(document=document.replace("<approver>", REFUSED + "<approver>", 1))

    def script_c(self) -> list[Row]:
        """A case with one supplement notice."""
        chosen = {"permitApplication", "permitSupplement", "permitAcceptance"}
        return self.department.lives.case("XK", keep=lambda name, _n: name in chosen)

    def script_d(self) -> list[Row]:
        """A case whose clock stops for a special procedure and goes on."""
        left_out = (PLAIN - {"permitSpecialProcedure"}) | {"permitDelivery"}
        return self.department.lives.case("XK", keep=lambda name, _n: name not in left_out)

    def script_e(self) -> list[Row]:
        """A case that is extended once."""
        left_out = (PLAIN - {"permitExtension"}) | {"permitDelivery"}
        return self.department.lives.case("XK", keep=lambda name, _n: name not in left_out)

    def script_f(self) -> list[Row]:
        """A case that is overdue: accepted in 2022 and never decided."""
        chosen = {"permitApplication", "permitAcceptance"}
        return self.department.lives.case("XK", keep=lambda name, _n: name in chosen)

    def script_g(self) -> list[Row]:
        """A case that the applicant withdraws."""
        rows = [row for row in self.script_a() if row.type != "XK_SD"]
        return [self.given_up(row) if row.type == "XK_JD" else row for row in rows]

    def given_up(self, row: Row) -> Row:
        """Turn a decision into the end of a case that its applicant gave up."""
        return row.copy(document=without(put(row.document, "result", "撤回申请"), *GRANTED))

    def script_i(self) -> list[Row]:
        """A correction: same key, next version, with its reason."""
        row = first(list(self.department.rows.values()), "XK_SF")
        document = put(put(row.document, "version", str(row.version + 1)), "operation", "U")
        if not value(document, "remark"):
            document = document.replace("</operatorId>", "</operatorId><remark>更正:票号录入有误</remark>", 1)
        return [row.copy(version=row.version + 1, operation="U", document=document)]

    def script_k(self) -> list[Row]:
        """A seizure that is extended, with testing, and disposed of line by line."""
        return self.department.lives.case("QZ")

    def script_l(self) -> list[Row]:
        """An on-the-spot measure with its approval afterwards."""
        return self.department.lives.case("QZ", life.SPOT)

    def script_m(self) -> list[Row]:
        """A closed penalty that a remedy revokes or changes."""
        return self.department.lives.case("CF")

    # feedback ----------------------------------------------------------------------------------------------------

    def notices(self) -> dict[str, Any]:
        """List the notices that stand as tasks."""
        return {"keys": list(self.department.tasks)}

    def reply(self, number: str) -> dict[str, Any]:
        """Reply to a notice: the reply goes out as a record."""
        task = self.department.tasks.get(number)
        if task is None:
            return {"ok": False, "error": "没有这个任务 / there is no such task"}
        used = [int(row.key.rpartition(":")[2]) for row in self.department.rows.values() if row.case == task["case"]]
        at = wire_time(self.department.now())
        return {"keys": [self.department.write(self.answer(number, task, max(used) + 1, at)).key]}

    def answer(self, number: str, task: dict[str, str], sequence: int, at: str) -> Row:
        """Return the record of a reply."""
        return self.department.lives.feedback(number, task["case"], task["item"], sequence, at)

    def receipts(self) -> dict[str, Any]:
        """List the recordIds that receipts are held for, with their codes."""
        return {"keys": list(self.department.receipts), "codes": self.department.receipts}


def target(row: Row) -> str:
    """Return the key of the record that an attachment or a publication is about."""
    return value(row.document, "ownerKey") or value(row.document, "sourceKey")


def without(document: str, *elements: str) -> str:
    """Return the document without these elements."""
    return re.sub(rf"<({'|'.join(elements)})>[^<]*</\1>", "", document)


def wire_time(moment: datetime) -> str:
    """Return a moment as the wire writes it, whole seconds."""
    return moment.astimezone(wire.BEIJING).isoformat(timespec="seconds")


@cache
def working_days(root: Path, year: str) -> Mapping[str, bool]:
    """Return the exceptions of a year's calendar: holidays (False) and working days made up for (True)."""
    path = root / "calendar" / f"{year}.csv"
    found = {}
    for line in path.read_text("utf-8").splitlines() if path.is_file() else ():
        day, kind = (*line.split(","), "")[:2]
        if re.fullmatch(r"\d{4}-\d\d-\d\d", day):
            found[day] = kind == "work"
    return found
