# SPDX-License-Identifier: Apache-2.0
"""Permit cases in the layout of the made-up product Bright Window: tables behind three views with pinyin columns."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.demo.calendar import later, opening, working_days_after
from gateway.demo.catalogue import Item
from gateway.demo.people import Party, party, person_name, spoiled

# What goes wrong, and what the gateway says of it. Each stands in the last record of its case.
FLAWS = {
    "person": "IDN-007",  # check digit of an identity number
    "company": "IDN-002",  # check digit of a credit code
    "acceptance": "MAP-004",  # a result that no list knows
    "opinion": "XSD",  # longer than the field
    "date": "MAP-002",  # 30 February
    "validity": "DAT-001",  # 9999-12-31
    "delivery": "MAP-004",  # a way of service that no list knows
}

_COLUMNS = {
    "XK_SQSL": "BJBH SXBM SXBB ZZJGDM XZQH JBR GW GH GXSJ SQXH SLXH SQRLX SQRMC ZJLX ZJHM FDDBR LXR LXDH DZ XMMC SQSX SXLX YZZH"
    " SQFS SDSJ SQCL SLJG SLSJ SLHZH CNQX BSLYY JJTJ",
    "XK_HJ": "HJID BJBH SXBM SXBB ZZJGDM XZQH JBR GW GH GXSJ XH HJBM HJMC KSSJ JSSJ BLYJ BLJG XYHJ",
    "XK_BJ": "BJBH SXBM SXBB ZZJGDM XZQH JBR GW GH GXSJ JDXH SDXH BJJG BJSJ WH WJMC NR XKLB ZZBH ZZMC YXQS YXQZ BXYY JJTJ"
    " PZR GKXS SDFS SDSJ SDR",
}
_KINDS = {1: ("自然人", "身份证"), 2: ("企业法人", "信用代码"), 4: ("个体工商户", "信用代码")}
_REMEDY = "六十日内申请行政复议,或者六个月内提起行政诉讼"


def tables() -> list[str]:
    """Return the statements that make the tables and the views over them, as the vendor delivers them."""
    made: list[str] = []
    for name, columns in _COLUMNS.items():
        named = ", ".join(f'"{c}"' for c in columns.split())
        made.append(f'CREATE TABLE "T_{name}" ("LSH" INTEGER PRIMARY KEY, {named})')
        made.append(f'CREATE VIEW "V_{name}" AS SELECT {named} FROM "T_{name}"')  # noqa: S608 # names of this module
        made.append(f'CREATE INDEX "I_{name}" ON "T_{name}" ("GXSJ")')
    return made


@dataclass
class Case:
    """One case being made up; rows are appended to the tables of its department."""

    chance: random.Random
    item: Item
    number: int
    flaw: str | None
    rows: dict[str, list[dict[str, object]]]
    moment: datetime = field(init=False)
    records: int = field(init=False, default=0)
    _sequence: int = field(init=False, default=0)

    def live(self, stage: int) -> int:
        """Go through the stages up to ``stage`` (1 applied to 5 delivered), or to the flaw; return the records made."""
        self.moment = opening(self.chance)
        stage = {"person": 1, "company": 1, "acceptance": 2, "opinion": 3, "date": 4, "validity": 4}.get(
            self.flaw or "", 5 if self.flaw == "delivery" else stage
        )
        self._apply(accepted=stage >= 2)
        if stage >= 3:
            self._steps()
        if stage >= 4:
            self._decide(delivered=stage >= 5)
        return self.records

    def _head(self) -> dict[str, object]:
        owner = self.item.owner
        return {
            "BJBH": f"{owner.organisation}-{self.moment.year}-XK-{self.number:08d}",
            "SXBM": self.item.code,
            "SXBB": "1",
            "ZZJGDM": owner.code,
            "XZQH": "360100",
            "JBR": person_name(self.chance),
            "GW": "窗口受理岗",
            "GH": f"A{self.chance.randrange(100):03d}",
        }

    def _next(self) -> int:
        self._sequence += 1
        self.records += 1
        return self._sequence

    def _apply(self, *, accepted: bool) -> None:
        flawed_kind = {"person": 1, "company": 2}.get(self.flaw or "")
        who = party(self.chance, flawed_kind)
        if flawed_kind:
            who = who._replace(number=spoiled(who.number))
        row = self._head() | self._applicant(who)
        row |= {"SQXH": self._next(), "SDSJ": _text(self.moment), "GXSJ": _text(self.moment)}
        if accepted:
            accepted_at = later(self.moment, self.chance, 1, 3)
            row |= {
                "SLXH": self._next(),
                "SLJG": "收件待定" if self.flaw == "acceptance" else "受理",
                "SLSJ": _text(accepted_at),
                "SLHZH": f"洪示例受〔{accepted_at.year}〕{self.number}号",
                "CNQX": f"{working_days_after(accepted_at, 10):%Y-%m-%d}",
                "GXSJ": _text(accepted_at),
            }
            self.moment = accepted_at
        self.rows["XK_SQSL"].append(row)

    def _applicant(self, who: Party) -> dict[str, object]:
        kind, document = _KINDS[who.kind]
        matter = self.chance.choices(("新办", "变更", "延续"), (7, 2, 1))[0]
        return {
            "SQRLX": kind,
            "SQRMC": who.name,
            "ZJLX": document,
            "ZJHM": who.number,
            "FDDBR": who.head or "-",
            "LXR": who.contact,
            "LXDH": who.phone,
            "DZ": who.address,
            "XMMC": self.chance.choice(("/", "示例一期项目", "样本改造项目")),
            "SQSX": f"申请办理{self.item.name}",
            "SXLX": matter,
            "YZZH": "-" if matter == "新办" else f"示例旧证{self.number:06d}",
            "SQFS": self.chance.choice(("大厅窗口", "网上申报", "邮寄")),
            "SQCL": "申请书|1|纸质;身份证明|1|电子;场所证明|2|纸质",
        }

    def _steps(self) -> None:
        names = (("S2", "审查", "S3"), ("S3", "审批", "S4"))
        for place, (code, name, following) in enumerate(names):
            started = later(self.moment, self.chance, 1, 2)
            finished = started + timedelta(hours=1)
            last = self.flaw == "opinion" and place == len(names) - 1
            self.rows["XK_HJ"].append(
                self._head()
                | {
                    "HJID": f"{self.item.owner.organisation}-{self.number}-{code}",
                    "XH": self._next(),
                    "HJBM": code,
                    "HJMC": name,
                    "KSSJ": _text(started),
                    "JSSJ": _text(finished),
                    "BLYJ": "材料齐全,符合条件。" * (201 if last else 1),
                    "BLJG": "同意",
                    "XYHJ": following,
                    "GXSJ": _text(finished),
                }
            )
            self.moment = finished

    def _decide(self, *, delivered: bool) -> None:
        decided = later(self.moment, self.chance, 1, 3)
        granted = self.chance.random() < 0.92 or self.flaw is not None
        row = self._head() | {
            "JDXH": self._next(),
            "BJJG": "准予许可" if granted else "不予许可",
            "BJSJ": "2025-02-30 10:00:00" if self.flaw == "date" else _text(decided),
            "WH": f"洪示例许〔{decided.year}〕{self.number}号",
            "WJMC": f"{'准予' if granted else '不予'}许可决定书",
            "NR": f"{'准予' if granted else '不予'}{self.item.name}",
            "XKLB": "普通" if granted else "-",
            "JJTJ": "-" if granted else _REMEDY,
            "BXYY": "-" if granted else "现场条件不符合示例标准",
            "PZR": person_name(self.chance),
            "GKXS": "主动公开",
            "GXSJ": _text(decided),
        }
        if granted:
            row |= {
                "ZZBH": f"示例证{self.number:06d}",
                "ZZMC": f"{self.item.name}证",
                "YXQS": f"{decided:%Y-%m-%d}",
                "YXQZ": "9999-12-31" if self.flaw == "validity" else f"{decided + timedelta(days=365 * 4):%Y-%m-%d}",
            }
        if delivered:
            served = later(decided, self.chance, 1, 4)
            way = self.chance.choice(("直接送达", "邮寄送达"))
            row |= {
                "SDXH": self._next(),
                "SDFS": "托人带话" if self.flaw == "delivery" else way,
                "SDSJ": _text(served),
                "SDR": person_name(self.chance),
                "GXSJ": _text(served),
            }
        self.rows["XK_BJ"].append(row)


def cases(
    chance: random.Random, items: list[Item], count: int, flawed: int
) -> tuple[dict[str, list[dict[str, object]]], int, list[str]]:
    """Make up ``count`` cases of one department; return rows by table, records in them, and the flaws planted."""
    rows: dict[str, list[dict[str, object]]] = {name: [] for name in _COLUMNS}
    planted = list(_spread(count, flawed))
    records = 0
    for number, flaw in enumerate(planted, 1):
        stage = chance.choices((2, 3, 5), (3, 4, 93))[0]
        records += Case(chance, chance.choice(items), number, flaw, rows).live(stage)
    return rows, records, [flaw for flaw in planted if flaw]


def _spread(count: int, flawed: int) -> Iterator[str | None]:
    kinds = list(FLAWS)
    every = max(1, count // max(1, flawed))
    planted = 0
    for number in range(count):
        if planted < flawed and number % every == every - 1:
            yield kinds[planted % len(kinds)]
            planted += 1
        else:
            yield None


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"
