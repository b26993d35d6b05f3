# SPDX-License-Identifier: Apache-2.0
"""What the schema can find wrong: one table from libxml2's error kinds to codes, sentences and hints in two languages.

Slots: ``{field}`` the element's label and name, ``{expected}`` what the schema wants, ``{received}`` a harmless measure
of what came (a length, a name; never the value itself, which may be personal: that stands in ``Finding.value``).
"""

from dataclasses import dataclass
from typing import Final

from gateway.model.words import Words


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of schema error."""

    code: str
    message: Words
    hint: Words

    def advised(self, advice: Words | None) -> Words:
        """Return the hint, with what the dictionary advises about the element."""
        if advice is None:
            return self.hint
        return Words(f"{self.hint.zh}:{advice.zh}", f"{self.hint.en}: {advice.en}")


def _kind(code: str, zh: str, en: str, hint_zh: str, hint_en: str) -> Kind:
    return Kind(code, Words(zh, en), Words(hint_zh, hint_en))


UNEXPECTED: Final = _kind(
    "XSD-001",
    "{field}不应出现在这里,此处应为 {expected}",
    "{field} is not expected here; expected {expected}",
    "检查元素名、顺序和重复次数",
    "check the element's name, order and number of occurrences",
)
MISSPELT: Final = _kind(
    "XSD-001",
    "标准中没有元素{field},是否应为{expected}",
    "the standard has no element {field}; is {expected} meant",
    "按标准改正元素名,区分大小写",
    "write the element's name as in the standard, capital and small letters told apart",
)
FOREIGN: Final = _kind(
    "XSD-031",
    "{field}的命名空间不对,应为 {expected}",
    "{field} is of another namespace; expected {expected}",
    "所有业务元素用标准的命名空间;自有内容放进扩展(extension)",
    "business elements are all in the namespace of the standard; what is your own goes into extension",
)
MISSING: Final = _kind(
    "XSD-002",
    "{field}缺少下级元素 {expected}",
    "{field} lacks the child {expected}",
    "补全必填的元素",
    "add what is required",
)
ABSENT: Final = _kind(
    "XSD-002",
    "缺少必填项{field},它属于{expected}",
    "{field} is mandatory and missing from {expected}",
    "补上这一项",
    "add it",
)
DISORDERED: Final = _kind(
    "XSD-035",
    "{field}的顺序不对,应放在{expected}之前",
    "{field} is out of order: it comes before {expected}",
    "按标准规定的顺序输出各元素",
    "write the elements in the order of the standard",
)
REPEATED: Final = _kind(
    "XSD-036",
    "{field}最多出现 {expected} 次",
    "{field} may appear at most {expected} times",
    "删除多余的,或检查是否写错了元素名",
    "remove what is too much, or check the element's name",
)
EMPTY: Final = _kind(
    "XSD-003",
    "{field}是空的,应填 {expected}",
    "{field} is empty; expected {expected}",
    "填写内容,可选的元素没有内容时不要输出",
    "fill it in; leave an optional element out when there is nothing to say",
)
DUPLICATE: Final = _kind(
    "XSD-016",
    "{field}与前面的重复,违反唯一约束 {expected}",
    "{field} repeats an earlier one, against the constraint {expected}",
    "删除重复项,或改正其编号",
    "remove the repetition or correct its number",
)
DANGLING: Final = _kind(
    "XSD-017",
    "{field}引用的内容在本记录中不存在(约束 {expected})",
    "{field} refers to something that is not in this record (constraint {expected})",
    "补上被引用的内容,或改正引用",
    "add what is referred to, or correct the reference",
)
OTHER: Final = _kind(
    "XSD-099",
    "{field}不符合标准:{received}",
    "{field} is not of the standard: {received}",
    "对照标准检查该元素",
    "compare the element with the standard",
)

TABLE: Final[dict[str, Kind]] = {
    "SCHEMAV_ELEMENT_CONTENT": UNEXPECTED,
    "SCHEMAV_CVC_ELT_1": _kind(
        "XSD-004",
        "标准中没有这个元素:{field}",
        "the standard has no such element: {field}",
        "检查元素名和命名空间",
        "check the element's name and namespace",
    ),
    "SCHEMAV_CVC_DATATYPE_VALID_1_2_1": _kind(
        "XSD-005",
        "{field}的内容不是 {expected}",
        "{field} does not hold {expected}",
        "按数据类型的格式填写",
        "write it in the form of its data type",
    ),
    "SCHEMAV_CVC_ENUMERATION_VALID": _kind(
        "XSD-006",
        "{field}的内容不在允许范围内,应为 {expected} 之一",
        "{field} does not hold an allowed value; expected one of {expected}",
        "换成允许的取值,或在映射中加对照表",
        "use an allowed value, or add a crosswalk table to the mapping",
    ),
    "SCHEMAV_CVC_PATTERN_VALID": _kind(
        "XSD-007",
        "{field}的格式不对,应符合 {expected}",
        "{field} is not of the form {expected}",
        "检查位数、分隔符和大小写",
        "check the number of characters, separators and case",
    ),
    "SCHEMAV_CVC_LENGTH_VALID": _kind(
        "XSD-008",
        "{field}的长度是 {received},应为 {expected}",
        "{field} is {received} characters long; expected {expected}",
        "长度按字符计,检查是否少字或多字",
        "length counts characters: check for missing or extra ones",
    ),
    "SCHEMAV_CVC_MINLENGTH_VALID": _kind(
        "XSD-009",
        "{field}太短:{received} 个字符,至少 {expected} 个",
        "{field} is too short: {received} characters, at least {expected}",
        "填写完整的内容",
        "write the whole content",
    ),
    "SCHEMAV_CVC_MAXLENGTH_VALID": _kind(
        "XSD-010",
        "{field}太长:{received} 个字符,最多 {expected} 个",
        "{field} is too long: {received} characters, at most {expected}",
        "缩短文字,长文件请作为附件报送",
        "shorten the text, or send it as an attachment",
    ),
    "SCHEMAV_CVC_MININCLUSIVE_VALID": _kind(
        "XSD-011",
        "{field}小于允许的最小值 {expected}",
        "{field} is less than the least value allowed, {expected}",
        "检查数值和单位",
        "check the number and its unit",
    ),
    "SCHEMAV_CVC_MAXINCLUSIVE_VALID": _kind(
        "XSD-012",
        "{field}大于允许的最大值 {expected}",
        "{field} is greater than the greatest value allowed, {expected}",
        "检查数值和单位",
        "check the number and its unit",
    ),
    "SCHEMAV_CVC_MINEXCLUSIVE_VALID": _kind(
        "XSD-013",
        "{field}必须大于 {expected}",
        "{field} must be greater than {expected}",
        "检查数值和单位",
        "check the number and its unit",
    ),
    "SCHEMAV_CVC_MAXEXCLUSIVE_VALID": _kind(
        "XSD-014",
        "{field}必须小于 {expected}",
        "{field} must be less than {expected}",
        "检查数值和单位",
        "check the number and its unit",
    ),
    "SCHEMAV_CVC_TOTALDIGITS_VALID": _kind(
        "XSD-015",
        "{field}的数字位数超过 {expected} 位",
        "{field} has more than {expected} digits",
        "检查数值和单位(元、万元)",
        "check the number and its unit",
    ),
    "SCHEMAV_CVC_IDC": DUPLICATE,
    "SCHEMAV_CVC_FRACTIONDIGITS_VALID": _kind(
        "XSD-018",
        "{field}的小数超过 {expected} 位",
        "{field} has more than {expected} decimals",
        "金额保留两位小数",
        "amounts have two decimals",
    ),
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_1": _kind(
        "XSD-019",
        "{field}带有不允许的属性 {received}",
        "{field} has an attribute that is not allowed: {received}",
        "业务元素不使用属性",
        "business elements carry no attributes",
    ),
    "SCHEMAV_CVC_COMPLEX_TYPE_4": _kind(
        "XSD-020",
        "{field}缺少属性 {received}",
        "{field} lacks the attribute {received}",
        "补上该属性",
        "add the attribute",
    ),
    "SCHEMAV_CVC_COMPLEX_TYPE_2_3": _kind(
        "XSD-021",
        "{field}只能包含下级元素,不能直接写文字",
        "{field} holds child elements only, no text of its own",
        "把文字移到对应的下级元素中",
        "move the text into the proper child element",
    ),
    "SCHEMAV_CVC_COMPLEX_TYPE_2_1": _kind(
        "XSD-022", "{field}不能有内容", "{field} must have no content", "删除其内容", "remove its content"
    ),
    "SCHEMAV_CVC_TYPE_3_1_2": _kind(
        "XSD-023",
        "{field}只能写文字,不能有下级元素",
        "{field} holds text only, no child elements",
        "删除下级元素,只保留文字",
        "remove the child elements and keep the text",
    ),
    "SCHEMAV_CVC_TYPE_3_1_1": _kind(
        "XSD-024",
        "{field}不能带属性 {received}",
        "{field} must have no attribute {received}",
        "删除该属性",
        "remove the attribute",
    ),
    "SCHEMAV_CVC_ELT_3_1": _kind(
        "XSD-025",
        "{field}不能标为空(xsi:nil)",
        "{field} must not be marked nil",
        "填写内容,或去掉 xsi:nil",
        "fill it in, or remove xsi:nil",
    ),
    "SCHEMAV_CVC_ELT_3_2_1": _kind(
        "XSD-026",
        "{field}标为空(xsi:nil),却有内容",
        "{field} is marked nil but has content",
        "去掉内容,或去掉 xsi:nil",
        "remove the content or xsi:nil",
    ),
    "SCHEMAV_CVC_ELT_4_2": _kind(
        "XSD-027",
        "{field}指定的类型(xsi:type)不存在",
        "{field} names a type (xsi:type) that does not exist",
        "不要使用 xsi:type",
        "do without xsi:type",
    ),
    "SCHEMAV_CVC_ELT_4_3": _kind(
        "XSD-028",
        "{field}不能换成所指定的类型(xsi:type)",
        "{field} can't take the type named by xsi:type",
        "不要使用 xsi:type",
        "do without xsi:type",
    ),
    "SCHEMAV_CVC_ELT_5_2_2_2_2": _kind(
        "XSD-029",
        "{field}的内容必须是 {expected}",
        "{field} must hold {expected}",
        "改为固定值",
        "use the fixed value",
    ),
    "SCHEMAV_CVC_ATTRIBUTE_3": _kind(
        "XSD-030",
        "{field}的属性 {received} 的值不合格",
        "the attribute {received} of {field} has a wrong value",
        "按标准填写属性值",
        "write the value the standard wants",
    ),
    "SCHEMAV_CVC_WILDCARD": _kind(
        "XSD-031",
        "{field}处不允许这个命名空间的元素",
        "{field}: no element of this namespace is allowed here",
        "检查命名空间",
        "check the namespace",
    ),
    "SCHEMAV_CVC_DATATYPE_VALID_1_2_2": _kind(
        "XSD-032",
        "{field}的列表中有不合格的项",
        "{field} holds a list with a wrong item",
        "逐项检查,以空格分隔",
        "check each item; spaces separate them",
    ),
    "SCHEMAV_CVC_DATATYPE_VALID_1_2_3": _kind(
        "XSD-033",
        "{field}的内容不符合任何一种允许的类型",
        "{field} fits none of the allowed types",
        "按标准填写",
        "write what the standard says",
    ),
    "SCHEMAV_CVC_TYPE_2": _kind(
        "XSD-034",
        "{field}的类型是抽象的,不能直接使用",
        "{field} is of an abstract type and can't be used itself",
        "换用具体的元素",
        "use a concrete element",
    ),
}
"""By libxml2's error kind; a kind that is not here is told as ``OTHER`` with libxml2's own words, values left out."""

TABLE["SCHEMAV_CVC_ELT_2"] = TABLE["SCHEMAV_CVC_TYPE_2"]
TABLE["SCHEMAV_CVC_ELT_4_1"] = TABLE["SCHEMAV_CVC_ELT_4_2"]
TABLE["SCHEMAV_CVC_ELT_5_2_2_2_1"] = TABLE["SCHEMAV_CVC_ELT_5_2_2_2_2"]
TABLE["SCHEMAV_CVC_ATTRIBUTE_4"] = TABLE["SCHEMAV_CVC_ATTRIBUTE_3"]
TABLE["SCHEMAV_CVC_AU"] = TABLE["SCHEMAV_CVC_ATTRIBUTE_3"]
TABLE["SCHEMAV_CVC_COMPLEX_TYPE_3_2_2"] = TABLE["SCHEMAV_CVC_COMPLEX_TYPE_3_2_1"]

KINDS: Final[tuple[Kind, ...]] = tuple(
    sorted(
        {k.code: k for k in (*TABLE.values(), MISSING, DISORDERED, REPEATED, EMPTY, DANGLING, OTHER)}.values(),
        key=lambda k: k.code,
    )
)
"""Every kind once, by code: what ``gateway standard list --rules`` shows."""

TYPES: Final[dict[str, Words]] = {
    "date": Words("日期(如 2026-01-31)", "a date (as 2026-01-31)"),
    "dateTime": Words("日期时间(如 2026-01-31T09:00:00+08:00)", "a date and time (as 2026-01-31T09:00:00+08:00)"),
    "decimal": Words("数字(如 1200.00,不带千分位)", "a number (as 1200.00, no thousands mark)"),
    "integer": Words("整数", "a whole number"),
    "int": Words("整数", "a whole number"),
    "positiveInteger": Words("正整数", "a whole number from 1"),
    "nonNegativeInteger": Words("非负整数", "a whole number from 0"),
    "boolean": Words("true 或 false", "true or false"),
    "base64Binary": Words("Base64 编码的内容", "Base64 content"),
    "string": Words("文字", "text"),
    "ID": Words("标识(字母开头,不含空格)", "an identifier (a letter first, no spaces)"),
    "Moment": Words(
        "带 +08:00 的日期时间(如 2026-01-31T09:00:00+08:00)",
        "a date and time with +08:00 (as 2026-01-31T09:00:00+08:00)",
    ),
    "Instant": Words(
        "带 +08:00 的日期时间(如 2026-01-31T09:00:00+08:00)",
        "a date and time with +08:00 (as 2026-01-31T09:00:00+08:00)",
    ),
    "Day": Words("不带时区的日期(如 2026-01-31)", "a date without time zone (as 2026-01-31)"),
    "Money": Words("金额(元,如 1200.00)", "an amount in yuan (as 1200.00)"),
}
"""Data types in words, by local name."""
