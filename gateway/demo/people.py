# SPDX-License-Identifier: Apache-2.0
"""Made-up people, companies and bodies: obviously invented, with valid check digits."""

import random
from datetime import date, timedelta
from typing import NamedTuple

from gateway.rules.identifiers import organisation_check_character, resident_check_digit, uscc_check_character

_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许邓冯韩曹"
_GIVEN = ("示例", "样本", "测试", "演示", "虚构", "范例", "假定", "模拟")
_GIVEN_END = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十")
_TRADES = ("餐饮管理", "商贸", "建筑工程", "物业服务", "食品", "医药", "装饰", "物流", "环保科技", "酒店管理")
_STREETS = ("示例大道", "样本路", "演示街", "虚构巷", "测试东路")
# Districts whose codes have stood unchanged: the place of issue of an identity number.
_PLACES = ("360102", "360103", "360104", "360111", "360121", "360123", "360124")
_BORN = date(1960, 1, 1)


class Body(NamedTuple):
    """A body of the city: its 18-character code, its organisation code inside, its name."""

    code: str
    organisation: str
    name: str


class Party(NamedTuple):
    """Someone who applies or is punished; ``kind`` is 1 person, 2 company, 4 individual business."""

    kind: int
    name: str
    number: str
    head: str | None
    contact: str
    phone: str
    address: str


def body(number: int, name: str) -> Body:
    """Return the made-up body with ``number`` (below 10,000): codes begin with ``DEM``, which no registry gives."""
    first = f"DEM0{number:04d}"
    organisation = first + organisation_check_character(first)
    return Body(uscc("11360100", organisation), organisation, name)


def uscc(prefix: str, organisation: str) -> str:
    """Return the unified social credit code of an organisation code."""
    return prefix + organisation + uscc_check_character(prefix + organisation)


def person_name(chance: random.Random) -> str:
    """Return the name of nobody."""
    return chance.choice(_SURNAMES) + chance.choice(_GIVEN) + chance.choice(_GIVEN_END)


def resident_number(chance: random.Random) -> str:
    """Return an identity number with a valid check digit."""
    born = _BORN + timedelta(days=chance.randrange(365 * 40))
    first = f"{chance.choice(_PLACES)}{born:%Y%m%d}{chance.randrange(1000):03d}"
    return first + resident_check_digit(first)


def party(chance: random.Random, kind: int | None = None) -> Party:
    """Return someone."""
    kind = kind or chance.choices((1, 2, 4), (30, 55, 15))[0]
    who = person_name(chance)
    phone = f"1990000{chance.randrange(10_000):04d}"
    address = f"南昌市{chance.choice(('东湖', '西湖', '青云谱', '青山湖'))}区{chance.choice(_STREETS)}{chance.randrange(1, 300)}号"
    if kind == 1:
        return Party(1, who, resident_number(chance), None, who, phone, address)
    first = f"DEMA{chance.randrange(10_000):04d}"
    number = uscc("92360100" if kind == 4 else "91360100", first + organisation_check_character(first))
    trade = chance.choice(_TRADES)
    name = f"南昌{who[1:]}{trade}有限公司" if kind == 2 else f"{who[1:]}{trade}店"
    return Party(kind, name, number, who, person_name(chance), phone, address)


def spoiled(number: str) -> str:
    """Return a number whose check digit is wrong, of the same form."""
    last = number[-1]
    return number[:-1] + ("1" if last != "1" else "2")
