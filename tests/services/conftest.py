# SPDX-License-Identifier: Apache-2.0
"""Departments that are asked over SOAP and REST."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway_reference.department.keys import Keys
from tests.services.site import Place, make_keys


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """Keys of the department and of the gateway, made once."""
    return make_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def build(tmp_path: Path, keys: Keys) -> Iterator[Callable[..., Place]]:
    """Build places by ``build("page: 20", …)``; all are closed afterwards."""
    places: list[Place] = []

    def begin(*options: str, **_more: Any) -> Place:
        place = Place(tmp_path / f"place-{len(places)}", keys, *options)
        places.append(place)
        return place

    yield begin
    for place in places:
        place.close()
