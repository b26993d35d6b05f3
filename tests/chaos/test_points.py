# SPDX-License-Identifier: Apache-2.0
"""Crash points stand in real code, cost nothing where nobody arms them, and strike where they say."""

import itertools
import random
from types import SimpleNamespace

import pytest

from tests.chaos import campaign, points
from tests.chaos.campaign import Campaign


def test_there_are_forty_and_each_stands_in_real_code() -> None:
    assert len(points.POINTS) >= 40
    for point in points.POINTS.values():
        points.find(point.target)


def test_a_point_strikes_at_its_passing_and_is_gone_when_undone() -> None:
    from gateway.flow import deliver
    from gateway.ledger import settlement

    original = settlement.settle
    struck: list[str] = []
    hits = points.Hits("settle.begun", 2)
    hits.strike = struck.append  # type: ignore[method-assign]
    point = points.POINTS["settle.begun"]
    undo = points.replace(point.target, lambda function: points._wrapped(point, hits, function))
    try:
        assert deliver.settle is settlement.settle is not original
        for _ in range(3):
            with pytest.raises(TypeError):
                settlement.settle()  # type: ignore[call-arg]
    finally:
        undo()
    assert struck == ["settle.begun"]
    assert deliver.settle is settlement.settle is original


@pytest.mark.parametrize("seed", range(5))
def test_a_campaign_takes_every_point_in_turn_and_never_two_before_a_commit_in_a_row(seed: int) -> None:
    """A source whose pull died twice is read in a child process (B15), which would cost more than all kills together."""
    deck = SimpleNamespace(chance=random.Random(seed), _turn=[])
    taken = [Campaign._next_point(deck) for _ in points.POINTS]  # type: ignore[arg-type]
    assert sorted(taken) == sorted(points.POINTS)
    early = [name.startswith(("run.", "page.", "chunk.")) and name not in campaign._COMMITTED for name in taken]
    assert not any(one and other for one, other in itertools.pairwise(early))
