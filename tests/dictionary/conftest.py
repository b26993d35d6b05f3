# SPDX-License-Identifier: Apache-2.0
"""The shipped pack and every field of it."""

import pytest

from gateway.pack import Element, Field, Pack, load_pack

Fields = dict[str, tuple[Element, Field]]


@pytest.fixture(scope="session")
def pack() -> Pack:
    return load_pack()


@pytest.fixture(scope="session")
def fields(pack: Pack) -> Fields:
    """Return element and field by ``TYPE/path``; elements that the dictionary lacks are not among them."""
    return {
        f"{code}/{element.path}": (element, field)
        for code in pack.types
        for element in pack.shape(code).walk()
        if (field := pack.dictionary.field(element)) is not None
    }
