# SPDX-License-Identifier: Apache-2.0
"""Elements of a record type together with their dictionary fields and code lists."""

from dataclasses import dataclass
from typing import Any

from gateway.errors import ConfigurationError
from gateway.model.words import Words
from gateway.pack import LEVELS, CodeList, Element, Field, Pack

KINDS = {
    "text": Words("文本", "text"),
    "date": Words("日期", "date"),
    "dateTime": Words("日期时间", "date and time"),
    "decimal": Words("小数", "decimal"),
    "integer": Words("整数", "integer"),
    "boolean": Words("是否", "yes or no"),
    "group": Words("组", "group"),
    "extension": Words("扩展", "extension"),
}
NEEDS = {"M": Words("必填", "mandatory"), "C": Words("条件必填", "conditional"), "O": Words("选填", "optional")}


@dataclass(frozen=True, slots=True)
class Described:
    """One element of a record type, its field and the code list it is held to."""

    element: Element
    field: Field
    codes: CodeList | None

    @property
    def occurs(self) -> str:
        """How often the element may stand, as ``1..n``."""
        return f"{self.element.min}..{'n' if self.element.max is None else self.element.max}"

    @property
    def kind(self) -> Words:
        """Kind and length in words: ``文本(200)``."""
        kind, length = KINDS[self.element.kind], self.field.length
        return Words(f"{kind.zh}({length})", f"{kind.en}({length})") if length else kind

    def as_data(self) -> dict[str, Any]:
        """Return what ``--json`` and the JSON export show."""
        element, field = self.element, self.field
        return {
            "path": element.path, "label": field.label, "pinyin": field.pinyin, "kind": element.kind,
            "type": field.type, "length": field.length or None, "min": element.min, "max": element.max,
            "obligation": {level: field.needs[level] for level in LEVELS},
            "when": field.when if field.when.zh else None, "meaning": field.meaning, "example": field.example or None,
            "hint": field.hint, "personal": field.personal, "values": element.values,
            "code_list": self.codes.name if self.codes else None,
        }  # fmt: skip


def describe(pack: Pack, code: str) -> tuple[Described, ...]:
    """Return the elements of record type ``code`` in document order.

    Raises:
        ConfigurationError: the dictionary of the pack lacks an element.
        KeyError: the pack lacks the record type.
    """
    return tuple(_one(pack, code, element) for element in pack.shape(code).walk())


def _one(pack: Pack, code: str, element: Element) -> Described:
    field = pack.dictionary.field(element)
    if field is None:
        raise ConfigurationError(f"pack {pack.name}: dictionary.csv: no line for {element.declared}")
    return Described(element, field, pack.code_list_of(code, element.path))
