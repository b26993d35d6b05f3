# SPDX-License-Identifier: Apache-2.0
"""A mapping as loaded and checked: frozen values, no behaviour."""

from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias

from gateway.model.words import Words

Kind: TypeAlias = Literal["text", "date", "dateTime", "decimal", "integer", "boolean"]


FOREVER: Final = "9999-12-31"


@dataclass(frozen=True, slots=True)
class Column:
    """A declared source column; ``nulls`` are the texts that mean nothing, variants included."""

    name: str
    integer: bool = False
    nulls: frozenset[str] = frozenset({""})
    half_width: bool = False
    volatile: bool = False
    optional: bool = False
    label: str = ""
    formats: tuple[str, ...] = ()
    unit: str | None = None
    part: tuple[str, str] | None = None
    """The packed column it stands in, and its name there."""


@dataclass(frozen=True, slots=True)
class Packing:
    """How one column packs many: pairs of name and value, or a JSON object; ``column`` is its name in the row."""

    column: str
    nulls: frozenset[str]
    pairs: tuple[str, ...] = ()
    between: tuple[str, ...] = ()
    repeated: Literal["refuse", "first", "last", "join"] = "refuse"
    join: str = ""


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row of a crosswalk: valid from and to, both included, as ISO dates; ``code`` None means no value."""

    source: str
    code: str | None
    valid_from: str = ""
    valid_to: str = FOREVER


@dataclass(frozen=True, slots=True)
class Crosswalk:
    """A crosswalk (对照表); ``dated`` when any row has a date."""

    name: str
    rows: AnyMapping[str, tuple[TableRow, ...]]
    dated: bool
    columns: AnyMapping[str, "Crosswalk"] = field(default_factory=dict)
    """A reference table's other columns, each as the crosswalk from the key to it."""


# -- sources of a value


@dataclass(frozen=True, slots=True)
class FromColumn:
    """The cleaned text of a column."""

    name: str


@dataclass(frozen=True, slots=True)
class FromNamed:
    """A value declared under ``values``."""

    name: str


@dataclass(frozen=True, slots=True)
class Constant:
    """A text that the mapping gives."""

    text: str


@dataclass(frozen=True, slots=True)
class Concat:
    """Parts joined; absent parts are left out with their separator. All but literals absent means absent."""

    parts: tuple["Value", ...]
    separator: str


@dataclass(frozen=True, slots=True)
class First:
    """The first part that has a value."""

    parts: tuple["Value", ...]


@dataclass(frozen=True, slots=True)
class FromNumber:
    """A number allocated by the ledger."""

    name: str


@dataclass(frozen=True, slots=True)
class KeyOf:
    """Business key of an earlier record of the same row."""

    record: str


@dataclass(frozen=True, slots=True)
class RowId:
    """The source's own identity of the row."""


@dataclass(frozen=True, slots=True)
class FromItem:
    """A named part of the current occurrence of a repeated element."""

    name: str


Source: TypeAlias = FromColumn | FromNamed | Constant | Concat | First | FromNumber | KeyOf | RowId | FromItem


@dataclass(frozen=True, slots=True)
class Condition:
    """A CEL expression; ``columns`` and ``values`` are all that it reads."""

    text: str
    columns: tuple[str, ...]
    values: tuple[str, ...]
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lookup:
    """A step through a crosswalk. ``otherwise``: ``refuse``, ``absent``, or a code in ``fallback``."""

    table: Crosswalk
    on: str | None = None
    otherwise: Literal["refuse", "absent", "code"] = "refuse"
    fallback: str = ""


@dataclass(frozen=True, slots=True)
class Extract:
    """A step that keeps part of the text."""

    pattern: str
    no_match: Literal["refuse", "absent", "keep"] = "refuse"


@dataclass(frozen=True, slots=True)
class Plausible:
    """The least and the most that an amount can be: a number, the name of a value, or None for no bound."""

    low: str | FromNamed | None
    high: str | FromNamed | None


@dataclass(frozen=True, slots=True)
class Touch:
    """Small mends of a text, in this order: what is taken out, what is put for what, case, leading zeros."""

    remove: tuple[str, ...] = ()
    replace: tuple[tuple[str, str], ...] = ()
    case: Literal["", "upper", "lower"] = ""
    pad: int = 0


@dataclass(frozen=True, slots=True)
class Value:
    """Where a value comes from and what is done to it, in the order of the fields.

    ``given`` is the kind before the last step, ``kind`` the kind wanted. ``where`` names the target in findings,
    ``origin`` the source column. ``scale`` is the power of ten from the source's unit to yuan.
    """

    source: Source
    kind: Kind = "text"
    given: Kind = "text"
    where: str = ""
    origin: str = ""
    when: Condition | None = None
    nulls: frozenset[str] = frozenset()
    extract: Extract | None = None
    lookup: Lookup | None = None
    formats: tuple[str, ...] = ()
    date_only_at: str | None = None
    scale: int = 0
    thousands: str | None = None
    fraction_digits: int | None = None
    default: str | None = None
    touch: Touch | None = None
    written: bool = False
    plausible: Plausible | None = None
    mask: str = ""
    needed: bool = False
    """No value refuses the record (``empty: refuse``)."""


@dataclass(frozen=True, slots=True)
class NumberedColumns:
    """Occurrences from numbered columns: for each number, alias -> column name."""

    rows: tuple[tuple[tuple[str, str], ...], ...]


@dataclass(frozen=True, slots=True)
class Split:
    """Occurrences from the pieces of one value; ``names`` and ``inner`` split each piece further."""

    value: Value
    separators: tuple[str, ...]
    nulls: frozenset[str]
    inner: str | None = None
    names: tuple[str, ...] = ("text",)


@dataclass(frozen=True, slots=True)
class Found:
    """Occurrences from all places of a text that a pattern finds; ``between`` are the letters that may stand around them."""

    value: Value
    pattern: str
    between: str
    names: tuple[str, ...]
    nulls: frozenset[str]


@dataclass(frozen=True, slots=True)
class Rows:
    """Occurrences from detail rows: a JSON list of objects; ``names`` are the cells that are looked at."""

    value: Value
    names: tuple[str, ...]
    nulls: frozenset[str]
    half_width: bool = False


Items: TypeAlias = NumberedColumns | Split | Found | Rows


@dataclass(frozen=True, slots=True)
class Repeat:
    """A repeated element whose occurrences come from the row; ``body`` is a value, or fields below the element."""

    items: Items
    body: "Value | Fields"
    when: Condition | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """One written-out occurrence of a repeated group."""

    fields: "Fields"
    when: Condition | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """Occurrences written out one by one."""

    items: tuple[Value | Group, ...]


Fields: TypeAlias = AnyMapping[str, Value | Repeat | Listed]
"""Element path (below the record or the repeated element) -> where its content comes from."""


@dataclass(frozen=True, slots=True)
class FormNumber:
    """A number whose text is a form: ``parts`` are literals and (named value, transform) pairs around the counter."""

    name: str
    parts: tuple[str | tuple[str, Literal["", "org9", "year"]], ...]
    counter_at: int
    digits: int
    subject: tuple[Value, ...]
    shared: str | None = None


@dataclass(frozen=True, slots=True)
class SequenceNumber:
    """A sequence within case and record type; ``subject`` empty means one per (source, row, record)."""

    name: str
    subject: tuple[Value, ...] = ()
    shared: str | None = None


Number: TypeAlias = FormNumber | SequenceNumber


@dataclass(frozen=True, slots=True)
class Each:
    """A record for every occurrence; ``key`` are the parts that tell occurrences of one row apart."""

    items: Items
    key: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecordRule:
    """One record that a row may give, or one for ``each`` occurrence of something in it."""

    name: str
    type: str
    fields: Fields
    when: Condition | None = None
    withdraws: str | None = None
    volatile: frozenset[str] = frozenset()
    each: Each | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """How several rows of one key are ordered (ledger.md B4)."""

    by: tuple[Value, ...]
    row_id: bool = True


@dataclass(frozen=True, slots=True)
class Mapping:
    """A whole mapping file, checked against its pack. ``version`` is SHA-256 hex over the file and its tables."""

    path: Path
    version: str
    title: Words
    standard: str
    columns: AnyMapping[str, Column]
    values: AnyMapping[str, Value]
    numbers: AnyMapping[str, Number]
    records: tuple[RecordRule, ...]
    order: Order | None = None
    ignore: Condition | None = None
    """Rows that are none of the gateway's business: they give no record and are no fault."""
    adapter: str | None = None
    tables: AnyMapping[str, Crosswalk] = field(default_factory=dict)
    unpack: AnyMapping[str, Packing] = field(default_factory=dict)
    files: tuple[tuple[str, bytes], ...] = field(default=(), repr=False, compare=False)
    """The mapping's file and the tables it uses, as they were read."""
    used: tuple[str, ...] = ()
    """Columns that anything reads, in the order declared: only these are looked at."""
