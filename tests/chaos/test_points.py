# SPDX-License-Identifier: Apache-2.0
"""Crash points stand in real code, cost nothing where nobody arms them, and strike where they say."""

import pytest

from tests.chaos import points


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
