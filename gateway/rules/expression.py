# SPDX-License-Identifier: Apache-2.0
"""Expressions of the rule pack (规则表达式): a small part of Python's syntax over named values, compiled once.

Names are element paths with dots (``party.kind``) or facts. Allowed are comparisons, ``in``, ``and``/``or``/``not``, ``+ - * /``, conditional expressions, constants, sets of the pack, and the
functions of :mod:`gateway.rules.functions`. Anything else is a fault of the pack. A row that orders, computes with or
hands on a value that the record lacks says nothing: absence is the business of the obligation rules.
"""

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import Any, Protocol, TypeAlias

from gateway.errors import ConfigurationError
from gateway.rules.functions import FUNCTIONS, WorkingDays

Values: TypeAlias = Mapping[str, Any]
Test: TypeAlias = Callable[[Values, Values, WorkingDays | None], Any]
"""Takes the values of the record, those of the line looked at (or the same), and the calendar."""

_NUMBERS = count()  # names in generated source are unique, so that rows can be put together
_KEYWORD = re.compile(r"(?<!['\"\w])from(?!['\"\w])")  # an element's name that Python keeps for itself
_ORDERINGS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_SIGNS: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.In: "in", ast.NotIn: "not in", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">",
    ast.GtE: ">=",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Symbol:
    """What a name stands for: the key of its value, its kind, and the repeated group that holds it, if any."""

    key: str
    kind: str
    of_line: bool = False
    many: bool = False
    group: str | None = None


class Scope(Protocol):
    """Knows what names mean."""

    def find(self, name: str, /) -> Symbol | None:
        """Return the meaning of a dotted name, or None."""


@dataclass(frozen=True)
class Compiled:
    """An expression ready to run, and what it looks at."""

    test: Test
    source: str
    symbols: frozenset[Symbol] = frozenset()
    calendar: bool = False
    names: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of generated source: its text, the kind of its value, and the symbol it is, if it is one."""

    text: str
    kind: str
    symbol: Symbol | None = None


class ExpressionCompiler:
    """Compiles expressions of one pack; ``sets`` are its named sets, ``codes`` looks up a set in a code list."""

    def __init__(self, sets: Mapping[str, frozenset[str]], codes: Callable[..., frozenset[str]]) -> None:
        self._sets = sets
        self._codes = codes

    def violation(self, when: str, must: str, scope: Scope, where: str) -> Compiled:
        """Compile a row: the test is true when ``when`` holds and ``must`` does not."""
        work = _Work(scope, self._sets, self._codes, where)
        parts = [work.build(when)] if when else []
        parts += [f"not ({work.build(must)})"] if must else []
        if not parts:
            raise ConfigurationError(f"{where}: neither when nor must")
        guards = [f"{work.read(symbol)} is not None" for symbol in sorted(work.guarded, key=lambda each: each.key)]
        return work.finish(" and ".join([*guards, *(f"({part})" for part in parts)]))

    def value(self, text: str, scope: Scope, where: str) -> Compiled:
        """Compile an expression for its value; an absent operand makes it None."""
        work = _Work(scope, self._sets, self._codes, where)
        built = work.build(text)
        guards = [f"{work.read(symbol)} is not None" for symbol in sorted(work.guarded, key=lambda each: each.key)]
        return work.finish(f"({built}) if {' and '.join(guards)} else None" if guards else built)


def fuse(rows: Sequence[Compiled], where: str) -> Callable[[Values, WorkingDays | None], list[int]]:
    """Return one function that tells the numbers of the rows that hold: one call instead of many."""
    lines = [f" if {row.source}: broken.append({number})" for number, row in enumerate(rows)]
    source = "\n".join(["def judge(v, c):", " d = v; broken = []", *lines, " return broken"])
    names: dict[str, Any] = {name: value for row in rows for name, value in row.names.items()}
    exec(compile(source, f"<{where}>", "exec"), names)  # noqa: S102 # made of rows compiled above
    judge: Callable[[Values, WorkingDays | None], list[int]] = names["judge"]
    return judge


class _Work:
    """The compilation of one row."""

    def __init__(
        self, scope: Scope, sets: Mapping[str, frozenset[str]], codes: Callable[..., frozenset[str]], where: str
    ) -> None:
        self._scope, self._sets, self._codes, self._where = scope, sets, codes, where
        self._names: dict[str, Any] = {"__builtins__": {}}
        self._symbols: set[Symbol] = set()
        self._calendar = False
        self.guarded: set[Symbol] = set()

    def build(self, text: str) -> str:
        """Return Python source for an expression; raises ConfigurationError for anything outside the language."""
        try:
            tree = ast.parse(_KEYWORD.sub("from_", text.strip().replace("\n", " ")), mode="eval").body
        except SyntaxError as fault:
            raise ConfigurationError(f"{self._where}: {text}: {fault.msg}") from fault
        return self._visit(tree).text

    def finish(self, source: str) -> Compiled:
        """Turn source into a function."""
        code = compile(f"lambda v, d, c: {source}", f"<{self._where}>", "eval")
        test: Test = eval(code, self._names)  # noqa: S307 # built above from allowed nodes of the pack's own text
        return Compiled(test, source, frozenset(self._symbols), self._calendar, self._names)

    def read(self, symbol: Symbol) -> str:
        """Return source that reads a value."""
        holder = "d" if symbol.of_line else "v"
        if symbol.group is not None:
            return f"[_l[{symbol.key!r}] for _l in {holder}.get({symbol.group!r}, ()) if {symbol.key!r} in _l]"
        return f"{holder}.get({symbol.key!r}, ())" if symbol.many else f"{holder}.get({symbol.key!r})"

    def _visit(self, node: ast.AST) -> _Part:
        match node:
            case ast.Constant():
                return self._constant(node)
            case ast.Name() | ast.Attribute():
                return self._name(_dotted(node, self._where))
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
                return self._call(name, args)
            case ast.Compare(left=left, ops=ops, comparators=others):
                return self._compare([left, *others], ops)
            case ast.Tuple(elts=elements):
                return _Part("(" + "".join(f"{self._visit(each).text}, " for each in elements) + ")", "set")
            case _:
                return self._operation(node)

    def _operation(self, node: ast.AST) -> _Part:
        match node:
            case ast.BoolOp(op=op, values=values):
                word = " and " if isinstance(op, ast.And) else " or "
                return _Part("(" + word.join(self._visit(value).text for value in values) + ")", "truth")
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return _Part(f"(not {self._visit(operand).text})", "truth")
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _SIGNS:
                return _Part(f"({self._operand(left).text} {_SIGNS[type(op)]} {self._operand(right).text})", "number")
            case ast.IfExp(test=test, body=body, orelse=orelse):
                chosen, other = self._visit(body), self._visit(orelse)
                return _Part(f"({chosen.text} if {self._visit(test).text} else {other.text})", chosen.kind)
            case _:
                raise ConfigurationError(f"{self._where}: {ast.unparse(node)} is outside the rule language")

    def _constant(self, node: ast.Constant) -> _Part:
        value = node.value
        if isinstance(value, float):
            return _Part(self._keep(Decimal(str(value))), "number")
        if not isinstance(value, str | bool | int):
            raise ConfigurationError(f"{self._where}: {value!r} is outside the rule language")
        is_day = isinstance(value, str) and len(value) == 10 and value[4:5] == value[7:8] == "-"
        return _Part(repr(value), "date" if is_day else "constant")

    def _name(self, name: str) -> _Part:
        if name in self._sets:
            return _Part(self._keep(self._sets[name]), "set")
        symbol = self._scope.find(name)
        if symbol is None:
            raise ConfigurationError(f"{self._where}: no element or fact {name}")
        self._symbols.add(symbol)
        return _Part(self.read(symbol), symbol.kind, symbol)

    def _operand(self, node: ast.AST) -> _Part:
        part = self._visit(node)
        if part.symbol is not None and part.symbol.group is None and not part.symbol.many:
            self.guarded.add(part.symbol)
        return part

    def _call(self, name: str, args: list[ast.expr]) -> _Part:
        if name == "codes":
            return _Part(self._keep(self._codes(*(ast.literal_eval(arg) for arg in args))), "set")
        if name not in FUNCTIONS:
            raise ConfigurationError(f"{self._where}: no function {name}")
        function = FUNCTIONS[name]
        parts = [self._operand(arg) if function.strict else self._visit(arg) for arg in args]
        texts = [part.text for part in parts]
        if function.calendar:
            self._calendar = True
            texts.insert(0, "c")
        return _Part(f"{self._keep(function.call)}({', '.join(texts)})", function.gives)

    def _compare(self, nodes: list[ast.expr], ops: list[ast.cmpop]) -> _Part:
        ordering = any(isinstance(op, _ORDERINGS) for op in ops)
        parts = [self._operand(node) if ordering else self._visit(node) for node in nodes]
        by_day = any(part.kind == "date" for part in parts)
        texts = [f"{part.text}[:10]" if by_day and part.kind == "dateTime" else part.text for part in parts]
        if by_day and not ordering:
            for node, part in zip(nodes, parts, strict=True):
                if part.kind == "dateTime":
                    self._operand(node)
        if any(type(op) not in _COMPARISONS for op in ops):
            raise ConfigurationError(f"{self._where}: a comparison outside the rule language")
        pairs = [f"{_COMPARISONS[type(op)]} {text}" for op, text in zip(ops, texts[1:], strict=True)]
        return _Part(f"({' '.join([texts[0], *pairs])})", "truth")

    def _keep(self, value: Any) -> str:
        name = f"_{next(_NUMBERS)}"
        self._names[name] = value
        return name


def _dotted(node: ast.AST, where: str) -> str:
    if isinstance(node, ast.Name):
        return node.id.rstrip("_")
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value, where)}.{node.attr.rstrip('_')}"
    raise ConfigurationError(f"{where}: {ast.unparse(node)} is no name")
