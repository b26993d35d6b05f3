# SPDX-License-Identifier: Apache-2.0
"""Eight verdicts, and what a case may say: findings, or that it could not be judged."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from gateway.model.words import Words


class Verdict(StrEnum):
    """How a case ended; only PASS, WARN, N/A and WAIVED leave the gate open."""

    PASS = "PASS"  # noqa: S105 - a verdict
    FAIL = "FAIL"
    WARN = "WARN"
    NOT_APPLICABLE = "N/A"
    WAIVED = "WAIVED"
    INCONCLUSIVE = "INCONCLUSIVE"
    ERROR = "ERROR"
    NOT_RUN = "NOT_RUN"


OPEN: Final = frozenset({Verdict.PASS, Verdict.WARN, Verdict.NOT_APPLICABLE, Verdict.WAIVED})

MEANING: Final = {
    Verdict.PASS: Words("符合要求", "holds to the requirement"),
    Verdict.FAIL: Words("不符合要求", "breaks the requirement"),
    Verdict.WARN: Words("符合,但有应当注意之处", "holds, with something to note"),
    Verdict.NOT_APPLICABLE: Words("系统声明不支持,且标准允许", "declared unsupported, as the standard allows"),
    Verdict.WAIVED: Words("由中心批准豁免,有期限", "waived by the Center, for a time"),
    Verdict.INCONCLUSIVE: Words("没有数据或没有触发手段,未能判定", "no data or no stimulus: not judged"),
    Verdict.ERROR: Words("测试套件自身故障", "the suite's own fault"),
    Verdict.NOT_RUN: Words("前提用例未通过或被中断,没有运行", "a prerequisite failed or the run was cut short"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a case found: code ``E-INC-02a``, what is wrong, how to mend it, where, expected and received."""

    code: str
    message: Words
    hint: Words
    place: str = ""
    expected: str = ""
    received: str = ""
    examples: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it as result.json holds it: Chinese under the plain names, English beside them."""
        return {
            "code": self.code,
            "message": self.message.zh,
            "hint": self.hint.zh,
            "message_en": self.message.en,
            "hint_en": self.hint.en,
            "place": self.place,
            "expected": self.expected,
            "received": self.received,
            "examples": list(self.examples),
        }


@dataclass(slots=True)
class Outcome:
    """The verdict of a case with its reason, its findings, how many things it examined and what it exchanged."""

    id: str
    verdict: Verdict
    reason: Words | None = None
    findings: list[Finding] = field(default_factory=list)
    examined: int = 0
    evidence: list[int] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return it as result.json holds it."""
        return {
            "id": self.id,
            "verdict": self.verdict.value,
            "reason": None if self.reason is None else {"zh": self.reason.zh, "en": self.reason.en},
            "findings": [finding.as_json() for finding in self.findings],
            "examined": self.examined,
            "evidence": self.evidence,
        }


class Inconclusive(Exception):
    """A case could not be judged: no data, no stimulus, or the system did not answer what the case builds on."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.reason = Words(zh, en)


class NotApplicable(Inconclusive):
    """The system declares that it does not offer what the case asks for, and the standard lets it."""


class OverBudget(Inconclusive):
    """The run has spent the requests that sut.toml allows."""
