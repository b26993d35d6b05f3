# SPDX-License-Identifier: Apache-2.0
"""Errors, grouped by what the machine does next.

::

    GatewayError
    ├── ConfigurationError   GW-1xx  halt: nothing starts; every fault listed at once
    ├── RecordError          GW-2xx  park: the data is at fault
    │   ├── MalformedDocument
    │   └── TranslationError
    ├── ChannelError         GW-3xx  retry: no usable answer from the other side
    │   ├── Unreachable
    │   ├── TimedOut                 outcome unknown: ask before resending
    │   └── BadGateway
    ├── SourceError          GW-35x  retry: the department system is gone or has changed its shape
    │   └── SourceHeld               park: too many rows gone at once, a person must look
    ├── TrustError           GW-4xx  halt the destination: certificate, signature, digest
    ├── LedgerError          GW-5xx  halt the process
    │   ├── Fenced                   retry: another holder has taken over, roll back and write nothing
    │   └── Overlap                  retry: another worker pulls the source just now
    ├── AdapterError         GW-6xx  park: vendor code broke its contract
    ├── ChildError           GW-611  retry: a process that maps and validates can't be had
    └── RefusedByGate        GW-7xx  halt: a safety gate says no (exit code 5)
"""

from enum import StrEnum
from typing import ClassVar

from gateway.model.words import Words


class Disposition(StrEnum):
    """What happens next."""

    RETRY = "retry"
    PARK = "park"
    HALT = "halt"


class GatewayError(Exception):
    """Something the gateway expected might go wrong.

    A leaf declares ``code``, ``disposition`` and ``summary``; an instance adds ``detail`` (what exactly, no personal
    data) and may narrow ``hint``.
    """

    code: ClassVar[str] = "GW-000"
    disposition: ClassVar[Disposition] = Disposition.HALT
    summary: ClassVar[Words] = Words("网关错误", "gateway error")
    advice: ClassVar[Words] = Words("查看日志", "see the log")

    def __init__(self, detail: str = "", hint: Words | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint or self.advice

    def spoken(self, language: str) -> str:
        """Return code, sentence, detail and hint on one line in ``language``."""
        says = self.summary.spoken(language)
        if language.startswith("en"):
            return (
                f"{self.code} {says}: {self.detail} Hint: {self.hint.en}"
                if self.detail
                else f"{self.code} {says}. Hint: {self.hint.en}"
            )
        return (
            f"{self.code} {says}:{self.detail} 建议:{self.hint.zh}"
            if self.detail
            else f"{self.code} {says}。建议:{self.hint.zh}"
        )

    def __str__(self) -> str:
        return self.spoken("zh")


class ConfigurationError(GatewayError):
    """The configuration is wrong; ``detail`` lists every fault as ``file:line:column: what``, one a line."""

    code = "GW-101"
    summary = Words("配置有误", "the configuration is wrong")
    advice = Words("按提示逐条修改后运行 gateway config check", "mend each line and run gateway config check")


class RecordError(GatewayError):
    """The data is at fault."""

    code = "GW-200"
    disposition = Disposition.PARK
    summary = Words("数据有误", "the data is at fault")


class MalformedDocument(RecordError):
    """A document is not well-formed, has a DOCTYPE, or goes over a cap."""

    code = "GW-201"
    summary = Words("XML 文档不可接受", "the XML document is not acceptable")
    advice = Words("不要使用 DOCTYPE 和实体,检查编码和大小", "use no DOCTYPE or entities; check encoding and size")


class TranslationError(RecordError):
    """A mapping can't be applied."""

    code = "GW-202"
    summary = Words("映射无法应用", "the mapping can't be applied")
    advice = Words("用 gateway mapping try 查看每一步", "look at each step with gateway mapping try")


class ChannelError(GatewayError):
    """No usable answer from the other side."""

    code = "GW-300"
    disposition = Disposition.RETRY
    summary = Words("对方没有可用的应答", "no usable answer from the other side")
    advice = Words("检查网络和对方服务,网关会自动重试", "check the network and the peer; the gateway retries by itself")


class Unreachable(ChannelError):
    """The other side can't be reached: not one byte was sent."""

    code = "GW-301"
    summary = Words("无法连接对方", "the other side can't be reached")


class TimedOut(ChannelError):
    """No answer in time: the outcome is unknown."""

    code = "GW-302"
    summary = Words("等待应答超时,结果未知", "no answer in time, the outcome is unknown")


class BadGateway(ChannelError):
    """The answer is not of the contract (HTML page, half an answer, foreign receipt)."""

    code = "GW-303"
    summary = Words("应答不符合接口规范", "the answer is not of the contract")


class SourceError(GatewayError):
    """The department system is gone or has changed its shape."""

    code = "GW-351"
    disposition = Disposition.RETRY
    summary = Words("业务系统无法读取", "the department system can't be read")
    advice = Words(
        "检查数据库地址、账号和视图,下一次调度会重试", "check address, account and view; the next run tries again"
    )


class SourceHeld(SourceError):
    """A source is not read until a person has looked: too many of its rows were gone at once (ledger.md T4)."""

    code = "GW-352"
    disposition = Disposition.PARK
    summary = Words("数据源已停放:消失的行过多", "the source is parked: too many rows were gone at once")
    advice = Words(
        "先与部门核实视图是否完整,再用 gateway source release 恢复",
        "ask the department whether the view is whole, then gateway source release",
    )


class TrustError(GatewayError):
    """A certificate, signature or digest does not hold."""

    code = "GW-401"
    summary = Words("证书、签名或摘要不成立", "a certificate, signature or digest does not hold")
    advice = Words("核对对方证书指纹和本方私钥", "compare the peer's certificate fingerprint and our key")


class LedgerError(GatewayError):
    """The ledger can't be trusted or used."""

    code = "GW-501"
    summary = Words("台账不可用", "the ledger can't be used")
    advice = Words("检查磁盘空间、数据库设置和权限", "check disk space, database settings and permissions")


class Fenced(LedgerError):
    """Another holder has taken over: nothing was written."""

    code = "GW-502"
    disposition = Disposition.RETRY
    summary = Words("租约已被接管,本次未写入", "the lease was taken over, nothing was written")
    advice = Words("确认没有启动两个网关实例", "make sure that two instances are not running")


class Overlap(LedgerError):
    """Another worker pulls the source just now: this pull is left out."""

    code = "GW-508"
    disposition = Disposition.RETRY
    summary = Words("另一个工作进程正在采集这个数据源", "another worker pulls this source just now")
    advice = Words("等它结束,下一次调度会继续", "wait for its end; the next firing goes on")


class AdapterError(GatewayError):
    """Vendor code broke its contract."""

    code = "GW-601"
    disposition = Disposition.PARK
    summary = Words("适配器违反约定", "the adapter broke its contract")
    advice = Words("联系适配器厂商", "ask the adapter's vendor")


class ChildError(GatewayError):
    """A process that maps and validates (``gateway run --workers``) can't be started."""

    code = "GW-611"
    disposition = Disposition.RETRY
    summary = Words("计算子进程无法启动", "a process that maps and validates can't be started")
    advice = Words(
        "检查内存和进程数限制,或用 --workers 0 运行",
        "check the limits of memory and processes, or run with --workers 0",
    )


class RefusedByGate(GatewayError):
    """A safety gate says no."""

    code = "GW-701"
    summary = Words("安全闸门拒绝", "refused by a safety gate")
