# SPDX-License-Identifier: Apache-2.0
"""What the samples of the pack are made of (see :mod:`tests.rules.workshop`): for each rule one that breaks it and
one that just doesn't. Made-up people and bodies; their codes pass their check digits."""

from typing import NamedTuple

PENALTY, PERMIT, LEVY = "full-life-penalty.xml", "full-life-permit.xml", "full-life-levy.xml"
MEASURE, EXECUTION = "full-life-coercion-measure.xml", "full-life-coercion-execution.xml"
ON_THE_SPOT, REQUISITION, OTHER = (
    "full-life-coercion-on-the-spot.xml", "full-life-requisition.xml", "full-life-other.xml",
)  # fmt: skip
INVALID, NEAR_MISS = "invalid", "near-miss"
NO_MASTER = ("-QL_JG", "-QL_GW", "-QL_SX", "-QL_LC")
CHILD, YOUTH, ADULT = "360102201201010012", "360102200601010017", "360102199001010018"


class Recipe(NamedTuple):
    """One sample: the rule it is about, the folder, and the valid file and edits that make it."""

    rule: str
    folder: str
    slug: str
    base: str
    edits: tuple[str, ...]
    note: str = ""


RECIPES: list[Recipe] = []


def bad(rule: str, slug: str, base: str, *edits: str) -> None:
    """Add a sample that breaks a rule, and no other."""
    RECIPES.append(Recipe(rule, INVALID, slug, base, edits, "违反 / broken"))


def good(rule: str, slug: str, base: str, *edits: str) -> None:
    """Add a sample that a rule lets pass, but only just."""
    RECIPES.append(Recipe(rule, NEAR_MISS, slug, base, edits, "合规 / clean"))


# --- documents and schema
_FACT = "<fact>未按示例规定经营</fact>"
_NUMBER = "<documentNo>洪示例罚〔2022〕1号</documentNo>"
bad("DOC-001", "tag-not-closed", "CF_JD.xml", "</fact>~>")
bad("DOC-001", "bare-ampersand", "CF_JD.xml", "未按示例规定经营~>与A&B公司串通")
good("DOC-001", "escaped-ampersand", "CF_JD.xml", "未按示例规定经营~>与A&amp;B公司串通")
bad("DOC-006", "control-character", "CF_JD.xml", "未按示例规定经营~>未按\x01示例规定经营")
good("DOC-006", "line-break-as-blank", "CF_JD.xml", "未按示例规定经营~>未按 示例规定经营")
bad("DOC-014", "entity-of-html", "CF_JD.xml", "未按示例规定经营~>未按&nbsp;示例规定经营")
good("DOC-014", "character-reference", "CF_JD.xml", "未按示例规定经营~>未按&#x793A;例规定经营")
bad("DOC-024", "private-use-character", "CF_JD.xml", "未按示例规定经营~>未按\ue000示例规定经营")
good("DOC-024", "rare-character", "CF_JD.xml", "未按示例规定经营~>未按䶮示例规定经营")
bad("XSD-001", "name-misspelt", "CF_JD.xml", f"{_FACT}~><facts>未按示例规定经营</facts>")
bad("XSD-001", "pinyin-code-as-name", "CF_JD.xml", f"{_FACT}~><WFSS>未按示例规定经营</WFSS>")
bad("XSD-001", "element-of-ones-own", "CF_JD.xml", f"{_FACT}~><systemFlag>1</systemFlag>")
good(
    "XSD-001",
    "own-element-in-the-extension",
    "CF_JD.xml",
    '</disclosure>~></disclosure>\n  <extension><own:systemFlag xmlns:own="urn:example:own">1</own:systemFlag></extension>',
)
bad("XSD-002", "no-body", "CF_JD.xml", "CF_JD/orgCode-")
bad("XSD-002", "review-without-result", "CF_JD.xml", "CF_JD/legalReview/result-")
good("XSD-002", "review-whole", "CF_JD.xml", "CF_JD/legalReview/by=法规处")
bad(
    "XSD-004",
    "unknown-record",
    "CF_JD.xml",
    "<penaltyDecision xmlns~><penaltyDecided xmlns",
    "</penaltyDecision>~></penaltyDecided>",
)
good("XSD-004", "known-record", "CF_JD.xml", "CF_JD/fact=未按示例规定经营")
bad("XSD-005", "no-such-day", "CF_JD.xml", "2022-05-09T09:00:00+08:00~>2022-02-31T09:00:00+08:00")
bad("XSD-005", "date-in-chinese", "CF_JD.xml", "2022-05-09T09:00:00+08:00~>2022年5月9日")
bad("XSD-005", "amount-with-commas", "CF_JD.xml", "<fineAmount>1000.00~><fineAmount>1,000.00")
bad("XSD-005", "yes-and-no", "CF_JD.xml", "<hearingHeld>false~><hearingHeld>否")
good("XSD-005", "fraction-of-a-second", "CF_JD.xml", "2022-05-09T09:00:00+08:00~>2022-05-09T09:00:00.000+08:00")
bad("XSD-006", "operation-unknown", "CF_JD.xml", "<operation>C~><operation>D")
good("XSD-006", "operation-of-a-first-version", "CF_JD.xml", "CF_JD/operation=C")
bad("XSD-007", "case-number-of-ones-own", "CF_JD.xml", "MA0000015-2022-CF-00000001~>(2022)洪罚字第1号")
bad("XSD-007", "region-of-five-digits", "CF_JD.xml", "<regionCode>360100~><regionCode>36010")
good("XSD-007", "region-of-a-county", "CF_JD.xml", "CF_JD/regionCode=360102")
bad("XSD-009", "empty-text", "CF_JD.xml", f"{_FACT}~><fact></fact>")
good("XSD-009", "shortest-text", "CF_JD.xml", f"{_FACT}~><fact>无照</fact>")
bad("XSD-010", "name-too-long", "CF_JD.xml", f"CF_JD/party/name={'南昌示例商贸有限公司' * 20}一")
good("XSD-010", "longest-name", "CF_JD.xml", f"CF_JD/party/name={'南昌示例商贸有限公司' * 20}")
bad("XSD-011", "negative-amount", "CF_JD.xml", "<fineAmount>1000.00~><fineAmount>-1000.00")
good("XSD-011", "amount-of-zero", "CF_JD.xml", "CF_JD/confiscatedIncome=0.00")
bad("XSD-015", "too-many-digits", "CF_JD.xml", "<fineAmount>1000.00~><fineAmount>1000000000000000000.00")
good("XSD-015", "as-many-as-may-be", "CF_JD.xml", "CF_JD/confiscatedIncome=99999999999999.99", "CF_JD/kinds=CF02|CF03")
bad("XSD-016", "same-kind-twice", "CF_JD.xml", "<kinds>CF01~><kinds>CF02")
good("XSD-016", "two-kinds", "CF_JD.xml", "CF_JD/kinds=CF01|CF02")
bad("XSD-018", "third-decimal", "CF_JD.xml", "<fineAmount>1000.00~><fineAmount>1000.005")
good("XSD-018", "one-decimal", "CF_JD.xml", "<fineAmount>1000.00~><fineAmount>1000.0")
bad("XSD-021", "text-among-elements", "CF_JD.xml", "<legalReview>~><legalReview>同意")
good("XSD-021", "blanks-among-elements", "CF_JD.xml", "<legalReview>~><legalReview>  ")
bad("XSD-024", "attribute", "CF_JD.xml", "<fact>~><fact lang='zh'>")
good("XSD-024", "no-attribute", "CF_JD.xml", "CF_JD/fact=未按示例规定经营,责令改正")
bad(
    "XSD-027",
    "type-of-ones-own",
    "CF_JD.xml",
    '<fact>~><fact xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="own">',
)
good("XSD-027", "marked-nil", "CF_JD-extension-nil.xml", "CF_JD/fact=未按示例规定经营")
bad(
    "XSD-031",
    "foreign-namespace",
    "CF_JD.xml",
    '<fact>~><own:fact xmlns:own="urn:example:own">',
    "</fact>~></own:fact>",
)
good(
    "XSD-031",
    "prefix-of-the-standard",
    "CF_JD.xml",
    '<fact>~><s:fact xmlns:s="urn:jx:power-exchange:1.0">',
    "</fact>~></s:fact>",
)
bad("XSD-035", "order-reversed", "CF_JD.xml", f"{_NUMBER}\n  {_FACT}~>{_FACT}\n  {_NUMBER}")
good("XSD-035", "order-kept", "CF_JD.xml", f"{_NUMBER}\n  {_FACT}~>{_NUMBER}{_FACT}")
bad("XSD-036", "fact-twice", "CF_JD.xml", f"{_FACT}~>{_FACT}\n  <fact>另一事实</fact>")
good(
    "XSD-036",
    "two-bases",
    "CF_JD.xml",
    "</basis>~></basis>\n  <basis><lawName>江西省示例条例</lawName><article>第二条</article><text>示例条文。</text><level>地方性法规</level></basis>",
)

# --- fields
bad("FLD-001", "zero-width-space", "CF_LA.xml", "CF_LA/allegedFact=涉嫌\u200b违法")
good("FLD-001", "rare-characters", "CF_LA.xml", "CF_LA/allegedFact=涉嫌䶮㙍𬭊违法")
bad("FLD-002", "decomposed", "CF_LA.xml", "CF_LA/caseSource=Cafe\u0301 示例")
good("FLD-002", "composed", "CF_LA.xml", "CF_LA/caseSource=Caf\u00e9 示例")
bad("FLD-003", "replacement-character", "CF_LA.xml", "CF_LA/caseSource=示例\ufffd举报")
good("FLD-003", "question-mark", "CF_LA.xml", "CF_LA/caseSource=示例?举报")
bad("OBL-001", "no-alleged-fact", "CF_LA.xml", "CF_LA/allegedFact-")
bad("OBL-001", "no-channel", PERMIT, "XK_SQ/channel-")
bad("OBL-001", "no-content", PERMIT, "XK_JD/content-")
bad("OBL-001", "officer-without-certificate", "CF_DC.xml", "CF_DC/investigators#2/certificateNo-")
good("OBL-001", "result-alone", "CF_JD-L1.xml", "CF_JD/documentNo=洪示例罚〔2022〕9号")
good("OBL-001", "optional-block-absent", "CF_DC.xml", "CF_DC/preserved-")
bad("OBL-003", "no-party", "CF_JD-L1.xml", "CF_JD/party-")
bad("OBL-003", "no-applicant", "XK_JD.xml", "XK_JD/applicant-")
good("OBL-003", "party-in-the-filing", PENALTY, "CF_JD/party-")

_CONDITIONAL = [
    ("no-legal-representative", "CF_LA.xml", ("CF_LA/party/legalRepresentative-",), ("CF_LA/party/kind=4", "CF_LA/party/legalRepresentative-")),
    ("no-original-certificate", "XK_SQ.xml", ("XK_SQ/matterKind=延续",), ("XK_SQ/matterKind=延续", "XK_SQ/originalCertificateNo=示例证0000")),
    ("no-receipt-number", "XK_SL.xml", ("XK_SL/receiptNo-",), ("XK_SL/result=4", "XK_SL/receiptNo-", "XK_SL/dueDate-")),
    ("no-due-date", "XK_SL.xml", ("XK_SL/dueDate-",), ("XK_SL/result=3", "XK_SL/dueDate-", "XK_SL/receiptNo-", "XK_SL/transferTo=示例区示例局")),
    ("refused-without-reason", "XK_SL.xml", ("XK_SL/result=2", "XK_SL/dueDate-", "XK_SL/remedy=六十日内复议"), ("XK_SL/result=2", "XK_SL/dueDate-", "XK_SL/remedy=六十日内复议", "XK_SL/reason=不属于本机关职权")),
    ("refused-without-remedy", "XK_SL.xml", ("XK_SL/result=2", "XK_SL/dueDate-", "XK_SL/reason=不属于本机关职权"), ()),
    ("transferred-nowhere", "XK_SL.xml", ("XK_SL/result=3", "XK_SL/dueDate-"), ()),
    ("notice-without-deadline", "XK_BZ.xml", ("XK_BZ/kind=notice", "XK_BZ/deadline-"), ("XK_BZ/kind=received", "XK_BZ/deadline-")),
    ("step-not-finished", "XK_HJ.xml", ("XK_HJ/finishedAt-",), ()),
    ("end-without-start", "XK_TB.xml", ("XK_TB/phase=end", "XK_TB/startSequence-"), ("XK_TB/phase=end", "XK_TB/startSequence=5")),
    ("grant-without-number", PERMIT, ("XK_JD/documentNo-",), ()),
    ("certificate-without-number", PERMIT, ("XK_JD/certificateNo-",), ("XK_JD/certificateNo-", "XK_JD/certificateName-")),
    ("certificate-without-beginning", PERMIT, ("XK_JD/validFrom-",), ("XK_JD/validFrom-", "XK_JD/validTo-")),
    ("refusal-without-reason", PERMIT, ("-XK_SD", "-XK_BG", "XK_JD/result=不予", "XK_JD/certificateNo-", "XK_JD/certificateName-", "XK_JD/remedy=六十日内复议"), ("-XK_SD", "-XK_BG", "XK_JD/result=不予", "XK_JD/certificateNo-", "XK_JD/certificateName-", "XK_JD/remedy=六十日内复议", "XK_JD/reason=不符合条件")),
    ("not-disclosed-without-reason", PENALTY, ("CF_JD/disclosure/form=3",), ("CF_JD/disclosure/form=3", "CF_JD/disclosure/reason=商业秘密")),
    ("hearing-without-basis", "CF_GZ.xml", ("CF_GZ/hearingOffered=true",), ("CF_GZ/hearingOffered=true", "CF_GZ/hearingBasis=行政处罚法第六十三条")),
    ("hearing-without-notice", "CF_TZ.xml", ("CF_TZ/kind=听证", "CF_TZ/presider=郑示例"), ("CF_TZ/kind=听证", "CF_TZ/presider=郑示例", "CF_TZ/requestedAt=2022-04-01T09:00:00+08:00", "CF_TZ/notifiedAt=2022-04-06T09:00:00+08:00")),
    ("penalty-without-kinds", PENALTY, ("CF_JD/kinds-",), ()),
    ("fine-without-amount", PENALTY, ("-CF_ZX", "CF_JD/fineAmount-"), ("-CF_ZX", "CF_JD/fineAmount-", "CF_JD/kinds=CF01")),
    ("confiscation-without-amount", PENALTY, ("CF_JD/kinds=CF02|CF03", "CF_JD/confiscatedIncome-"), ("CF_JD/kinds=CF02|CF03",)),
    ("goods-without-value", PENALTY, ("CF_JD/kinds=CF02|CF07",), ("CF_JD/kinds=CF02|CF07", "CF_JD/confiscatedGoodsValue=10.00")),
    ("revocation-without-licence", PENALTY, ("CF_JD/kinds=CF02|CF05",), ("CF_JD/kinds=CF02|CF05", "CF_JD/suspendedLicenceNo=示例证0001")),
    ("detention-without-days", PENALTY, ("CF_JD/kinds=CF02|CF06",), ("CF_JD/kinds=CF02|CF06", "CF_JD/detentionDays=5")),
    ("deferral-without-approver", "CF_ZX.xml", ("CF_ZX/deferral/until=2022-07-01",), ("CF_ZX/deferral/until=2022-07-01", "CF_ZX/deferral/approver=吴示例")),
    ("instalments-without-approver", "CF_ZX.xml", ("CF_ZX/approver-",), ("CF_ZX/approver-", "CF_ZX/instalments-")),
    ("resumption-without-start", "CF_ZZ.xml", ("CF_ZZ/phase=end",), ("CF_ZZ/phase=end", "CF_ZZ/startSequence=6")),
    ("remedy-decided-without-result", PENALTY, ("GG_FY/result-",), ("GG_FY/result-", "GG_FY/decidedAt-", "GG_FY/documentNo-")),
    ("item-not-disclosed", "QL_SX.xml", ("QL_SX/disclosureForm=3",), ("QL_SX/disclosureForm=3", "QL_SX/disclosureReason=商业秘密")),
    ("permit-without-limit", "QL_SX.xml", ("QL_SX/legalLimit-",), ()),
    ("charge-without-basis", "QL_SX.xml", ("QL_SX/chargeBasis-",), ("QL_SX/chargeBasis-", "QL_SX/chargeStandard-", "QL_SX/chargeable=false")),
    ("cancelled-by-nothing", "QL_SX.xml", ("QL_SX/status=cancelled",), ("QL_SX/status=cancelled", "QL_SX/cancelledBy=国发〔2015〕11号")),
    ("deferral-without-date", "ZS_JM.xml", ("ZS_JM/kind=缓",), ("ZS_JM/kind=缓", "ZS_JM/until=2022-07-01")),
    ("refund-without-application", "ZS_TF.xml", ("ZS_TF/appliedAt-",), ("ZS_TF/appliedAt-", "ZS_TF/foundBy=征收机关")),
    ("on-the-spot-not-reported", "QZ_SP.xml", ("QZ_SP/onTheSpot=true", "QZ_SP/reportedAt-") , ("QZ_SP/onTheSpot=false",)),
    ("seizure-without-list", MEASURE, ("-QZ_CL", "QZ_JD/list-"), ()),
    ("freezing-without-account", MEASURE, ("-QZ_CL", "-QZ_JC", "QZ_JD/list-", "QZ_JD/kind=QZ05", "QZ_JD/amount=1000.00"), ("-QZ_CL", "-QZ_JC", "QZ_JD/list-", "QZ_JD/kind=QZ05", "QZ_JD/amount=1000.00", "QZ_JD/account=示例银行尾号0001")),
    ("seizure-without-end", MEASURE, ("-QZ_YQ", "QZ_JD/to-"), ()),
    ("resumption-of-nothing", EXECUTION, ("QZ_ZZ#2/startSequence-",), ()),
    ("published-for-ever", "GK_XX.xml", ("GK_XX/sourceKey=CF_JD:MA0000015-2022-CF-00000001:7", "GK_XX/publishTo-"), ("GK_XX/publishTo-",)),
    ("feedback-on-nothing", "JC_FK.xml", ("JC_FK/alertNo-", "JC_FK/instructionNo-"), ("JC_FK/alertNo-", "JC_FK/instructionNo=督办2022-1")),
    ("complaint-answered-with-nothing", "TS_XX.xml", ("TS_XX/repliedAt=2022-03-20T09:00:00+08:00", "TS_XX/reply-", "TS_XX/founded=false"), ("TS_XX/repliedAt-", "TS_XX/reply-", "TS_XX/founded-")),
    ("attachment-nowhere", "GG_FJ.xml", ("GG_FJ/content-",), ("GG_FJ/content-", "GG_FJ/reference=示例档案2022-1")),
]  # fmt: skip
for _slug, _base, _bad, _good in _CONDITIONAL:
    bad("OBL-002", _slug, _base, *_bad)
    if _good:
        good("OBL-002", f"not-{_slug}", _base, *_good)

# --- records
bad("REC-001", "two-minutes-ahead", "CF_LA.xml", "package 2022-04-01T08:58:00+08:00 11360100MA0000015H")
good("REC-001", "within-a-minute", "CF_LA.xml", "package 2022-04-01T08:59:00+08:00 11360100MA0000015H")
bad("REC-002", "certificate-ends-before-it-begins", "XK_JD.xml", "XK_JD/validTo=2021-03-15")
bad("REC-002", "served-before-decided", "CF_JD.xml", "CF_JD/deliveredAt=2022-05-05T09:00:00+08:00")
bad("REC-002", "preserved-thing", "CF_DC.xml", "CF_DC/preserved/disposedAt=2022-04-01T09:00:00+08:00")
good("REC-002", "certificate-of-one-day", "XK_JD.xml", "XK_JD/validTo=2022-03-16")
good("REC-002", "no-end", "XK_JD.xml", "XK_JD/validTo-")
bad("REC-003", "time-of-synchronisation", "CF_LA.xml", "CF_LA/occurredAt=2022-04-03T02:00:00+08:00")
good("REC-003", "later-that-day", "CF_LA.xml", "CF_LA/occurredAt=2022-04-01T23:59:59+08:00")
bad("REC-004", "charge-total", "XK_SF.xml", "XK_SF/total=51.00")
bad("REC-004", "levy-lines", "ZS_HD.xml", "ZS_HD/amount=1301.00")
good("REC-004", "two-lines", "ZS_HD.xml", "ZS_HD/lines#2/amount=300")
bad(
    "REC-005",
    "penalty-of-a-permit-item",
    "CF_JD.xml",
    "CF_JD/itemCode=XK-MA0000015-0001",
    "CF_JD/caseNo=MA0000015-2022-XK-00000001",
)
good(
    "REC-005",
    "other-power-on-application",
    "XK_SL.xml",
    "XK_SL/itemCode=QT-MA0000015-0001",
    "XK_SL/caseNo=MA0000015-2022-QT-00000001",
)
bad("REC-006", "case-of-another-category", "CF_LA.xml", "CF_LA/caseNo=MA0000015-2022-XK-00000001")
good("REC-006", "same-category", "CF_LA.xml", "CF_LA/caseNo=MA0000015-2022-CF-99999999")
bad("REC-007", "number-of-next-year", "CF_LA.xml", "CF_LA/caseNo=MA0000015-2023-CF-00000001")
good("REC-007", "decided-in-the-next-year", "CF_JD.xml", "CF_JD/caseNo=MA0000015-2021-CF-00000001")
bad(
    "REC-008",
    "refused-with-certificate",
    "XK_JD.xml",
    "XK_JD/result=不予",
    "XK_JD/reason=不符合条件",
    "XK_JD/remedy=六十日内复议",
)
good(
    "REC-008",
    "refused",
    "XK_JD.xml",
    "XK_JD/result=不予",
    "XK_JD/reason=不符合条件",
    "XK_JD/remedy=六十日内复议",
    "XK_JD/certificateNo-",
)
bad("REC-009", "fine-without-kind", "CF_JD.xml", "CF_JD/kinds=CF01")
bad("REC-009", "income-without-kind", "CF_JD.xml", "CF_JD/confiscatedIncome=5.00")
good("REC-009", "no-income", "CF_JD.xml", "CF_JD/confiscatedIncome=0.00")
bad("REC-010", "ten-thousands", "CF_JD.xml", "CF_JD/fineAmount=0.50")
good("REC-010", "one-yuan", "CF_JD.xml", "CF_JD/fineAmount=1.00")
bad("REC-011", "person-with-credit-code", "CF_JD.xml", "CF_JD/party/kind=1")
good("REC-011", "foreign-body", "CF_JD.xml", "CF_JD/party/idKind=其他", "CF_JD/party/idNo=示例外商0001")
bad("REC-012", "minor-company", "CF_LA.xml", "CF_LA/minor=true")
good("REC-012", "company", "CF_LA.xml", "CF_LA/minor=false")
bad("REC-013", "version-left-out", "GG_CH.xml", "GG_CH/version=3")
good("REC-013", "next-version", "GG_CH.xml", "GG_CH/version=5", "GG_CH/targetVersion=4")
bad("REC-014", "other-type", "GG_CH.xml", "GG_CH/targetType=CF_GZ")
good(
    "REC-014", "same-type", "GG_CH.xml", "GG_CH/targetType=CF_GZ", "GG_CH/targetKey=CF_GZ:MA0000015-2022-CF-00000001:3"
)
bad("REC-015", "first-version-as-correction", "CF_LA.xml", "CF_LA/operation=U")
good("REC-015", "correction", "CF_LA.xml", "CF_LA/operation=U", "CF_LA/version=2")
bad("REC-016", "category-of-another", "QL_SX.xml", "QL_SX/category=CF", "QL_SX/subcategory-")
bad("REC-016", "subcategory-of-another", "QL_SX.xml", "QL_SX/subcategory=CF01")
good("REC-016", "own-subcategory", "QL_SX.xml", "QL_SX/subcategory=XK05")
bad("REC-017", "longer-than-legal", "QL_SX.xml", "QL_SX/committedLimit/n=21")
good("REC-017", "as-long-as-legal", "QL_SX.xml", "QL_SX/committedLimit/n=20")
bad("REC-018", "step-nobody-reaches", "QL_LC.xml", "QL_LC/transitions#4/from=S4")
good("REC-018", "shortcut", "QL_LC.xml", "QL_LC/transitions#3/to=S4")
bad("REC-020", "disclosed-with-reason", "CF_JD.xml", "CF_JD/disclosure/reason=商业秘密")
good("REC-020", "on-request", "CF_JD.xml", "CF_JD/disclosure/form=2")
bad("REC-021", "waived-and-held", "CF_TZ.xml", "CF_TZ/waived=true")
good("REC-021", "waived", "CF_TZ.xml", "CF_TZ/waived=true", "CF_TZ/heldAt-")
bad("REC-023", "size", "GG_FJ.xml", "GG_FJ/size=13")
good("REC-023", "reference-only", "GG_FJ.xml", "GG_FJ/content-", "GG_FJ/reference=示例档案2022-1", "GG_FJ/size=13")
bad("REC-024", "digest", "GG_FJ.xml", "GG_FJ/sha256=" + "0" * 64)
good(
    "REC-024",
    "reference-only",
    "GG_FJ.xml",
    "GG_FJ/content-",
    "GG_FJ/reference=示例档案2022-1",
    "GG_FJ/sha256=" + "0" * 64,
)
bad("REC-025", "party-without-a-name", "CF_JD.xml", "CF_JD/party/name=无")
good("REC-025", "short-name", "CF_JD.xml", "CF_JD/party/name=无锡示例商行")
bad("REC-026", "base-times-rate", "ZS_HD.xml", "ZS_HD/lines#1/base=13.5")
good("REC-026", "rounded", "ZS_HD.xml", "ZS_HD/lines#1/base=12.505")
bad("PUB-001", "number-in-full-width", "GK_XX.xml", "GK_XX/content=申请人周示例,３６０１０２１９９００１０１００１８")
bad("PUB-001", "spaced-phone", "GK_XX.xml", "GK_XX/content=联系电话 130 0000 0001")
good("PUB-001", "masked", "GK_XX.xml", "GK_XX/content=申请人周**,身份证号******,文号洪示例许〔2022〕1号")
good("PUB-001", "long-document-number", "GK_XX.xml", "GK_XX/content=文号360102199001010013")

# --- laws, on both sides of their dates
_SUMMARY = (
    "CF_JD/procedure=1",
    "CF_JD/party/kind=1",
    "CF_JD/party/idKind=居民身份证",
    f"CF_JD/party/idNo={ADULT}",
    "CF_JD/hearingHeld-",
)
_OLD = (
    "CF_JD/decidedAt=2021-07-14T09:00:00+08:00",
    "CF_JD/occurredAt=2021-07-14T09:00:00+08:00",
    "CF_JD/deliveredAt=2021-07-15T09:00:00+08:00",
)
_NEW = (
    "CF_JD/decidedAt=2021-07-15T09:00:00+08:00",
    "CF_JD/occurredAt=2021-07-15T09:00:00+08:00",
    "CF_JD/deliveredAt=2021-07-16T09:00:00+08:00",
)
bad("LAW-001", "51-yuan-last-day", "CF_JD.xml", *_SUMMARY, *_OLD, "CF_JD/fineAmount=51.00")
bad("LAW-001", "1001-yuan-of-a-firm", "CF_JD.xml", "CF_JD/procedure=1", *_OLD, "CF_JD/fineAmount=1001.00")
good("LAW-001", "50-yuan-last-day", "CF_JD.xml", *_SUMMARY, *_OLD, "CF_JD/fineAmount=50.00")
good("LAW-001", "51-yuan-next-day", "CF_JD.xml", *_SUMMARY, *_NEW, "CF_JD/fineAmount=51.00")
good(
    "LAW-001",
    "road-traffic",
    "CF_JD.xml",
    *_SUMMARY,
    *_OLD,
    "CF_JD/fineAmount=200.00",
    "CF_JD/basis/lawName=中华人民共和国道路交通安全法",
)
bad("LAW-002", "201-yuan-first-day", "CF_JD.xml", *_SUMMARY, *_NEW, "CF_JD/fineAmount=201.00")
bad("LAW-002", "3001-yuan-of-a-firm", "CF_JD.xml", "CF_JD/procedure=1", *_NEW, "CF_JD/fineAmount=3001.00")
good("LAW-002", "200-yuan-first-day", "CF_JD.xml", *_SUMMARY, *_NEW, "CF_JD/fineAmount=200.00")
good("LAW-002", "201-yuan-general", "CF_JD.xml", *_SUMMARY, *_NEW, "CF_JD/procedure=2", "CF_JD/fineAmount=201.00")
bad(
    "LAW-003",
    "one-officer-first-day",
    "CF_DC.xml",
    "CF_DC/investigators#2-",
    "CF_DC/preserved-",
    "CF_DC/occurredAt=2021-07-15T09:00:00+08:00",
    "CF_DC/startedAt=2021-07-15T09:00:00+08:00",
)
good(
    "LAW-003",
    "one-officer-last-day",
    "CF_DC.xml",
    "CF_DC/investigators#2-",
    "CF_DC/preserved-",
    "CF_DC/occurredAt=2021-07-14T09:00:00+08:00",
    "CF_DC/startedAt=2021-07-14T09:00:00+08:00",
)
good("LAW-003", "two-officers", "CF_DC.xml", "CF_DC/preserved-")
_SPOT = ("CF_ZX/way=当场", "CF_ZX/surchargePaid-")
_SPOT_OLD = ("CF_ZX/paidAt=2021-07-14T09:00:00+08:00", "CF_ZX/occurredAt=2021-07-14T09:00:00+08:00")
_SPOT_NEW = ("CF_ZX/paidAt=2021-07-15T09:00:00+08:00", "CF_ZX/occurredAt=2021-07-15T09:00:00+08:00")
bad("LAW-005", "21-yuan-last-day", "CF_ZX.xml", *_SPOT, *_SPOT_OLD, "CF_ZX/principalPaid=21.00")
good("LAW-005", "20-yuan-last-day", "CF_ZX.xml", *_SPOT, *_SPOT_OLD, "CF_ZX/principalPaid=20.00")
good("LAW-005", "21-yuan-next-day", "CF_ZX.xml", *_SPOT, *_SPOT_NEW, "CF_ZX/principalPaid=21.00")
bad("LAW-006", "101-yuan-first-day", "CF_ZX.xml", *_SPOT, *_SPOT_NEW, "CF_ZX/principalPaid=101.00")
good("LAW-006", "100-yuan-first-day", "CF_ZX.xml", *_SPOT, *_SPOT_NEW, "CF_ZX/principalPaid=100.00")
_HEARING = ("CF_TZ/kind=听证", "CF_TZ/presider=郑示例")


def _held(requested: str, notified: str, held: str) -> tuple[str, ...]:
    at = "T09:00:00+08:00"
    return (
        *_HEARING,
        f"CF_TZ/requestedAt={requested}{at}",
        f"CF_TZ/notifiedAt={notified}{at}",
        f"CF_TZ/heldAt={held}{at}",
    )


bad("LAW-007", "six-days", "CF_TZ.xml", *_held("2021-07-01", "2021-07-05", "2021-07-11"))
good("LAW-007", "seven-days", "CF_TZ.xml", *_held("2021-07-01", "2021-07-05", "2021-07-12"))
bad("LAW-008", "seven-natural-days", "CF_TZ.xml", *_held("2021-07-10", "2021-07-15", "2021-07-22"))
good("LAW-008", "seven-working-days", "CF_TZ.xml", *_held("2021-07-10", "2021-07-15", "2021-07-26"))
good("LAW-008", "notified-the-day-before", "CF_TZ.xml", *_held("2021-07-10", "2021-07-14", "2021-07-21"))
bad("LAW-009", "eight-days", "CF_JD.xml", *_OLD, "CF_JD/deliveredAt=2021-07-22T09:00:00+08:00")
good("LAW-009", "seven-days", "CF_JD.xml", *_OLD, "CF_JD/deliveredAt=2021-07-21T09:00:00+08:00")
bad("LAW-010", "eight-working-days", "CF_JD.xml", *_NEW, "CF_JD/deliveredAt=2021-07-27T09:00:00+08:00")
good("LAW-010", "seven-working-days", "CF_JD.xml", *_NEW, "CF_JD/deliveredAt=2021-07-26T09:00:00+08:00")
_KEPT_OLD = (
    "CF_DC/occurredAt=2021-07-01T09:00:00+08:00",
    "CF_DC/startedAt=2021-07-01T09:00:00+08:00",
    "CF_DC/preserved/from=2021-07-01T09:00:00+08:00",
)
_KEPT_NEW = (
    "CF_DC/occurredAt=2021-07-15T09:00:00+08:00",
    "CF_DC/startedAt=2021-07-15T09:00:00+08:00",
    "CF_DC/preserved/from=2021-07-15T09:00:00+08:00",
)
bad("LAW-011", "eight-days", "CF_DC.xml", *_KEPT_OLD, "CF_DC/preserved/disposedAt=2021-07-09T09:00:00+08:00")
good("LAW-011", "seven-days", "CF_DC.xml", *_KEPT_OLD, "CF_DC/preserved/disposedAt=2021-07-08T09:00:00+08:00")
bad("LAW-012", "eight-working-days", "CF_DC.xml", *_KEPT_NEW, "CF_DC/preserved/disposedAt=2021-07-27T09:00:00+08:00")
good("LAW-012", "seven-working-days", "CF_DC.xml", *_KEPT_NEW, "CF_DC/preserved/disposedAt=2021-07-26T09:00:00+08:00")
bad("LAW-013", "heard-without-review", PENALTY, "CF_JD/hearingHeld=true", "CF_JD/legalReview-")
good("LAW-013", "not-heard", PENALTY, "CF_JD/hearingHeld=false", "CF_JD/legalReview-")
bad("LAW-014", "not-said", PENALTY, "CF_JD/socialInfluence-")
good(
    "LAW-014",
    "the-day-before",
    PENALTY,
    *NO_MASTER,
    "only CF_LA CF_GZ CF_JD",
    "year 2022 2021",
    "CF_JD/socialInfluence-",
    "CF_JD/decidedAt=2021-07-14T09:00:00+08:00",
    "CF_JD/occurredAt=2021-07-14T09:00:00+08:00",
    "CF_JD/deliveredAt=2021-07-15T09:00:00+08:00",
)
_PERSON = ("CF_JD/party/kind=1", "CF_JD/party/idKind=居民身份证")
bad(
    "LAW-015",
    "child",
    "CF_JD.xml",
    *_PERSON,
    f"CF_JD/party/idNo={CHILD}",
    "CF_JD/minor=true",
    "CF_JD/disclosure/form=2",
)
good(
    "LAW-015",
    "child-not-punished",
    "CF_JD.xml",
    *_PERSON,
    f"CF_JD/party/idNo={CHILD}",
    "CF_JD/minor=true",
    "CF_JD/disclosure/form=2",
    "CF_JD/result=不予处罚-未满14周岁",
    "CF_JD/kinds-",
    "CF_JD/fineAmount-",
)
bad("LAW-016", "youth-not-marked", "CF_JD.xml", *_PERSON, f"CF_JD/party/idNo={YOUTH}")
good("LAW-016", "adult", "CF_JD.xml", *_PERSON, f"CF_JD/party/idNo={ADULT}")
bad("LAW-017", "minor-published", "CF_JD.xml", *_PERSON, f"CF_JD/party/idNo={YOUTH}", "CF_JD/minor=true")
good(
    "LAW-017",
    "minor-on-request",
    "CF_JD.xml",
    *_PERSON,
    f"CF_JD/party/idNo={YOUTH}",
    "CF_JD/minor=true",
    "CF_JD/disclosure/form=2",
)
_SECURITY = ("CF_JD/basis/lawName=中华人民共和国治安管理处罚法", "CF_JD/deliveredAt-")
bad(
    "LAW-018",
    "published-in-2026",
    "CF_JD.xml",
    *_SECURITY,
    "CF_JD/decidedAt=2026-01-01T09:00:00+08:00",
    "CF_JD/occurredAt=2026-01-01T09:00:00+08:00",
)
good(
    "LAW-018",
    "published-in-2025",
    "CF_JD.xml",
    *_SECURITY,
    "CF_JD/decidedAt=2025-12-31T09:00:00+08:00",
    "CF_JD/occurredAt=2025-12-31T09:00:00+08:00",
)
bad("LAW-019", "no-influence-published", "CF_JD.xml", "CF_JD/socialInfluence=false")
good("LAW-019", "no-influence-on-request", "CF_JD.xml", "CF_JD/socialInfluence=false", "CF_JD/disclosure/form=2")
_REMEDY = ("CF_JD/procedure=1", "CF_JD/deliveredAt-", "CF_JD/remedy=六十日内复议或六个月内直接向法院起诉")
bad(
    "LAW-020",
    "sue-directly",
    "CF_JD.xml",
    *_REMEDY,
    "CF_JD/decidedAt=2024-01-01T09:00:00+08:00",
    "CF_JD/occurredAt=2024-01-01T09:00:00+08:00",
)
good(
    "LAW-020",
    "the-day-before",
    "CF_JD.xml",
    *_REMEDY,
    "CF_JD/decidedAt=2023-12-31T09:00:00+08:00",
    "CF_JD/occurredAt=2023-12-31T09:00:00+08:00",
)
_ACT_NEW = ("QZ_SS/implementedAt=2012-01-01T09:00:00+08:00", "QZ_SS/occurredAt=2012-01-01T09:00:00+08:00")
_ACT_OLD = ("QZ_SS/implementedAt=2011-12-31T09:00:00+08:00", "QZ_SS/occurredAt=2011-12-31T09:00:00+08:00")
bad("LAW-021", "one-officer-in-2012", "QZ_SS.xml", *_ACT_NEW, "QZ_SS/officers#2-")
good("LAW-021", "one-officer-in-2011", "QZ_SS.xml", *_ACT_OLD, "QZ_SS/officers#2-")
bad("LAW-022", "nobody-signed", "QZ_SS.xml", *_ACT_NEW, "QZ_SS/partySigned=false")
good("LAW-022", "witness-signed", "QZ_SS.xml", *_ACT_NEW, "QZ_SS/partySigned=false", "QZ_SS/witnessSigned=true")
good("LAW-022", "nobody-signed-in-2011", "QZ_SS.xml", *_ACT_OLD, "QZ_SS/partySigned=false")
bad(
    "LAW-023",
    "thirty-one-days",
    "QZ_JD.xml",
    "QZ_JD/from=2012-01-01T10:00:00+08:00",
    "QZ_JD/to=2012-02-01T10:00:00+08:00",
)
good(
    "LAW-023", "thirty-days", "QZ_JD.xml", "QZ_JD/from=2012-01-01T10:00:00+08:00", "QZ_JD/to=2012-01-31T10:00:00+08:00"
)
good(
    "LAW-023", "long-in-2011", "QZ_JD.xml", "QZ_JD/from=2011-12-31T10:00:00+08:00", "QZ_JD/to=2012-12-31T10:00:00+08:00"
)
_FREEZE = ("QZ_JD/kind=QZ05", "QZ_JD/account=示例银行尾号0001", "QZ_JD/amount=1000.00", "QZ_JD/list-")
bad("LAW-024", "four-working-days", "QZ_JD.xml", *_FREEZE, "QZ_JD/deliveredAt=2022-03-07T09:00:00+08:00")
good("LAW-024", "three-working-days", "QZ_JD.xml", *_FREEZE, "QZ_JD/deliveredAt=2022-03-04T09:00:00+08:00")

# --- cases
bad("CAS-001", "no-filing", PENALTY, "-CF_LA", "-CF_ZG")
bad("CAS-001", "no-application", PERMIT, "-XK_SQ", "-XK_SL")
good("CAS-001", "begins-with-acceptance", PERMIT, "-XK_SQ")
good("CAS-001", "summary-begins-with-decision", PENALTY, "-CF_LA", "CF_JD/procedure=1")
bad(
    "CAS-002",
    "step-after-decision",
    PERMIT,
    "XK_HJ#3/startedAt=2022-03-15T09:00:00+08:00",
    "XK_HJ#3/finishedAt=2022-03-17T09:00:00+08:00",
    "XK_HJ#3/occurredAt=2022-03-17T09:00:00+08:00",
)
bad(
    "CAS-002",
    "seizure-goes-on",
    MEASURE,
    "QZ_CL#2/occurredAt=2022-04-25T09:00:00+08:00",
    "QZ_CL#2/disposedAt=2022-04-25T09:00:00+08:00",
)
good(
    "CAS-002",
    "paid-after-closure",
    PENALTY,
    "CF_ZX/occurredAt=2022-07-20T09:00:00+08:00",
    "CF_ZX/paidAt=2022-07-20T09:00:00+08:00",
)
bad("CAS-003", "two-decisions", PERMIT, "+XK_JD 21")
good("CAS-003", "corrected-decision", PERMIT, "+XK_JD 8", "XK_JD#2/version=2", "XK_JD#2/operation=U")
bad("CAS-004", "two-filings", PENALTY, "+CF_LA 21")
good("CAS-004", "corrected-filing", PENALTY, "+CF_LA 1", "CF_LA#2/version=2", "CF_LA#2/operation=U")
bad("CAS-005", "two-notices", PERMIT, "+XK_BZ 21", "XK_BZ#3/kind=notice", "XK_BZ#3/deadline=2022-03-10")
good("CAS-005", "notice-and-answer", PERMIT, "XK_BZ#1/noticeNo=洪示例补〔2022〕9号")
bad("CAS-006", "two-extensions", PERMIT, "+XK_YQ 21")
bad("CAS-006", "seizure-twice", MEASURE, "+QZ_YQ 21")
good("CAS-006", "one-extension", PERMIT, "XK_YQ/days=9")
bad(
    "CAS-007",
    "decided-before-accepted",
    PERMIT,
    *NO_MASTER,
    "only XK_SQ XK_SL XK_JD",
    "XK_JD/decidedAt=2022-03-03T09:00:00+08:00",
    "XK_JD/occurredAt=2022-03-03T09:00:00+08:00",
)
bad(
    "CAS-007",
    "delivered-before-decided",
    PERMIT,
    "XK_SD/deliveredAt=2022-03-15T09:00:00+08:00",
    "XK_SD/occurredAt=2022-03-15T09:00:00+08:00",
)
good(
    "CAS-007",
    "at-once",
    PERMIT,
    "XK_SD/deliveredAt=2022-03-16T09:00:00+08:00",
    "XK_SD/occurredAt=2022-03-16T09:00:00+08:00",
)
bad("CAS-008", "end-of-another", PERMIT, "XK_TB#2/startSequence=4")
bad("CAS-008", "resumption-of-nothing", PENALTY, "CF_ZZ#2/startSequence=5")
good("CAS-008", "not-ended-yet", PERMIT, "-XK_TB#2")
bad("CAS-009", "no-notice", PENALTY, "-CF_GZ", "-CF_TZ")
bad(
    "CAS-009",
    "notice-after-decision",
    PENALTY,
    "CF_GZ/deliveredAt=2022-05-07T09:00:00+08:00",
    "CF_GZ/occurredAt=2022-05-07T09:00:00+08:00",
)
good(
    "CAS-009",
    "no-penalty",
    PENALTY,
    "-CF_GZ",
    "-CF_TZ",
    "-CF_ZX",
    "CF_JD/result=不予处罚-轻微",
    "CF_JD/kinds-",
    "CF_JD/fineAmount-",
)
_OFFERED = ("CF_GZ/hearingOffered=true", "CF_GZ/hearingBasis=行政处罚法")
_OLD_CASE = (
    *NO_MASTER,
    "only CF_LA CF_GZ CF_JD",
    "year 2022 2021",
    "CF_JD/socialInfluence-",
    "CF_JD/legalReview-",
    "CF_JD/deliveredAt-",
    *_OFFERED,
)


def _decided(notice: str, decided: str) -> tuple[str, ...]:
    at = "T09:00:00+08:00"
    return (
        f"CF_GZ/deliveredAt={notice}{at}", f"CF_GZ/occurredAt={notice}{at}", f"CF_JD/decidedAt={decided}{at}",
        f"CF_JD/occurredAt={decided}{at}",
    )  # fmt: skip


bad("CAS-010", "third-day", PENALTY, *_OLD_CASE, *_decided("2021-07-09", "2021-07-12"))
good("CAS-010", "fourth-day", PENALTY, *_OLD_CASE, *_decided("2021-07-09", "2021-07-13"))
bad(
    "CAS-011",
    "fifth-working-day",
    PENALTY,
    *_OLD_CASE,
    "CF_JD/socialInfluence=true",
    *_decided("2021-07-15", "2021-07-22"),
)
good(
    "CAS-011",
    "sixth-working-day",
    PENALTY,
    *_OLD_CASE,
    "CF_JD/socialInfluence=true",
    *_decided("2021-07-15", "2021-07-23"),
)
good(
    "CAS-011",
    "waived",
    PENALTY,
    *_OFFERED,
    *_decided("2022-04-15", "2022-05-06"),
    "CF_TZ/kind=听证",
    "CF_TZ/waived=true",
    "CF_TZ/heldAt-",
)
good(
    "CAS-011",
    "notified-the-day-before",
    PENALTY,
    *_OLD_CASE,
    "CF_JD/socialInfluence=true",
    *_decided("2021-07-14", "2021-07-19"),
)
_ONE = (*NO_MASTER, "only CF_LA CF_DC", "CF_DC/preserved-", "CF_DC/investigators#2-", "year 2022 2012")
bad("CAS-012", "one-officer", PENALTY, *_ONE)
good("CAS-012", "one-officer-in-a-summary-case", PENALTY, *_ONE, "CF_LA/procedure=1")
bad("CAS-013", "investigator-presides", PENALTY, "CF_TZ/presider=赵示例")
good("CAS-013", "somebody-else", PENALTY, "CF_TZ/presider=郑示例")
_REVOKED = ("CF_JD/kinds=CF02|CF08", "CF_JD/suspendedLicenceNo=示例证0001")
bad("CAS-014", "revoked-without-hearing", PENALTY, *_OLD_CASE[:-2], *_REVOKED, *_decided("2021-06-01", "2021-07-14"))
good("CAS-014", "revoked-after-offer", PENALTY, *_OLD_CASE, *_REVOKED, *_decided("2021-06-01", "2021-07-14"))
good(
    "CAS-014",
    "lowered-grade-is-new",
    PENALTY,
    *_OLD_CASE[:-2],
    "CF_JD/kinds=CF02|CF99",
    *_decided("2021-06-01", "2021-07-14"),
)
bad("CAS-015", "grade-lowered-without-hearing", PENALTY, "CF_JD/kinds=CF02|CF10")
good("CAS-015", "grade-lowered-after-offer", PENALTY, "CF_JD/kinds=CF02|CF10", *_OFFERED)
bad("CAS-016", "large-fine", PENALTY, "CF_JD/fineAmount=20000.00")
good("CAS-016", "just-below", PENALTY, "CF_JD/fineAmount=19999.99")
bad("CAS-017", "more-than-imposed", PENALTY, "-GG_BG", "CF_ZX/principalPaid=1000.01")
good("CAS-017", "surcharge-apart", PENALTY, "-GG_BG", "CF_ZX/surchargePaid=30.00")
bad("CAS-018", "above-the-fine", PENALTY, "CF_ZX/surchargePaid=1000.01")
good("CAS-018", "as-much-as-the-fine", PENALTY, "CF_ZX/surchargePaid=1000.00")
good(
    "CAS-018",
    "decided-in-2011",
    PENALTY,
    *NO_MASTER,
    "only CF_LA CF_GZ CF_JD CF_ZX",
    "year 2022 2011",
    "CF_JD/socialInfluence-",
    "CF_JD/legalReview-",
    "CF_ZX/surchargePaid=5000.00",
)
_LONG = (*NO_MASTER, "only CF_LA CF_GZ CF_JD")
bad(
    "CAS-019",
    "ninety-one-days",
    PENALTY,
    *_LONG,
    "CF_JD/decidedAt=2022-07-01T09:00:00+08:00",
    "CF_JD/occurredAt=2022-07-01T09:00:00+08:00",
    "CF_JD/deliveredAt-",
)
good(
    "CAS-019",
    "ninety-days",
    PENALTY,
    *_LONG,
    "CF_JD/decidedAt=2022-06-30T09:00:00+08:00",
    "CF_JD/occurredAt=2022-06-30T09:00:00+08:00",
    "CF_JD/deliveredAt-",
)
_LATE_NOTICE = (*NO_MASTER, "only XK_SQ XK_BZ", "-XK_BZ#2")
bad("CAS-020", "sixth-working-day", PERMIT, *_LATE_NOTICE, "XK_BZ/occurredAt=2022-03-09T09:00:00+08:00")
good("CAS-020", "fifth-working-day", PERMIT, *_LATE_NOTICE, "XK_BZ/occurredAt=2022-03-08T09:00:00+08:00")
bad(
    "CAS-021",
    "eleventh-working-day",
    PERMIT,
    "XK_SD/deliveredAt=2022-03-31T09:00:00+08:00",
    "XK_SD/occurredAt=2022-03-31T09:00:00+08:00",
)
good(
    "CAS-021",
    "tenth-working-day",
    PERMIT,
    "XK_SD/deliveredAt=2022-03-30T09:00:00+08:00",
    "XK_SD/occurredAt=2022-03-30T09:00:00+08:00",
)
bad(
    "CAS-022",
    "thirty-hours",
    ON_THE_SPOT,
    "QZ_SP/reportedAt=2022-03-06T15:30:00+08:00",
    "QZ_SP/approvedAt=2022-03-06T16:00:00+08:00",
    "QZ_SP/occurredAt=2022-03-06T16:00:00+08:00",
)
good(
    "CAS-022",
    "twenty-four-hours",
    ON_THE_SPOT,
    "QZ_SP/reportedAt=2022-03-06T09:30:00+08:00",
    "QZ_SP/approvedAt=2022-03-06T16:00:00+08:00",
    "QZ_SP/occurredAt=2022-03-06T16:00:00+08:00",
)
_EXEC = (*NO_MASTER, "only QZ_SP QZ_JD QZ_SS")
bad("CAS-023", "no-demand", EXECUTION, "-QZ_CG")
good("CAS-023", "urgent", EXECUTION, "-QZ_CG", "QZ_SS/urgent=true")
good("CAS-023", "in-2011", EXECUTION, *_EXEC, "year 2022 2011")
bad(
    "CAS-024",
    "at-night",
    EXECUTION,
    "QZ_SS/implementedAt=2022-06-06T22:00:00+08:00",
    "QZ_SS/occurredAt=2022-06-06T22:00:00+08:00",
)
bad(
    "CAS-024",
    "dragon-boat-festival",
    EXECUTION,
    "QZ_SS/implementedAt=2022-06-03T10:00:00+08:00",
    "QZ_SS/occurredAt=2022-06-03T10:00:00+08:00",
)
good(
    "CAS-024",
    "before-ten",
    EXECUTION,
    "QZ_SS/implementedAt=2022-06-06T21:59:59+08:00",
    "QZ_SS/occurredAt=2022-06-06T21:59:59+08:00",
)
good(
    "CAS-024",
    "at-night-urgent",
    EXECUTION,
    "QZ_SS/implementedAt=2022-06-06T22:00:00+08:00",
    "QZ_SS/occurredAt=2022-06-06T22:00:00+08:00",
    "QZ_SS/urgent=true",
)
bad("CAS-025", "thirty-six-days", MEASURE, "QZ_YQ/to=2022-05-06T10:00:00+08:00")
good("CAS-025", "thirty-days-and-testing", MEASURE, "QZ_YQ/to=2022-05-05T10:00:00+08:00")
bad("CAS-026", "line-left", MEASURE, "-QZ_CL#2")
bad("CAS-026", "not-returned", REQUISITION, "-ZY_FH")
good("CAS-026", "not-closed-yet", MEASURE, "-QZ_CL#2", "-QZ_JA")
bad("CAS-027", "more-than-listed", MEASURE, "QZ_CL#1/lines/quantity=3")
good(
    "CAS-027",
    "in-two-parts",
    MEASURE,
    "QZ_CL#1/lines/quantity=1",
    "+QZ_CL 21",
    "QZ_CL#3/lines/lineNo=1",
    "QZ_CL#3/lines/quantity=1",
)
bad("CAS-028", "version-not-there", "withdrawn-decision.xml", "GG_CH/targetVersion=2", "GG_CH/version=3")
good("CAS-028", "newest-version", "withdrawn-decision.xml", "GG_CH/reason=误报")
bad("CAS-029", "unknown-act", PENALTY, "GG_BG/actKey=CF_JD:MA0000015-2022-CF-00000001:77")
good("CAS-029", "known-act", PENALTY, "GG_BG/refund-")
bad("CAS-030", "deemed-as-of-later", PERMIT, "XK_SL/deemed=true")
good(
    "CAS-030",
    "deemed-as-of-receipt",
    PERMIT,
    *NO_MASTER,
    "XK_SL/deemed=true",
    "XK_SL/acceptedAt=2022-03-01T09:00:00+08:00",
)
bad("CAS-031", "another-party", PENALTY, "CF_JD/party/name=南昌另一示例有限公司")
good("CAS-031", "same-party", PENALTY, "CF_JD/party/contact=赵示例")
bad("CAS-032", "nobody", PENALTY, "-CF_LA", "CF_JD/procedure=1", "CF_JD/party-")
good("CAS-032", "party-of-the-filing", PENALTY, "CF_JD/party-")
bad("CAS-033", "more-than-paid", LEVY, "ZS_TF/amount=1300.00")
good("CAS-033", "all-of-it", LEVY, "ZS_TF/amount=1208.40")
bad("CAS-034", "more-than-levied", LEVY, "ZS_JM/amount=1300.01")
good("CAS-034", "all-of-it", LEVY, "ZS_JM/amount=1300.00")
bad("CAS-035", "no-such-decision", MEASURE, "QZ_SS/decisionSequence=5")
good("CAS-035", "only-decision", MEASURE, "QZ_SS/decisionSequence-")
_PUBLISHED = "published-penalty.xml"
bad(
    "PUB-002",
    "minor",
    _PUBLISHED,
    "CF_JD/party/kind=1",
    "CF_JD/minor=true",
    "CF_JD/party/idKind=居民身份证",
    f"CF_JD/party/idNo={YOUTH}",
    "CF_JD/disclosure/form=2",
)
good("PUB-002", "adult", _PUBLISHED, "CF_JD/minor=false")
bad("PUB-003", "mere-warning", _PUBLISHED, "-CF_ZX", "CF_JD/kinds=CF01", "CF_JD/fineAmount-")
good("PUB-003", "warning-and-fine", _PUBLISHED, "CF_JD/kinds=CF01|CF02")
bad(
    "PUB-004",
    "in-2026",
    _PUBLISHED,
    "CF_JD/disclosure/form=2",
    "CF_JD/basis/lawName=中华人民共和国治安管理处罚法",
    "GK_XX/publishFrom=2026-01-01",
    "GK_XX/publishTo=2026-04-01",
)
good(
    "PUB-004",
    "in-2025",
    _PUBLISHED,
    "CF_JD/disclosure/form=2",
    "CF_JD/basis/lawName=中华人民共和国治安管理处罚法",
    "GK_XX/publishFrom=2025-12-31",
    "GK_XX/publishTo=2026-03-31",
)

# --- publication
_LEVY_PUBLISHED = "published-levy.xml"
bad("CAS-036", "eighth-working-day", _PUBLISHED, "GK_XX/publishFrom=2022-05-17")
good("CAS-036", "seventh-working-day", _PUBLISHED, "GK_XX/publishFrom=2022-05-16")
good("CAS-036", "late-where-asked-for", _PUBLISHED, "CF_JD/disclosure/form=2", "GK_XX/publishFrom=2022-05-18")
good("CAS-036", "eighth-working-day-in-2014", _PUBLISHED, "year 2022 2014", "GK_XX/publishFrom=2014-05-19")
bad("CAS-037", "twenty-first-working-day", _LEVY_PUBLISHED, "GK_XX/publishFrom=2022-05-10")
good("CAS-037", "twentieth-working-day", _LEVY_PUBLISHED, "GK_XX/publishFrom=2022-05-09")
bad("CAS-037", "penalty-of-2014", _PUBLISHED, "year 2022 2014", "GK_XX/publishFrom=2014-06-09")
bad("CAS-038", "fourth-working-day", "taken-down-penalty.xml", "GK_XX/takenDownAt=2022-07-11T09:00:00+08:00")
good("CAS-038", "third-working-day", "taken-down-penalty.xml", "GK_XX/takenDownAt=2022-07-08T09:00:00+08:00")

# --- payment of fines, and the court
_NO_REMEDY = ("-GG_FY", "-GG_BG", "CF_ZX/instalments-", "CF_ZX/approver-")


def _paid(day: str) -> tuple[str, ...]:
    return f"CF_ZX/paidAt={day}T09:00:00+08:00", f"CF_ZX/occurredAt={day}T09:00:00+08:00"


bad("CAS-039", "sixteenth-day", PENALTY, *_NO_REMEDY, *_paid("2022-05-25"))
good("CAS-039", "fifteenth-day", PENALTY, *_NO_REMEDY, *_paid("2022-05-24"))
good(
    "CAS-039",
    "deferred",
    PENALTY,
    *_NO_REMEDY,
    *_paid("2022-05-25"),
    "CF_ZX/deferral/until=2022-07-01",
    "CF_ZX/deferral/approver=吴示例",
)
bad("CAS-040", "ten-days-of-three-per-cent-and-a-fen", PENALTY, *_paid("2022-06-03"), "CF_ZX/surchargePaid=300.01")
good("CAS-040", "ten-days-of-three-per-cent", PENALTY, *_paid("2022-06-03"), "CF_ZX/surchargePaid=300.00")
_COURT = (
    *_NO_REMEDY,
    "-CF_JA",
    "CF_ZX/kind=申请法院强制执行",
    "CF_ZX/principalPaid-",
    "CF_ZX/surchargePaid-",
    "CF_ZX/paidAt-",
    "CF_ZX/way-",
    "CF_ZX/receiptNo-",
)
bad("CAS-048", "ten-months", PENALTY, *_COURT, "CF_ZX/occurredAt=2023-02-10T09:00:00+08:00")
good("CAS-048", "nine-months", PENALTY, *_COURT, "CF_ZX/occurredAt=2023-02-09T09:00:00+08:00")
bad("CAS-049", "six-months", PENALTY, *_COURT, "CF_ZX/occurredAt=2022-11-09T09:00:00+08:00")
good("CAS-049", "six-months-and-a-day", PENALTY, *_COURT, "CF_ZX/occurredAt=2022-11-10T09:00:00+08:00")

# --- levies: late fees, deferral, refunds
_TAX = ("QL_SX/subcategory=ZS01",)
_CONTRIBUTIONS = ("QL_SX/subcategory=ZS03",)
bad("CAS-041", "a-fen-more", LEVY, *_TAX, "ZS_JN/lateFee=9.12")
good("CAS-041", "fourteen-days", LEVY, *_TAX, "ZS_JN/lateFee=9.10")
bad("CAS-042", "old-rate", LEVY, *_CONTRIBUTIONS, "ZS_JN/lateFee=36.40")
good("CAS-042", "new-rate", LEVY, *_CONTRIBUTIONS, "ZS_JN/lateFee=9.10")
_OLD_RATE = (*_CONTRIBUTIONS, "year 2022 2010", "QL_JG/validFrom=2009-12-01", "QL_SX/effectiveFrom=2010-01-01")
bad("CAS-043", "more-than-two-in-a-thousand", LEVY, *_OLD_RATE, "ZS_JN/lateFee=36.42")
good("CAS-043", "two-in-a-thousand", LEVY, *_OLD_RATE, "ZS_JN/lateFee=36.40")
bad("CAS-044", "more-than-owed", LEVY, "ZS_JN/lateFee=1300.01", "-ZS_TF")
good("CAS-044", "as-much-as-owed", LEVY, "ZS_JN/lateFee=1300.00", "-ZS_TF")
_DEFERRED = (*_TAX, "ZS_JM/kind=缓", "ZS_JN/lateFee-", "-ZS_TF")
bad("CAS-045", "three-months-and-a-day", LEVY, *_DEFERRED, "ZS_JM/until=2022-07-27")
good("CAS-045", "three-months", LEVY, *_DEFERRED, "ZS_JM/until=2022-07-26")


def _refunded(day: str) -> tuple[str, ...]:
    return "-ZS_JA", f"ZS_TF/paidAt={day}T09:00:00+08:00", f"ZS_TF/occurredAt={day}T09:00:00+08:00"


bad("CAS-046", "thirty-first-day", LEVY, *_TAX, *_refunded("2022-06-27"))
good("CAS-046", "thirtieth-day", LEVY, *_TAX, *_refunded("2022-06-24"))
bad(
    "CAS-047",
    "three-years-and-a-day",
    LEVY,
    *_TAX,
    *_refunded("2025-05-20"),
    "ZS_TF/appliedAt=2025-05-11T09:00:00+08:00",
)
good("CAS-047", "three-years", LEVY, *_TAX, *_refunded("2025-05-20"), "ZS_TF/appliedAt=2025-05-10T09:00:00+08:00")
good(
    "CAS-047",
    "found-by-the-office",
    LEVY,
    *_TAX,
    *_refunded("2025-05-20"),
    "ZS_TF/appliedAt-",
    "ZS_TF/foundBy=征收机关",
)

# --- coercion
bad("CAS-050", "before-the-deadline", EXECUTION, "QZ_CG/deadline=2022-05-23")
good("CAS-050", "the-day-after", EXECUTION, "QZ_CG/deadline=2022-05-22")
good("CAS-050", "urgent", EXECUTION, "QZ_CG/deadline=2022-05-23", "QZ_SS/urgent=true")
bad("CAS-051", "never-approved", MEASURE, "-QZ_SP")
good("CAS-051", "not-closed-yet", MEASURE, "-QZ_SP", "-QZ_JA")

# --- permits


def _accepted(day: str) -> tuple[str, ...]:
    at = f"{day}T09:00:00+08:00"
    return (
        "only XK_SQ XK_SL", f"XK_SL/acceptedAt={at}", f"XK_SL/occurredAt={at}", "XK_SL/dueDate=2022-04-06",
    )  # fmt: skip


bad("CAS-052", "sixth-working-day", PERMIT, *_accepted("2022-03-09"))
good("CAS-052", "fifth-working-day", PERMIT, *_accepted("2022-03-08"))
bad(
    "CAS-053",
    "large-confiscation",
    PENALTY,
    "CF_JD/kinds=CF02|CF03|CF07",
    "CF_JD/confiscatedIncome=15000.00",
    "CF_JD/confiscatedGoodsValue=5000.00",
)
good(
    "CAS-053",
    "just-below",
    PENALTY,
    "CF_JD/kinds=CF02|CF03|CF07",
    "CF_JD/confiscatedIncome=15000.00",
    "CF_JD/confiscatedGoodsValue=4999.99",
)

# --- catalogue
_YEAR_END = (
    OTHER, "only QL_SX XK_SL", "XK_SL/caseNo=MA0000015-2026-QT-00000001", "XK_SL/acceptedAt=2026-12-10T09:00:00+08:00",
    "XK_SL/occurredAt=2026-12-10T09:00:00+08:00",
)  # fmt: skip
bad(
    "CAT-024",
    "due-in-2027",
    *_YEAR_END[:3],
    "XK_SL/acceptedAt=2026-12-25T09:00:00+08:00",
    "XK_SL/occurredAt=2026-12-25T09:00:00+08:00",
    "XK_SL/dueDate=2027-01-11",
)
good("CAT-024", "due-in-2026", *_YEAR_END, "XK_SL/dueDate=2026-12-24")
bad("CAT-023", "sewage-charge-of-2018", LEVY, "QL_SX/name=排污费", "ZS_HD/periodFrom=2017-10-01")
good(
    "CAT-023",
    "sewage-charge-of-2017",
    LEVY,
    "QL_SX/name=排污费",
    "ZS_HD/periodFrom=2017-10-01",
    "ZS_JD/periodFrom=2017-10-01",
)
bad("SND-003", "dissolved-the-day-before", PENALTY, "only QL_JG QL_SX CF_LA", "QL_JG/validTo=2022-03-31")
good("SND-003", "its-last-day", PENALTY, "only QL_JG QL_SX CF_LA", "QL_JG/validTo=2022-04-01")
_LEVELS = ("QL_SX/basis#2-",)
bad("CAT-001", "ministry-rule", "QL_SX.xml", *_LEVELS, "QL_SX/basis/level=部门规章")
good("CAT-001", "with-a-law", "QL_SX.xml", "QL_SX/basis#1/level=部门规章")
_CF_ITEM = (
    "QL_SX/itemCode=CF-MA0000015-0001",
    "QL_SX/category=CF",
    "QL_SX/subcategory=CF02",
    "QL_SX/legalLimit-",
    "QL_SX/committedLimit-",
    *_LEVELS,
)
bad("CAT-002", "mere-document", "QL_SX.xml", *_CF_ITEM, "QL_SX/basis/level=规范性文件")
good("CAT-002", "local-rule", "QL_SX.xml", *_CF_ITEM, "QL_SX/basis/level=地方政府规章")
_QZ_ITEM = (
    "QL_SX/itemCode=QZ-MA0000015-0001",
    "QL_SX/category=QZ",
    "QL_SX/legalLimit-",
    "QL_SX/committedLimit-",
    *_LEVELS,
)
bad(
    "CAT-003",
    "freezing-by-regulation",
    "QL_SX.xml",
    *_QZ_ITEM,
    "QL_SX/subcategory=QZ05",
    "QL_SX/basis/level=行政法规",
    "QL_SX/effectiveFrom=2012-01-01",
)
good(
    "CAT-003",
    "freezing-by-regulation-in-2011",
    "QL_SX.xml",
    *_QZ_ITEM,
    "QL_SX/subcategory=QZ05",
    "QL_SX/basis/level=行政法规",
    "QL_SX/effectiveFrom=2011-12-31",
)
good(
    "CAT-003",
    "seizure-by-local-regulation",
    "QL_SX.xml",
    *_QZ_ITEM,
    "QL_SX/subcategory=QZ04",
    "QL_SX/basis/level=地方性法规",
)
bad(
    "CAT-004",
    "demolition-by-regulation",
    "QL_SX.xml",
    *_QZ_ITEM,
    "QL_SX/subcategory=QZ02",
    "QL_SX/basis/level=行政法规",
    "QL_SX/effectiveFrom=2012-01-01",
)
good(
    "CAT-004",
    "demolition-by-law",
    "QL_SX.xml",
    *_QZ_ITEM,
    "QL_SX/subcategory=QZ02",
    "QL_SX/basis/level=法律",
    "QL_SX/effectiveFrom=2012-01-01",
)
good(
    "CAT-004",
    "demolition-in-2011",
    "QL_SX.xml",
    *_QZ_ITEM,
    "QL_SX/subcategory=QZ02",
    "QL_SX/basis/level=行政法规",
    "QL_SX/effectiveFrom=2011-12-31",
)
_SHORT = ("only QL_JG QL_SX QL_LC XK_SQ XK_SL",)
bad("CAT-010", "unknown-version", PERMIT, "only QL_JG QL_SX QL_LC XK_SL", "XK_SL/itemVersion=2")
good("CAT-010", "no-catalogue-here", PERMIT, *NO_MASTER, *("only XK_SQ XK_SL",), "XK_SL/itemVersion=2")
bad("CAT-011", "one-review-only", PERMIT, "only QL_SX XK_SL", "QL_SX/reviews#2-")
bad("CAT-011", "not-published", PERMIT, "only QL_SX XK_SL", "QL_SX/status=legal-approved")
good("CAT-011", "suspended-later", PERMIT, "only QL_SX XK_SL", "QL_SX/status=suspended")
bad("CAT-012", "cancelled", PERMIT, "only QL_SX XK_SL", "QL_SX/status=cancelled", "QL_SX/cancelledBy=国发〔2015〕11号")
good(
    "CAT-012",
    "cancelled-later",
    PERMIT,
    "only QL_SX XK_SL",
    "QL_SX/status=cancelled",
    "QL_SX/cancelledBy=国发〔2022〕1号",
    "QL_SX/effectiveTo=2022-03-04",
)
bad("CAT-013", "internal", "QL_SX.xml", "QL_SX/internal=true")
good("CAT-013", "outward", PERMIT, "only QL_SX XK_SL", "QL_SX/internal=false")
bad("CAT-014", "ended-the-day-before", PERMIT, "only QL_SX XK_SL", "QL_SX/effectiveTo=2022-03-03")
good("CAT-014", "last-day", PERMIT, "only QL_SX XK_SL", "QL_SX/effectiveTo=2022-03-04")
_QT01 = (
    "only QL_SX XK_SL",
    "QL_SX/subcategory=QT01",
    "QL_SX/effectiveFrom=2010-01-01",
    "XK_SL/dueDate=2015-08-19",
    "XK_SL/occurredAt=2015-08-05T09:00:00+08:00",
    "XK_SL/acceptedAt=2015-08-05T09:00:00+08:00",
)
bad(
    "CAT-015",
    "first-day-without",
    OTHER,
    *_QT01,
    "XK_SL/dueDate=2015-08-20",
    "XK_SL/occurredAt=2015-08-06T09:00:00+08:00",
    "XK_SL/acceptedAt=2015-08-06T09:00:00+08:00",
)
good("CAT-015", "last-day", OTHER, *_QT01)
bad("CAT-016", "eleven-days", PERMIT, "XK_YQ/days=11")
good("CAT-016", "fifteen-days-in-joint-handling", PERMIT, "XK_YQ/days=15", "QL_SX/legalLimit/extension/n=15")
bad("CAT-017", "charged-without-basis", PERMIT, "QL_SX/chargeable=false")
good(
    "CAT-017",
    "nothing-charged",
    PERMIT,
    "QL_SX/chargeable=false",
    "XK_SF/total=0.00",
    "XK_SF/lines#1/amount=0.00",
    "XK_SF/lines#2/amount=0.00",
)
bad("CAT-018", "unknown-step", PERMIT, "XK_HJ#3/stepCode=S9", "XK_HJ#2/nextStep-")
good("CAT-018", "without-a-flow-here", PERMIT, "-QL_LC", "XK_HJ#3/stepCode=S9")
bad("CAT-019", "review-skipped", PERMIT, "-XK_HJ#2", "XK_HJ#1/nextStep-")
bad("CAT-019", "onward-to-nowhere", PERMIT, "XK_HJ#3/nextStep=S1")
good("CAT-019", "sent-back", PERMIT, "XK_HJ#3/stepCode=S1", "XK_HJ#3/nextStep-", "XK_HJ#2/nextStep=S1")
bad("CAT-020", "weekends-only", PERMIT, "XK_SL/dueDate=2022-03-17")
bad(
    "CAT-020",
    "holidays-ignored",
    OTHER,
    "only QL_SX XK_SL",
    "XK_SL/acceptedAt=2022-09-28T09:00:00+08:00",
    "XK_SL/occurredAt=2022-09-28T09:00:00+08:00",
    "XK_SL/dueDate=2022-10-12",
)
good(
    "CAT-020",
    "over-the-october-holidays",
    OTHER,
    "only QL_SX XK_SL",
    "XK_SL/acceptedAt=2022-09-28T09:00:00+08:00",
    "XK_SL/occurredAt=2022-09-28T09:00:00+08:00",
    "XK_SL/dueDate=2022-10-17",
)
bad("CAT-021", "later-than-committed", PERMIT, "XK_SL/dueDate=2022-03-21")
good("CAT-021", "as-committed", PERMIT, "XK_SL/dueDate=2022-03-18")
bad("CAT-022", "inspection", OTHER, "only QL_SX XK_SL", "QL_SX/subcategory=QT99")
good("CAT-022", "reward", OTHER, "only QL_SX XK_SL", "QL_SX/subcategory=QT03")

# --- sender
_BY = "package 2022-12-01T09:00:00+08:00 "
bad("SND-001", "somebody-elses", "CF_LA.xml", _BY + "11360100MA0000023C")
good("SND-001", "entrusted", "CF_LA.xml", "CF_LA/entrustedOrgCode=11360100MA0000023C", _BY + "11360100MA0000023C")
bad("SND-002", "strangers-number", PENALTY, "only QL_JG QL_SX CF_LA", "CF_LA/caseNo=MA0000023-2022-CF-00000001")
good("SND-002", "predecessors-number", PENALTY, "only QL_JG QL_SX CF_LA", "CF_LA/caseNo=MA000004X-2022-CF-00000001")

# --- good twins (conformance.md §4): lawful cases that over-strict rules would refuse; T06 and T20 give their warning
TWINS: dict[str, tuple[str, tuple[str, ...]]] = {
    "T03-vendor-elements": ("CF_JD-extension-nil.xml", ()),
    "T04-gb18030": (PENALTY, ("CF_LA/allegedFact=涉嫌䶮㙍违法", "CF_JD/party/contact=𬭊示例")),
    "T05-zone-written": (PERMIT, ("XK_SD/deliveredAt=2022-03-18T09:00:00.000+08:00",)),
    "T06-fifteen-digits": ("CF_LA.xml", (
        "year 2022 2012", "CF_LA/party/kind=1", "CF_LA/party/idKind=居民身份证", "CF_LA/party/idNo=360102900101001",
        "CF_LA/party/legalRepresentative-",
    )),
    "T07-absent": (PERMIT, ("XK_SQ/projectName-", "XK_SQ/materials-", "XK_JD/disclosure-", "XK_SD/receiver-")),
    "T07-nil": (PERMIT, ("XK_SQ/projectName=nil", "XK_SQ/agent=nil", "XK_JD/amount=nil", "XK_SD/receiver=nil")),
    "T10-predecessor": (PENALTY, ("only QL_JG QL_SX QL_LC CF_LA CF_DC CF_GZ", "*/caseNo=MA000004X-2022-CF-00000001")),
    "T12-foreign-applicant": (PERMIT, (
        "XK_SQ/applicant/kind=1", "XK_SQ/applicant/idKind=护照", "XK_SQ/applicant/idNo=E0000001",
        "XK_SQ/applicant/legalRepresentative-", "XK_JD/applicant-",
    )),
    "T12-foreign-body": (PERMIT, (
        "XK_SQ/applicant/idKind=其他", "XK_SQ/applicant/idNo=示例外国公司0001", "XK_JD/applicant-",
    )),
    "T13-surcharge": (PENALTY, ("-GG_BG", "CF_ZX/surchargePaid=900.00")),
    "T14-revoked-after-closure": (PENALTY, (
        "GG_FY/result=撤销", "GG_BG/kind=撤销", "GG_BG/by=复议机关", "GG_BG/refund=1000.00",
    )),
    "T15-approved-after": (ON_THE_SPOT, ()),
    "T16-sole-trader-of-2011": ("CF_JD.xml", (
        "year 2022 2011", "CF_JD/party/kind=4", "CF_JD/party/idKind=工商注册号", "CF_JD/party/idNo=360100600000001",
        "CF_JD/party/legalRepresentative-", "CF_JD/socialInfluence-",
    )),
    "T17-code-with-360106": ("CF_LA.xml", ("CF_LA/party/idNo=91360106MA0000023T",)),
    "T18-fifteen-days": (PERMIT, ("XK_YQ/days=15", "QL_SX/legalLimit/extension/n=15")),
    "T19-released": (MEASURE, (
        *NO_MASTER, "only QZ_SP QZ_JD QZ_CL QZ_JA", "-QZ_CL#2", "year 2022 2013", "QZ_SP/kind=QZ01", "QZ_JD/kind=QZ01",
        "QZ_JD/list-", "QZ_JD/to=2014-09-01T10:00:00+08:00", "QZ_CL/kind=解除", "QZ_CL/lines-",
        "QZ_CL/disposedAt=2013-12-28T09:00:00+08:00", "QZ_CL/occurredAt=2013-12-28T09:00:00+08:00",
        "QZ_JA/closedAt=2013-12-28T10:00:00+08:00", "QZ_JA/occurredAt=2013-12-28T10:00:00+08:00",
        "*/regionCode=360100", "QZ_JD/disclosure/reason=个人隐私",
    )),
    "T20-wanli-in-january-2020": ("CF_LA.xml", (
        "year 2022 2020", "CF_LA/regionCode=360105", "CF_LA/occurredAt=2020-01-28T09:00:00+08:00",
        "CF_LA/filedAt=2020-01-28T09:00:00+08:00",
    )),
}  # fmt: skip
