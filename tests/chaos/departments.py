# SPDX-License-Identifier: Apache-2.0
"""Departments of the kill test: permits behind three views, penalties in one log; cases live on from cycle to cycle.

Rows are those of the made-up products that the demo city runs (``gateway.demo``), people and bodies are made up.
"""

import random
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path

from gateway.demo import catalogue, penalties, permits
from gateway.demo.calendar import working_days_after
from gateway.demo.people import party, person_name

BEIJING = timezone(timedelta(hours=8))
FIRST_DAY = datetime(2025, 9, 1, 9, 0, tzinfo=BEIJING)
PERMIT_STAGES = 5  # applied, accepted, examined, decided, delivered
PENALTY_STAGES = ("LA", "DC", "GZ", "JD", "ZX", "JA")
_KINDS = {1: ("自然人", "身份证"), 2: ("企业法人", "信用代码"), 4: ("个体工商户", "信用代码")}
_BASIS = "《示例管理法》第三十条、《江西省示例条例》第二十一条第二款"


@dataclass
class Case:
    """One case: its number in the department, how far it has come, and whether its last stage is written wrongly."""

    number: int
    item: catalogue.Item
    stage: int = 0
    flawed: bool = False

    def moment(self, stage: int) -> datetime:
        return FIRST_DAY + timedelta(days=self.number % 60 + 2 * stage, minutes=self.number % 300)

    @property
    def label(self) -> str:
        return f"{self.item.owner.organisation}-2025-XK-{self.number:08d}"


@dataclass
class Departments:
    """Writes the databases; the same seed makes the same rows, but for the stamps, which are those of the clock."""

    directory: Path
    seed: int
    permits: list[Case] = field(default_factory=list)
    penalties: list[Case] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.directory.mkdir(parents=True)
        self._log = 0
        self._write("staffing.db", [catalogue.TABLE], {"SXQD": catalogue.rows()})
        self._write("construction.db", permits.tables(), {})
        self._write("market.db", list(penalties.TABLES), {})

    def cycle(self, fresh: int, corrections: int, going_on: int) -> None:
        """One working day: ``fresh`` new cases, some older ones go on, some rows are put right."""
        stamp = datetime.now(BEIJING)
        with (
            closing(self._open("construction.db")) as construction,
            closing(self._open("market.db")) as market,
            construction,
            market,
        ):
            for case in self._chosen(self.permits, going_on, PERMIT_STAGES):
                self._permit(construction, case, case.stage + 1, stamp)
            for case in self._chosen(self.penalties, going_on // 2, len(PENALTY_STAGES)):
                self._penalty(market, case, case.stage + 1, stamp)
            for _ in range(fresh * 2 // 3):
                case = Case(len(self.permits) + 1, self.chance.choice(catalogue.PERMITS[catalogue.CONSTRUCTION]))
                case.flawed = self.chance.random() < 0.02
                self.permits.append(case)
                self._permit(construction, case, 2 if case.flawed else self.chance.choice((1, 1, 2, 2, 3, 5)), stamp)
            for _ in range(fresh - fresh * 2 // 3):
                case = Case(len(self.penalties) + 1, self.chance.choice(catalogue.PENALTIES))
                case.flawed = self.chance.random() < 0.02
                self.penalties.append(case)
                self._penalty(market, case, 1 if case.flawed else self.chance.choice((1, 1, 2, 4)), stamp)
            self._correct(construction, corrections, stamp)

    def correct_one(self) -> list[str]:
        """Give one application another officer; return the keys of the records that its row makes."""
        case = next(case for case in self.permits if case.stage >= 2 and not case.flawed)
        with closing(self._open("construction.db")) as connection, connection:
            connection.execute(
                'UPDATE "T_XK_SQSL" SET "JBR" = ?, "GXSJ" = ? WHERE "BJBH" = ?',
                ("改示例零", _text(datetime.now(BEIJING)), case.label),
            )
        return [f"XK_SQ:{case.label}:1", f"XK_SL:{case.label}:2"]

    def _chosen(self, cases: list[Case], count: int, last: int) -> list[Case]:
        open_cases = [case for case in cases if case.stage < last and not case.flawed]
        return self.chance.sample(open_cases, min(count, len(open_cases)))

    def _correct(self, connection: sqlite3.Connection, count: int, stamp: datetime) -> None:
        """Give rows another officer, and put some of the wrong ones right."""
        sound = [case for case in self.permits if not case.flawed]
        for case in self.chance.sample(sound, min(count, len(sound))):
            table = "T_XK_BJ" if case.stage >= 4 and self.chance.random() < 0.5 else "T_XK_SQSL"
            connection.execute(
                f'UPDATE "{table}" SET "JBR" = ?, "GXSJ" = ? WHERE "BJBH" = ?',
                (person_name(self.chance), _text(stamp), case.label),
            )
        for case in [case for case in self.permits if case.flawed][: max(1, count // 20)]:
            case.flawed = False
            self._permit(connection, case, 2, stamp)

    def _permit(self, connection: sqlite3.Connection, case: Case, upto: int, stamp: datetime) -> None:
        for stage in range(case.stage + 1 if case.stage < upto else upto, upto + 1):
            at = case.moment(stage)
            if stage == 1:
                _insert(connection, "T_XK_SQSL", self._head(case, stamp) | self._application(at))
            elif stage == 2:
                _update(
                    connection, "T_XK_SQSL", case.label,
                    {"SLXH": 2, "SLJG": "收件待定" if case.flawed else "受理", "SLSJ": _text(at),
                     "SLHZH": f"洪示例受〔2025〕{case.number}号", "CNQX": f"{working_days_after(at, 10):%Y-%m-%d}",
                     "GXSJ": _text(stamp)},
                )  # fmt: skip
            elif stage == 3:
                step = {
                    "HJID": f"{case.label}-S2", "XH": 3, "HJBM": "S2", "HJMC": "审查", "KSSJ": _text(at),
                    "JSSJ": _text(at + timedelta(hours=1)), "BLYJ": "材料齐全,符合条件。", "BLJG": "同意", "XYHJ": "S4",
                }  # fmt: skip
                _insert(connection, "T_XK_HJ", self._head(case, stamp) | step)
            elif stage == 4:
                decision = {
                    "JDXH": 4, "BJJG": "准予许可", "BJSJ": _text(at), "WH": f"洪示例许〔2025〕{case.number}号",
                    "WJMC": "准予许可决定书", "NR": f"准予{case.item.name}", "XKLB": "普通", "ZZBH": f"示例证{case.number:06d}",
                    "ZZMC": f"{case.item.name}证", "YXQS": f"{at:%Y-%m-%d}", "YXQZ": f"{at + timedelta(days=1460):%Y-%m-%d}",
                    "BXYY": "-", "JJTJ": "-", "PZR": person_name(self.chance), "GKXS": "主动公开",
                }  # fmt: skip
                _insert(connection, "T_XK_BJ", self._head(case, stamp) | decision)
            else:
                _update(
                    connection, "T_XK_BJ", case.label,
                    {"SDXH": 5, "SDFS": "直接送达", "SDSJ": _text(at), "SDR": person_name(self.chance),
                     "GXSJ": _text(stamp)},
                )  # fmt: skip
            case.stage = stage

    def _head(self, case: Case, stamp: datetime) -> dict[str, object]:
        return {
            "BJBH": case.label, "SXBM": case.item.code, "SXBB": "1", "ZZJGDM": case.item.owner.code, "XZQH": "360100",
            "JBR": person_name(self.chance), "GW": "窗口受理岗", "GH": "A001", "GXSJ": _text(stamp),
        }  # fmt: skip

    def _application(self, at: datetime) -> dict[str, object]:
        who = party(self.chance)
        kind, document = _KINDS[who.kind]
        return {
            "SQXH": 1, "SQRLX": kind, "SQRMC": who.name, "ZJLX": document, "ZJHM": who.number, "FDDBR": who.head or "-",
            "LXR": who.contact, "LXDH": who.phone, "DZ": who.address, "XMMC": "/", "SQSX": "申请办理示例许可",
            "SXLX": "新办", "YZZH": "-", "SQFS": "网上申报", "SDSJ": _text(at), "SQCL": "申请书|1|纸质;身份证明|1|电子",
        }  # fmt: skip

    def _penalty(self, connection: sqlite3.Connection, case: Case, upto: int, stamp: datetime) -> None:
        if case.stage == 0:
            who = party(self.chance, 2)
            filed = case.moment(1)
            row = {
                "AJID": case.number, "AJBH": f"洪示例立〔2025〕{case.number}号",
                "LARQ": f"{filed.year}/{filed.month}/{filed.day}", "DWDM": case.item.owner.code, "XZQH": "360100",
                "SXBH": case.item.code[-4:], "DSRLB": "企业", "DSRMC": who.name, "DSRZJLB": "统一代码",
                "DSRZJH": who.number, "DSRFR": who.head, "DSRDZ": who.address,
            }  # fmt: skip
            _insert(connection, "AJ", row)
        for stage in range(case.stage + 1, upto + 1):
            code = PENALTY_STAGES[stage - 1]
            self._log += 1
            form = ";;".join(f"{name}:={value}" for name, value in self._form(code, case, case.moment(stage)).items())
            row = {
                "LCID": self._log, "AJID": case.number, "LCXH": stage, "LCDM": code, "FSSJ": _slashed(case.moment(stage)),
                "JBR": person_name(self.chance), "JBRZH": "示例00001",
                "BDNR": form.replace(":=", "=", 1) if case.flawed else form,
                "GXRQ": int(f"{stamp:%Y%m%d%H%M%S}"),
            }  # fmt: skip
            _insert(connection, "LCJL", row)
            case.stage = stage

    def _form(self, code: str, case: Case, at: datetime) -> Mapping[str, object]:
        person = person_name(self.chance)
        forms: dict[str, dict[str, object]] = {
            "LA": {"CFCX": "普通程序", "AJLY": "检查发现", "SXWFSS": "涉嫌示例违法", "PZR": person},
            "DC": {"DCR1": person, "DCRZH1": "示例00001", "DCR2": "王示例", "DCRZH2": "示例00002", "DCKSSJ": _slashed(at),
                   "ZJ": "书证|账册;视听资料|现场照片", "DCJL": "违法事实清楚。"},
            "GZ": {"GZSWH": f"洪示例罚告〔2025〕{case.number}号", "NDSS": "经查属实", "NDLY": "违反示例规定", "YJ": _BASIS,
                   "NCF": "罚款500元", "GZQL": "有权陈述、申辩", "SFTZ": "否", "SDSJ": _slashed(at)},
            "JD": {"CFCX": "普通程序", "JDSWH": f"洪示例罚〔2025〕{case.number}号", "WFSS": "经查属实", "YJ": _BASIS,
                   "CFZL": "罚款", "FKJE": "0.05", "CLDC": "一般", "SHYX": "是", "JJTJ": "六十日内申请行政复议",
                   "GKXS": "公开", "SDSJ": _slashed(at)},
            "ZX": {"ZXFS": "当事人履行", "JNBJ": "500.00", "JNSJ": _slashed(at), "PJH": f"P{case.number:08d}",
                   "JKFS": "银行代收"},
            "JA": {"JASJ": _slashed(at), "JAYY": "履行完毕"},
        }  # fmt: skip
        return forms[code]

    def _open(self, name: str) -> sqlite3.Connection:
        return sqlite3.connect(self.directory / name, timeout=10)

    def _write(self, name: str, statements: Iterable[str], tables: Mapping[str, list[dict[str, object]]]) -> None:
        with closing(self._open(name)) as connection, connection:
            connection.execute("PRAGMA journal_mode=WAL")  # the gateway reads while the department writes
            for statement in statements:
                connection.execute(statement)
            for table, rows in tables.items():
                for row in rows:
                    _insert(connection, table, row)


def _insert(connection: sqlite3.Connection, table: str, row: Mapping[str, object]) -> None:
    names, marks = ", ".join(f'"{name}"' for name in row), ", ".join("?" * len(row))
    connection.execute(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', tuple(row.values()))


def _update(connection: sqlite3.Connection, table: str, label: str, values: Mapping[str, object]) -> None:
    pairs = ", ".join(f'"{name}" = ?' for name in values)
    connection.execute(f'UPDATE "{table}" SET {pairs} WHERE "BJBH" = ?', (*values.values(), label))


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _slashed(moment: datetime) -> str:
    return f"{moment.year}/{moment.month}/{moment.day} {moment.hour}:{moment.minute:02d}"
