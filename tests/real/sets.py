# SPDX-License-Identifier: Apache-2.0
"""The real sets: where each lies, how it becomes a department's database, and what must come out at least."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.real import catalogue, levies, loader

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
"""Where all sets lie beside a checkout."""

# The stamps of a set span up to two years and thousands of rows share one. An overlap as wide as that reads every row again
# in every pass: nothing but row memory keeps the second pass from doing everything twice.
OVERLAP = "1000d"


@dataclass(frozen=True)
class RealSet:
    """One set of real records and the run over it.

    ``items`` is the overlay file of the invented items that go out first, None where the set is itself a catalogue.
    ``options`` are those of the database source, without its URL. ``least`` holds the least figures of the first pass,
    ``reasons`` every true reason to refuse by code and place, with its count: any other is a false one until somebody looked.
    """

    name: str
    folder: str
    files: tuple[str, ...]
    load: Callable[[Path, Path], object]
    items: str | None
    mapping: str
    department: str
    options: Mapping[str, Any]
    rows: int
    least: Mapping[str, int]
    reasons: Mapping[str, int]

    def present(self, data: Path = DATA) -> bool:
        """Tell whether the set is there."""
        return all((data / self.folder / name).is_file() for name in self.files)


PENALTIES = RealSet(
    name="penalties",
    folder=loader.FOLDER,
    files=(loader.PENALTIES, loader.FACILITIES),
    load=loader.load,
    items="items.csv",
    mapping="environment-penalties/penalties.yaml",
    department="环境行政处罚(境外数据集,机构为虚构)",
    options={
        "table": "penalty_view",
        "row_id": ["ID"],
        "stamp": {"column": "UPDATETIME", "format": "%Y/%m/%d %H:%M"},
        "overlap": OVERLAP,
    },
    rows=8772,
    least={"accepted": 7000, "duplicates": 100},
    reasons={"MAP-090 GG_BG": 1, "XSD-010 penaltyDecision/party/address": 1},
)
LEVIES = RealSet(
    name="levies",
    folder=levies.FOLDER,
    files=(levies.LEVIES,),
    load=levies.load,
    items="levy-items.csv",
    mapping="emission-levies/levies.yaml",
    department="排污费申报核定(境外数据集,机构为虚构)",
    options={
        "table": "levy",
        "row_id": ["ID"],
        "stamp": {"column": "UPDATETIME", "format": "%Y/%m/%d"},
        "overlap": OVERLAP,
    },
    rows=8000,
    least={"accepted": 7900},
    reasons={"MAP-009": 16},
)
CATALOGUE = RealSet(
    name="catalogue",
    folder=catalogue.FOLDER,
    files=(catalogue.CATALOGUE,),
    load=catalogue.load,
    items=None,
    mapping="service-catalogue/items.yaml",
    department="政务服务事项目录(外省区县数据集)",
    options={"table": "item_view", "row_id": ["ID"]},
    rows=1135,
    least={"accepted": 150},
    reasons={"MAP-004 TASKTYPE": 348, "MAP-007 DEPTCODE": 884},
)
SETS = (PENALTIES, LEVIES, CATALOGUE)
