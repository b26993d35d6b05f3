# SPDX-License-Identifier: Apache-2.0
"""The tree that the interpreter builds, and how it is written."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.model.record import Piece, Slot


@dataclass
class Branch:
    """An element of the tree: children, or a text, or a slot; ``volatile`` is left out of the identity."""

    name: str
    children: "list[Branch]" = field(default_factory=list)
    text: str | None = None
    slot: Slot | None = None
    volatile: bool = False


def written(branch: Branch, namespace: str | None, identity: bool = False) -> Iterator[str | Slot]:
    """Yield the texts and slots of a tree; ``identity`` leaves volatile branches out."""
    if branch.volatile and identity:
        return
    yield f'<{branch.name} xmlns="{namespace}">' if namespace else f"<{branch.name}>"
    if branch.slot is not None:
        yield branch.slot
    elif branch.text is not None:
        yield branch.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for child in branch.children:
        yield from written(child, None, identity)
    yield f"</{branch.name}>"


def pieces(parts: list[str | Slot]) -> Iterator[Piece]:
    """Yield bytes between slots, and the slots."""
    text = ""
    for part in parts:
        if isinstance(part, Slot):
            yield text.encode()
            yield part
            text = ""
        else:
            text += part
    yield text.encode()
