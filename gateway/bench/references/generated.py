# SPDX-License-Identifier: Apache-2.0
"""Rows to canonical bytes by generated code: one Python function per record type, written and compiled at start."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, Final, TypeAlias

from gateway.bench.references.exchange import Document
from gateway.bench.references.plan import NULLS, SYSTEMS, Field, Plan, System
from gateway.documents.render import NAMESPACE, escape_text

Write: TypeAlias = Callable[[str, list[tuple[Any, ...]]], list[Document]]
"""Turns the rows of a table into documents."""


def writers() -> Write:
    """Generate the functions of every system and return the one that picks among them."""
    made = {system.table: (system, {stage: _compiled(system, plan) for stage, plan in system.plans.items()}) for system in SYSTEMS}  # fmt: skip

    def write(table: str, rows: list[tuple[Any, ...]]) -> list[Document]:
        system, functions = made[table]
        stage = system.columns.index("HJ")
        return [functions[row[stage]](row) for row in rows]

    return write


def _compiled(system: System, plan: Plan) -> Callable[[tuple[Any, ...]], Document]:
    names: dict[str, Any] = {"NULLS": NULLS, "escape": escape_text, "Decimal": Decimal, "Document": Document}
    source = "\n".join(_lines(system, plan, names))
    exec(compile(source, f"<generated {plan.type}>", "exec"), names)  # noqa: S102 # made of the plan of this package
    function: Callable[[tuple[Any, ...]], Document] = names["write"]
    return function


def _lines(system: System, plan: Plan, names: dict[str, Any]) -> Iterator[str]:
    yield "def write(row):"
    yield f"    out = '<{plan.element} xmlns=\"{NAMESPACE}\">'"
    group = ""
    for number, field in enumerate(plan.fields):
        above, _, name = field.path.rpartition("/")
        if above != group:
            yield f"    out += '{f'</{group}>' if group else ''}{f'<{above}>' if above else ''}'"
            group = above
        if field.form == "constant":
            yield f"    out += '<{name}>{field.column}</{name}>'"
            continue
        yield f"    v = row[{system.columns.index(field.column)}]"
        yield "    if v is not None and (v := v.strip()) not in NULLS:"
        yield from (f"        {line}" for line in _value(field, name, number, names))
    yield f"    out += '{f'</{group}>' if group else ''}</{plan.element}>'"
    case, sequence = system.columns.index(system.case), system.columns.index("XH")
    yield f"    return Document('{plan.type}', f'{plan.type}:{{row[{case}]}}:{{row[{sequence}]}}', out.encode())"


_CLEAN: Final = (
    "if '\\n' in v or '\\r' in v: v = ' '.join(v.split())",
    "if '&' in v or '<' in v or '>' in v: v = escape(v)",
)


def _value(field: Field, name: str, number: int, names: dict[str, Any]) -> Iterator[str]:
    append = f"out += f'<{name}>{{v}}</{name}>'"
    match field.form:
        case "text":
            yield from (*_CLEAN, append)
        case "code":
            names[f"codes{number}"] = dict(field.codes)
            yield from (f"v = codes{number}[v]", append)
        case "day":
            yield append
        case "moment":
            yield "if v[4] == '-': v = v[:10] + 'T' + v[11:] + '+08:00'"
            yield "else:"
            yield "    day, _, time = v.partition(' '); y, m, d = day.split('/'); h, _, minute = time.partition(':')"
            yield "    v = f'{y}-{m:0>2}-{d:0>2}T{h:0>2}:{minute}:00+08:00'"
            yield append
        case "yuan":
            yield from ("v = format((Decimal(v) * 10000).normalize(), 'f')", append)
        case "materials":
            yield "for part in escape(v).split(';'):"
            yield "    title, copies, form = part.split('|')"
            yield f"    out += f'<{name}><name>{{title}}</name><copies>{{copies}}</copies><form>{{form}}</form></{name}>'"
        case "basis":
            names[f"codes{number}"] = dict(field.codes)
            yield "for part in escape(v).split('、《'):"
            yield "    law, _, article = part.lstrip('《').partition('》')"
            yield f"    out += f'<{name}><lawName>{{law}}</lawName><article>{{article}}</article><level>{{codes{number}[law]}}</level></{name}>'"
        case "kinds":
            names[f"codes{number}"] = dict(field.codes)
            yield f"for part in v.split('、'): out += f'<{name}>{{codes{number}[part]}}</{name}>'"
        case other:
            raise AssertionError(other)
