# SPDX-License-Identifier: Apache-2.0
"""All that a vendor's adapter may import of the gateway (adapters/README.md shows how).

An adapter is a callable ``(settings, tools) -> Source``, registered under the entry point group ``gateway.adapters``.
Most vendors need none: the built-in ``database`` source and a mapping do. Where a vendor packs facts in a way that
no mapping can say, wrap the database source in ``Reshaped`` with a pure function over the cells of one row.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeAlias

from gateway.errors import AdapterError, ConfigurationError, SourceError
from gateway.model.finding import Finding, Severity, Stage
from gateway.model.record import Row, Scalar, SourceKind
from gateway.model.words import Words
from gateway.ports import (
    Accounted,
    Clock,
    Fingerprinted,
    Listed,
    Looking,
    Notice,
    Page,
    Position,
    Source,
    Told,
    Unreadable,
    Window,
)
from gateway.semantics.interface import Interface


@dataclass(frozen=True, slots=True)
class AdapterSettings:
    """What ``sources.d/NAME.yaml`` says to an adapter; ``options`` is for the adapter alone to read.

    ``directory`` is the configuration directory: relative paths in options are relative to it.
    """

    name: str
    kind: SourceKind
    options: Mapping[str, object]
    directory: Path


class Tools(Protocol):
    """What the gateway lends to an adapter."""

    @property
    def clock(self) -> Clock:
        """Time."""

    def database(self, settings: AdapterSettings) -> Source:
        """Open the built-in database source; raises ConfigurationError when the options are wrong."""


Adapter: TypeAlias = Callable[[AdapterSettings, Tools], Source]
Reshape: TypeAlias = Callable[[Mapping[str, Scalar]], Mapping[str, Scalar]]

_canonical = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


class RowRefused(Exception):  # it refuses one row and is no fault of the program
    """Raised by a reshape function: this row can't be understood.

    ``column`` names the cell, ``message`` says what is wrong and ``hint`` how the vendor mends it; neither may hold
    personal data.
    """

    def __init__(self, column: str, message: Words, hint: Words) -> None:
        super().__init__(message.zh)
        self.column = column
        self.message = message
        self.hint = hint


def row(row_id: str, values: Mapping[str, Scalar], stamp: str | None = None) -> Row:
    """Build a row with its canonical raw form (UTF-8 JSON, keys sorted, no spaces) and SHA-256 digest."""
    raw = _canonical(dict(values)).encode()
    return Row(row_id, values, raw, hashlib.sha256(raw).digest(), stamp)


class Reshaped:
    """A source whose rows pass through a pure function before anything else sees them.

    A row that the function refuses (``RowRefused``), or on which it fails, becomes ``Unreadable`` with finding
    SRC-011; every other row flows. The raw form is that of the reshaped row: keep the packed column in it.
    """

    def __new__(cls, source: Source, reshape: Reshape) -> "Reshaped":  # as __init__
        """Make one that tells the source beneath what became of its rows where that wants to be told."""
        return super().__new__(_ReshapedTold if isinstance(source, Told) and cls is Reshaped else cls)

    def __init__(self, source: Source, reshape: Reshape) -> None:
        self.name = source.name
        self.kind = source.kind
        self._source = source
        self._reshape = reshape

    def check(self) -> tuple[Finding, ...]:
        """Look at the shape of the source beneath."""
        return self._source.check()

    def window(self, floor: str | None) -> Window:
        """Fix the bounds of a run."""
        return self._source.window(floor)

    def read(self, window: Window, after: Position | None, size: int) -> Page:
        """Read a page and reshape its rows."""
        page = self._source.read(window, after, size)
        rows: list[Row] = []
        refused = list(page.unreadable)
        for before in page.rows:
            reshaped = self._reshaped(before)
            if isinstance(reshaped, Row):
                rows.append(reshaped)
            else:
                refused.append(reshaped)
        return replace(page, rows=tuple(rows), unreadable=tuple(refused))

    def next_floor(self, window: Window, highest: str | None) -> str | None:
        """Return the floor of the next run."""
        return self._source.next_floor(window, highest)

    def estimate(self, window: Window) -> int | None:
        """Return about how many rows the window holds."""
        return self._source.estimate(window)

    def close(self) -> None:
        """Let go of connections."""
        self._source.close()

    def account(self) -> tuple[Finding, ...]:
        """As the source beneath tells."""
        return self._source.account() if isinstance(self._source, Accounted) else ()

    def interface(self) -> Interface | None:
        """Return the interface of the source beneath."""
        return self._source.interface() if isinstance(self._source, Fingerprinted) else None

    @property
    def consumes(self) -> bool:
        """As the source beneath."""
        return bool(getattr(self._source, "consumes", False))

    def look(self) -> None:
        """Let the source beneath only look."""
        if isinstance(self._source, Looking):
            self._source.look()

    @property
    def comparable(self) -> bool:
        """As the source beneath."""
        return isinstance(self._source, Listed) and self._source.comparable

    @property
    def snapshot(self) -> bool:
        """As the source beneath."""
        return isinstance(self._source, Listed) and self._source.snapshot

    def keys(self) -> Iterator[Sequence[str]]:
        """List the rows of the source beneath; raises AdapterError where it can't."""
        return self._listed().keys()

    def present(self, row_ids: Sequence[str]) -> Collection[str]:
        """Look rows up in the source beneath."""
        return self._listed().present(row_ids)

    def in_scope(self, values: Mapping[str, Scalar]) -> bool:
        """As the source beneath says; columns that the reshaping leaves in place keep their names."""
        return self._source.in_scope(values) if isinstance(self._source, Listed) else True

    def _listed(self) -> Listed:
        if isinstance(self._source, Listed):
            return self._source
        raise AdapterError(f"{self.name}: not listed")

    def _reshaped(self, before: Row) -> Row | Unreadable:
        try:
            made = row(before.row_id, self._reshape(before.values), before.stamp)
            return replace(made, mark=before.mark, spot=before.spot)
        except RowRefused as refusal:
            finding = Finding("SRC-011", Stage.COLLECT, refusal.column, refusal.message, refusal.hint)
        except Exception as fault:  # noqa: BLE001 # fence: vendor code must not stop the other rows
            what = type(fault).__name__
            finding = Finding(
                "SRC-011",
                Stage.COLLECT,
                "",
                Words(f"适配器处理该行时出错:{what}", f"the adapter failed on this row: {what}"),
                Words("联系适配器厂商", "ask the adapter's vendor"),
            )
        return Unreadable(before.row_id, finding, before.mark)


class _ReshapedTold(Reshaped):
    def tell(self, notice: Notice) -> None:
        """Tell the source beneath."""
        if isinstance(self._source, Told):
            self._source.tell(notice)


__all__ = [
    "Adapter", "AdapterError", "AdapterSettings", "Clock", "ConfigurationError", "Finding", "Fingerprinted", "Interface", "Listed", "Notice", "Page", "Position",
    "Reshape", "Reshaped", "Row", "RowRefused", "Scalar", "Severity", "Source", "SourceError", "SourceKind", "Stage",
    "Told", "Tools", "Unreadable", "Window", "Words", "row",
]  # fmt: skip
