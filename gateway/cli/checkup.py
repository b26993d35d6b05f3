# SPDX-License-Identifier: Apache-2.0
"""The checks behind ``gateway doctor``: each looks at one thing and lights a lamp, in words.

A check never raises for what it looks at: what it can't see is a lamp too.
"""

import codecs
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Final

from gateway.cli.exits import ExitCode
from gateway.clock import BEIJING
from gateway.config import Configuration, DestinationSettings, SourceSettings
from gateway.errors import GatewayError
from gateway.model.words import Words
from gateway.pack import load_pack
from gateway.pack.manifest import differences
from gateway.ports import Accounted, Clock, Source

GIGABYTE: Final = 1024**3
_TIGHT, _FULL = 5 * GIGABYTE, GIGABYTE // 2
_SOON = timedelta(days=30)
_HORIZON = timedelta(days=60)
_SKEW = timedelta(minutes=1)
_OLDEST_BELIEVED = datetime(2026, 1, 1, tzinfo=BEIJING)


class State(StrEnum):
    """What a lamp shows."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"
    SKIPPED = "skipped"


STATE_WORDS: Final = {
    State.GOOD: Words("正常", "good"),
    State.WARNING: Words("注意", "warning"),
    State.BAD: Words("故障", "bad"),
    State.SKIPPED: Words("未检查", "not checked"),
}


@dataclass(frozen=True, slots=True)
class Lamp:
    """One thing looked at; ``exit_code`` is what the doctor ends with when the lamp is bad."""

    name: str
    label: Words
    state: State
    detail: Words
    exit_code: ExitCode = ExitCode.FINDINGS


def environment(clock: Clock) -> Iterator[Lamp]:
    """Look at Python, the XML libraries, encodings and the clock: needs no configuration."""
    yield _python()
    yield _libxml2()
    yield _encodings()
    yield _clock(clock)


def _python() -> Lamp:
    version = ".".join(map(str, sys.version_info[:3]))
    fine = sys.version_info >= (3, 11)
    return Lamp("python", Words("Python", "Python"), State.GOOD if fine else State.BAD, _same(version))


def _libxml2() -> Lamp:
    """lxml and xmlsec share documents in memory: both must carry the same libxml2."""
    import xmlsec
    from lxml import etree

    ours, theirs = etree.LIBXML_VERSION, xmlsec.get_libxml_version()
    shown = f"lxml {'.'.join(map(str, ours))}, xmlsec {'.'.join(map(str, theirs))}"
    label = Words("libxml2 版本一致", "one libxml2 for all")
    if ours == theirs:
        return Lamp("libxml2", label, State.GOOD, _same(shown))
    advice = Words(f"{shown};请按 requirements.lock 安装", f"{shown}; install from requirements.lock")
    return Lamp("libxml2", label, State.BAD, advice)


def _encodings() -> Lamp:
    label = Words("汉字编码", "encodings")
    try:
        fine = codecs.decode("镕喆㛃𠮷".encode("gb18030"), "gb18030") == "镕喆㛃𠮷"
    except (LookupError, UnicodeError):
        fine = False
    shown = (sys.stdout.encoding or "").lower()
    if not fine:
        return Lamp("encodings", label, State.BAD, Words("Python 缺少 GB18030", "this Python lacks GB18030"))
    if shown.replace("-", "") != "utf8":
        told = Words(f"终端编码是 {shown};设置 PYTHONUTF8=1", f"the terminal speaks {shown}; set PYTHONUTF8=1")
        return Lamp("encodings", label, State.WARNING, told)
    return Lamp("encodings", label, State.GOOD, _same("GB18030, UTF-8"))


def _clock(clock: Clock) -> Lamp:
    now = clock.now()
    label = Words("时钟", "clock")
    if now < _OLDEST_BELIEVED:
        told = Words(f"{now:%Y-%m-%d},早于本版本发布;请校时", f"{now:%Y-%m-%d}, before this release; set the clock")
        return Lamp("clock", label, State.BAD, told)
    return Lamp("clock", label, State.GOOD, _same(f"{now:%Y-%m-%d %H:%M:%S} +08:00"))


def installation(configuration: Configuration, clock: Clock) -> Iterator[Lamp]:
    """Look at disk, ledger, standard pack and its calendar of a configured gateway."""
    yield _disk(configuration.root)
    yield _ledger(configuration)
    yield _pack(configuration.site.pack)
    yield calendar(configuration.site.pack, clock)


def _disk(root: Path) -> Lamp:
    free = shutil.disk_usage(root).free
    state = State.BAD if free < _FULL else State.WARNING if free < _TIGHT else State.GOOD
    shown = f"{free / GIGABYTE:.1f}"
    return Lamp("disk", Words("磁盘空间", "disk space"), state, Words(f"剩余 {shown} GiB", f"{shown} GiB free"))


def _ledger(configuration: Configuration) -> Lamp:
    from gateway.ledger.engine import explained, open_engine, parse

    label = Words("台账", "ledger")
    try:
        url = parse(configuration.site.ledger.url.reveal())
        if url.drivername == "sqlite" and not Path(str(url.database)).exists():
            told = Words("尚未建立,首次运行时建立", "not there yet, the first run makes it")
            return Lamp("ledger", label, State.GOOD, told)
        engine = open_engine(url, read_only=True)
        try:
            with explained(), engine.connect():
                pass
        finally:
            engine.dispose()
    except GatewayError as fault:
        return Lamp("ledger", label, State.BAD, _told(fault), ExitCode.CONFIGURATION)
    return Lamp(
        "ledger", label, State.GOOD, Words(f"{url.drivername},落盘设置完整", f"{url.drivername}, fully durable")
    )


def _pack(name: str) -> Lamp:
    label = Words("标准包", "standard pack")
    try:
        pack = load_pack(name)
    except GatewayError as fault:
        return Lamp("pack", label, State.BAD, _told(fault), ExitCode.CONFIGURATION)
    changed = differences(pack.root)
    if changed:
        files = ", ".join(changed[:5])
        told = Words(f"与 MANIFEST 不符:{files}", f"not as in the MANIFEST: {files}")
        return Lamp("pack", label, State.BAD, told, ExitCode.CONFIGURATION)
    return Lamp("pack", label, State.GOOD, _same(f"{pack.name} {pack.digest[:16]}"))


def calendar(name: str, clock: Clock) -> Lamp:
    """The working days of a year are announced late in the year before: limits that reach further are provisional."""
    from gateway.legal import LegalClock

    label = Words("工作日历", "calendar of working days")
    try:
        until = LegalClock(load_pack(name)).valid_until
    except GatewayError as fault:
        return Lamp("calendar", label, State.BAD, _told(fault), ExitCode.CONFIGURATION)
    left = until - clock.now().date()
    if left >= _HORIZON:
        return Lamp("calendar", label, State.GOOD, Words(f"到 {until}", f"until {until}"))
    told = Words(
        f"只到 {until},之后的期限为暂定;下一年度放假通知发布后请更新标准包",
        f"ends on {until}, limits beyond it are provisional; renew the pack when the next year's notice is out",
    )
    return Lamp("calendar", label, State.BAD if left < timedelta(0) else State.WARNING, told)


def certificates(configuration: Configuration, clock: Clock) -> Iterator[Lamp]:
    """Look at the validity of every certificate that is configured."""
    yield _certificate("trust.certificate", configuration.site.trust.certificate, clock)
    for destination in configuration.destinations:
        for key in ("ca", "certificate", "receipt_certificate"):
            yield _certificate(f"{destination.name}.{key}", getattr(destination, key), clock)


def _certificate(name: str, path: Path, clock: Clock) -> Lamp:
    from cryptography import x509

    label = Words(f"证书 {name}", f"certificate {name}")
    try:
        ends = min(each.not_valid_after_utc for each in x509.load_pem_x509_certificates(path.read_bytes()))
    except (OSError, ValueError) as fault:
        why = type(fault).__name__
        told = Words(f"{path.name} 读不出证书({why})", f"no certificate in {path.name} ({why})")
        return Lamp(f"certificate:{name}", label, State.BAD, told, ExitCode.CONFIGURATION)
    left = ends - clock.now()
    state = State.BAD if left < timedelta(0) else State.WARNING if left < _SOON else State.GOOD
    until = f"{ends.astimezone(BEIJING):%Y-%m-%d}"
    told = Words(f"有效至 {until}", f"valid until {until}")
    return Lamp(f"certificate:{name}", label, state, told, ExitCode.CONFIGURATION)


def sources(configuration: Configuration, clock: Clock) -> Iterator[Lamp]:
    """Ask every source whether it can be reached and has the shape that is declared."""
    from gateway.parts import open_source

    for settings in configuration.sources:
        yield _source(settings, partial(open_source, configuration, settings, clock))


def _source(settings: SourceSettings, opened: Callable[[], Source]) -> Lamp:
    name, label = f"source:{settings.name}", Words(f"数据源 {settings.name}", f"source {settings.name}")
    try:
        source = opened()
        try:
            findings = source.check()
            if isinstance(source, Accounted) and not any(finding.refuses for finding in findings):
                findings += source.account()
        finally:
            source.close()
    except GatewayError as fault:
        return Lamp(name, label, State.BAD, _told(fault), ExitCode.UNREACHABLE)
    if not findings:
        return Lamp(name, label, State.GOOD, Words("可以读取", "can be read"))
    worst = State.BAD if any(finding.refuses for finding in findings) else State.WARNING
    zh = ";".join(f"{each.code} {each.path} {each.message.zh}(建议:{each.hint.zh})" for each in findings)
    en = "; ".join(f"{each.code} {each.path} {each.message.en} (hint: {each.hint.en})" for each in findings)
    return Lamp(name, label, worst, Words(zh, en), ExitCode.UNREACHABLE)


def destinations(configuration: Configuration, clock: Clock) -> Iterator[Lamp]:
    """Ping every destination over TLS and compare its clock with ours."""
    for settings in configuration.destinations:
        yield _destination(configuration, settings, clock)


def _destination(configuration: Configuration, settings: DestinationSettings, clock: Clock) -> Lamp:
    from gateway.parts import open_destination
    from gateway.trust.signing import Signer

    name, label = f"destination:{settings.name}", Words(f"目的地 {settings.name}", f"destination {settings.name}")
    trust = configuration.site.trust
    try:
        signer = Signer(trust.key.reveal_bytes(), trust.certificate.read_bytes())
        theirs = open_destination(settings, signer).ping()
    except GatewayError as fault:
        return Lamp(name, label, State.BAD, _told(fault), ExitCode.UNREACHABLE)
    apart = abs(theirs - clock.now())
    seconds = round(apart.total_seconds())
    told = Words(f"可以连通,时钟相差 {seconds} 秒", f"answers, clocks are {seconds} s apart")
    return Lamp(name, label, State.WARNING if apart > _SKEW else State.GOOD, told)


def _told(fault: GatewayError) -> Words:
    return Words(fault.spoken("zh"), fault.spoken("en"))


def _same(text: str) -> Words:
    return Words(text, text)
