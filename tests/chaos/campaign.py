# SPDX-License-Identifier: Apache-2.0
"""The campaign: a city whose gateway dies at named points of its code and at random, while a proxy loses answers.

Each cycle is a day of work of the drill's departments. Gateways are forks of a nursery, so that a cycle costs little
more than its work; in front of every destination stands a proxy that drops answers after they were carried out (R3).
"""

import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos import entry, site
from tests.chaos.checker import Event, Objection, Receipts
from tests.chaos.drill import CORRECTIONS, FRESH, GOING_ON, TERMS, Drill
from tests.chaos.nursery import Child, Nursery
from tests.chaos.points import POINTS
from tests.chaos.proxy import Faults, Proxy
from tests.chaos.systems import STARTED, gateway_json

AT_RANDOM_EVERY = 4  # one cycle in so many strikes anywhere, the others at a named point
LOST_ANSWERS = 0.3
LONGEST_LIFE = (
    20.0  # seconds after its start in which a named point must have been passed; else the kill is a random one
)
_AGAIN = ("run.", "page.", "chunk.", "settle.", "send.")  # points that a day of work passes several times
_BEFORE_COMMIT = ("run.", "page.", "chunk.")
_COMMITTED = frozenset({"chunk.committed", "run.before-end", "run.ended"})
_DUPLICATES = frozenset({"twice"})
_INVERSIONS = frozenset({"case order", "version order", "hole"})


@dataclass
class Campaign(Drill):
    """A drill whose kills have names; ``struck`` counts how often each point was hit, ``at_random`` the others."""

    struck: Counter[str] = field(default_factory=Counter)
    at_random: int = 0
    losing: float = LOST_ANSWERS
    proxies: dict[str, Proxy] = field(default_factory=dict)
    _stack: ExitStack = field(default_factory=ExitStack)
    _turn: list[str] = field(default_factory=list)

    def open(self) -> None:
        """Start the systems, each behind its proxy, and write the configuration."""
        super().open()
        for number, (name, system) in enumerate(self.systems.items()):
            proxy = self._stack.enter_context(Proxy("127.0.0.1", system.port, seed=self.seed + number))
            self.proxies[name] = proxy
            url = system.url.replace(f":{system.port}/", f":{proxy.port}/")
            site.write_destination(self.folder, self.keys, name, url, TERMS[name])
        self.nursery = self._stack.enter_context(Nursery())

    def close(self) -> None:
        self._stack.close()
        super().close()

    def cycle(self) -> None:
        """One day of work and its end, at the next named point or at random."""
        self.tally.cycles += 1
        for proxy in self.proxies.values():
            proxy.behave(Faults(lose_answers=self.losing))
        if self.tally.cycles % AT_RANDOM_EVERY:
            self._die_at(self._next_point())
        else:
            self._die_anywhere()
        self._write_down()

    def _next_point(self) -> str:
        """Take the points in turn, each turn in another order, but never two in a row that strike before a commit.

        A source whose pull has died twice is read in a child process from then on (B15), which would cost more time
        than all kills together.
        """
        if not self._turn:
            before, after = [], []
            for name in POINTS:
                (before if name.startswith(_BEFORE_COMMIT) and name not in _COMMITTED else after).append(name)
            self.chance.shuffle(before)
            self.chance.shuffle(after)
            mixed = [each for pair in zip(after, before, strict=False) for each in pair]
            self._turn = [*mixed, *after[len(before) :]][::-1]
        return self._turn.pop()

    def _die_at(self, name: str) -> None:
        hits = self.directory / "hits.jsonl"
        before = hits.stat().st_size if hits.exists() else 0
        nth = self.chance.choice((1, 2, 3)) if name.startswith(_AGAIN) else 1
        once = name.startswith("overdue.")
        child = self._spawn(
            {entry.POINT: f"{name}:{nth}", entry.HITS: str(hits)}, *(("--once", "--patience", "1") if once else ())
        )
        self.departments.cycle(FRESH, CORRECTIONS, GOING_ON)
        if not once and child.until(STARTED) and name.startswith("stop."):
            child.signal(signal.SIGTERM)
        child.ended(LONGEST_LIFE)
        child.kill()
        if hits.exists() and hits.stat().st_size > before:
            self.struck[name] += 1
        else:
            self.at_random += 1

    def _die_anywhere(self) -> None:
        child = self._spawn({})
        self.departments.cycle(FRESH, CORRECTIONS, GOING_ON)
        if self.chance.randrange(3):
            child.until(STARTED)
        victim = self.systems[self.chance.choice(sorted(self.systems))]
        child.ended(self.chance.uniform(0.1, 1.0))
        if self.chance.random() < 0.5:
            victim.kill()
            self.tally.platform_kills += 1
            child.ended(self.chance.uniform(0.1, 0.6))
            victim.start()
        child.kill()
        self.at_random += 1

    def _spawn(self, switches: dict[str, str], *options: str) -> Child:
        arguments = ["run", "-C", self.folder, "--workers", "0", *options]
        return self.nursery.spawn(arguments, self.directory / "gateway.log", switches)

    def finish(self) -> dict[str, Any]:
        """Let all answers come, then as the drill does; the evidence must have come through it all (B29)."""
        for proxy in self.proxies.values():
            proxy.behave()
        summary = super().finish()
        verified = gateway_json("ledger", "verify", "-C", self.folder, codes=(0, 1))
        summary["evidence"] = verified
        return summary

    @property
    def kills(self) -> int:
        return sum(self.struck.values()) + self.at_random


@dataclass(frozen=True, slots=True)
class Result:
    """What a campaign came to."""

    campaign: Campaign
    summary: dict[str, Any]
    events: list[Event]
    receipts: Receipts
    objections: list[Objection]

    def figures(self) -> dict[str, int]:
        """Count what the last line tells; whatever is neither a duplicate nor an inversion counts as a loss."""
        rules = Counter(each.rule for each in self.objections)
        duplicates = sum(rules[each] for each in _DUPLICATES)
        inversions = sum(rules[each] for each in _INVERSIONS)
        return {
            "kills": self.campaign.kills,
            "accepted": len(self.receipts.records),
            "lost": rules.total() - duplicates - inversions,
            "duplicates": duplicates,
            "inversions": inversions,
        }


def march(directory: Path, seed: int, goes_on: Callable[[Campaign], bool]) -> Iterator[Campaign | Result]:
    """Yield the campaign after each cycle, for as long as ``goes_on``, then its result."""
    campaign = Campaign(directory, seed)
    try:
        campaign.open()
        while goes_on(campaign):
            campaign.cycle()
            yield campaign
        summary = campaign.finish()
        objections, events, receipts, _dumps = campaign.verdict()
        faults = [Objection("evidence", "gateway", str(each)) for each in summary["evidence"]["faults"]]
        yield Result(campaign, summary, events, receipts, [*objections, *faults])
    finally:
        campaign.close()
