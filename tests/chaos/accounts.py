# SPDX-License-Identifier: Apache-2.0
"""Two of the checker's three accounts: the departments' databases, and the gateway's receipts.

Imports nothing of the gateway. The third account is ``gateway reference dump``.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.chaos.checker import UNKNOWN, Event, Receipted, Receipts, Refusal

_PERMIT_LIFE = {"XK_SQ": (), "XK_SL": ("XK_SQ",), "XK_HJ": ("XK_SL",), "XK_JD": ("XK_SL",), "XK_SD": ("XK_JD",)}
_PENALTY_LIFE = {"LA": "CF_LA", "DC": "CF_DC", "GZ": "CF_GZ", "JD": "CF_JD", "ZX": "CF_ZX", "JA": "CF_JA"}
REFUSED = ("refused", "conflict", "stale", "proposed")


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a database for reading only."""
    with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=10)) as connection:
        yield connection


def events(directory: Path) -> list[Event]:
    """Return what happened in the departments, from their own tables."""
    found: list[Event] = []
    with reading(directory / "staffing.db") as staffing:
        for (code,) in staffing.execute('SELECT "SXBM" FROM "SXQD"'):
            found.append(Event("items", code, "QL_SX", code, 1, f"QL_SX:{code}"))
    with reading(directory / "construction.db") as construction:
        for case, accepted in construction.execute('SELECT "BJBH", "SLJG" FROM "T_XK_SQSL"'):
            found.append(_permit("applications", case, case, "XK_SQ", 1))
            if accepted is not None:
                found.append(_permit("applications", case, case, "XK_SL", 2))
        for row, case, place in construction.execute('SELECT "HJID", "BJBH", "XH" FROM "T_XK_HJ"'):
            found.append(_permit("steps", row, case, "XK_HJ", place))
        for case, place, served, after in construction.execute('SELECT "BJBH", "JDXH", "SDSJ", "SDXH" FROM "T_XK_BJ"'):
            found.append(_permit("decisions", case, case, "XK_JD", place))
            if served is not None:
                found.append(_permit("decisions", case, case, "XK_SD", after))
    with reading(directory / "market.db") as market:
        before: dict[int, list[str]] = defaultdict(list)
        for row, case, place, code in market.execute(
            'SELECT "LCID", "AJID", "LCXH", "LCDM" FROM "LCJL" ORDER BY "LCXH"'
        ):
            type_ = _PENALTY_LIFE[code]
            found.append(Event("penalties", str(row), type_, str(case), place, None, tuple(before[case])))
            before[case].append(type_)
    return found


def _permit(view: str, row_id: str, case: str, type_: str, place: int) -> Event:
    return Event(f"permits-{view}", row_id, type_, case, place, f"{type_}:{case}:{place}", _PERMIT_LIFE[type_])


def receipts(records: Iterable[Mapping[str, Any]], refusals: Iterable[Mapping[str, Any]]) -> Receipts:
    """Return what the gateway says, from ``gateway records list --json`` without and with ``--state`` of the refused."""
    return Receipts(
        [
            Receipted(
                each["source"], each["row_id"], each["type"], each["key"], each["version"], each["content_digest"],
                each["state"], {name: _state(there) for name, there in each["destinations"].items()},
            )
            for each in records
        ],
        [
            Refusal(each["source"], each["row_id"], each["type"], each["state"])
            for each in refusals
            if not each["superseded"]
        ],
    )  # fmt: skip


def _state(there: Mapping[str, Any]) -> str:
    return UNKNOWN if there["state"] == "parked" and there["code"] == UNKNOWN else str(there["state"])
