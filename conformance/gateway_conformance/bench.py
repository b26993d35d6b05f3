# SPDX-License-Identifier: Apache-2.0
"""The bench that a case works at: the system under test, stimuli, clock and seeded chance; it takes down findings."""

import random
from typing import Any

from gateway.model.words import Words
from gateway_conformance.capture import Capture
from gateway_conformance.clock import ScaledClock
from gateway_conformance.evidence import masked
from gateway_conformance.registry import Requirement
from gateway_conformance.stimulus import Answer, Hook, NoStimulus, Prompt
from gateway_conformance.subjects.subject import Subject
from gateway_conformance.sut import Description
from gateway_conformance.texts import hint_en
from gateway_conformance.verdict import Finding, NotApplicable

SHOWN = 5


class Bench:
    """What one case sees. A case calls ``examined`` for what it looked at, ``fail`` or ``warn`` for what is wrong."""

    def __init__(
        self, requirement: Requirement, description: Description, subject: Subject, stimulus: Hook | NoStimulus | Prompt,
        clock: ScaledClock, chance: random.Random,
    ) -> None:  # fmt: skip
        self.requirement = requirement
        self.description = description
        self.subject = subject
        self.clock = clock
        self.chance = chance
        self._stimulus = stimulus
        self.failures: list[Finding] = []
        self.warnings: list[Finding] = []
        self.count = 0

    @property
    def capture(self) -> Capture:
        """What the system gave before any stimulus, with what the gateway's validator says of it."""
        return self.subject.capture()

    def drive(self, verb: str, **args: Any) -> Answer:
        """Make the system do something, once the capture is taken; raises Inconclusive where it cannot."""
        self.subject.before_driving()
        answer = self._stimulus.drive(verb, **args)
        self.subject.driven(answer.keys)
        return answer

    def examined(self, number: int = 1) -> None:
        """Count what was looked at; a case that looked at nothing is inconclusive."""
        self.count += number

    def need_ability(self, ability: str) -> str:
        """Return what is declared of an ability; raises NotApplicable where it is declared as not offered."""
        if self.description.unsupported(ability):
            raise NotApplicable(f"系统未声明能力 {ability}", f"the system does not declare {ability}")
        return self.description.declares(ability) or ""

    def fail(self, letter: str, zh: str, en: str, **more: Any) -> None:
        """Take down what breaks the requirement."""
        self.failures.append(self._finding(letter, zh, en, **more))

    def warn(self, letter: str, zh: str, en: str, **more: Any) -> None:
        """Take down what is to be noted."""
        self.warnings.append(self._finding(letter, zh, en, **more))

    def _finding(
        self, letter: str, zh: str, en: str, *, hint: Words | None = None, place: str = "", expected: object = "",
        received: object = "", examples: Any = (),
    ) -> Finding:  # fmt: skip
        return Finding(
            f"E-{self.requirement.id}{letter}", Words(masked(zh), masked(en)),
            hint or Words(self.requirement.hint_zh, hint_en(self.requirement.id)), place, masked(str(expected)),
            masked(str(received)), tuple(masked(str(example)) for example in list(examples)[:SHOWN]),
        )  # fmt: skip
