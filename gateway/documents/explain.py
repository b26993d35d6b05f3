# SPDX-License-Identifier: Apache-2.0
"""A second opinion on refused documents: xmlschema's readable paths and reasons, about seventy times as slow as lxml."""

from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gateway.documents import safexml

if TYPE_CHECKING:
    from xmlschema import XMLSchema  # noqa: TID251 # the type alone; safexml loads it

_MOST: Final = 20


@dataclass(frozen=True, slots=True)
class Explanation:
    """One error as xmlschema tells it (English): readable path, reason, and what the schema expects there."""

    path: str
    reason: str
    expected: tuple[str, ...]


class Explainer:
    """Explains refused documents; the schema is compiled when the first one comes."""

    def __init__(self, path: Path, root: Path | None = None) -> None:
        self._path = path
        self._root = root
        self._compiled: XMLSchema | None = None

    def explain(self, document: bytes) -> tuple[Explanation, ...]:
        """Return at most 20 errors of one document; raises RefusedDocument where it can't even be parsed."""
        element = safexml.parse(document)
        if self._compiled is None:
            self._compiled = safexml.load_explainer(self._path, self._root)
        errors = islice(self._compiled.iter_errors(element), _MOST)
        return tuple(
            Explanation(str(error.path or ""), str(error.reason or ""), _expected(getattr(error, "expected", None)))
            for error in errors
        )


def _expected(wanted: object) -> tuple[str, ...]:
    if wanted is None:
        return ()
    particles = wanted if isinstance(wanted, list | tuple) else [wanted]
    return tuple(str(getattr(particle, "local_name", None) or particle) for particle in particles)
