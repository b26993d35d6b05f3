# SPDX-License-Identifier: Apache-2.0
"""What each stage of the bench's two systems becomes: the hand-written counterpart of the bench's mapping files.

Every reference reads this table in its own way; that all of them and the product send the same bytes is checked by
the digests that the receivers hold.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from gateway.bench.rows import PENALTIES, PENALTY_COLUMNS, PERMIT_COLUMNS, PERMITS

NULLS: Final = frozenset({"", "-", "/", "无", "null"})


class Field(NamedTuple):
    """One element: its path, how its value is made, the column (or the text of a constant), and a crosswalk.

    Forms: text, code, moment, day, yuan (from 10,000 yuan), constant, materials, basis, kinds.
    """

    path: str
    form: str
    column: str
    codes: Mapping[str, str] = {}


class Plan(NamedTuple):
    """One record type: its payload element and its fields in the order of the schema."""

    type: str
    element: str
    fields: tuple[Field, ...]


class System(NamedTuple):
    """One department system: its table and columns, where case and stage stand, and a plan for every stage."""

    table: str
    columns: tuple[str, ...]
    case: str
    plans: Mapping[str, Plan]


_LEVELS: Final = {"示例管理法": "法律", "江西省示例条例": "地方性法规"}
_YES_NO: Final = {"是": "true", "否": "false"}
_DISCLOSED: Final = {"主动公开": "1", "依申请公开": "2", "公开": "1"}
_PROCEDURE: Final = {"简易程序": "1", "普通程序": "2"}


def _head(case: str, body: str, number: str) -> tuple[Field, ...]:
    return (
        Field("caseNo", "text", case),
        Field("itemCode", "text", "SXBM"),
        Field("itemVersion", "text", "SXBB"),
        Field("orgCode", "text", body),
        Field("regionCode", "text", "XZQH"),
        Field("sequence", "text", "XH"),
        Field("version", "constant", "1"),
        Field("operation", "constant", "C"),
        Field("occurredAt", "moment", "FSSJ"),
        Field("operatorName", "text", "JBR"),
        Field("operatorPost", "text", "GW"),
        Field("operatorId", "text", number),
        Field("remark", "text", "BZ"),
    )


_PERMIT: Final = _head("BJBH", "ZZJGDM", "GH")
_PENALTY: Final = _head("AJH", "DWDM", "ZFZH")
_APPLICANT: Final = (
    Field("applicant/kind", "code", "SQRLX", {"自然人": "1", "企业法人": "2"}),
    Field("applicant/name", "text", "SQRMC"),
    Field("applicant/idKind", "code", "ZJLX", {"身份证": "居民身份证", "信用代码": "统一社会信用代码"}),
    Field("applicant/idNo", "text", "ZJHM"),
    Field("applicant/legalRepresentative", "text", "FDDBR"),
    Field("applicant/contact", "text", "LXR"),
    Field("applicant/phone", "text", "LXDH"),
    Field("applicant/address", "text", "DZ"),
)
_PARTY: Final = (
    Field("party/kind", "code", "DSRLB", {"个人": "1", "企业": "2"}),
    Field("party/name", "text", "DSRMC"),
    Field("party/idKind", "code", "ZJLB", {"身份证": "居民身份证", "统一代码": "统一社会信用代码"}),
    Field("party/idNo", "text", "ZJH"),
    Field("party/legalRepresentative", "text", "FR"),
    Field("party/phone", "text", "LXDH"),
    Field("party/address", "text", "DZ"),
)

_APPLICATION: Final = (
    *_PERMIT,
    *_APPLICANT,
    Field("projectName", "text", "XMMC"),
    Field("matter", "text", "SQSX"),
    Field("matterKind", "code", "SXLX", {"新办": "首次", "变更": "变更", "延续": "延续"}),
    Field("receivedAt", "moment", "FSSJ"),
    Field("channel", "code", "SQFS", {"大厅窗口": "窗口", "网上申报": "网上", "邮寄": "邮寄"}),
    Field("materials", "materials", "SQCL"),
)
_ACCEPTANCE: Final = (
    *_PERMIT,
    Field("result", "code", "SLJG", {"受理": "1", "不予受理": "2"}),
    Field("acceptedAt", "moment", "FSSJ"),
    Field("receiptNo", "text", "SLHZH"),
    Field("dueDate", "day", "CNQX"),
    Field("remedy", "text", "JJTJ"),
)
_PERMIT_DECISION: Final = (
    *_PERMIT,
    *_APPLICANT,
    Field("result", "code", "BJJG", {"准予许可": "准予", "不予许可": "不予"}),
    Field("decidedAt", "moment", "FSSJ"),
    Field("documentNo", "text", "WH"),
    Field("documentName", "text", "WJMC"),
    Field("content", "text", "NR"),
    Field("permitKind", "code", "XKLB", {"普通": "XK01", "特许": "XK02"}),
    Field("certificateNo", "text", "ZZBH"),
    Field("certificateName", "text", "ZZMC"),
    Field("validFrom", "day", "YXQS"),
    Field("validTo", "day", "YXQZ"),
    Field("remedy", "text", "JJTJ"),
    Field("approver", "text", "PZR"),
    Field("disclosure/form", "code", "GKXS", _DISCLOSED),
)
_DELIVERY: Final = (
    *_PERMIT,
    Field("way", "code", "SDFS", {"直接送达": "直接", "邮寄送达": "邮寄"}),
    Field("deliveredAt", "moment", "FSSJ"),
    Field("receiver", "text", "SDR"),
)
_FILING: Final = (
    *_PENALTY,
    Field("procedure", "code", "CFCX", _PROCEDURE),
    *_PARTY,
    Field("caseSource", "text", "AJLY"),
    Field("allegedFact", "text", "SXSS"),
    Field("filedAt", "moment", "FSSJ"),
    Field("approver", "text", "PZR"),
)
_NOTICE: Final = (
    *_PENALTY,
    Field("noticeNo", "text", "WSH"),
    Field("facts", "text", "SS"),
    Field("grounds", "text", "LY"),
    Field("basis", "basis", "FLYJ", _LEVELS),
    Field("intendedPenalty", "text", "NCF"),
    Field("rights", "text", "QL"),
    Field("hearingOffered", "code", "TZ", _YES_NO),
    Field("hearingBasis", "text", "TZYJ"),
    Field("deliveredAt", "moment", "SDSJ"),
)
_PENALTY_DECISION: Final = (
    *_PENALTY,
    *_PARTY,
    Field("procedure", "code", "CFCX", _PROCEDURE),
    Field("result", "constant", "处罚"),
    Field("documentNo", "text", "WSH"),
    Field("fact", "text", "SS"),
    Field("basis", "basis", "FLYJ", _LEVELS),
    Field("kinds", "kinds", "ZL", {"警告": "CF01", "罚款": "CF02"}),
    Field("fineAmount", "yuan", "JE"),
    Field("confiscatedIncome", "text", "MSJE"),
    Field("legalReview/by", "text", "FZR"),
    Field("legalReview/result", "text", "FZJG"),
    Field("socialInfluence", "code", "SHYX", _YES_NO),
    Field("decidedAt", "moment", "FSSJ"),
    Field("deliveredAt", "moment", "SDSJ"),
    Field("discretion", "text", "CLDC"),
    Field("collectiveDiscussion", "code", "JTTL", _YES_NO),
    Field("remedy", "text", "JJTJ"),
    Field("disclosure/form", "code", "GKXS", _DISCLOSED),
)
_EXECUTION: Final = (
    *_PENALTY,
    Field("kind", "code", "ZXFS", {"当事人履行": "自动履行", "法院强制": "申请法院强制执行"}),
    Field("principalPaid", "text", "JNBJ"),
    Field("paidAt", "moment", "JNSJ"),
    Field("receiptNo", "text", "PJH"),
    Field("way", "code", "JKFS", {"银行代收": "银行", "电子支付": "电子"}),
)

SYSTEMS: Final = (
    System(
        PENALTIES,
        PENALTY_COLUMNS,
        "AJH",
        {
            "LA": Plan("CF_LA", "penaltyFiling", _FILING),
            "GZ": Plan("CF_GZ", "penaltyNotice", _NOTICE),
            "JD": Plan("CF_JD", "penaltyDecision", _PENALTY_DECISION),
            "ZX": Plan("CF_ZX", "penaltyExecution", _EXECUTION),
        },
    ),
    System(
        PERMITS,
        PERMIT_COLUMNS,
        "BJBH",
        {
            "SQ": Plan("XK_SQ", "permitApplication", _APPLICATION),
            "SL": Plan("XK_SL", "permitAcceptance", _ACCEPTANCE),
            "JD": Plan("XK_JD", "permitDecision", _PERMIT_DECISION),
            "SD": Plan("XK_SD", "permitDelivery", _DELIVERY),
        },
    ),
)
