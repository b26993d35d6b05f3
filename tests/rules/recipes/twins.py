# SPDX-License-Identifier: Apache-2.0
"""Good twins (conformance.md §4): lawful cases that over-strict rules would refuse; T06 and T20 give their warning."""

from tests.rules.recipes.recipe import MEASURE, NO_MASTER, ON_THE_SPOT, PENALTY, PERMIT

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
