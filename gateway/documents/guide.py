# SPDX-License-Identifier: Apache-2.0
"""What the schema stage may know of elements beside the XSD itself: labels, order and advice, given by the pack."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from gateway.model.words import Words

Labels: TypeAlias = Callable[[str], Words | None]
"""Gives the label of an element path such as ``penaltyDecision/party/name``, or None."""


@dataclass(frozen=True, slots=True)
class Place:
    """A child that an element may have: its name, how often, and the code (pinyin) that vendors know it by."""

    name: str
    min: int
    max: int | None
    pinyin: str = ""


Places: TypeAlias = Callable[[str], Sequence[Place]]
"""Gives the children of an element path in their order; none for an element that is not known."""


def no_labels(_path: str) -> None:
    """Know no label: findings name the element alone."""


def no_places(_path: str) -> Sequence[Place]:
    """Know no order: content errors are told in libxml2's terms."""
    return ()


@dataclass(frozen=True, slots=True)
class Guide:
    """Labels, order and advice by element path (names joined with ``/``, the payload element first, no numbers)."""

    label: Labels = no_labels
    places: Places = no_places
    advice: Labels = no_labels


NOBODY = Guide()
"""Knows nothing."""
