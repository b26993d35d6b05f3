# SPDX-License-Identifier: Apache-2.0
"""Penalty cases in the layout of the made-up product Law Desk: cases, and a log whose forms are packed into a column."""

import random
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gateway.demo.calendar import later, opening
from gateway.demo.catalogue import Item
from gateway.demo.people import party, person_name, spoiled

# What goes wrong, and what the gateway says of it. Each stands in the last record of its case.
FLAWS = {
    "party": "IDN-002",  # check digit of a credit code
    "form": "SRC-011",  # a form that the adapter can't take apart
    "notice": "XSD",  # no number of the notice
    "kind": "MAP-004",  # a penalty that no law knows
    "money": "MAP-003",  # an amount in words
    "stage": "MAP-009",  # a stage that no record type knows
    "closure": "MAP-004",  # a reason that no list knows
}
_STOPS = {"party": 1, "form": 2, "notice": 3, "kind": 4, "money": 5, "stage": 6, "closure": 6}

TABLES = (
    """CREATE TABLE "AJ" ("AJID" INTEGER PRIMARY KEY, "AJBH" TEXT, "LARQ" TEXT, "DWDM" TEXT, "XZQH" TEXT, "SXBH" TEXT,
  "DSRLB" TEXT, "DSRMC" TEXT, "DSRZJLB" TEXT, "DSRZJH" TEXT, "DSRFR" TEXT, "DSRDZ" TEXT)""",
    """CREATE TABLE "LCJL" ("LCID" INTEGER PRIMARY KEY, "AJID" INTEGER NOT NULL REFERENCES "AJ", "LCXH" INTEGER, "LCDM" TEXT,
  "FSSJ" TEXT, "JBR" TEXT, "JBRZH" TEXT, "BDNR" TEXT, "GXRQ" INTEGER)""",
    'CREATE INDEX "I_LCJL" ON "LCJL" ("GXRQ")',
)
_KINDS = {1: ("个人", "身份证"), 2: ("企业", "统一代码"), 4: ("个体户", "统一代码")}
_BASIS = "《示例管理法》第三十条、《江西省示例条例》第二十一条第二款"
_FACT = "经查,当事人在经营活动中未按示例规定办理"
_REMEDY = "六十日内申请行政复议,或者六个月内提起行政诉讼"
_NAMES = ("LA", "DC", "GZ", "JD", "ZX", "JA")


@dataclass
class Case:
    """One case being made up."""

    chance: random.Random
    item: Item
    number: int
    flaw: str | None
    moment: datetime = field(init=False)
    log: list[dict[str, Any]] = field(init=False, default_factory=list)

    def live(self, stages: int) -> dict[str, Any]:
        """Go through the first ``stages`` of six, or to the flaw; return the row of the case."""
        self.moment = opening(self.chance)
        filed = self.moment
        who = party(self.chance, 2 if self.flaw == "party" else None)
        if self.flaw == "party":
            who = who._replace(number=spoiled(who.number))
        fine = self.chance.choice((500, 1000, 2000, 5000, 12_000))
        for place in range(_STOPS.get(self.flaw or "", stages)):
            self._stage(place, getattr(self, f"_{_NAMES[place].lower()}")(fine))
        kind, document = _KINDS[who.kind]
        return {
            "AJID": self.number,
            "AJBH": f"洪示例立〔{filed.year}〕{self.number}号",
            "LARQ": f"{filed.year}/{filed.month}/{filed.day}",
            "DWDM": self.item.owner.code,
            "XZQH": "360100",
            "SXBH": self.item.code[-4:],
            "DSRLB": kind,
            "DSRMC": who.name,
            "DSRZJLB": document,
            "DSRZJH": who.number,
            "DSRFR": who.head,
            "DSRDZ": who.address,
        }

    def _stage(self, place: int, form: dict[str, object]) -> None:
        last = place == _STOPS.get(self.flaw or "", 0) - 1
        packed = ";;".join(f"{name}:={value}" for name, value in form.items())
        self.log.append(
            {
                "AJID": self.number,
                "LCXH": place + 1,
                "LCDM": "GD" if last and self.flaw == "stage" else _NAMES[place],
                "FSSJ": _slashed(self.moment),
                "JBR": person_name(self.chance),
                "JBRZH": f"示例{self.chance.randrange(1000):05d}",
                "BDNR": packed[:-1].replace(":=", "=", 1) if last and self.flaw == "form" else packed,
                "GXRQ": int(f"{self.moment:%Y%m%d%H%M%S}"),
            }
        )
        self.moment = later(self.moment, self.chance, 1, 8)

    def _la(self, _fine: int) -> dict[str, object]:
        return {
            "CFCX": "普通程序",
            "AJLY": self.chance.choice(("投诉举报", "检查发现", "上级交办")),
            "SXWFSS": f"涉嫌{self.item.name.removesuffix('示例处罚')}",
            "PZR": person_name(self.chance),
        }

    def _dc(self, _fine: int) -> dict[str, object]:
        return {
            "DCR1": person_name(self.chance),
            "DCRZH1": "示例00001",
            "DCR2": person_name(self.chance),
            "DCRZH2": "示例00002",
            "DCKSSJ": _slashed(self.moment),
            "ZJ": "书证|账册;视听资料|现场照片",
            "DCJL": "违法事实清楚,证据确凿。",
        }

    def _gz(self, fine: int) -> dict[str, object]:
        return {
            "GZSWH": "" if self.flaw == "notice" else f"洪示例罚告〔{self.moment.year}〕{self.number}号",
            "NDSS": _FACT,
            "NDLY": "违反示例管理规定",
            "YJ": _BASIS,
            "NCF": f"罚款{fine}元",
            "GZQL": "你单位有权陈述、申辩",
            "SFTZ": "否",
            "SDSJ": _slashed(self.moment),
        }

    def _jd(self, fine: int) -> dict[str, object]:
        return {
            "CFCX": "普通程序",
            "JDSWH": f"洪示例罚〔{self.moment.year}〕{self.number}号",
            "WFSS": _FACT,
            "YJ": _BASIS,
            "CFZL": "罚款、口头批评" if self.flaw == "kind" else self.chance.choice(("罚款", "警告、罚款")),
            "FKJE": f"{fine / 10_000:g}",
            "CLDC": self.chance.choice(("从轻", "一般", "从重")),
            "SHYX": "是",
            "JJTJ": _REMEDY,
            "GKXS": "公开",
            "SDSJ": _slashed(self.moment),
        }

    def _zx(self, fine: int) -> dict[str, object]:
        return {
            "ZXFS": "当事人履行",
            "JNBJ": "伍佰元整" if self.flaw == "money" else f"{fine}.00",
            "JNSJ": _slashed(self.moment),
            "PJH": f"P{self.number:08d}",
            "JKFS": self.chance.choice(("银行代收", "电子支付")),
        }

    def _ja(self, _fine: int) -> dict[str, object]:
        return {"JASJ": _slashed(self.moment), "JAYY": "领导同意结案" if self.flaw == "closure" else "履行完毕"}


def cases(
    chance: random.Random, items: list[Item], count: int, flawed: int, doubled: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[str]]:
    """Make up ``count`` cases; return the rows of cases and log, and the flaws planted.

    ``doubled`` rows of the log stand there twice under two ids, as a vendor's "save" button pressed twice leaves them.
    """
    made: list[dict[str, Any]] = []
    log: list[dict[str, Any]] = []
    planted: list[str] = []
    sound: list[dict[str, Any]] = []
    every = max(1, count // max(1, flawed))
    kinds = list(FLAWS)
    for number in range(1, count + 1):
        flaw = kinds[len(planted) % len(kinds)] if number % every == 0 and len(planted) < flawed else None
        case = Case(chance, chance.choice(items), number, flaw)
        made.append(case.live(chance.choices((1, 3, 4, 6), (2, 3, 5, 90))[0]))
        log += case.log
        if flaw:
            planted.append(flaw)
        else:
            sound += case.log
    log += [dict(row) for row in chance.sample(sound, doubled)]
    log.sort(key=lambda row: row["GXRQ"])
    for number, row in enumerate(log, 1):
        row["LCID"] = number
    return made, log, planted


def _slashed(moment: datetime) -> str:
    return f"{moment.year}/{moment.month}/{moment.day} {moment.hour}:{moment.minute:02d}"
