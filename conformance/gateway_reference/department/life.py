# SPDX-License-Identifier: Apache-2.0
"""Whole lives of made-up cases, taken from the pack's sample documents and numbered anew."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from lxml import etree

from gateway_reference import wire

ORGANISATION: Final = "11360100MA0000015H"
NAME: Final = "南昌市示例局"
ORG9: Final = "MA0000015"
FLOWS: Final = {"XK": "permit", "CF": "penalty", "QZ": "coercion-measure", "ZS": "levy", "QT": "other"}
FORMER: Final = "XK-MA0000015-0009"
SPOT: Final = "coercion-on-the-spot"
NOT_OF_THE_DEPARTMENT: Final = frozenset({"alert", "instruction", "complaint"})
MASTER: Final = ("organization", "post", "powerItem", "workflow")
_CASE: Final = re.compile(r"MA0000015-2022-([A-Z]{2})-(0000000\d)")
_OWN: Final = {"attachment": ("GG_FJ", "attachmentNo"), "disclosure": ("GK_XX", "disclosureNo")}


@dataclass(slots=True)
class Row:
    """One record as the department holds it now: its head and its document in canonical form."""

    type: str
    key: str
    version: int
    operation: str
    case: str
    item: str
    document: str
    changed: str = ""
    order: int = 0

    @property
    def occurred(self) -> str:
        """When it happened, as it stands in the document."""
        return value(self.document, "occurredAt")

    @property
    def day(self) -> str:
        """The day that statements count it under."""
        return self.occurred[:10]

    def copy(self, **changes: object) -> "Row":
        """Return the row with some attributes changed."""
        held = {name: getattr(self, name) for name in Row.__slots__}
        return Row(**{**held, **changes})


def value(document: str, element: str) -> str:
    """Return the text of the first element of a name, or empty."""
    found = re.search(rf"<{element}>([^<]*)</{element}>", document)
    return found.group(1) if found else ""


def put(document: str, element: str, text: str) -> str:
    """Return the document with another text in the first element of a name."""
    return re.sub(rf"(<{element}>)[^<]*(</{element}>)", lambda m: m.group(1) + text + m.group(2), document, count=1)


@cache
def _sample(pack: Path, flow: str) -> tuple[tuple[str, str], ...]:
    """Return element name and canonical document of every record of a sample file."""
    root = wire.parse((pack / "samples" / "valid" / f"full-life-{flow}.xml").read_bytes())
    found = []
    for child in root:
        alone = wire.parse(etree.tostring(child, with_tail=False))
        found.append((etree.QName(alone).localname, wire.canonical(alone).decode()))
    return tuple(found)


def catalogue(pack: Path) -> str:
    """Return the master data of every flow as one ``Records`` document: the approved list."""
    seen: dict[str, None] = {}
    for flow in FLOWS.values():
        for name, document in _sample(pack, flow):
            if name in MASTER:
                seen.setdefault(document)
                if flow == "permit" and name in {"powerItem", "workflow"}:
                    seen.setdefault(_former(document))
    return f'<Records xmlns="{wire.NAMESPACE}">\n' + "\n".join(seen) + "\n</Records>\n"


def _former(document: str) -> str:
    """Return an item that was cancelled, or its workflow: the approved list holds it, nobody may use it."""
    document = document.replace("XK-MA0000015-0001", FORMER)
    if "<effectiveTo>" in document:
        return put(document, "effectiveTo", "2021-12-31")
    return re.sub(r"(<effectiveFrom>[^<]*</effectiveFrom>)", r"\1<effectiveTo>2021-12-31</effectiveTo>", document)


def items(pack: Path) -> list[str]:
    """Return the codes of the items that the department reports."""
    found: list[str] = []
    for flow in FLOWS.values():
        codes = [value(doc, "itemCode") for name, doc in _sample(pack, flow) if name == "powerItem"]
        found.extend(code for code in codes if code not in found)
    return found


class Lives:
    """Makes rows of cases; numbers never repeat."""

    def __init__(self, pack: Path, types: dict[str, str], seed: int) -> None:
        self._pack = pack
        self._types = {name.rpartition("}")[2]: code for name, code in types.items()}
        self._number = 100 + seed % 9000 * 1000

    def case(
        self, category: str, flow: str | None = None, keep: Callable[[str, int], bool] = lambda _name, _sequence: True
    ) -> list[Row]:
        """Return the records of one new case; ``keep`` chooses by element name and sequence."""
        self._number += 1
        number = f"{self._number:08d}"
        rows = []
        for name, document in _sample(self._pack, flow or FLOWS[category]):
            if name in MASTER or name in NOT_OF_THE_DEPARTMENT or name == "feedback":
                continue
            if keep(name, int(value(document, "sequence") or "0")):
                rows.append(self._numbered(name, document, number))
        return rows

    def _numbered(self, name: str, document: str, number: str) -> Row:
        document = _CASE.sub(lambda m: f"{ORG9}-2022-{m.group(1)}-{number}", document)
        document = re.sub(r"((?:示例证|示例确)\d{4})", lambda m: f"{m.group(1)}{number}", document)
        if name in _OWN:
            type_, own = _OWN[name]
            code = f"{value(document, own)}-{number}"
            return Row(type_, f"{type_}:{code}", 1, "C", "", "", put(document, own, code))
        return self.row(name, document)

    def row(self, name: str, document: str) -> Row:
        """Return the row of a document that stands in a case."""
        case, sequence = value(document, "caseNo"), value(document, "sequence")
        type_ = self._types[name]
        return Row(
            type_, f"{type_}:{case}:{sequence}", int(value(document, "version")), value(document, "operation"), case,
            value(document, "itemCode"), document,
        )  # fmt: skip

    def feedback(self, alert_no: str, case: str, item: str, sequence: int, at: str) -> Row:
        """Return a reply to a notice."""
        document = next(doc for name, doc in _sample(self._pack, "other") if name == "feedback")
        document = put(put(document, "caseNo", case), "itemCode", item)
        document = put(put(document, "sequence", str(sequence)), "alertNo", alert_no)
        document = re.sub(r"<instructionNo>[^<]*</instructionNo>", "", document)
        return self.row("feedback", put(put(document, "occurredAt", at), "repliedAt", at))

    def withdrawal(self, row: Row, at: str) -> Row:
        """Return the withdrawal that takes the next version of a row's key."""
        document = (
            f'<withdrawal xmlns="{wire.NAMESPACE}"><targetType>{row.type}</targetType><targetKey>{row.key}</targetKey>'
            f"<targetVersion>{row.version}</targetVersion><orgCode>{ORGANISATION}</orgCode><version>{row.version + 1}</version>"
            f"<operation>U</operation><occurredAt>{at}</occurredAt><reason>录入错误,误报</reason><approver>吴示例</approver>"
            "</withdrawal>"
        )
        return Row("GG_CH", row.key, row.version + 1, "U", row.case, "", document)


def first(rows: Sequence[Row], type_: str) -> Row:
    """Return the first row of a type."""
    return next(row for row in rows if row.type == type_)
