# SPDX-License-Identifier: Apache-2.0
"""Where the real sets lie, and a clear reason where one does not."""

from pathlib import Path

import pytest

from tests.real.sets import CATALOGUE, DATA, LEVIES, PENALTIES, RealSet


def folder(chosen: RealSet) -> Path:
    """Return the folder of a set; skip where it is absent."""
    if not chosen.present():
        pytest.skip(f"shared-data: the set is not at {DATA / chosen.folder}")
    return DATA / chosen.folder


@pytest.fixture(scope="session")
def penalties() -> Path:
    """Return the folder of the environmental penalties."""
    return folder(PENALTIES)


@pytest.fixture(scope="session")
def levies() -> Path:
    """Return the folder of the emission levies."""
    return folder(LEVIES)


@pytest.fixture(scope="session")
def catalogue() -> Path:
    """Return the folder of the service catalogue."""
    return folder(CATALOGUE)
