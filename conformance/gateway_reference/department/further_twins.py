# SPDX-License-Identifier: Apache-2.0
"""Good twins with one case more than the reference system, of other years and other kinds; all of it lawful in its time."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from gateway_reference.department import life
from gateway_reference.department.driving import Driver
from gateway_reference.department.life import Row, put, value
from gateway_reference.department.pushing import Pushing
from gateway_reference.department.system import FIRST_DAY, Department
from gateway_reference.department.twins import twin

ALL: Final = "SVFP"
OLD: Final = {"XK": "XK-MA0000015-0007", "QZ": "QZ-MA0000015-0007"}
"""Items that were in force from 2005 on; the approved list of these twins holds them."""
JOINT: Final = "XK-MA0000015-0008"
PREDECESSOR: Final = "MA000004X"


class Further(Department):
    """A department with one more case: a twin gives its records, and the items that it needs."""

    def seed_data(self) -> None:
        """Fill the books, the further case last."""
        super().seed_data()
        for at, row in enumerate(self.further()):
            self.write(row, FIRST_DAY + timedelta(days=2, seconds=at))

    def further(self) -> list[Row]:
        """Return the records of the further case."""
        return []

    def some(self, category: str, *elements: str) -> list[Row]:
        """Return the records of a new case that have these names."""
        return self.lives.case(category, keep=lambda name, _sequence: name in elements)

    def catalogue(self, text: str) -> str:
        """Return the approved list with the items that were in force before."""
        return with_item(with_item(text, "XK-MA0000015-0001", OLD["XK"]), "QZ-MA0000015-0001", OLD["QZ"])


def with_item(text: str, code: str, new: str, change: Callable[[str], str] = lambda document: document) -> str:
    """Return an approved list that holds a copy of an item and of its workflow under another code, in force since 2005."""
    copies = []
    for line in text.splitlines():
        if line.startswith(("<powerItem", "<workflow")) and f"<itemCode>{code}<" in line:
            copied = line.replace(code, new).replace("2021-1", "2004-1").replace("〔2021〕", "〔2004〕")
            copies.append(change(re.sub(r"<effectiveFrom>[^<]*<", "<effectiveFrom>2005-01-01<", copied)))
    return text.replace("</Records>", "\n".join([*copies, "</Records>"]))


def moved(row: Row, year: int, item: str) -> Row:
    """Return a row of 2022 in another year that has the same weekdays, under another item."""
    document = row.document.replace("2022", str(year)).replace(row.item, item)
    return row.copy(
        document=document, key=row.key.replace("-2022-", f"-{year}-"), case=row.case.replace("-2022-", f"-{year}-"), item=item
    )  # fmt: skip


def applicant(document: str, inner: str) -> str:
    """Return a document with another applicant or party."""
    return re.sub(r"<(applicant|party)>.*?</\1>", lambda found: f"<{found[1]}>{inner}</{found[1]}>", document)


@twin("T06", ALL)
class FifteenDigits(Further):
    """An applicant of 2011 still has an identity number of 15 digits."""

    def further(self) -> list[Row]:
        """Return an application and its acceptance of 2011."""
        person = "<kind>1</kind><name>示例申请人</name><idKind>居民身份证</idKind><idNo>360111850505002</idNo>"
        rows = [moved(row, 2011, OLD["XK"]) for row in self.some("XK", "permitApplication", "permitAcceptance")]
        return [row.copy(document=applicant(row.document, person)) for row in rows]


@twin("T16", ALL)
class SoleTrader(Further):
    """A sole trader of 2011 has a registration number and nothing else."""

    def further(self) -> list[Row]:
        """Return an application and its acceptance of 2011."""
        trader = "<kind>4</kind><name>示例小吃店</name><idKind>工商注册号</idKind><idNo>360102600000019</idNo>"
        rows = [moved(row, 2011, OLD["XK"]) for row in self.some("XK", "permitApplication", "permitAcceptance")]
        return [row.copy(document=applicant(row.document, trader)) for row in rows]


@twin("T10", ALL)
class PredecessorsNumber(Further):
    """A case that the predecessor body began goes on under its number."""

    def further(self) -> list[Row]:
        """Return a case whose number holds the predecessor's code."""
        rows = self.lives.case("XK")
        old, new = f"{life.ORG9}-2022-XK", f"{PREDECESSOR}-2022-XK"
        return [
            row.copy(document=row.document.replace(old, new), key=row.key.replace(old, new), case=row.case.replace(old, new))
            for row in rows
        ]  # fmt: skip


@twin("T18", ALL)
class JointHandling(Further):
    """An item that several bodies handle together has 45 working days and is extended by 15."""

    def catalogue(self, text: str) -> str:
        """Return the approved list with such an item."""

        def joint(document: str) -> str:
            document = document.replace("<legalLimit><n>20<", "<legalLimit><n>45<")
            document = document.replace("<extension><n>10<", "<extension><n>15<")
            return document.replace("<committedLimit><n>10<", "<committedLimit><n>30<")

        return with_item(text, "XK-MA0000015-0001", JOINT, joint)

    def further(self) -> list[Row]:
        """Return a case that is extended by 15 days."""
        due = Driver(self).due(datetime.fromisoformat("2022-03-04T09:00:00+08:00"), 30)
        rows = []
        for row in self.lives.case("XK"):
            document = row.document.replace(row.item, JOINT) if row.item else row.document
            if row.type == "XK_YQ":
                document = put(document, "days", "15")
            if value(document, "dueDate"):
                document = put(document, "dueDate", due)
            rows.append(row.copy(document=document, item=JOINT if row.item else ""))
        return rows


@twin("T19", ALL)
class ReEducationEnds(Further):
    """Labour re-education that was decided in 2013 ends with the release of 2013-12-28."""

    DATES: Final = {
        "QZ_SP": ("2013-06-03T09:00:00+08:00",),
        "QZ_JD": ("2013-06-03T10:00:00+08:00",),
        "QZ_SS": ("2013-06-04T14:00:00+08:00",),
        "QZ_CL": ("2013-12-28T09:00:00+08:00",),
        "QZ_JA": ("2013-12-30T09:00:00+08:00",),
    }

    def catalogue(self, text: str) -> str:
        """Return the approved list with the item, which was cancelled when the law was."""

        def ended(document: str) -> str:
            document = document.replace("<subcategory>QZ03<", "<subcategory>QZ01<")
            return document.replace(
                "2005-01-01</effectiveFrom>", "2005-01-01</effectiveFrom><effectiveTo>2013-12-27</effectiveTo>"
            )

        return with_item(text, "QZ-MA0000015-0001", OLD["QZ"], ended)

    def further(self) -> list[Row]:
        """Return approval, decision, implementation, release and closure."""
        person = "<kind>1</kind><name>示例人员</name><idKind>居民身份证</idKind><idNo>360111198505050023</idNo>"
        rows = []
        for row in self.some(
            "QZ",
            "coercionApproval",
            "coercionDecision",
            "coercionImplementation",
            "coercionDisposal",
            "coercionClosure",
        ):
            if row.type == "QZ_CL" and "<lineNo>2<" in row.document:
                continue
            rows.append(self._of_2013(moved(row, 2013, OLD["QZ"]), person))
        return rows

    def _of_2013(self, row: Row, person: str) -> Row:
        at = self.DATES[row.type][0]
        document = applicant(row.document, person).replace("<kind>QZ03<", "<kind>QZ01<")
        document = re.sub(r"<list>.*</list>", "", document).replace("示例设备和原料", "示例人员")
        for element in (
            "occurredAt",
            "approvedAt",
            "decidedAt",
            "deliveredAt",
            "implementedAt",
            "disposedAt",
            "closedAt",
        ):
            document = put(document, element, at)
        if row.type == "QZ_JD":
            document = put(put(document, "from", at), "to", "2014-06-02T10:00:00+08:00")
            document = document.replace("<reason>过程性信息<", "<reason>个人隐私<")
        if row.type == "QZ_CL":
            document = re.sub(r"<lines>.*</lines>", "", put(document, "kind", "解除"))
        return row.copy(document=document)


@twin("T20", ALL)
class FormerDistrict(Further):
    """A case of late January 2020 names the district that had just been merged, whose body still had its old plates."""

    def further(self) -> list[Row]:
        """Return an application and its acceptance."""
        at, rows = "2020-01-21T09:00:00+08:00", []
        for row in self.some("XK", "permitApplication", "permitAcceptance"):
            document = moved(row, 2020, OLD["XK"]).document
            for element in ("occurredAt", "receivedAt", "acceptedAt"):
                document = put(document, element, at)
            if value(document, "dueDate"):
                document = put(document, "dueDate", Driver(self).due(datetime.fromisoformat(at), 10))
            rows.append(moved(row, 2020, OLD["XK"]).copy(document=put(document, "regionCode", "360105")))
        return rows


class AttachmentsApart(Department):
    """The records of a window are cut so that an attachment is alone in its message."""

    def apart(self, rows: list[Row]) -> list[Row]:
        """Return the first rows that may go together."""
        ends = next((at for at, row in enumerate(rows) if row.type == "GG_FJ"), len(rows))
        return rows[: max(ends, 1)]


@twin("T09", "S")
class AttachmentAPage(AttachmentsApart):
    """Each attachment comes as a page of its own."""

    def select(self, types: Sequence[str], since: str | None, cursor: str | None, size: int) -> tuple[list[Row], bool]:
        """Return a page that holds one attachment or none."""
        rows, more = super().select(types, since, cursor, size)
        cut = self.apart(rows)
        return cut, more or len(cut) < len(rows)


@twin("T09", "PF")
class AttachmentAPackage(AttachmentsApart, Pushing):
    """Each attachment goes out in a package, and a file, of its own."""

    def ready_rows(self) -> list[Row]:
        """Return one attachment, or what stands before the next one."""
        return self.apart(super().ready_rows())
