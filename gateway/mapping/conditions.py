# SPDX-License-Identifier: Apache-2.0
"""Conditions in CEL: what they read is known before they run, and they are compiled once."""

import functools
import json
import re
from typing import Any, Final

from gateway.mapping.findings import Faulty, finding
from gateway.mapping.model import Condition
from gateway.mapping.reading import Node

_READS = re.compile(
    r"""\b(rec|val|item)\s*(?:\.\s*([A-Za-z_]\w*)|\[\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\s*\])"""
    r"""|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\b(rec|val|item)\b"""
)
_PLACE = re.compile(r"<input>:(\d+):(\d+): ([^\n]*)")
_MACROS = re.compile(r"\.(?:all|exists|exists_one|map|filter)\(")
FUNCTIONS: Final = frozenset(
    {"size", "startsWith", "endsWith", "contains", "matches", "int", "uint", "double", "string", "type", "dyn",
     "timestamp", "duration", "has", "getFullYear", "getMonth", "getDate"}
)  # fmt: skip


def read_condition(node: Node) -> Condition | None:
    """Read a condition; what is wrong with it becomes a fault at its line and column."""
    import cel

    text = node.text()
    if not text:
        return None
    try:
        program = cel.compile(text)
    except ValueError as fault:
        _explain(node, str(fault))
        return None
    read: dict[str, list[str]] = {"rec": [], "val": [], "item": []}
    for owner, plain, quoted, bare in _READS.findall(text):
        if bare:
            node.fault(
                f'{bare} 只能写成 {bare}["名字"] 或 {bare}.NAME', f'{bare} is read as {bare}["name"] or {bare}.NAME'
            )
        elif owner:
            read[owner].append(plain or _unquote(quoted))
    strangers = set(program.variables()) - set(read)
    if strangers and not _MACROS.search(text):
        names = " ".join(sorted(strangers))
        node.fault(f'不认识的名字 {names};源列写 rec["列名"]', f'unknown name {names}; columns are rec["name"]')
    unknown = {name for name in program.functions() if name[0] not in "_@!" and not name.endswith("_")} - FUNCTIONS
    if unknown:
        names = " ".join(sorted(unknown))
        node.fault(f"没有函数 {names};可用:{' '.join(sorted(FUNCTIONS))}", f"no function {names}")
    return Condition(text, *(tuple(dict.fromkeys(names)) for names in read.values()))


def _explain(node: Node, message: str) -> None:
    place = _PLACE.search(message)
    line, column, what = (int(place[1]) - 1, int(place[2]) - 1, place[3]) if place else (0, 0, message)
    what = what.removeprefix("Syntax error: ")
    shift = column + (1 if node.quoted and line == 0 else 0)
    node.fault(f"条件语法错误:{what}", f"condition syntax: {what}", shift, line)


def _unquote(quoted: str) -> str:
    if quoted.startswith('"'):
        try:
            return str(json.loads(quoted))
        except ValueError:
            return quoted[1:-1]
    return quoted[1:-1].replace("\\'", "'").replace("\\\\", "\\")


def decide(program: Any, condition: Condition, known: dict[str, dict[str, str | int | None]]) -> bool:
    """Run a compiled condition; raises Faulty (MAP-011) unless it gives true or false."""
    try:
        outcome = program.execute(known)
    except (RuntimeError, TypeError, ValueError, KeyError):  # all that the library raises for an evaluation gone wrong
        outcome = None
    if outcome is True or outcome is False:
        return bool(outcome)
    path = ",".join([*condition.columns, *condition.values, *condition.items])
    raise Faulty(finding("MAP-011", path, wanted=condition.text))


@functools.cache
def program_of(text: str) -> Any:
    """Return the compiled condition; each text is compiled once per process."""
    import cel

    return cel.compile(text)
