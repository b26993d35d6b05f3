# SPDX-License-Identifier: Apache-2.0
"""Classes of urgency (优先级): which lanes of a destination go first, and what share of its capacity each is sure of."""

from enum import IntEnum
from typing import Final


class Priority(IntEnum):
    """The class of a lane; a lower one goes first. A lane keeps the lowest class of all that entered it while open."""

    CLOCK = 0  # delay would draw a false yellow or red card at the supervision side
    MASTER_DATA = 1  # what other records name
    ORDINARY = 2
    BACK_FILL = 3  # years of history
    REPLAY = 4  # sent again by a replay plan


SHARES: Final = {
    Priority.CLOCK: 10,
    Priority.MASTER_DATA: 3,
    Priority.ORDINARY: 4,
    Priority.BACK_FILL: 2,
    Priority.REPLAY: 1,
}
"""Of every twenty lanes that a destination takes, how many each class is sure of; what one leaves goes to the first in order."""

NEVER: Final = 2**63 - 1
"""Due time (microseconds) of a lane that no legal clock presses."""


def turns() -> tuple[Priority, ...]:
    """Return one round of turns: every class as often as its share, spread as evenly as whole numbers allow.

    >>> turns().count(Priority.REPLAY), len(turns())
    (1, 20)
    """
    whole = sum(SHARES.values())
    placed = [
        ((2 * place + 1) * whole / share, priority) for priority, share in SHARES.items() for place in range(share)
    ]
    return tuple(priority for _, priority in sorted(placed))
