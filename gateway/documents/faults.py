# SPDX-License-Identifier: Apache-2.0
"""What can be wrong with a document before any schema looks at it: one table of codes, sentences and hints."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gateway.errors import MalformedDocument
from gateway.model.finding import Finding, Severity, Stage
from gateway.model.words import Words


class Doc(StrEnum):
    """Codes of document faults; ``FAULTS`` holds their sentences."""

    NOT_WELL_FORMED = "DOC-001"
    DOCTYPE = "DOC-002"
    WRONG_BYTES = "DOC-003"
    ENCODING_UNKNOWN = "DOC-004"
    ENCODING_CONTRADICTED = "DOC-005"
    CONTROL_CHARACTER = "DOC-006"
    HTML = "DOC-007"
    EMPTY = "DOC-008"
    TOO_LARGE = "DOC-009"
    TOO_DEEP = "DOC-010"
    TOO_MANY_ELEMENTS = "DOC-011"
    TOO_MANY_ATTRIBUTES = "DOC-012"
    TEXT_TOO_LONG = "DOC-013"
    ENTITY = "DOC-014"
    UNKNOWN_ROOT = "DOC-015"
    UNREADABLE = "DOC-016"
    OTHER_TYPE = "DOC-017"
    DIGEST = "DOC-018"
    COUNT = "DOC-019"
    NO_RECORD = "DOC-020"
    RECORD_ID = "DOC-021"
    KEY = "DOC-022"
    PACKAGE = "DOC-023"
    PRIVATE_USE = "DOC-024"


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of fault: its sentence and hint, with ``{detail}`` where the particular case is told."""

    message: Words
    hint: Words
    severity: Severity = Severity.ERROR


def _fault(zh: str, en: str, hint_zh: str, hint_en: str) -> Fault:
    return Fault(Words(zh, en), Words(hint_zh, hint_en))


FAULTS: Final[dict[Doc, Fault]] = {
    Doc.NOT_WELL_FORMED: _fault(
        "XML 格式不正确:{detail}",
        "the XML is not well-formed: {detail}",
        "检查标签是否成对、属性是否加引号、& 和 < 是否转义",
        "check that tags are paired, attributes quoted, & and < escaped",
    ),
    Doc.DOCTYPE: _fault(
        "文档含有 DOCTYPE 声明,不予接收",
        "the document has a DOCTYPE declaration and is not taken",
        "删除 DOCTYPE 和实体声明,直接写出文字",
        "remove the DOCTYPE and entity declarations and write the text itself",
    ),
    Doc.WRONG_BYTES: _fault(
        "文档中有不属于 {detail} 编码的字节",
        "the document holds bytes that are not {detail}",
        "声明的编码与实际编码须一致,建议统一用 UTF-8 输出",
        "the declared encoding must be the real one; UTF-8 is best",
    ),
    Doc.ENCODING_UNKNOWN: _fault(
        "不支持的编码:{detail}",
        "the encoding is not supported: {detail}",
        "请用 UTF-8 或 GB18030(GBK、GB2312)输出",
        "write UTF-8 or GB18030 (GBK, GB2312)",
    ),
    Doc.ENCODING_CONTRADICTED: _fault(
        "文件开头的字节序标记(BOM)与声明的编码 {detail} 矛盾",
        "the byte order mark contradicts the declared encoding {detail}",
        "去掉 BOM,或把编码声明改为实际编码",
        "remove the mark, or declare the real encoding",
    ),
    Doc.CONTROL_CHARACTER: _fault(
        "文档中有不允许的控制字符",
        "the document holds a control character that is not allowed",
        "在业务系统中清除该字段里的不可见字符",
        "remove invisible characters from the field in the department system",
    ),
    Doc.HTML: _fault(
        "内容是 HTML 网页,不是 XML 文档",
        "the content is an HTML page, not an XML document",
        "多半是对方的登录页或错误页,检查地址和网络代理",
        "probably a login or error page: check the address and proxies",
    ),
    Doc.EMPTY: _fault(
        "文档为空", "the document is empty", "检查文件是否写完", "check that the file was written to the end"
    ),
    Doc.TOO_LARGE: _fault(
        "文档超过 {detail} 字节的上限",
        "the document is over the limit of {detail} bytes",
        "拆成不超过 500 条记录、8 MB 的数据包",
        "split it into packages of at most 500 records and 8 MB",
    ),
    Doc.TOO_DEEP: _fault(
        "元素嵌套超过 {detail} 层",
        "elements are nested deeper than {detail}",
        "按标准的结构输出,不要多层嵌套",
        "write the structure of the standard without further nesting",
    ),
    Doc.TOO_MANY_ELEMENTS: _fault(
        "元素超过 {detail} 个",
        "there are more than {detail} elements",
        "拆成较小的文件",
        "split it into smaller files",
    ),
    Doc.TOO_MANY_ATTRIBUTES: _fault(
        "属性超过 {detail} 个",
        "there are more than {detail} attributes",
        "业务元素不使用属性,请按标准输出",
        "business elements carry no attributes: write what the standard says",
    ),
    Doc.TEXT_TOO_LONG: _fault(
        "有一段文字超过 {detail} 个字符",
        "a text is longer than {detail} characters",
        "长文件请作为附件报送",
        "send long texts as attachments",
    ),
    Doc.ENTITY: _fault(
        "使用了未定义的实体:{detail}",
        "an entity is used that is not defined: {detail}",
        "只允许 &amp; &lt; &gt; &quot; &apos; 和字符引用",
        "only &amp; &lt; &gt; &quot; &apos; and character references are allowed",
    ),
    Doc.UNKNOWN_ROOT: _fault(
        "不认识的根元素:{detail}",
        "the root element is not known: {detail}",
        "根元素应为 Package、Records 或某一记录类型的元素,命名空间须正确",
        "it should be Package, Records or the element of a record type, in the right namespace",
    ),
    Doc.UNREADABLE: _fault(
        "文件无法读取:{detail}",
        "the file can't be read: {detail}",
        "检查文件名和权限",
        "check the file's name and permissions",
    ),
    Doc.OTHER_TYPE: _fault(
        "记录类型不是要求的 {detail}",
        "the record is not of the wanted type {detail}",
        "检查 --type 或换用相应类型的记录",
        "check --type or give records of that type",
    ),
    Doc.DIGEST: _fault(
        "摘要与内容不符:{detail}",
        "a digest does not fit the content: {detail}",
        "按排他规范化后的字节重新计算 SHA-256",
        "compute SHA-256 again over the exclusive canonical form",
    ),
    Doc.COUNT: _fault(
        "报文头的记录数与实际不符:{detail}",
        "the head's record count is not the real one: {detail}",
        "recordCount 应等于 Record 元素的个数",
        "recordCount must be the number of Record elements",
    ),
    Doc.NO_RECORD: _fault(
        "文件中没有记录",
        "the file holds no record",
        "检查文件内容",
        "check the file's content",
    ),
    Doc.RECORD_ID: _fault(
        "记录标识与类型、主键、版本和摘要不符:{detail}",
        "recordId does not follow from type, key, version and digest: {detail}",
        "recordId 是 UUIDv5(类型|主键|版本|摘要),请按标准计算",
        "recordId is UUIDv5(type|key|version|digest): compute it as the standard says",
    ),
    Doc.KEY: _fault(
        "Record 的 {detail} 与其中记录的内容不一致",
        "the {detail} of a Record is not that of the record in it",
        "key 由类型、办件编号和序号组成,version 与记录内的版本相同",
        "key is made of type, case number and sequence; version is that in the record",
    ),
    Doc.PACKAGE: _fault(
        "数据包结构不符合接口规范:{detail}",
        "the package is not of the contract: {detail}",
        "对照标准 §4 检查 Head、Body 和签名的结构",
        "compare Head, Body and Signature with the standard, §4",
    ),
    Doc.PRIVATE_USE: Fault(
        Words(
            "{detail} 是自造字(私用区字符),别处无法显示",
            "{detail} is a private-use character, which nobody else can show",
        ),
        Words(
            "改用 GB 18030-2022 中的正式字符;确无对应字的,用通行写法并在备注中说明",
            "use the character of GB 18030-2022; where there is none, write the usual form and say so in the remark",
        ),
        Severity.WARNING,
    ),
}
"""Sentences and hints by code."""


SYNTAX: Final[dict[int, Words]] = {
    4: Words("没有根元素", "there is no root element"),
    5: Words("根元素之后还有内容", "there is content after the root element"),
    38: Words("属性值中有未转义的 <", "an attribute value holds an unescaped <"),
    39: Words("属性值没有引号", "an attribute value has no quotes"),
    40: Words("属性值的引号没有结束", "the quotes of an attribute value are not closed"),
    41: Words("属性没有值", "an attribute has no value"),
    42: Words("同一属性出现两次", "an attribute appears twice"),
    62: Words("文字中出现 ]]>", "the text holds ]]>"),
    68: Words("标签名不正确", "a tag has no proper name"),
    73: Words("标签没有 > 结束", "a tag is not closed by >"),
    76: Words("开始标签与结束标签不一致", "an opening and a closing tag don't match"),
    77: Words("文档在标签结束之前中断", "the document breaks off before its tags are closed"),
    201: Words("使用了未声明的命名空间前缀", "a namespace prefix is not declared"),
}
"""What is not well-formed, by libxml2's error number; other numbers show libxml2's own English words."""


def doc_finding(
    code: Doc, detail: str | Words = "", *, path: str = "", line: int | None = None, column: int | None = None,
    value: str | None = None,
) -> Finding:  # fmt: skip
    """Make the finding of a document fault; ``line`` and ``column`` count from 1."""
    fault = FAULTS[code]
    zh, en = (detail, detail) if isinstance(detail, str) else detail
    message = Words(fault.message.zh.replace("{detail}", zh), fault.message.en.replace("{detail}", en))
    return Finding(
        code=code.value, stage=Stage.VALIDATE, path=path, message=message, hint=fault.hint,
        severity=fault.severity, value=value, line=line, column=column,
    )  # fmt: skip


class RefusedDocument(MalformedDocument):
    """A document that is not even looked at by the schema; ``finding`` says why and where."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message.zh, finding.hint)
        self.finding = finding
