# SPDX-License-Identifier: Apache-2.0
"""Rows of two made-up department systems: process tables whose every row is one stage of a case, so one record.

The same seed and number give the same rows. Cases live through four stages, begun at different times, so that a page
in the order of the stamps holds stages of many cases. Names are obviously invented, their numbers pass their checks.
"""

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from gateway.rules.identifiers import organisation_check_character, resident_check_digit, uscc_check_character

PERMITS: Final = "BJGC"
PENALTIES: Final = "AJGC"
_PERMIT_NAMES: Final = (
    "GCID BJBH SXBM SXBB ZZJGDM XZQH HJ XH FSSJ JBR GW GH BZ SQRLX SQRMC ZJLX ZJHM FDDBR LXR LXDH DZ XMMC SQSX SXLX SQFS"
    " SQCL SLJG SLHZH CNQX BJJG WH WJMC NR XKLB ZZBH ZZMC YXQS YXQZ JJTJ PZR GKXS SDFS SDR GXSJ"
)
_PENALTY_NAMES: Final = (
    "GCID AJH SXBM SXBB DWDM XZQH HJ XH FSSJ JBR GW ZFZH BZ DSRLB DSRMC ZJLB ZJH FR LXDH DZ AJLY SXSS CFCX PZR WSH SS LY"
    " FLYJ NCF QL TZ TZYJ SDSJ ZL JE MSJE SHSM FZR FZJG SHYX CLDC JTTL JJTJ GKXS ZXFS JNBJ JNSJ PJH JKFS GXSJ"
)
PERMIT_COLUMNS: Final = tuple(_PERMIT_NAMES.split())
PENALTY_COLUMNS: Final = tuple(_PENALTY_NAMES.split())
STAGES: Final = 4

Case: TypeAlias = Callable[[random.Random, int, datetime], list[dict[str, object]]]
"""Makes up the rows of one case: its number and its first moment are given."""

_START = datetime(2025, 3, 3, 9)  # noqa: DTZ001 # departments write local time
_DAYS = 120
_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许邓冯韩曹"
_GIVEN = ("示例", "样本", "测试", "演示", "虚构", "范例", "假定", "模拟")
_ENDS = "一二三四五六七八九十"
_TRADES = ("餐饮管理", "商贸", "建筑工程", "物业服务", "食品", "医药", "装饰", "物流", "环保科技", "酒店管理")
_STREETS = ("示例大道", "样本路", "演示街", "虚构巷", "测试东路")
_PLACES = ("360102", "360103", "360104", "360111", "360121", "360123", "360124")
_BORN = date(1960, 1, 1)
_CLAUSES = (
    "申请材料齐全且符合法定形式", "经现场核查场所布局与示例图纸一致", "当事人对上述事实没有提出异议", "相关证据已经当事人签字确认",
    "从业人员持有有效的健康证明", "设施设备符合示例技术规范的要求", "经集体讨论形成一致意见", "已依法告知当事人享有的权利",
    "公示期内没有收到书面意见", "同类情形参照示例裁量基准办理", "档案编号已在系统中登记", "后续监管由属地部门负责",
)  # fmt: skip
_REMEDY = "如不服本决定,可以在收到之日起六十日内向示例复议机关申请行政复议,或者在六个月内依法向示例人民法院提起行政诉讼"


class Party(NamedTuple):
    """Someone who applies or is punished."""

    person: bool
    name: str
    number: str
    head: str | None
    contact: str
    phone: str
    address: str


class Body(NamedTuple):
    """A made-up body: its 18-character code and the organisation code inside."""

    code: str
    organisation: str


def body(number: int) -> Body:
    """Return the made-up body with ``number`` below 10,000; no registry gives codes that begin with ``BEN``."""
    first = f"BEN0{number:04d}"
    organisation = first + organisation_check_character(first)
    return Body(_uscc("11360100", organisation), organisation)


def _uscc(prefix: str, organisation: str) -> str:
    return prefix + organisation + uscc_check_character(prefix + organisation)


CENTRE: Final = body(1)
RECEIVERS: Final = {"municipal": body(2), "supervision": body(3)}
_PERMIT_BODY: Final = body(11)
_PENALTY_BODY: Final = body(21)


def make_source(path: Path, records: int, seed: int) -> None:
    """Write a department database whose rows make ``records`` records, half of them permits; replaces an old one."""
    path.unlink(missing_ok=True)
    permits = records // 2
    with closing(sqlite3.connect(path)) as connection, connection:
        _fill(connection, PERMITS, PERMIT_COLUMNS, _live(_permit_case, permits, seed * 2))
        _fill(connection, PENALTIES, PENALTY_COLUMNS, _live(_penalty_case, records - permits, seed * 2 + 1))


def _fill(
    connection: sqlite3.Connection, table: str, columns: tuple[str, ...], rows: Iterator[dict[str, object]]
) -> None:
    named = ", ".join(f'"{column}"' for column in columns)
    typed = ", ".join(f'"{column}" {"INTEGER PRIMARY KEY" if column == "GCID" else "TEXT"}' for column in columns)
    connection.execute(f'CREATE TABLE "{table}" ({typed})')
    asked = ", ".join("?" * len(columns))
    told = f'INSERT INTO "{table}" ({named}) VALUES ({asked})'  # noqa: S608 # names of this module
    connection.executemany(told, (tuple(row.get(column) for column in columns) for row in rows))
    connection.execute(f'CREATE INDEX "{table}_GXSJ" ON "{table}" ("GXSJ", "GCID")')


def _live(case: Case, records: int, seed: int) -> Iterator[dict[str, object]]:
    chance = random.Random(seed)  # noqa: S311 # made-up people, nothing is secret
    for number, at in enumerate(range(0, records, STAGES), 1):
        begun = _START + timedelta(minutes=chance.randrange(_DAYS * 24 * 60))
        for place, row in enumerate(case(chance, number, begun)[: records - at], at + 1):
            yield {"GCID": place, **row}


def _permit_case(chance: random.Random, number: int, begun: datetime) -> list[dict[str, object]]:
    owner, who = _PERMIT_BODY, _party(chance)
    item = chance.randrange(1, 40)
    name = f"示例许可事项{item:04d}"
    accepted, decided, served = _moments(chance, begun)
    shared: dict[str, object] = {
        "BJBH": f"{owner.organisation}-{begun.year}-XK-{number:08d}",
        "SXBM": f"XK-{owner.organisation}-{item:04d}",
        "SXBB": "1",
        "ZZJGDM": owner.code,
        "XZQH": "360100",
        "SQRLX": "自然人" if who.person else "企业法人",
        "SQRMC": who.name,
        "ZJLX": "身份证" if who.person else "信用代码",
        "ZJHM": who.number,
        "FDDBR": who.head or "-",
        "LXR": who.contact,
        "LXDH": who.phone,
        "DZ": who.address,
        "GKXS": "主动公开",
    }
    stages: list[dict[str, object]] = [
        {
            "HJ": "SQ", "XMMC": f"{who.address[3:6]}{name}建设项目", "SQSX": f"申请办理{name}。{_prose(chance, 9)}",
            "SXLX": "新办", "SQFS": chance.choice(("大厅窗口", "网上申报", "邮寄")),
            "SQCL": "申请书|1|纸质;身份证明|1|电子;场所证明|2|纸质;平面布局图|1|电子",
        },
        {
            "HJ": "SL", "SLJG": "受理", "SLHZH": f"洪示例受〔{accepted.year}〕{number}号",
            "CNQX": f"{accepted + timedelta(days=20):%Y-%m-%d}", "JJTJ": _REMEDY,
        },
        {
            "HJ": "JD", "BJJG": "准予许可", "WH": f"洪示例许〔{decided.year}〕{number}号", "WJMC": "准予行政许可决定书",
            "NR": f"准予{who.name}{name}。{_prose(chance, 12)}", "XKLB": "普通", "ZZBH": f"示例证{number:08d}",
            "ZZMC": f"{name}证", "YXQS": f"{decided:%Y-%m-%d}", "YXQZ": f"{decided + timedelta(days=1460):%Y-%m-%d}",
            "JJTJ": "/", "PZR": _person(chance),
        },
        {"HJ": "SD", "SDFS": chance.choice(("直接送达", "邮寄送达")), "SDR": who.contact},
    ]  # fmt: skip
    return [
        shared | _office(chance, "窗口受理岗") | _when(moment) | {"XH": str(place), "BZ": _prose(chance, 16), "GH": f"A{item:03d}"} | stage
        for place, (moment, stage) in enumerate(zip((begun, accepted, decided, served), stages, strict=True), 1)
    ]  # fmt: skip


def _penalty_case(chance: random.Random, number: int, begun: datetime) -> list[dict[str, object]]:
    owner, who = _PENALTY_BODY, _party(chance)
    noticed, decided, paid = _moments(chance, begun)
    amount = chance.randrange(1, 59) * 50  # below the amounts from which a hearing must be offered
    basis = "《示例管理法》第三十条、《江西省示例条例》第二十一条第二款"
    facts = f"经查,当事人在经营活动中未按示例规定办理。{_prose(chance, 14)}"
    shared: dict[str, object] = {
        "AJH": f"{owner.organisation}-{begun.year}-CF-{number:08d}",
        "SXBM": f"CF-{owner.organisation}-{chance.randrange(1, 60):04d}",
        "SXBB": "1",
        "DWDM": owner.code,
        "XZQH": "360100",
        "DSRLB": "个人" if who.person else "企业",
        "DSRMC": who.name,
        "ZJLB": "身份证" if who.person else "统一代码",
        "ZJH": who.number,
        "FR": who.head or "-",
        "LXDH": who.phone,
        "DZ": who.address,
    }
    stages: list[dict[str, object]] = [
        {
            "HJ": "LA", "AJLY": chance.choice(("投诉举报", "日常检查", "上级交办")), "CFCX": "普通程序", "PZR": _person(chance),
            "SXSS": f"涉嫌违反示例管理规定。{_prose(chance, 9)}",
        },
        {
            "HJ": "GZ", "WSH": f"洪示例罚告〔{noticed.year}〕{number}号", "SS": facts, "LY": _prose(chance, 3), "FLYJ": basis,
            "NCF": f"罚款{amount}元", "QL": "你单位有权在收到之日起五日内陈述、申辩", "TZ": "否", "TZYJ": "-",
            "SDSJ": _slashed(noticed),
        },
        {
            "HJ": "JD", "CFCX": "普通程序", "WSH": f"洪示例罚〔{decided.year}〕{number}号", "SS": facts, "FLYJ": basis,
            "ZL": "警告、罚款", "JE": f"{amount / 10000:g}", "MSJE": "-", "FZR": _person(chance), "FZJG": "事实清楚,程序合法",
            "SHYX": "是", "CLDC": "一般", "JTTL": "否", "JJTJ": _REMEDY, "GKXS": "公开", "SDSJ": _slashed(decided),
        },
        {
            "HJ": "ZX", "ZXFS": "当事人履行", "JNBJ": f"{amount}", "JNSJ": _slashed(paid), "PJH": f"P{number:08d}",
            "JKFS": chance.choice(("银行代收", "电子支付")),
        },
    ]  # fmt: skip
    return [
        shared | _office(chance, "执法岗") | _when(moment) | {"XH": str(place), "FSSJ": _slashed(moment), "BZ": _prose(chance, 16), "ZFZH": f"示例{number % 1000:05d}"} | stage
        for place, (moment, stage) in enumerate(zip((begun, noticed, decided, paid), stages, strict=True), 1)
    ]  # fmt: skip


def _moments(chance: random.Random, begun: datetime) -> tuple[datetime, datetime, datetime]:
    second = begun + timedelta(minutes=chance.randrange(60, 8 * 24 * 60))
    third = second + timedelta(minutes=chance.randrange(60, 20 * 24 * 60))
    return second, third, third + timedelta(minutes=chance.randrange(60, 8 * 24 * 60))


def _when(moment: datetime) -> dict[str, object]:
    text = f"{moment:%Y-%m-%d %H:%M:%S}"
    return {"FSSJ": text, "GXSJ": text}


def _slashed(moment: datetime) -> str:
    return f"{moment.year}/{moment.month}/{moment.day} {moment.hour}:{moment:%M}"


def _office(chance: random.Random, post: str) -> dict[str, object]:
    return {"JBR": _person(chance), "GW": post}


def _prose(chance: random.Random, clauses: int) -> str:
    return f"{','.join(chance.choices(_CLAUSES, k=clauses))}。"


def _person(chance: random.Random) -> str:
    return chance.choice(_SURNAMES) + chance.choice(_GIVEN) + chance.choice(_ENDS)


def _party(chance: random.Random) -> Party:
    who, phone = _person(chance), f"1990000{chance.randrange(10_000):04d}"
    address = f"南昌市{chance.choice(('东湖', '西湖', '青云谱', '青山湖'))}区{chance.choice(_STREETS)}{chance.randrange(1, 300)}号"
    if chance.random() < 0.4:
        born = _BORN + timedelta(days=chance.randrange(365 * 40))
        first = f"{chance.choice(_PLACES)}{born:%Y%m%d}{chance.randrange(1000):03d}"
        return Party(True, who, first + resident_check_digit(first), None, who, phone, address)
    first = f"BENA{chance.randrange(10_000):04d}"
    number = _uscc("91360100", first + organisation_check_character(first))
    name = f"南昌{who[1:]}{chance.choice(_TRADES)}有限公司"
    return Party(False, name, number, who, _person(chance), phone, address)
