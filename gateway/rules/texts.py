# SPDX-License-Identifier: Apache-2.0
"""Sentences of the rules, read from the pack's ``findings.toml``."""

from dataclasses import dataclass

from gateway.errors import ConfigurationError
from gateway.model.finding import Finding, Severity, Stage
from gateway.model.words import Words
from gateway.pack import Pack


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the pack: its code, sentence, hint, clause and gravity.

    ``discards``: a record that breaks it must not be stored, not even as refused (state secrets).
    """

    code: str
    message: Words
    hint: Words
    clause: str
    severity: Severity
    discards: bool = False

    def finding(self, path: str, value: str | None, line: int | None, fills: dict[str, Words]) -> Finding:
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
    """Return the rules of a pack by code; raises ConfigurationError where an entry lacks a part."""
    try:
        return {
            code: Rule(
                code=code,
                message=Words(entry["zh"], entry["en"]),
                hint=Words(entry["hint_zh"], entry["hint_en"]),
                clause=entry["clause"],
                severity=Severity(entry["severity"]),
                discards=entry.get("discard", False),
            )
            for code, entry in pack.toml("findings.toml").items()
        }
    except (KeyError, ValueError) as fault:
        raise ConfigurationError(f"findings.toml: {fault}") from fault
