# SPDX-License-Identifier: Apache-2.0
"""A whole run: sut.toml read, subject and stimulus made, cases carried out, the result put together."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway_conformance import engine, registry
from gateway_conformance.capture import Judge
from gateway_conformance.case import BUILT
from gateway_conformance.clock import ScaledClock
from gateway_conformance.journal import Journal
from gateway_conformance.result import result, suite_digest
from gateway_conformance.stimulus import Hook, NoStimulus, Prompt
from gateway_conformance.subjects import open_subject
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
    note: Callable[[str], None] = lambda _note: None
    """Hears what a person should know of the run that is no verdict."""


class NoSubject(Exception):
    """The claimed profile cannot be tried by this release of the suite."""


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
    if profile not in description.profiles or profile not in BUILT:
        raise NoSubject(f"本版套件不能试接口形态 {profile} / this release cannot try profile {profile}")
    journal, subject = Journal(options.journal), None
    try:
        journal.begin(
            {
                "system": description.text("system", "id"),
                "version": description.text("system", "version"),
                "profile": profile,
                "seed": str(options.seed),
                "scale": str(options.scale),
                "registry": registry.digest(),
                "suite": suite_digest(),
            }
        )
        driven = stimulus(description, options)
        clock = ScaledClock()
        subject = open_subject(
            profile, description, clock, Judge(description.file("items", "catalogue")), driven, options.note
        )
        clock.scale = prepare(driven, options)
        begun = engine.Run(description, profile, subject, driven, options.seed, clock, options.only)
        outcomes = engine.execute(begun, journal, advance)
        return result(begun, outcomes, subject.interface()), subject.evidence.as_json()
    finally:
        if subject is not None:
            subject.close()
        journal.close()


def prepare(driven: Hook | NoStimulus | Prompt, options: Options) -> float:
    """Bring the system to its seed state; returns the scale of the clock that it took over, 1 where it took none."""
    _done(driven, "reset")  # a hook may do without
    if options.scale == 1 or _done(driven, "clock", scale=options.scale):
        return options.scale
    options.note(
        "系统没有接受时钟倍数(clock),按真实时间判定 / the system took no scale of the clock: judged in real time"
    )
    return 1.0


def _done(driven: Hook | NoStimulus | Prompt, verb: str, **args: float) -> bool:
    """Tell whether the system did what it was asked for."""
    if not driven.offers(verb):
        return False
    try:
        driven.drive(verb, **args)
    except Inconclusive:
        return False
    return True
