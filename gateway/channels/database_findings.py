# SPDX-License-Identifier: Apache-2.0
"""Sentences of the findings that a source makes (``SRC-0xx``), in one table."""

from types import MappingProxyType

from gateway.model.finding import Finding, Severity, Stage
from gateway.model.words import Words

SOURCE_FINDINGS = MappingProxyType(
    {
        "SRC-001": (
            Words("业务系统数据库无法连接", "the department's database can't be reached"),
            Words("检查地址、端口、账号和网络", "check address, port, account and network"),
        ),
        "SRC-002": (
            Words("表、视图或查询无法读取", "the table, view or query can't be read"),
            Words("核对名称和只读账号的权限", "check the name and the rights of the read-only account"),
        ),
        "SRC-003": (
            Words("缺少声明的列", "a declared column is missing"),
            Words("请厂商恢复该列,或修改 sources.d 中的声明", "have the vendor restore it or mend sources.d"),
        ),
        "SRC-004": (
            Words("行标识不唯一,同一标识对应多行", "the row id is not unique: several rows share one"),
            Words("在 row_id 中补充列,使每行唯一", "add columns to row_id until every row has its own"),
        ),
        "SRC-005": (
            Words("行标识为空", "the row id is empty"),
            Words("请厂商补填该列,或改用其他列作为行标识", "have the vendor fill the column or use another"),
        ),
        "SRC-006": (
            Words("单元格不是声明的编码,该行未采集", "a cell is not of the declared encoding, the row is not taken"),
            Words(
                "核对 encoding;由厂商修正该行后会自动重读", "check encoding; once mended by the vendor it is read again"
            ),
        ),
        "SRC-007": (
            Words("列的数据类型不能按文本读取", "the column's data type has no text form"),
            Words("在 columns 中只列出需要的列", "list only the needed columns under columns"),
        ),
        "SRC-008": (
            Words(
                "时间戳列不是日期时间类型,且未声明 format", "the stamp column is no date-time and no format is declared"
            ),
            Words(
                "在 stamp.format 中写明格式,例如 %Y-%m-%d %H:%M:%S", "declare stamp.format, such as %Y-%m-%d %H:%M:%S"
            ),
        ),
        "SRC-009": (
            Words("有的时间戳不符合声明的格式,这些行每次都会重读", "some stamps don't fit the declared format"),
            Words("核对 stamp.format,或请厂商修正", "check stamp.format or have the vendor mend them"),
        ),
        "SRC-010": (
            Words("有的时间戳晚于数据库当前时间", "some stamps are later than the database's own clock"),
            Words("请厂商核对时钟和数据;这些行照常采集", "have the vendor check clock and data; the rows are read"),
        ),
        "SRC-011": (
            Words("适配器无法读懂该行", "the adapter can't make sense of this row"),
            Words("按提示请厂商修正该行", "have the vendor mend the row"),
        ),
        "SRC-012": (
            Words("查询的列名重复", "the query yields a column name twice"),
            Words("在查询中给列起不同的名字", "give the columns of the query different names"),
        ),
        "SRC-020": (
            Words("一次消失的行过多,数据源已停放", "too many rows were gone at once: the source is parked"),
            Words("先与部门核实视图是否完整", "ask the department whether the view is whole"),
        ),
        "SRC-013": (
            Words("标志列不能回写", "the flag columns can't be written"),
            Words("授予账号更新标志列的权限(只需这几列)", "grant the account update of the flag columns, and of these only"),
        ),
        "SRC-014": (
            Words("读取账号还能改动部门的数据库", "the reading account can do more than read"),
            Words("请部门的数据库管理员执行", "have the department's administrator run"),
        ),
        "SRC-015": (
            Words("看不出读取账号有哪些权限", "what the reading account may do can't be told"),
            Words("请部门的数据库管理员确认该账号只读", "have the department's administrator confirm that it may only read"),
        ),
    }
)  # fmt: skip


def source_finding(
    code: str, path: str, detail: str = "", value: str | None = None, severity: Severity = Severity.ERROR
) -> Finding:
    """Return the finding ``code`` about the column or table ``path``; ``detail`` is added to both sentences."""
    message, hint = SOURCE_FINDINGS[code]
    if detail:
        message = Words(f"{message.zh}:{detail}", f"{message.en}: {detail}")
    return Finding(code, Stage.COLLECT, path, message, hint, severity, value)
