# SPDX-License-Identifier: Apache-2.0
"""Sentences of what can go wrong with a department's service, SOAP or REST (``SVC-0xx``), in one table."""

from types import MappingProxyType

from gateway.errors import SourceError
from gateway.model.finding import Finding, Severity, Stage
from gateway.model.words import Words

SERVICE_FINDINGS = MappingProxyType(
    {
        "SVC-001": (
            Words("部门服务无法连接(地址、网络或 TLS 证书)", "the department's service can't be reached (address, network or TLS certificate)"),
            Words("核对 url、网络、ca,以及服务器证书上的名称", "check url, network, ca, and the name in the server's certificate"),
        ),
        "SVC-002": (
            Words("部门服务没有给出完整的应答", "the department's service gave no whole answer"),
            Words("请厂商检查服务的超时和 Content-Length", "have the vendor check time limits and Content-Length of the service"),
        ),
        "SVC-003": (
            Words("应答不是约定的格式(网页、压缩、跳转或过大)", "the answer is not of the agreed kind (a web page, compressed, redirected or too large)"),
            Words("请厂商核对服务地址,确认中间没有登录页或代理", "have the vendor check the address, and that no log-in page or proxy stands in between"),
        ),
        "SVC-004": (
            Words("部门服务拒绝了请求", "the department's service refused the request"),
            Words("按返回码与厂商核对证书登记和参数", "go by the code: registration of the certificate, parameters"),
        ),
        "SVC-005": (
            Words("这一页的应答无法读懂(格式错误、编码不符或含 DOCTYPE)", "the answer of this page can't be read (ill-formed, wrong encoding or a DOCTYPE)"),
            Words("请厂商修正该记录后重新改动它,或运行 gateway sync --sweep 重读", "have the vendor mend the record and touch it again, or read all again with gateway sync --sweep"),
        ),
        "SVC-006": (
            Words("这一页的数据包不可信或不符合接口规范", "the package of this page can't be trusted or is not of the contract"),
            Words("核对 signing_certificates;签名和摘要的算法见 docs/reference/wire.md", "check signing_certificates; docs/reference/wire.md tells how to sign and digest"),
        ),
        "SVC-007": (
            Words("部门系统不支持本网关的标准版本", "the department's system does not speak this gateway's version of the standard"),
            Words("请厂商升级接口,或修改 gateway.yaml 的 pack", "have the vendor upgrade the interface, or change pack in gateway.yaml"),
        ),
        "SVC-008": (
            Words("部门服务的分页不前进(游标或页重复)", "the pages of the department's service do not move on (a cursor or page comes again)"),
            Words("请厂商修正分页:每页的下一游标必须不同", "have the vendor mend the paging: every page has another next cursor"),
        ),
        "SVC-009": (
            Words("部门系统不代表 org 中的机构", "the department's system does not speak for the body in org"),
            Words("核对 sources.d 的 org 与该系统 GetVersion 的 orgCode", "compare org in sources.d with orgCode of the system's GetVersion"),
        ),
        "SVC-010": (
            Words("应答不是 JSON,或其中没有 rows 所指的列表", "the answer is no JSON, or has no list where rows points"),
            Words("用 curl 取一页,核对 options.rows", "fetch a page with curl and check options.rows"),
        ),
        "SVC-011": (
            Words("行标识为空", "the row id is empty"),
            Words("请厂商补填该字段,或改用其他字段作为 row_id", "have the vendor fill the field or use another as row_id"),
        ),
        "SVC-012": (
            Words("同一页中行标识重复", "the row id appears twice in one page"),
            Words("在 row_id 中补充字段,或请厂商修正", "add fields to row_id, or have the vendor mend them"),
        ),
        "SVC-013": (
            Words("该行不是 JSON 对象,或有无法读取的值", "the row is no JSON object, or has a value that can't be read"),
            Words("每行一个对象;不得有重复的字段和 NaN", "one object a row; no field twice and no NaN"),
        ),
        "SVC-014": (
            Words("下一页的链接指向别的主机", "the link to the next page leads to another host"),
            Words("请厂商返回同一地址下的链接", "have the vendor give links below the same address"),
        ),
    }
)  # fmt: skip


def service_finding(code: str, path: str, detail: str = "", severity: Severity = Severity.ERROR) -> Finding:
    """Return the finding ``code`` about the page or field ``path``; ``detail`` is added to both sentences."""
    message, hint = SERVICE_FINDINGS[code]
    if detail:
        message = Words(f"{message.zh}:{detail}", f"{message.en}: {detail}")
    return Finding(code, Stage.COLLECT, path, message, hint, severity)


def service_error(code: str, name: str, detail: str = "") -> SourceError:
    """Return the error that says the same of a whole service."""
    message, hint = SERVICE_FINDINGS[code]
    told = f":{detail}" if detail else ""
    return SourceError(f"{name}: {code} {message.zh}{told}", hint)
