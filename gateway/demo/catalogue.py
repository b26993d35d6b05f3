# SPDX-License-Identifier: Apache-2.0
"""The city's bodies and its published power items, in the layout of the made-up product Power Library."""

from typing import NamedTuple

from gateway.demo.people import Body, body

STAFFING = body(1, "南昌市机构编制示例办公室")
LEGAL = body(2, "南昌市法制示例办公室")
CONSTRUCTION = body(11, "南昌市城乡建设示例局")
HEALTH = body(12, "南昌市卫生健康示例局")
MARKET = body(21, "南昌市市场监督管理示例局")

TABLE = """CREATE TABLE "SXQD" (
  "SXBM" TEXT PRIMARY KEY, "SXMC" TEXT, "QLLB" TEXT, "QLZL" TEXT, "FLYJ" TEXT, "XSBZ" TEXT, "CLJZ" TEXT, "GKXS" TEXT,
  "XSJG" TEXT, "CBCS" TEXT, "XSCJ" TEXT, "SYDX" TEXT, "FDSX" TEXT, "FDYJ" TEXT, "CNSX" TEXT, "SFSF" TEXT, "SXZT" TEXT, "SXRQ" TEXT,
  "BZSH" TEXT, "FZSH" TEXT, "GBSJ" TEXT, "GXSJ" TEXT)"""


class Item(NamedTuple):
    """A published power item."""

    code: str
    owner: Body
    name: str


def _items(owner: Body, category: str, names: tuple[str, ...]) -> list[Item]:
    return [Item(f"{category}-{owner.organisation}-{n:04d}", owner, name) for n, name in enumerate(names, 1)]


PERMITS = {
    CONSTRUCTION: _items(CONSTRUCTION, "XK", ("建筑工程施工示例许可", "商品房预售示例许可", "燃气经营示例许可", "城市排水示例许可")),
    HEALTH: _items(HEALTH, "XK", ("公共场所卫生示例许可", "医疗机构执业示例登记", "饮用水供水卫生示例许可")),
}  # fmt: skip
PENALTIES = _items(MARKET, "CF", ("无照经营示例处罚", "食品标签违法示例处罚", "计量器具违法示例处罚", "虚假宣传示例处罚"))  # fmt: skip


def rows() -> list[dict[str, object]]:
    """Return the rows of the table of items."""
    made: list[dict[str, object]] = []
    for item in [*PERMITS[CONSTRUCTION], *PERMITS[HEALTH], *PENALTIES]:
        permit = item.code.startswith("XK")
        made.append(
            {
                "SXBM": item.code,
                "SXMC": item.name,
                "QLLB": "行政许可" if permit else "行政处罚",
                "QLZL": "XK01" if permit else "CF02",
                "FLYJ": "《示例管理法》第十条|法律;《江西省示例条例》第八条第一款|地方性法规",
                "XSBZ": "符合示例条件的,依法办理。",
                "CLJZ": "分为从轻、一般、从重三档。",
                "GKXS": "主动公开",
                "XSJG": item.owner.code,
                "CBCS": "行政审批处" if permit else "法规处",
                "XSCJ": "市",
                "SYDX": "自然人、法人、个体工商户",
                "FDSX": "20" if permit else "-",
                "FDYJ": "《示例管理法》第十二条" if permit else "-",
                "CNSX": "10" if permit else "-",
                "SFSF": "否",
                "SXZT": "已公布",
                "SXRQ": "2025-01-01",
                "BZSH": f"洪编示例〔2024〕{len(made) + 1}号|2024-10-15|{STAFFING.code}|钱示例一",
                "FZSH": f"洪法示例〔2024〕{len(made) + 1}号|2024-11-05|{LEGAL.code}|孙示例二",
                "GBSJ": "2024-12-20 09:00:00",
                "GXSJ": "2024-12-20 09:00:00",
            }
        )
    return made
