# SPDX-License-Identifier: Apache-2.0
"""How far a source has been read, as the text that the ledger fences (ledger.md B5, B14)."""

import json
from dataclasses import dataclass

from gateway.ports import Position, Window


@dataclass(frozen=True, slots=True)
class Cursor:
    """Floor of the next run; while a run is under way also its window, its position and the highest stamp seen."""

    floor: str | None = None
    window: Window | None = None
    position: Position | None = None
    highest: str | None = None

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Read what ``text()`` wrote; an empty text is the beginning of time."""
        if not text:
            return cls()
        stored = json.loads(text)
        run = stored.get("run")
        if run is None:
            return cls(stored["floor"])
        return cls(stored["floor"], Window(*run["window"]), Position(*run["position"]), run["highest"])

    def text(self) -> str:
        """Return the one text of this cursor; equal cursors have equal texts."""
        stored: dict[str, object] = {"floor": self.floor}
        if self.window is not None and self.position is not None:
            stored["run"] = {
                "window": [self.window.floor, self.window.until],
                "position": [self.position.stamp, self.position.row_id, self.position.undated],
                "highest": self.highest,
            }
        return json.dumps(stored, ensure_ascii=False, separators=(",", ":"), sort_keys=True)

    def seen(self, stamps: list[str]) -> str | None:
        """Return the highest stamp, those of one more page included."""
        return max([*stamps, self.highest], key=lambda stamp: stamp or "") if stamps else self.highest
