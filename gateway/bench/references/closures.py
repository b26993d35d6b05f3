# SPDX-License-Identifier: Apache-2.0
"""Rows to lxml trees by closures: the way a clean design with libraries would go about it."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias

from lxml import etree

from gateway.bench.references.plan import NULLS, SYSTEMS, Field, Plan, System
from gateway.documents.render import NAMESPACE

_NS = f"{{{NAMESPACE}}}"
_SPACES: Any = {None: NAMESPACE}  # the stubs know no default namespace
Row: TypeAlias = Mapping[str, Any]
Put: TypeAlias = Callable[["etree._Element", Row], None]


class Made(NamedTuple):
    """One record: its type, its key, and the tree of its document."""

    type: str
    key: str
    tree: "etree._Element"


def builders() -> Callable[[str, Row], Made]:
    """Compile every plan to closures and return the function that picks among them."""
    made = {
        (system.table, stage): _compiled(system, plan) for system in SYSTEMS for stage, plan in system.plans.items()
    }

    def build(table: str, row: Row) -> Made:
        return made[table, row["HJ"]](row)

    return build


def _compiled(system: System, plan: Plan) -> Callable[[Row], Made]:
    puts = [_put(field) for field in plan.fields]

    def build(row: Row) -> Made:
        root = etree.Element(f"{_NS}{plan.element}", nsmap=_SPACES)
        for put in puts:
            put(root, row)
        return Made(plan.type, f"{plan.type}:{row[system.case]}:{row['XH']}", root)

    return build


def _put(field: Field) -> Put:
    """Return what puts one field into a tree; an absent value puts nothing."""
    above, _, name = field.path.rpartition("/")
    tag, group = f"{_NS}{name}", f"{_NS}{above}" if above else None
    if field.form in ("materials", "basis", "kinds"):
        return _repeated(field, tag)
    value = _value(field)

    def put(root: "etree._Element", row: Row) -> None:
        text = value(row)
        if text is None:
            return
        parent = root
        if group is not None:
            last = root[-1] if len(root) else None
            parent = last if last is not None and last.tag == group else etree.SubElement(root, group)
        etree.SubElement(parent, tag).text = text

    return put


def text_of(row: Row, column: str) -> str | None:
    """Return a cell without white space around it, None where it holds nothing."""
    cell = row[column]
    if cell is None:
        return None
    text = " ".join(str(cell).split("\n")).strip()
    return None if text in NULLS else text


def moment_of(text: str) -> str:
    """Return a date and time of either system as the standard writes it."""
    day, _, time = text.partition(" ")
    year, month, date = day.replace("/", "-").split("-")
    hour, minute, *second = time.split(":")
    return f"{year}-{int(month):02d}-{int(date):02d}T{int(hour):02d}:{minute}:{second[0] if second else '00'}+08:00"


def yuan_of(text: str) -> str:
    """Return an amount in yuan of one in 10,000 yuan."""
    return format((Decimal(text) * 10000).normalize(), "f")


def _value(field: Field) -> Callable[[Row], str | None]:
    column, codes = field.column, field.codes
    change: dict[str, Callable[[str], str]] = {
        "text": str, "day": str, "code": lambda text: codes[text], "moment": moment_of, "yuan": yuan_of,
    }  # fmt: skip
    if field.form == "constant":
        return lambda _row: column
    made = change[field.form]

    def value(row: Row) -> str | None:
        text = text_of(row, column)
        return None if text is None else made(text)

    return value


def parts_of(field: Field, text: str) -> list[list[tuple[str, str]]]:
    """Return the elements of each part of a repeated field; a part without names of its own has one, unnamed."""
    if field.form == "materials":
        return [list(zip(("name", "copies", "form"), part.split("|"), strict=True)) for part in text.split(";")]
    if field.form == "kinds":
        return [[("", field.codes[part])] for part in text.split("、")]
    laws = [part.lstrip("《").partition("》") for part in text.split("、《")]
    return [[("lawName", law), ("article", article), ("level", field.codes[law])] for law, _, article in laws]


def _repeated(field: Field, tag: str) -> Put:
    def put(root: "etree._Element", row: Row) -> None:
        text = text_of(row, field.column)
        for part in parts_of(field, text) if text is not None else ():
            element = etree.SubElement(root, tag)
            for name, value in part:
                (etree.SubElement(element, f"{_NS}{name}") if name else element).text = value

    return put
