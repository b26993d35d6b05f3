# SPDX-License-Identifier: Apache-2.0
"""Shape (结构) of a payload element: the ordered tree of its elements, read from the XSD."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from gateway.model.words import Words

Kind: TypeAlias = Literal["text", "date", "dateTime", "decimal", "integer", "boolean", "group", "extension"]
Need: TypeAlias = Literal["M", "C", "O"]


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a record: where it stands, how often, and what may be in it.

    ``path`` is relative to the payload element, names joined with ``/``. ``max`` None means unbounded. ``need`` is the
    obligation at L2 and L3 (M mandatory, C conditional, O optional); ``min`` is what the XSD asks at every level.
    ``max_length`` counts characters. ``values`` are the enumerated values, if the schema has any. ``personal`` names
    the class of personal data (name, id-number, phone, address, text). ``pinyin`` is the code that vendors know.
    ``type`` is the schema type, ``declared`` the complex type or group that holds the declaration, and the name
    (``Party/idNo``): the dictionary has one line for each.
    """

    name: str
    path: str
    min: int
    max: int | None
    kind: Kind
    fraction_digits: int | None
    max_length: int | None
    label: Words
    pinyin: str
    personal: str | None
    children: tuple["Element", ...]
    need: Need = "O"
    nillable: bool = False
    values: tuple[str, ...] = ()
    type: str = ""
    declared: str = ""

    def walk(self) -> Iterator["Element"]:
        """Yield this element and all below it, in document order."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class Shape:
    """The payload element of one record type and its tree."""

    type: str
    element: str
    namespace: str
    label: Words
    children: tuple[Element, ...]
    by_path: dict[str, Element] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the tree by path."""
        object.__setattr__(self, "by_path", {element.path: element for element in self.walk()})

    def walk(self) -> Iterator[Element]:
        """Yield every element in document order; the payload element itself is not among them."""
        for child in self.children:
            yield from child.walk()

    def find(self, path: str) -> Element | None:
        """Return the element at ``path`` (``party/name``), or None."""
        return self.by_path.get(path)
