# SPDX-License-Identifier: Apache-2.0
"""Where the real set lies, and a clear reason where it does not."""

from pathlib import Path

import pytest

from tests.real import loader


@pytest.fixture(scope="session")
def penalties() -> Path:
    """Return the directory of the environmental penalties; skip where it is absent."""
    if not loader.present():
        pytest.skip(f"shared-data: the environmental penalties are not at {loader.DATA}")
    return loader.DATA
