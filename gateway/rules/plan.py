# SPDX-License-Identifier: Apache-2.0
"""Plans: which elements of a record are read, in which form; made once for each record type of a pack.

Reading gives *values*: element text by path, typed (amounts Decimal, numbers int, flags bool, all else text); a
repeated element is a list, a repeated group a list of such mappings with paths relative to the group. Absent, nil and
empty elements have no value. Two keys begin with ``@``: ``@element`` is the payload element, ``@now`` the time.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from gateway.errors import ConfigurationError
from gateway.model.finding import Finding
from gateway.model.record_type import Role
from gateway.model.words import Words
from gateway.pack import Element, Pack, Shape
from gateway.rules.texts import Rule

ELEMENT, NOW = "@element", "@now"
_TRUE = frozenset({"true", "1"})
_CONVERT: dict[str, Callable[[str], Any]] = {
    "decimal": Decimal, "integer": int, "boolean": _TRUE.__contains__,
}  # fmt: skip


class Node(Protocol):
    """What the rules need of a parsed element; lxml's elements are such."""

    tag: Any
    text: Any
    sourceline: Any

    def __iter__(self) -> Iterator[Any]:
        """Yield the child elements."""


Values = dict[str, Any]
"""Typed values of a record by path."""

Run = Callable[[Values, list[Finding]], None]
"""A check: looks at the values and appends what is wrong."""


@dataclass(slots=True)
class Step:
    """What to do with one element: where its value goes, how it is converted, what is below.

    ``is_plain``: its text is the value, there is one at most, and nothing is below: so are most.
    """

    key: str
    many: bool = False
    convert: Callable[[str], Any] | None = None
    below: "dict[str, Step]" = field(default_factory=dict)
    is_plain: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """An element that a check is bound to, with all that a finding must say of it.

    ``group`` is the path of the repeated group that holds it, or empty; ``key`` is its path relative to that group.
    """

    shape: Shape
    element: Element
    group: str
    key: str

    def each(self, values: Values) -> Iterator[tuple[Any, int]]:
        """Yield every value with its number among its like (from 0)."""
        if self.group:
            for number, line in enumerate(values.get(self.group, ())):
                held = line.get(self.key)
                if held is not None:
                    yield from ((each, number) for each in (held if self.element.max != 1 else [held]))
            return
        held = values.get(self.key)
        if held is not None:
            yield from ((each, number) for number, each in enumerate(held)) if self.element.max != 1 else [(held, 0)]

    def report(
        self, rule: Rule, values: Values, number: int = 0, fills: Mapping[str, Words | str] | None = None
    ) -> Finding:
        """Return the finding of ``rule`` at this field, its value with it."""
        node = locate(self.shape, self.element.path, values, number)
        text = None if node is None or self.element.children else node.text
        words = {name: fill if isinstance(fill, Words) else Words(fill, fill) for name, fill in (fills or {}).items()}
        words.setdefault("value", Words(str(text), str(text)))
        path = f"{self.shape.element}/{self.element.path}"
        line = node.sourceline if node is not None else values[ELEMENT].sourceline
        return rule.finding(path, text, line, {"field": self.element.label, **words})


def locate(shape: Shape, path: str, values: Values, number: int = 0) -> Any:
    """Return the element at ``path``, the ``number``-th where a step of it repeats, or None."""
    node = values[ELEMENT]
    walked = ""
    for name in path.split("/"):
        walked = f"{walked}/{name}" if walked else name
        like = [child for child in node if child.tag == f"{{{shape.namespace}}}{name}"]
        if not like:
            return None if "/" not in walked else node
        element = shape.by_path[walked]
        node = like[number] if element.max != 1 and number < len(like) else like[0]
    return node


class Planner:
    """Builds the steps of every record type of a pack."""

    def __init__(self, pack: Pack, *, dates: bool = True) -> None:
        """Prepare plans that are empty but, with ``dates``, for every date."""
        self.pack = pack
        self.plans: dict[str, dict[str, Step]] = {}
        for code in pack.types:
            self.plans[code] = {}
            for element in pack.shape(code).walk() if dates else ():
                if element.kind in ("date", "dateTime"):
                    self.read(code, element)

    def fields(self, at: str | Iterable[str]) -> Iterator[tuple[str, Field]]:
        """Yield record type and field for every ``TYPE/path`` (or ``*/path``); raises ConfigurationError for none."""
        for address in [at] if isinstance(at, str) else at:
            pattern, _, path = address.partition("/")
            found = False
            for code in self.pack.types if pattern == "*" else [pattern]:
                shape = self.pack.shape(code) if code in self.pack.types else None
                if shape and shape.find(path):
                    found = True
                    yield code, self.field(code, path)
            if not found:
                raise ConfigurationError(f"checks.toml: {address}: no such element in the schema")

    def field(self, code: str, path: str) -> Field:
        """Return a field and see to it that its value is read; raises KeyError for a path that is not there."""
        shape = self.pack.shape(code)
        element = shape.by_path[path]
        self.read(code, element)
        group = group_of(shape, path)
        return Field(shape, element, group, path[len(group) + 1 :] if group else path)

    def day(self, code: str, path: str | None = None) -> str:
        """Return the path of the date that decides (default: when it happened); raises ConfigurationError for none."""
        chosen = path or self.pack.types[code].roles[Role.OCCURRED_AT]
        element = self.pack.shape(code).find(chosen)
        if element is None or element.kind not in ("date", "dateTime"):
            raise ConfigurationError(f"checks.toml: {code}: {chosen} is no date")
        return chosen

    def read(self, code: str, element: Element) -> Step:
        """Return the step of ``element``, made on first use together with those above it."""
        shape = self.pack.shape(code)
        space = "{" + shape.namespace + "}"
        above, _, name = element.path.rpartition("/")
        below = self.read(code, shape.by_path[above]).below if above else self.plans[code]
        if element.children and space + name not in below:
            below[space + name] = self._step(shape, element)
            for child in element.children[:1]:  # a group is known by what is in it
                self.read(code, child)
        return below.setdefault(space + name, self._step(shape, element))

    def _step(self, shape: Shape, element: Element) -> Step:
        group = group_of(shape, element.path)
        key = element.path[len(group) + 1 :] if group else element.path
        many, convert = element.max != 1, _CONVERT.get(element.kind)
        return Step(key, many, convert, is_plain=not many and convert is None and not element.children)


def group_of(shape: Shape, path: str) -> str:
    """Return the path of the nearest repeated group above ``path``, or an empty text."""
    above = path.rpartition("/")[0]
    while above:
        if shape.by_path[above].max != 1:
            return above
        above = above.rpartition("/")[0]
    return ""


def gather(element: Any, steps: dict[str, Step], values: Values) -> None:
    """Read the values below ``element``: each child is looked at once."""
    get = steps.get
    for child in element:
        step = get(child.tag)
        if step is None:
            continue
        if step.is_plain:
            text = child.text
            if text is not None:
                values[step.key] = text
        elif step.below:
            _gather_below(child, step, values)
        elif (text := child.text) is not None:
            value = text if step.convert is None else step.convert(text)
            if step.many:
                values.setdefault(step.key, []).append(value)
            else:
                values[step.key] = value


def _gather_below(element: Any, step: Step, values: Values) -> None:
    """Read a group: lines of one that repeats; a nil or empty group is absent."""
    if step.many:
        line: Values = {ELEMENT: element}
        gather(element, step.below, line)
        if len(line) > 1:
            values.setdefault(step.key, []).append(line)
        return
    before = len(values)
    gather(element, step.below, values)
    if len(values) > before:
        values[step.key] = True
