# SPDX-License-Identifier: Apache-2.0
"""Rules of single fields and of single records."""

from tests.rules.recipes.recipe import EXECUTION, MEASURE, PENALTY, PERMIT, bad, good

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
