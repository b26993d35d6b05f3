# SPDX-License-Identifier: Apache-2.0
"""Where the data that ship with the gateway are: standard packs, mappings and the example configuration."""

from pathlib import Path
from typing import Literal

_PACKAGE = Path(__file__).resolve().parent
_IN_CHECKOUT = {"schemas": "schemas", "mappings": "mappings", "example": "deploy/example"}


def find(name: Literal["schemas", "mappings", "example"]) -> Path:
    """Return the folder ``name``: inside the installed package if it was bundled, else of the source checkout.

    Raises:
        FileNotFoundError: neither place has it (a broken installation).
    """
    for place in (_PACKAGE / "_bundle" / name, _PACKAGE.parent / _IN_CHECKOUT[name]):
        if place.is_dir():
            return place
    raise FileNotFoundError(f"{name}: not found beside {_PACKAGE}")
