# SPDX-License-Identifier: Apache-2.0
"""Where the data that ship with the gateway are: standard packs, mappings, the example configuration, guides and the lock."""

from pathlib import Path
from typing import Literal

_PACKAGE = Path(__file__).resolve().parent
_IN_CHECKOUT = {
    "schemas": "schemas", "mappings": "mappings", "example": "deploy/example", "howto": "docs/howto",
    "reference": "docs/reference", "requirements.lock": "requirements.lock",
}  # fmt: skip


def find(name: Literal["schemas", "mappings", "example", "howto", "reference", "requirements.lock"]) -> Path:
    """Return the folder or file ``name``: inside the installed package if it was bundled, else of the source checkout.

    Raises:
        FileNotFoundError: neither place has it (a broken installation).
    """
    for place in (_PACKAGE / "_bundle" / name, _PACKAGE.parent / _IN_CHECKOUT[name]):
        if place.exists():
            return place
    raise FileNotFoundError(f"{name}: not found beside {_PACKAGE}")
