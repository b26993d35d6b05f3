# SPDX-License-Identifier: Apache-2.0
"""Interface of a department system as a fingerprint: the same for the suite that attests it and the gateway that watches it.

An interface is a set of named parts, each with a text that says what it is (``column:v_case.case_no`` → ``VARCHAR(64)``).
Part names begin with their kind, by which the suite's registry names the cases that look at them.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

VIEW: Final = "view"
FILE: Final = "file"
SOAP: Final = "soap"
PUSH: Final = "push"
PROFILES: Final[Mapping[str, str]] = {"V": VIEW, "F": FILE, "S": SOAP, "P": PUSH}


class Change(NamedTuple):
    """One part that is not as attested; None where it was not there before, or is not there now."""

    part: str
    attested: str | None
    seen: str | None


@dataclass(frozen=True, slots=True)
class Interface:
    """What a system shows of itself: its kind and its parts."""

    kind: str
    parts: Mapping[str, str]

    @property
    def digest(self) -> str:
        """SHA-256, hex, over the canonical JSON of kind and parts: what an attestation is bound to."""
        return hashlib.sha256(_canonical(self.as_json())).hexdigest()

    def as_json(self) -> dict[str, Any]:
        """Return it as attestations and the ledger hold it."""
        return {"kind": self.kind, "parts": dict(sorted(self.parts.items()))}

    @classmethod
    def of_json(cls, held: Mapping[str, Any]) -> "Interface":
        """Return what ``as_json`` gave; raises KeyError or TypeError for anything else."""
        return cls(str(held["kind"]), {str(name): str(value) for name, value in dict(held["parts"]).items()})

    def changes(self, seen: "Interface") -> tuple[Change, ...]:
        """Return what differs in ``seen`` from this, the attested one, in the order of the part names.

        A source often reads one view, or today's file, of a system that was attested whole: of views those are compared
        that are seen, of files what was attested and is seen; services and push clients are compared whole.
        """
        if self.kind != seen.kind:
            return (Change("kind", self.kind, seen.kind),)
        shown = dict(seen.parts)
        if self.kind == VIEW:
            relations = {_relation(part) for part in shown}
            attested = {part: value for part, value in self.parts.items() if _relation(part) in relations}
        elif self.kind == FILE:
            attested = {part: value for part, value in self.parts.items() if part in seen.parts}
            shown = {part: value for part, value in seen.parts.items() if part in attested}
            if not shown:
                return (Change("layout", self.digest, seen.digest),)
        else:
            attested = dict(self.parts)
        return tuple(
            Change(part, attested.get(part), shown.get(part))
            for part in sorted({*attested, *shown})
            if attested.get(part) != shown.get(part)
        )


def _relation(part: str) -> str:
    return part.partition(".")[0]


def _canonical(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def of_relations(relations: Mapping[str, Iterable[tuple[str, str]]]) -> Interface:
    """Return the interface of views: by view the names and types of its columns, as the catalogue shows them.

    The schema is left out: the test system and the live one need not share it. Names are compared without regard to
    case, as databases do.
    """
    parts = {
        f"column:{relation.rpartition('.')[2].casefold()}.{name.casefold()}": type_
        for relation, columns in relations.items()
        for name, type_ in columns
    }
    return Interface(VIEW, parts)


def of_layout(declared: Mapping[str, object], columns: Sequence[str] | None = None, name: str = "") -> Interface:
    """Return the interface of files: how they are written (format, encoding, …) and, where one was seen, its columns.

    ``name`` tells several layouts of one drop apart.
    """
    of = f"{name}." if name else ""
    parts = {f"layout:{of}{key}": _text(value) for key, value in declared.items() if value is not None}
    if columns is not None:
        parts[f"layout:{of}columns"] = _text(list(columns))
    return Interface(FILE, parts)


def of_push(pins: Iterable[tuple[str, str]], version: str) -> Interface:
    """Return the interface of a client that pushes: its certificates, role and SHA-256 (hex, DER), and its declared version."""
    return Interface(
        PUSH, {**{f"certificate:{role}.{pin}": "pinned" for role, pin in pins}, "version:standard": version}
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else _canonical(value).decode()
