# SPDX-License-Identifier: Apache-2.0
"""What the ledger itself finds wrong with a record: LDG-0xx, with the texts of each."""

import json
from collections.abc import Iterable
from types import MappingProxyType

from gateway.model.finding import Finding, Severity, Stage
from gateway.model.words import Words

CONFLICT = "LDG-001"
OWNED = "LDG-002"
STALE = "LDG-003"
UNFOUNDED = "LDG-004"
TWICE = "LDG-005"
VANISHED = "LDG-006"
NOTHING = "LDG-007"
GAP = "LDG-008"
NOT_YOURS = "LDG-009"
WAITS = "LDG-010"
GONE = "LDG-020"
SEQUENCE_GAP = "LDG-021"

FINDINGS = MappingProxyType(
    {
        CONFLICT: (
            Words(
                "同一业务主键有内容不同的另一行,先后无法判断,两者都留存备查",
                "another row has the same business key with other content, and nothing tells which is newer; both are kept",
            ),
            Words(
                "在映射中声明 version_order,或把主键补充到能区分两行",
                "declare version_order in the mapping, or extend the key so that it tells the rows apart",
            ),
        ),
        OWNED: (
            Words("该业务主键属于另一个数据源,内容不一致", "another source owns this business key, and the contents differ"),
            Words(
                "与另一数据源的主管部门核对;归属变更用 gateway source handover",
                "compare with the other department; ownership moves by gateway source handover",
            ),
        ),
        STALE: (
            Words("该行比已收录的版本旧,仅留存备查,不再报送", "this row is older than the version held; kept as evidence, not sent"),
            Words("无需处理;若先后颠倒,检查 version_order 的列", "nothing to do; if the order is wrong, check the column of version_order"),
        ),
        UNFOUNDED: (
            Words("撤回所指的记录从未被收录", "the withdrawal names a record that was never held"),
            Words("先改正并收录被撤回的记录", "mend the record it names first"),
        ),
        TWICE: (
            Words("一行产生了两条主键相同而内容不同的记录", "one row made two records with the same key and different contents"),
            Words("修改映射中的序号或主键", "mend the sequence or the key in the mapping"),
        ),
        VANISHED: (
            Words("该行不再产生此主键的记录,建议撤回,须由人填写理由并批准", "the row no longer yields this key: a proposed withdrawal, for a person to give the reason and approve"),
            Words("核对业务系统:主键是否改动,记录是否作废", "look into the department system: was the key changed or the record voided"),
        ),
        GONE: (
            Words("该行已从业务系统中消失(两次完整比对和逐行查找均未找到),建议撤回,须由人填写理由并批准", "the row is gone from the department system (two complete listings and a look-up): a proposed withdrawal, for a person to give the reason and approve"),
            Words("与部门核实后用 gateway source withdraw 批准,或用 gateway source dismiss 驳回", "ask the department, then gateway source withdraw, or gateway source dismiss"),
        ),
        SEQUENCE_GAP: (
            Words("文件序号不连续,缺少中间的文件", "the sequence of files has a gap: files between are missing"),
            Words("请部门补报缺少的文件;后面的文件照常处理", "have the department send the missing files; later ones are taken as usual"),
        ),
        NOTHING: (
            Words("该行没有产生任何标准记录", "the row yielded no record of the standard"),
            Words("检查映射中的条件", "check the conditions in the mapping"),
        ),
        NOT_YOURS: (
            Words("该机构的记录不归本发送方报送", "this sender may not send records of this organisation"),
            Words("检查 orgCode;代其他机构转报须先在接收方登记", "check orgCode; forwarding for others must be registered with the receiver"),
        ),
        WAITS: (
            Words("在它之前的记录({before})一条也没有收录,等它们到来后自动放行", "none of the records before it ({before}) has been accepted; it goes by itself once one comes"),
            Words("补报前面的环节;确实没有的,由人按停放处理", "send the earlier stage; where there is none a person decides about the parked record"),
        ),
        GAP: (
            Words("前面的版本没有收到过,先收到了更正", "versions before this one were never received: the correction came first"),
            Words("无需处理;更早的版本之后再来会被判为过期", "nothing to do; an earlier version that comes later is stale"),
        ),
    }
)  # fmt: skip
"""Message and hint of every code."""


def finding(code: str, path: str, value: str | None = None, severity: Severity = Severity.ERROR) -> Finding:
    """Return the finding of ``code`` about the record or column ``path``."""
    message, hint = FINDINGS[code]
    if code in (GAP, SEQUENCE_GAP):
        severity = Severity.WARNING
    return Finding(code, Stage.LEDGER, path, message, hint, severity, value)


def to_json(findings: Iterable[Finding], *, values: bool = True) -> str:
    """Return findings as the JSON text that the ledger stores; without ``values`` the offending texts are left out."""
    return json.dumps([_plain(each, values) for each in findings], ensure_ascii=False, separators=(",", ":"))


def _plain(each: Finding, values: bool) -> dict[str, object]:
    stored: dict[str, object] = {
        "code": each.code,
        "stage": each.stage,
        "path": each.path,
        "severity": each.severity,
        "message": list(each.message),
        "hint": list(each.hint),
    }
    optional = {"value": each.value if values else None, "line": each.line, "column": each.column}
    return stored | {name: value for name, value in optional.items() if value is not None}


def from_json(text: str) -> tuple[Finding, ...]:
    """Return the findings that ``to_json`` stored."""
    return tuple(
        Finding(
            each["code"],
            Stage(each["stage"]),
            each["path"],
            Words(*each["message"]),
            Words(*each["hint"]),
            Severity(each["severity"]),
            each.get("value"),
            each.get("line"),
            each.get("column"),
        )
        for each in json.loads(text)
    )
