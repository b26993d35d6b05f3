# SPDX-License-Identifier: Apache-2.0
"""What can be wrong with a table before any rule looks at its records: one table of codes, sentences and hints."""

from enum import StrEnum
from typing import Final

from gateway.model.finding import Finding, Stage
from gateway.model.words import Words


class Tab(StrEnum):
    """Codes of table faults; ``FAULTS`` holds their sentences."""

    REFUSED = "TAB-001"
    NO_SHEET = "TAB-002"
    UNKNOWN_HEADER = "TAB-003"
    REPEATED_HEADER = "TAB-004"
    MISSING_HEADER = "TAB-005"
    MERGED = "TAB-006"
    RAGGED = "TAB-007"
    QUOTES = "TAB-008"
    NUMBER_FOR_TEXT = "TAB-009"
    NUMBER_FOR_DATE = "TAB-010"
    WRONG_CELL = "TAB-011"
    CHARACTER = "TAB-012"
    ORPHAN = "TAB-013"
    REPEATED_LINE = "TAB-014"
    NO_HEADER = "TAB-015"
    NO_PARENT = "TAB-016"
    FORMULA_ERROR = "TAB-017"
    FORMULA = "TAB-018"
    OLD_TEMPLATE = "TAB-019"
    NOT_A_TEMPLATE = "TAB-020"
    TWICE = "TAB-021"
    STATUS = "TAB-022"


FAULTS: Final[dict[Tab, tuple[Words, Words]]] = {
    Tab.FORMULA: (
        Words("单元格是公式,不是填写的内容:{detail}", "the cell holds a formula, not a value: {detail}"),
        Words("复制后用「选择性粘贴-值」换成内容", "copy it and paste it as a value"),
    ),
    Tab.OLD_TEMPLATE: (
        Words("模板版本已过期:{detail}", "the template is out of date: {detail}"),
        Words(
            "用 gateway hosted template 取新模板,把内容复制过去",
            "get the new template with gateway hosted template and copy the rows into it",
        ),
    ),
    Tab.NOT_A_TEMPLATE: (
        Words("不是本网关发出的填报模板:{detail}", "not a template made by this gateway: {detail}"),
        Words("在 gateway hosted template 给出的 .xlsx 中填写", "fill in the .xlsx that gateway hosted template gives"),
    ),
    Tab.TWICE: (
        Words("同一条记录填了两行:{detail}", "the same record stands on two rows: {detail}"),
        Words("删去一行,或更正办件编号、序号", "delete one of them, or mend case number and sequence"),
    ),
    Tab.STATUS: (
        Words("状态只能是「草稿」或「提交」:{detail}", "the status is 草稿 (draft) or 提交 (submit): {detail}"),
        Words("从下拉中选择;留空即提交", "choose from the drop-down; empty means submit"),
    ),
    Tab.REFUSED: (
        Words("表格文件无法读取:{detail}", "the workbook can't be read: {detail}"),
        Words("用 Excel 或 WPS 打开后另存为 .xlsx 再试", "open it in Excel or WPS, save it as .xlsx and try again"),
    ),
    Tab.NO_SHEET: (
        Words("认不出工作表或文件对应的记录类型:{detail}", "can't tell which record type this is: {detail}"),
        Words(
            "沿用模板的工作表名或文件名(如 CF_JD),或用 --type 指明",
            "keep the template's sheet or file name (as CF_JD), or name the type with --type",
        ),
    ),
    Tab.UNKNOWN_HEADER: (
        Words("模板中没有这个表头:{detail}", "the template has no such header: {detail}"),
        Words("表头用模板的中文名或拼音代码,不要改动", "use the template's Chinese header or pinyin code"),
    ),
    Tab.REPEATED_HEADER: (
        Words("表头重复:{detail}", "the header appears twice: {detail}"),
        Words("删除多余的一列", "delete one of the columns"),
    ),
    Tab.MISSING_HEADER: (
        Words("缺少必需的列:{detail}", "a required column is missing: {detail}"),
        Words("从模板补上该列", "add the column from the template"),
    ),
    Tab.MERGED: (
        Words("有合并单元格 {detail}", "cells are merged: {detail}"),
        Words("取消合并,每个单元格分别填写", "unmerge them and fill in every cell"),
    ),
    Tab.RAGGED: (
        Words("列数不对:{detail}", "wrong number of columns: {detail}"),
        Words(
            "含逗号、引号或换行的内容要用双引号括起来",
            "put content with commas, quotes or line breaks into double quotes",
        ),
    ),
    Tab.QUOTES: (
        Words("CSV 的引号不正确:{detail}", "the CSV quotes are not right: {detail}"),
        Words("内容中的双引号要写成两个", "write a double quote inside content twice"),
    ),
    Tab.NUMBER_FOR_TEXT: (
        Words(
            "单元格 {detail} 是数字格式,编码和号码的前导零或后几位可能已经丢失",
            "cell {detail} is a number: leading zeros or last digits of a code may be lost already",
        ),
        Words(
            "把该列设为文本格式后重新填写,不能只改格式",
            "set the column to text and type the values again; changing the format alone is not enough",
        ),
    ),
    Tab.NUMBER_FOR_DATE: (
        Words("单元格 {detail} 是数字,不是日期", "cell {detail} is a number, not a date"),
        Words("把该列设为日期格式,或按 2026-01-31 填写文字", "set the column to a date format, or write 2026-01-31"),
    ),
    Tab.WRONG_CELL: (
        Words("单元格 {detail} 的类型与该列不符", "cell {detail} is of the wrong kind for its column"),
        Words("按表头批注中的格式填写", "write it as the note of the header says"),
    ),
    Tab.CHARACTER: (
        Words("{detail} 含有不允许的控制字符", "{detail} holds a control character that is not allowed"),
        Words("删除不可见字符后重新填写", "delete invisible characters and write it again"),
    ),
    Tab.ORPHAN: (
        Words("找不到所属的记录:{detail}", "the record it belongs to is not there: {detail}"),
        Words("主表的编号、序号和版本号须与这里一致", "case, sequence and version must be those of the main sheet"),
    ),
    Tab.REPEATED_LINE: (
        Words("同一记录的行号重复:{detail}", "the line number of a record appears twice: {detail}"),
        Words("行号从 1 起,依次编号", "number the lines from 1"),
    ),
    Tab.NO_HEADER: (
        Words("{detail} 有内容却没有表头", "{detail} has content but no header"),
        Words("删除该列,或补上表头", "delete the column or give it its header"),
    ),
    Tab.NO_PARENT: (
        Words("这是子表,旁边没有主表 {detail}", "this is a part of a record; the main file {detail} is not beside it"),
        Words("把主表和子表放在同一文件夹", "put the main file into the same folder"),
    ),
    Tab.FORMULA_ERROR: (
        Words("单元格 {detail} 是公式错误(如 #N/A)", "cell {detail} is the error of a formula (as #N/A)"),
        Words("改为填写值,不要用公式", "write the value instead of a formula"),
    ),
}  # fmt: skip
"""Sentences and hints by code."""


def tab_finding(
    code: Tab, detail: str | Words = "", *, path: str = "", line: int | None = None, column: int | None = None,
    value: str | None = None,
) -> Finding:  # fmt: skip
    """Make the finding of a table fault; ``line`` is the row and ``column`` the column, both from 1."""
    message, hint = FAULTS[code]
    zh, en = (detail, detail) if isinstance(detail, str) else detail
    return Finding(
        code=code.value, stage=Stage.VALIDATE, path=path, hint=hint, line=line, column=column, value=value,
        message=Words(message.zh.replace("{detail}", zh), message.en.replace("{detail}", en)),
    )  # fmt: skip
