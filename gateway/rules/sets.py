# SPDX-License-Identifier: Apache-2.0
"""The compiler of a pack's rule expressions: its named sets and what ``codes()`` looks up in its code lists."""

from gateway.errors import ConfigurationError
from gateway.pack import CodeList, Pack
from gateway.rules.expression import ExpressionCompiler


def expression_compiler(pack: Pack) -> ExpressionCompiler:
    """Return the compiler for the expressions of a pack."""

    def codes(name: str, column: str = "", *wanted: str) -> frozenset[str]:
        rows = [row for rows in code_list(pack, name).rows.values() for row in rows]
        return frozenset(row.code for row in rows if not column or row.extra.get(column) in wanted)

    sets = pack.toml("rules/sets.toml")["sets"]
    return ExpressionCompiler({name: frozenset(members) for name, members in sets.items()}, codes)


def code_list(pack: Pack, name: str) -> CodeList:
    """Return a code list of the pack; raises ConfigurationError for one it lacks."""
    if name not in pack.code_lists:
        raise ConfigurationError(f"checks.toml: no code list {name}")
    return pack.code_lists[name]
