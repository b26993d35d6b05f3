# SPDX-License-Identifier: Apache-2.0
"""Law Desk penalties 5.x (执法通行政处罚系统, made up): a case table and a log whose forms are packed into one column.

Every stage of a case is one row of the log; what the officer filled in stands in ``BDNR`` as ``NAME:=value`` pairs
joined by ``;;``. No mapping can take that apart, so this adapter does: each known field becomes a column ``F_NAME``,
absent ones empty. ``BDNR`` itself stays in the row.
"""

from collections.abc import Mapping
from dataclasses import replace

from gateway.sdk import AdapterSettings, Reshaped, RowRefused, Scalar, Source, Tools, Words

FORM = "BDNR"
FIELDS = (
    "AJLY", "SXWFSS", "CFCX", "PZR", "DCR1", "DCRZH1", "DCR2", "DCRZH2", "DCKSSJ", "DCJSSJ", "ZJ", "DCJL", "GZSWH", "NDSS",
    "NDLY", "YJ", "NCF", "GZQL", "SFTZ", "SDSJ", "JDSWH", "WFSS", "CFZL", "FKJE", "MSJE", "CLDC", "SHYX", "JJTJ", "GKXS",
    "ZXFS", "JNBJ", "JNSJ", "PJH", "JKFS", "JASJ", "JAYY",
)  # fmt: skip
_JOIN = (
    'SELECT l."LCID", l."LCXH", l."LCDM", l."FSSJ", l."JBR", l."JBRZH", l."BDNR", l."GXRQ", a."AJBH", a."LARQ", a."DWDM",'
    ' a."XZQH", a."SXBH", a."DSRLB", a."DSRMC", a."DSRZJLB", a."DSRZJH", a."DSRFR", a."DSRDZ"'
    ' FROM "LCJL" l JOIN "AJ" a ON a."AJID" = l."AJID"'
)


def unpack(values: Mapping[str, Scalar]) -> Mapping[str, Scalar]:
    """Return the row with its form taken apart; raises RowRefused where the form is broken."""
    unpacked: dict[str, Scalar] = {f"F_{name}": None for name in FIELDS}
    form = values.get(FORM)
    for pair in str(form).split(";;") if form else ():
        name, found, value = pair.partition(":=")
        column = f"F_{name.strip()}"
        if not found:
            raise RowRefused(
                FORM,
                Words("表单内容不完整,有一段缺少“:=”", "the form is broken: a part lacks “:=”"),
                Words(
                    "请厂商在业务系统中重新保存该环节的表单", "have the stage's form saved again in the vendor's system"
                ),
            )
        if unpacked.get(column) is not None:
            raise RowRefused(
                FORM,
                Words(f"表单字段 {name} 出现两次", f"the form holds field {name} twice"),
                Words("请厂商核对该环节的表单", "have the vendor look at the stage's form"),
            )
        unpacked[column] = value
    return {**values, **unpacked}


def open_source(settings: AdapterSettings, tools: Tools) -> Source:
    """Open the log joined with its cases; raises ConfigurationError when the options are wrong."""
    known = {
        "query": _JOIN,
        "row_id": ["LCID"],
        "stamp": {"column": "GXRQ", "format": "%Y%m%d%H%M%S", "number": True},
    }
    return Reshaped(tools.database(replace(settings, options={**known, **settings.options})), unpack)
