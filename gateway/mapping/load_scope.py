# SPDX-License-Identifier: Apache-2.0
"""What a value may speak of where it stands, and what is wanted of it."""

from dataclasses import dataclass, field

from gateway.mapping.model import Column, Crosswalk, Kind, Number, Value


@dataclass(slots=True)
class Scope:
    """What a value may speak of where it stands."""

    columns: dict[str, Column] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)
    numbers: dict[str, Number] | None = None
    records: dict[str, str] = field(default_factory=dict)  # name -> type
    items: dict[str, str] = field(default_factory=dict)  # alias -> origin
    tables: dict[str, Crosswalk] = field(default_factory=dict)
    formats: dict[str, tuple[str, ...]] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)  # columns that anything reads


@dataclass(frozen=True, slots=True)
class Target:
    """What is wanted of a value: its kind (None: whatever the source gives) and the rules of the element."""

    where: str
    kind: Kind | None = None
    fraction_digits: int | None = None
    no_constant: tuple[str, str] | None = None  # why not, zh and en
    no_mask: tuple[str, str] | None = None  # why not, zh and en
