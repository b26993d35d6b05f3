# SPDX-License-Identifier: Apache-2.0
"""Rules and their sentences, read from the pack: ``findings.toml`` (field rules) and ``rules/*.toml``."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from gateway.errors import ConfigurationError
from gateway.model.finding import Finding, Severity, Stage
from gateway.model.words import Words
from gateway.pack import Pack

_CODE = re.compile(r"[A-Z]{3}-\d{3}")
_PARTS = frozenset(
    {"severity", "clause", "valid_from", "valid_to", "decides", "levels", "needs", "zh", "en", "hint_zh", "hint_en",
     "discard", "rows"}
)  # fmt: skip


class Scope(StrEnum):
    """What a rule must see to judge."""

    FIELD = "field"
    RECORD = "record"
    CASE = "case"
    CATALOGUE = "catalogue"
    SENDER = "sender"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the pack: its code, sentence, hint, clause and gravity.

    ``discards``: a record that breaks it must not be stored, not even as refused (state secrets). ``decides`` names the
    date by which the rule is in force (``valid_from`` to ``valid_to``, inclusive; None is open). ``levels``: empty means
    every level. ``needs``: what it can't judge without (clock, calendar, history, catalogue, sender). ``rows`` are the
    rule's conditions as they stand in the pack.
    """

    code: str
    message: Words
    hint: Words
    clause: str
    severity: Severity
    discards: bool = False
    scope: Scope = Scope.FIELD
    valid_from: str | None = None
    valid_to: str | None = None
    decides: str | None = None
    levels: frozenset[str] = frozenset()
    needs: tuple[str, ...] = ()
    rows: tuple[Mapping[str, Any], ...] = field(default=(), repr=False, compare=False)

    def finding(self, path: str, value: str | None, line: int | None, fills: Mapping[str, Words]) -> Finding:
        """Return the finding of this rule at ``path``, its sentences filled."""
        zh = {name: words.zh for name, words in fills.items()}
        en = {name: words.en for name, words in fills.items()}
        return Finding(
            code=self.code,
            stage=Stage.VALIDATE,
            path=path,
            message=Words(self.message.zh.format_map(zh), self.message.en.format_map(en)),
            hint=Words(self.hint.zh.format_map(zh), self.hint.en.format_map(en)),
            severity=self.severity,
            value=value,
            line=line,
        )


def read_rules(pack: Pack) -> dict[str, Rule]:
    """Return the rules of a pack by code; raises ConfigurationError where an entry lacks a part or has a strange one."""
    found: dict[str, Rule] = {}
    for name, scope in _files(pack).items():
        for code, entry in pack.toml(name).items():
            if code in found or not _CODE.fullmatch(code):
                raise ConfigurationError(f"{name}: {code}: twice, or no rule code")
            found[code] = _rule(name, code, entry, scope)
    return found


def _files(pack: Pack) -> dict[str, Scope]:
    folder = pack.root / "rules"
    files = {"findings.toml": Scope.FIELD}
    return files | {f"rules/{scope}.toml": scope for scope in Scope if (folder / f"{scope}.toml").exists()}


def _rule(name: str, code: str, entry: Mapping[str, Any], scope: Scope) -> Rule:
    strange = entry.keys() - _PARTS
    if strange:
        raise ConfigurationError(f"{name}: {code}: no such part {', '.join(sorted(strange))}")
    try:
        return Rule(
            code=code,
            message=Words(entry["zh"], entry["en"]),
            hint=Words(entry["hint_zh"], entry["hint_en"]),
            clause=entry["clause"],
            severity=Severity(entry["severity"]),
            discards=entry.get("discard", False),
            scope=scope,
            valid_from=entry.get("valid_from"),
            valid_to=entry.get("valid_to"),
            decides=entry.get("decides"),
            levels=frozenset(entry.get("levels", ())),
            needs=tuple(entry.get("needs", ())),
            rows=tuple(entry.get("rows", ())),
        )
    except (KeyError, ValueError) as fault:
        raise ConfigurationError(f"{name}: {code}: {fault}") from fault
