# SPDX-License-Identifier: Apache-2.0
"""A whole run: sut.toml read, subject and stimulus made, cases carried out, the result put together."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from gateway_conformance import engine, registry
from gateway_conformance.capture import Judge
from gateway_conformance.clock import ScaledClock
from gateway_conformance.journal import Journal
from gateway_conformance.result import result
from gateway_conformance.stimulus import Hook, NoStimulus, Prompt
from gateway_conformance.subjects.soap import SoapSubject
from gateway_conformance.sut import Description
from gateway_conformance.verdict import Inconclusive, Outcome


@dataclass(frozen=True, slots=True)
class Options:
    """How a run is to go."""

    seed: int = 1
    scale: float = 1.0
    profile: str | None = None
    only: frozenset[str] | None = None
    journal: Path | None = None
    ask: Callable[[str], str] | None = None


class NoSubject(Exception):
    """The claimed profile cannot be tried by this release of the suite."""


@cache
def judge(catalogue: Path | None) -> Judge:
    """Return the judge over a catalogue; compiled once a process."""
    return Judge(catalogue)


def stimulus(description: Description, options: Options) -> Hook | NoStimulus | Prompt:
    """Return the stimulus that sut.toml names."""
    mode = description.text("stimulus", "mode", "observe")
    if mode == "hook":
        return Hook(description.text("stimulus", "hook"))
    return Prompt(options.ask) if mode == "prompt" and options.ask else NoStimulus()


def run(
    description: Description, options: Options, advance: Callable[[Outcome], None] = lambda _outcome: None
) -> dict[str, Any]:
    """Run every case of the claimed profile and return the canonical result; raises NoSubject or journal.OtherRun."""
    return run_with_evidence(description, options, advance)[0]


def run_with_evidence(
    description: Description, options: Options, advance: Callable[[Outcome], None] = lambda _outcome: None
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Run, and return the masked exchanges beside the result; raises what run raises."""
    profile = options.profile or description.profiles[0]
    if profile not in description.profiles or profile != "S":
        raise NoSubject(f"本版套件不能试接口形态 {profile} / this release cannot try profile {profile}")
    clock = ScaledClock(options.scale)
    subject = SoapSubject(description, clock, judge(description.file("items", "catalogue")))
    journal = Journal(options.journal)
    try:
        journal.begin(
            {
                "system": description.text("system", "id"),
                "version": description.text("system", "version"),
                "profile": profile,
                "seed": str(options.seed),
                "registry": registry.digest(),
            }
        )
        driven = stimulus(description, options)
        prepare(driven, options)
        begun = engine.Run(description, profile, subject, driven, options.seed, clock, options.only)
        outcomes = engine.execute(begun, journal, advance)
        return result(begun, outcomes, subject.fingerprint()), subject.evidence.as_json()
    finally:
        subject.close()
        journal.close()


def prepare(driven: Hook | NoStimulus | Prompt, options: Options) -> None:
    """Bring the system to its seed state and to the scale of the clock, where the stimulus can."""
    for verb, args in (("reset", {}), ("clock", {"scale": options.scale})):
        if driven.offers(verb):
            try:
                driven.drive(verb, **args)
            except Inconclusive:
                continue  # a hook may do without these two
