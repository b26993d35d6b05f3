# SPDX-License-Identifier: Apache-2.0
"""Good twins: departments that differ from the reference system and are right; the suite must pass every one."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from gateway_reference.department import life
from gateway_reference.department.life import Row, put
from gateway_reference.department.system import Department
from gateway_reference.wire import NAMESPACE


@dataclass(frozen=True, slots=True)
class Twin:
    """A difference: the seams that make it, by the profiles that can have it."""

    parts: dict[str, tuple[type, ...]] = field(default_factory=dict)

    @property
    def profiles(self) -> str:
        """The profiles that can have it."""
        return "".join(self.parts)


TWINS: Final[dict[str, Twin]] = {}
Tables = dict[str, dict[str, Any]]


def twin(id_: str, given: str = "") -> Any:
    """Register a class (or a second part of one difference) as the twin ``id_``; what stands in records is for all."""

    def register(part: type) -> type:
        parts = TWINS.setdefault(id_, Twin()).parts
        for profile in given or ("SVFP" if issubclass(part, Written) else "S"):
            parts[profile] = (*parts.get(profile, ()), part)
        return part

    return register


class Written(Department):
    """A department that writes its seed cases otherwise: a twin gives ``change``."""

    def seed_case(self, category: str) -> list[Row]:
        """Return the records of a seed case, each as this department writes it."""
        return [self.change(row) for row in super().seed_case(category)]

    def change(self, row: Row) -> Row:
        """Return the row otherwise."""
        return row


@twin("T01")
class Descending(Department):
    """Newest first, and declared so."""

    def select(self, types: Sequence[str], since: str | None, cursor: str | None, size: int) -> tuple[list[Row], bool]:
        """Return a page from the newest down."""
        found = sorted(self.chosen(types, since), key=self.position, reverse=True)
        if cursor:
            stamp, _, order = cursor.partition("|")
            found = [row for row in found if (row.changed, row.order) < (stamp, int(order))]
        size = min(size, self.page_limit())
        return found[:size], len(found) > size

    def descriptor(self, told: Tables) -> Tables:
        """Declare the order."""
        told["abilities"]["order"] = "descending"
        return told


@twin("T02")
class SmallPages(Department):
    """Pages are smaller than asked for."""

    def page_limit(self) -> int:
        """Return a small page."""
        return 60


@twin("T03", "SVFP")
class VendorElements(Department):
    """The extension point holds elements of the vendor."""

    def document(self, row: Row) -> str:
        """Return the document with an element of another namespace at its end."""
        document = super().document(row)
        name = re.match(r"<(\w+)", document)
        end = f"</{name.group(1)}>" if name else ""
        held = '<extension><v:office xmlns:v="urn:vendor:example">三号窗口</v:office></extension>'
        return document if "<extension>" in document else document[: -len(end)] + held + end


@twin("T04", "SF")
class Gb18030(Department):
    """Answers are GB18030, and say so."""

    def encode(self, text: str) -> bytes:
        """Return bytes as declared."""
        return text.replace('encoding="UTF-8"', 'encoding="GB18030"', 1).encode("gb18030")

    def headers(self) -> dict[str, str]:
        """Return headers that name the encoding."""
        return {"Content-Type": "text/xml; charset=gb18030"}

    def descriptor(self, told: Tables) -> Tables:
        """Declare the encoding."""
        told["abilities"]["encoding"] = "GB18030"
        return told


@twin("T21")
class Fractions(Written):
    """Times are written with fractions of a second."""

    def change(self, row: Row) -> Row:
        """Return the row with milliseconds."""
        return row.copy(document=re.sub(r"(T\d\d:\d\d:\d\d)(\+08:00)", r"\1.000\2", row.document))


@twin("T07")
class NilForAbsent(Written):
    """Optional elements are nil instead of absent."""

    def change(self, row: Row) -> Row:
        """Return the row with a nil remark."""
        if "<remark>" in row.document or row.type not in {"XK_HJ", "CF_LA"}:
            return row
        nil = '</operatorId><remark xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"></remark>'
        return row.copy(document=row.document.replace("</operatorId>", nil, 1))


@twin("T11")
class Slow(Department):
    """Every answer takes its time, inside the limits."""

    def begin(self, operation: str) -> None:
        """Think."""
        time.sleep(0.03)


@twin("T12")
class Foreigner(Written):
    """An applicant from abroad has a passport and no code."""

    def change(self, row: Row) -> Row:
        """Return the row with a foreigner in the applicant's place."""
        person = (
            "<applicant><kind>1</kind><name>示例外宾</name><idKind>护照</idKind><idNo>E12345678</idNo>"
            "<phone>0791-00000001</phone><address>南昌市西湖区示例路2号</address></applicant>"
        )
        return (
            row.copy(document=re.sub(r"<applicant>.*?</applicant>", person, row.document))
            if "-XK-" in row.case
            else row
        )


@twin("T13")
class Surcharge(Written):
    """A fine is paid with a surcharge beside it."""

    def change(self, row: Row) -> Row:
        """Return the execution with a surcharge."""
        return row.copy(document=put(row.document, "surchargePaid", "30.00")) if row.type == "CF_ZX" else row


@twin("T14")
class RevokedAfterClosure(Written):
    """A penalty is revoked after its closure."""

    def change(self, row: Row) -> Row:
        """Return the change of the act as a revocation."""
        if row.type != "GG_BG":
            return row
        return row.copy(document=put(put(row.document, "kind", "撤销"), "by", "复议机关"))


@twin("T15", "SVFP")
class SpotSeizure(Department):
    """Seizures are made on the spot, approved afterwards within a day."""

    def seed_case(self, category: str) -> list[Row]:
        """Return a seizure on the spot for every measure."""
        return self.lives.case("QZ", life.SPOT) if category == "QZ" else super().seed_case(category)


@twin("T17")
class RegisteringOffice(Written):
    """A credit code holds 360106 in its places 3 to 8: the registering office, no region."""

    def change(self, row: Row) -> Row:
        """Return the row with such a code."""
        return row.copy(document=row.document.replace("91360100MA00000234", credit_code("91360106MA0000023")))


@twin("T22", "SPF")
class Prefixes(Department):
    """Documents and packages are written with a namespace prefix."""

    def document(self, row: Row) -> str:
        """Return the document with a prefix before the name of every element."""
        return prefixed(super().document(row)).replace(f'xmlns="{NAMESPACE}"', f'xmlns:p="{NAMESPACE}"', 1)

    def package(self, rows: Sequence[Row]) -> str:
        """Return the package with prefixes; the Head stays as it was signed."""
        before, body, after = re.split(r"(<Body>.*</Body>)", super().package(rows), maxsplit=1, flags=re.DOTALL)
        return before + prefixed(body).replace("<p:Body>", f'<p:Body xmlns:p="{NAMESPACE}">', 1) + after


def prefixed(text: str) -> str:
    """Return XML with the prefix ``p`` before every name that has none."""
    return re.sub(r"<(/?)(\w+)(?=[\s/>])", r"<\1p:\2", text)


def credit_code(first: str) -> str:
    """Return a unified social credit code of 17 characters with its check character (GB 32100)."""
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    total = sum(alphabet.index(character) * (3**place % 31) for place, character in enumerate(first))
    return first + alphabet[(31 - total % 31) % 31]
