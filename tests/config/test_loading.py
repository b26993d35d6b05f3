# SPDX-License-Identifier: Apache-2.0
"""A configuration directory is read whole: every fault at once, each with its place."""

from datetime import timedelta
from pathlib import Path

import pytest

from gateway.config import ConfigurationFaults, examine, load
from gateway.model.destination import Behaviour
from gateway.model.record import Level, SourceKind

SITE = """\
organisation: XNCS0001X
name: 测试
ledger: {url: sqlite:///var/ledger.db}
trust: {key: env:TEST_KEY, certificate: trust/signing.pem}
"""
SOURCE = """\
org: XNBM00012
department: 某局
kind: state
level: L1
options: {url: sqlite:///a.db, table: T, row_id: ID}
mapping: example.yaml
"""
DESTINATION = """\
receiver: XNPT00014
url: https://127.0.0.1:8443/exchange
ca: trust/signing.pem
certificate: file:trust/signing.pem
key: trust/signing.pem
receipt_certificate: trust/signing.pem
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a directory whose configuration is right."""
    monkeypatch.setenv("TEST_KEY", "made-up")
    for folder in ("sources.d", "destinations.d", "trust", "mappings"):
        (tmp_path / folder).mkdir()
    (tmp_path / "gateway.yaml").write_text(SITE, encoding="utf-8")
    (tmp_path / "sources.d" / "penalties.yaml").write_text(SOURCE, encoding="utf-8")
    (tmp_path / "destinations.d" / "municipal.yaml").write_text(DESTINATION, encoding="utf-8")
    (tmp_path / "trust" / "signing.pem").write_text("made-up", encoding="utf-8")
    (tmp_path / "mappings" / "example.yaml").write_text("mapping: 1\n", encoding="utf-8")
    return tmp_path


def told(directory: Path) -> list[str]:
    """Return the faults of a directory in Chinese."""
    return [fault.spoken("zh") for fault in examine(directory)[1]]


def test_a_right_configuration_is_absolute_and_typed(site: Path) -> None:
    configuration = load(site)
    source, destination = configuration.sources[0], configuration.destinations[0]
    assert (source.name, source.kind, source.level) == ("penalties", SourceKind.STATE, Level.L1)
    assert destination.certificate == site / "trust" / "signing.pem"
    assert destination.behaviour is Behaviour.IDEMPOTENT
    assert destination.max_in_flight == timedelta(seconds=120)
    assert destination.routes.types is None
    assert configuration.site.ledger.url.reveal() == f"sqlite:///{site / 'var' / 'ledger.db'}"
    assert configuration.site.trust.key.reveal() == "made-up"


def test_faults_of_every_file_come_at_once_with_their_places(site: Path) -> None:
    (site / "gateway.yaml").write_text(SITE.replace("name: 测试", "nmae: 测试"), encoding="utf-8")
    (site / "sources.d" / "penalties.yaml").write_text(
        SOURCE.replace("state", "stat") + 'schedule: "0 25 * * *"\n', encoding="utf-8"
    )
    (site / "destinations.d" / "municipal.yaml").write_text(DESTINATION + "records: 501\n", encoding="utf-8")
    assert told(site) == [
        "destinations.d/municipal.yaml:7:10: records: 不得大于 500",
        "gateway.yaml:1:1: name: 缺少这一项;请补写",
        "gateway.yaml:2:1: nmae: 没有这个键;是否想写 name?",
        "sources.d/penalties.yaml:3:7: kind: 只能是 state、event",
        "sources.d/penalties.yaml:7:11: schedule: cron 表达式不对:Bad hour",
    ]
    with pytest.raises(ConfigurationFaults) as refused:
        load(site)
    assert len(refused.value.faults) == 5
    assert "records: must be at most 500" in refused.value.faults[0].spoken("en")


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("name: a\nname: b\n", "gateway.yaml:2:1: 同一个键写了两次;请删去一个"),
        ("name: a\n\tb: c\n", "缩进用了制表符;请改用空格"),
        ("- a\n", "gateway.yaml:1:1: 应为键值对(key: value)"),
        ("", "gateway.yaml:1:1: 应为键值对(key: value)"),
        ("name: [a\n", "不是合法的 YAML"),
    ],
)
def test_a_file_that_is_no_mapping_is_one_fault(site: Path, written: str, message: str) -> None:
    (site / "gateway.yaml").write_text(written, encoding="utf-8")
    assert len(told(site)) == 1
    assert message in told(site)[0]


def test_a_file_of_another_encoding_names_the_place(site: Path) -> None:
    (site / "gateway.yaml").write_bytes(b"# ok\nname: " + "南昌".encode("gb18030"))
    assert told(site) == ["gateway.yaml:2:7: 不是 UTF-8 编码;请另存为 UTF-8"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("name: 0123", "应为文本,而这里是数字"),
        ("name: true", "应为文本,而这里是真假值"),
        ("organisation: abc", "写法不对"),
        ("run: {chunk: 0}", "不得小于 1"),
        ('run: {chunk: "500"}', "应为整数"),
        ("run: {linger: 30}", "时长要写数字和单位"),
        ("mappings: a", "应为列表"),
        ("pack: other-1.0", "没有这个标准包"),
        ("language: fr", "只能是 zh、en"),
        ("ledger: {url: mysql://a/b}", "不支持的数据库地址"),
        ("ledger: {url: 'sqlite:///:memory:'}", "台账必须是文件"),
        ("ledger: {url: 'postgresql://u:made-up@h/d'}", "地址里不能写口令"),
        ("trust: {key: made-up, certificate: trust/signing.pem}", "密文不能写在配置里"),
    ],
)
def test_each_wrong_value_says_what_to_write(site: Path, line: str, message: str) -> None:
    key = line.split(":", maxsplit=1)[0]
    kept = [each for each in SITE.splitlines() if not each.startswith(f"{key}:")]
    (site / "gateway.yaml").write_text("\n".join([*kept, line]) + "\n", encoding="utf-8")
    faults = [fault for fault in told(site) if f": {key}" in fault]
    assert len(faults) == 1
    assert message in faults[0]


def test_a_secret_is_never_shown(site: Path) -> None:
    (site / "gateway.yaml").write_text(SITE.replace("env:TEST_KEY", "geheim-made-up"), encoding="utf-8")
    faults = examine(site)[1]
    assert not any("geheim" in fault.spoken(language) for fault in faults for language in ("zh", "en"))


def test_what_is_not_there_yet_is_told_apart(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEST_KEY")
    (site / "destinations.d" / "municipal.yaml").write_text(
        DESTINATION.replace("ca: trust/signing.pem", "ca: trust/none.pem"), encoding="utf-8"
    )
    configuration, faults = examine(site)
    assert configuration is not None
    assert [(fault.key, fault.waiting) for fault in faults] == [("ca", True), ("trust.key", True)]
    with pytest.raises(ConfigurationFaults):
        load(site)


def test_names_are_unique_and_mappings_must_exist_inside_their_folders(site: Path) -> None:
    (site / "outside.yaml").write_text("mapping: 1\n", encoding="utf-8")
    (site / "sources.d" / "twin.yaml").write_text(
        SOURCE.replace("example.yaml", "../outside.yaml") + "name: penalties\n", encoding="utf-8"
    )
    faults = told(site)
    assert "sources.d/twin.yaml:7:7: name: 名称 penalties 已在 sources.d/penalties.yaml 使用" in faults
    assert any(fault.startswith("sources.d/twin.yaml:6:10: mapping: 找不到映射文件") for fault in faults)


def test_options_are_checked_by_the_adapter_with_places(site: Path) -> None:
    from gateway.channels.database_options import DatabaseOptions

    (site / "sources.d" / "penalties.yaml").write_text(
        SOURCE.replace("options: {url: sqlite:///a.db, table: T, row_id: ID}", "options:\n  url: env:NONE\n  tabel: T"),
        encoding="utf-8",
    )
    faults = [fault.spoken("zh") for fault in examine(site, {"database": DatabaseOptions})[1]]
    assert "sources.d/penalties.yaml:7:3: options.tabel: 没有这个键;是否想写 table?" in faults
    assert any("options.row_id: 缺少这一项" in fault for fault in faults)
    assert any("options.url: env:NONE 还没有" in fault for fault in faults)


def test_a_directory_without_a_site_file_is_one_fault(tmp_path: Path) -> None:
    assert told(tmp_path) == ["gateway.yaml:1:1: 文件无法读取:No such file or directory"]


@pytest.mark.parametrize(("level", "limit"), [("L1", None), ("L2", timedelta(days=3)), ("L3", timedelta(hours=24))])
def test_b9_waiting_limit_follows_the_level(site: Path, level: str, limit: timedelta | None) -> None:
    path = site / "sources.d" / "penalties.yaml"
    path.write_text(SOURCE.replace("L1", level), encoding="utf-8")
    assert load(site).sources[0].waiting_limit == limit
    path.write_text(SOURCE.replace("L1", level) + "waiting: 90m\n", encoding="utf-8")
    assert load(site).sources[0].waiting_limit == timedelta(minutes=90)
