# SPDX-License-Identifier: Apache-2.0
"""The legal clock of the shipped pack."""

import pytest

from gateway.legal import LegalClock
from gateway.pack import Pack, load_pack


@pytest.fixture(scope="session")
def pack() -> Pack:
    """Return the shipped pack."""
    return load_pack()


@pytest.fixture(scope="session")
def clock(pack: Pack) -> LegalClock:
    """Return its legal clock."""
    return LegalClock(pack)
