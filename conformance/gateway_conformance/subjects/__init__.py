# SPDX-License-Identifier: Apache-2.0
"""Systems under test as the suite reaches them, one module an interface profile."""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from gateway_conformance.capture import Judge
    from gateway_conformance.clock import ScaledClock
    from gateway_conformance.subjects.subject import Subject
    from gateway_conformance.sut import Description

CLASSES: Final = {
    "S": ("soap", "SoapSubject"), "P": ("push", "PushSubject"), "F": ("file", "FileSubject"), "V": ("view", "ViewSubject"),
}  # fmt: skip
"""Module and class of each profile's subject, made from description, clock, judge, stimulus and what hears notes for a person."""


def open_subject(
    profile: str,
    description: "Description",
    clock: "ScaledClock",
    judge: "Judge",
    stimulus: Any,
    note: Callable[[str], None],
) -> "Subject":
    """Return the subject of a profile; it is there before the system is brought to its seed state."""
    module, name = CLASSES[profile]
    made: Any = getattr(import_module(f"gateway_conformance.subjects.{module}"), name)
    subject: Subject = made(description, clock, judge, stimulus, note)
    return subject
