# SPDX-License-Identifier: Apache-2.0
"""Gateways with an intake, one a test, or one a module where nothing is changed."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.exchange.town import Town


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Callable[..., Town]]:
    """Build and start towns by ``build(senders=…, level=…)``; all are stopped afterwards."""
    towns: list[Town] = []

    def begin(**settings: Any) -> Town:
        town = Town(tmp_path / f"site-{len(towns)}", **settings)
        towns.append(town)
        town.start()
        return town

    yield begin
    for town in towns:
        town.stop()


@pytest.fixture
def town(build: Callable[..., Town]) -> Town:
    """A gateway with one sender at L1."""
    return build()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """One gateway for tests that use case numbers of their own."""
    town = Town(tmp_path_factory.mktemp("town"), senders=3)
    town.start()
    yield town
    town.stop()
