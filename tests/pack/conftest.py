# SPDX-License-Identifier: Apache-2.0
"""The shipped pack, its compiled schema and what xmlschema sees in it."""

from typing import Any

import pytest

from gateway.documents import safexml
from gateway.pack import Pack, load_pack


@pytest.fixture(scope="session")
def pack() -> Pack:
    """Return the shipped pack."""
    return load_pack()


@pytest.fixture(scope="session")
def seen(pack: Pack) -> Any:
    """Return the schema as xmlschema sees it: a second opinion on the plain walk."""
    return safexml.load_explainer(pack.schema_path)
