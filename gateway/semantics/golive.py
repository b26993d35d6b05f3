# SPDX-License-Identifier: Apache-2.0
"""Go-live lock (上线锁): the stages that a source goes through, item by item, before its records are delivered."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from gateway.model.words import Words
from gateway.semantics.interface import Change

WARN_DAYS: Final = (30, 14, 3)
"""Days before the end of an attestation on which it is warned of."""
TRIAL_DAYS: Final = 7
OVERRIDE_DAYS: Final = 7
EVERY_ITEM: Final = "*"
_DAY: Final = timedelta(days=1) // timedelta(microseconds=1)


class Stage(StrEnum):
    """How far an item of a source has come."""

    DRAFT = "draft"
    SELF_TESTED = "self-tested"
    ATTESTED = "attested"
    TRIAL = "trial"
    LIVE = "live"
    SUSPENDED = "suspended"


STAGES: Final = {
    Stage.DRAFT: Words("草稿", "draft"),
    Stage.SELF_TESTED: Words("已自测", "self-tested"),
    Stage.ATTESTED: Words("已验收", "attested"),
    Stage.TRIAL: Words("试运行", "trial"),
    Stage.LIVE: Words("正式运行", "live"),
    Stage.SUSPENDED: Words("已暂停上线", "suspended"),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one item of a source stands; times in microseconds, 0 for never.

    ``valid_until`` is the end of its attestation. ``flagged`` says that its interface drifted and records go with a
    flag. ``warned`` is the last warning of WARN_DAYS that was given, 0 for none. ``before`` is
    the stage that a suspended item had.
    """

    stage: Stage = Stage.DRAFT
    valid_until: int = 0
    override_until: int = 0
    flagged: bool = False
    warned: int = 0
    drift: tuple[Change, ...] = ()
    before: Stage | None = None

    def delivers(self, now: int) -> bool:
        """Tell whether records of the item may leave the gateway."""
        if now < self.override_until:
            return True
        return now < self.valid_until and (self.stage is Stage.LIVE or (self.stage is Stage.SUSPENDED and self.flagged))

    def marks(self, now: int) -> bool:
        """Tell whether what is delivered is to be flagged: it goes without a valid attestation of what it is."""
        return not (self.stage is Stage.LIVE and now < self.valid_until)


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look at a source found: reasons for which its attestation does not hold, and what drifted."""

    refused: Collection[str] = ()
    drift: Sequence[Change] = ()


@dataclass(frozen=True, slots=True)
class Moved:
    """An automatic step: the standing after it, a code that says what happened, and the detail."""

    to: Standing
    event: str
    detail: str = ""


EXPIRED: Final = "expired"


def looked_at(standing: Standing, looked: Looked, now: int, *, flag: bool) -> list[Moved]:
    """Return the steps that follow from a look, in order; none where all is as it was.

    ``flag`` is the policy that lets drifted records go with a flag instead of into quarantine.
    """
    steps: list[Moved] = []

    def take(to: Standing, event: str, detail: str = "") -> None:
        nonlocal standing
        standing = to
        steps.append(Moved(to, event, detail))

    if standing.override_until and now >= standing.override_until:
        take(replace(standing, override_until=0), "override-ended")
    if standing.stage not in (Stage.ATTESTED, Stage.TRIAL, Stage.LIVE):
        return steps
    broken = sorted(set(looked.refused) - {EXPIRED})
    if broken:
        take(suspended(standing), "attestation-refused", " ".join(broken))
        return steps
    if looked.drift:
        flagged = flag and standing.stage is Stage.LIVE
        to = replace(suspended(standing), flagged=flagged, drift=tuple(looked.drift))
        take(to, "drift", " ".join(each.part for each in looked.drift))
        return steps
    if now >= standing.valid_until:
        if standing.stage is Stage.LIVE:
            take(replace(standing, stage=Stage.TRIAL), EXPIRED)
        return steps
    due = warning_due(standing, now)
    if due is not None:
        take(replace(standing, warned=due), "expires-soon", str(days_left(standing, now)))
    return steps


def days_left(standing: Standing, now: int) -> int:
    """Return how many days, begun ones counted, an attestation still holds."""
    return max(0, -(-(standing.valid_until - now) // _DAY))


def warning_due(standing: Standing, now: int) -> int | None:
    """Return which of WARN_DAYS is to be warned of now, None where it was, or where none is reached."""
    reached = [days for days in WARN_DAYS if standing.valid_until - now <= days * _DAY]
    if not reached:
        return None
    last = min(reached)
    return last if standing.warned == 0 or last < standing.warned else None


def suspended(standing: Standing) -> Standing:
    """Return the standing once it is suspended: nothing leaves, and it remembers where it stood."""
    return replace(standing, stage=Stage.SUSPENDED, flagged=False, drift=(), before=standing.stage)


def trial_lacks(since: date, today: date, days: Mapping[str, int], wanted: int) -> list[str]:
    """Return the days (YYYY-MM-DD) that a trial still lacks: without a reconciliation, or with differences; none where it is over.

    The ``wanted`` last days count, today among them where it was reconciled already, and all must lie in the trial.
    ``days`` are the differences of each day on which the source was reconciled.
    """
    last = today if today.isoformat() in days else today - timedelta(days=1)
    counted = [last - timedelta(days=back) for back in reversed(range(wanted))]
    return [day.isoformat() for day in counted if day < since or days.get(day.isoformat(), 1) != 0]
