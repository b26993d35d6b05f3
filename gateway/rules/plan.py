# SPDX-License-Identifier: Apache-2.0
"""Plans: what to look at in a record of one type, compiled once from the pack's ``checks.toml``."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from gateway.errors import ConfigurationError
from gateway.model.finding import Finding
from gateway.model.record_type import Role
from gateway.model.words import Words
from gateway.pack import Element, Pack, Shape
from gateway.rules.texts import Rule


class Node(Protocol):
    """What the rules need of a parsed element; lxml's elements are such."""

    tag: Any
    text: Any
    sourceline: Any

    def __iter__(self) -> Iterator[Any]:
        """Yield the child elements."""


Days = dict[str, str]
"""Day (ISO date) by path of every date in the record."""

Run = Callable[[Any, Days, list[Finding]], None]
"""A check: looks at a node and appends what is wrong."""


@dataclass(slots=True)
class Step:
    """What to do with one element: note its day, run checks, go down."""

    path: str
    is_day: bool = False
    runs: list[Run] = field(default_factory=list)
    below: "dict[str, Step]" = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Field:
    """An element that a check is bound to, with all that a finding must say of it."""

    shape: Shape
    element: Element

    @property
    def path(self) -> str:
        """Path with the payload element, as findings show it."""
        return f"{self.shape.element}/{self.element.path}"

    def report(self, rule: Rule, node: Node, **fills: Words | str) -> Finding:
        """Return the finding of ``rule`` at this field."""
        words = {name: fill if isinstance(fill, Words) else Words(fill, fill) for name, fill in fills.items()}
        text = node.text
        words.setdefault("value", Words(str(text), str(text)))
        return rule.finding(self.path, text, node.sourceline, {"field": self.element.label, **words})


class Planner:
    """Builds the steps of every record type of a pack."""

    def __init__(self, pack: Pack) -> None:
        """Prepare empty plans; every date of a record is noted from the start."""
        self.pack = pack
        self.plans: dict[str, dict[str, Step]] = {}
        for code in pack.types:
            self.plans[code] = {}
            for element in pack.shape(code).walk():
                if element.kind in ("date", "dateTime"):
                    self.step(code, element).is_day = True

    def fields(self, at: str | Iterable[str]) -> Iterator[tuple[str, Field]]:
        """Yield record type and field for every ``TYPE/path`` (or ``*/path``); raises ConfigurationError for none."""
        for address in [at] if isinstance(at, str) else at:
            pattern, _, path = address.partition("/")
            found = False
            for code in self.pack.types if pattern == "*" else [pattern]:
                shape = self.pack.shape(code) if code in self.pack.types else None
                element = shape.find(path) if shape else None
                if shape and element:
                    found = True
                    yield code, Field(shape, element)
            if not found:
                raise ConfigurationError(f"checks.toml: {address}: no such element in the schema")

    def day(self, code: str, path: str | None = None) -> str:
        """Return the path of the date that decides (default: when it happened); raises ConfigurationError for none."""
        chosen = path or self.pack.types[code].roles[Role.OCCURRED_AT]
        element = self.pack.shape(code).find(chosen)
        if element is None or element.kind not in ("date", "dateTime"):
            raise ConfigurationError(f"checks.toml: {code}: {chosen} is no date")
        return chosen

    def add(self, code: str, element: Element, run: Run) -> None:
        """Bind a check to an element of a record type."""
        self.step(code, element).runs.append(run)

    def step(self, code: str, element: Element) -> Step:
        """Return the step of ``element``, made on first use together with those above it."""
        space = "{" + self.pack.namespace + "}"
        above, _, name = element.path.rpartition("/")
        below = self.step(code, self.pack.shape(code).by_path[above]).below if above else self.plans[code]
        return below.setdefault(space + name, Step(element.path))
