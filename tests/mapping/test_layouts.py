# SPDX-License-Identifier: Apache-2.0
"""Products as their systems write them: files of odd layouts, read as their README says, mapped and judged by the pack."""

import re
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from gateway.channels.files.source import open_files
from gateway.documents import gb18030
from gateway.flow.rehearse import rehearse
from gateway.mapping.compile import compile_mapping
from gateway.mapping.load import load_mapping
from gateway.model.record import Level, SourceKind
from gateway.pack import load_pack, load_packs
from gateway.parts import validator_for
from gateway.sdk import AdapterSettings
from gateway.testing.clock import FakeClock

MAPPINGS = Path(__file__).parents[2] / "mappings"
UNIT = "11360100DEM000217J"
PARTY = "92360100DEMA107566"
BASIS = "《示例管理法》第三十条、《江西省示例条例》第二十一条第二款"
REMEDY = "六十日内申请行政复议,或者六个月内提起行政诉讼"


def xml(number: int, date: str, fine: str, kinds: str, name: str = "演示八装饰店") -> str:
    return (
        f'<t:Case AJID="{number}" updated="2025-09-11T10:00:00"><t:ItemNo>0001</t:ItemNo><t:Officer>谢范例七</t:Officer>'
        f'<t:Party type="SHOP"><t:Name>{name}</t:Name><t:IdNo>{PARTY}</t:IdNo><t:LegalRep>李演示八</t:LegalRep>'
        f'<t:Address>南昌市东湖区样本路108号</t:Address></t:Party><t:Decision public="Y"><t:DocNo>洪示例罚〔2025〕{number}号</t:DocNo>'
        f"<t:Fact>未按示例规定办理</t:Fact><t:Basis>{BASIS}</t:Basis><t:Kinds>{kinds}</t:Kinds>"
        + (f"<t:Fine>{fine}</t:Fine>" if fine else "")
        + f"<t:Date>{date}</t:Date><t:Served>{date}</t:Served><t:Remedy>{REMEDY}</t:Remedy></t:Decision></t:Case>"
    )


def transport() -> bytes:
    cases = [
        xml(1, "2025-09-11", "500", "W+F"),
        xml(2, "2025-09-12", "", "W", "演示 &amp; 样本"),
        xml(3, "2025-02-30", "500", "F"),
    ]
    head = '<?xml version="1.0" encoding="GBK"?><t:Export xmlns:t="urn:transport:2"><t:Head>'
    return (
        head
        + f'<t:UnitCode>{UNIT}</t:UnitCode></t:Head><t:Cases region="360100">'
        + "\n".join(cases)
        + "</t:Cases></t:Export>"
    ).encode("gbk")


def street() -> bytes:
    def block(number: int, date: str, fine: str, kinds: str) -> str:
        return (
            f"台账号:{number}\n单位:{UNIT}\n事项:0001\n区划:360100\n文号：洪示例罚〔2025〕{number}号\n当事人:演示八装饰店\n类别:个体工商户\n"
            f"证照号:{PARTY}\n负责人:李演示八\n住所:南昌市东湖区样本路108号\n事实:未按示例\n  规定办理\n依据:{BASIS}\n处罚:{kinds}\n"
            f"罚款(万元):{fine}\n作出日期:{date}\n送达日期:{date}\n经办:谢范例七\n救济:{REMEDY}\n公示:公示\n更新:2025年9月11日 9:30\n"
        )

    return gb18030.encode(
        "\n".join(
            [
                block(1, "2025年9月11日", "0.05", "警告、罚款"),
                block(2, "2025.9.12", "-", "警告"),
                block(3, "昨天", "1", "罚款"),
            ]
        )
    )


def harbour() -> bytes:
    def line(number: int, date: str, fine: str, kinds: str) -> str:
        cells = [
            number, UNIT, "0001", "360100", f"洪示例罚〔2025〕{number}号", "演示八装饰店", "40", PARTY, "李演示八",
            "南昌市东湖区样本路108号", "未按示例\n&规定办理", BASIS, kinds, fine, date, date, "谢范例七", REMEDY, "1", "20250911093000",
        ]  # fmt: skip
        return "|".join(map(str, cells)) + "\n"

    dates = ["20250911", "2025/9/11", "2025-09-11", "2025.9.11", "2025年9月11日"]
    lines = [line(at, date, "500", "01;02") for at, date in enumerate(dates, 1)]
    return gb18030.encode(
        "".join([*lines, line(6, "20250912", "无", "01"), line(7, "20250230", "1", "02"), "8|少了列\n"])
    )


LAYOUTS = {
    "road-transport-penalties": (transport, "a.xml", 3, 2, ["MAP-002"]),
    "street-ledger-penalties": (street, "a.txt", 3, 2, ["MAP-002"]),
    "harbour-pipe-penalties": (harbour, "a.txt", 8, 6, ["MAP-002", "TAB-007"]),
}


def described(product: str) -> dict[str, Any]:
    """Return the source that the product's README tells operators to declare."""
    text = (MAPPINGS / product / "README.md").read_text(encoding="utf-8")
    found = re.search(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert found is not None
    told: dict[str, Any] = YAML(typ="safe").load(found.group(1))
    return told


@pytest.mark.parametrize("product", LAYOUTS)
def test_a_layout_is_connected_by_a_mapping_alone(product: str, tmp_path: Path) -> None:
    made, name, rows, records, codes = LAYOUTS[product]
    told = described(product)
    assert told["mapping"] == f"{product}/decisions.yaml"
    drop = tmp_path / "drop"
    drop.mkdir()
    (drop / name).write_bytes(made())
    options = {**told["options"], "directory": str(drop), "ready": "stable", "settle": "0s"}
    pack = load_pack()
    mapper = compile_mapping(load_mapping(MAPPINGS / told["mapping"], pack, [MAPPINGS]), pack, "files")
    clock = FakeClock()
    clock.advance(10**9)
    with closing(open_files(AdapterSettings("files", SourceKind(told["kind"]), options, tmp_path), clock)) as source:
        source.look()
        trial = rehearse(
            source,
            mapper,
            validator_for(load_packs()),
            None,
            lambda _n: None,
            Level(told["level"]),
            "2025-10-01T09:00:00+08:00",
        )
    assert [each.findings[0].code for each in trial.refused] == codes, [each.findings for each in trial.refused]
    assert (trial.rows, trial.records) == (rows, records)
    assert [each.name for each in drop.iterdir()] == [name], "who only looks changes nothing"
