# SPDX-License-Identifier: Apache-2.0
"""Good twins: departments that differ from the reference system and are right; the suite must pass every one."""

from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Twin:
    """A difference: the seams that make it, and the profiles that can have it."""

    parts: tuple[type, ...]
    profiles: str = "S"


TWINS: Final[dict[str, Twin]] = {}


def twin(id_: str, profiles: str = "S") -> Any:
    """Register a class (or a second part of one difference) as the twin ``id_``."""

    def register(part: type) -> type:
        held = TWINS.get(id_)
        TWINS[id_] = Twin((*held.parts, part) if held else (part,), profiles)
        return part

    return register
