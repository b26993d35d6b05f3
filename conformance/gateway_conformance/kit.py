# SPDX-License-Identifier: Apache-2.0
"""A vendor's first steps: the questions that make a sut.toml of each profile, and the cases that look at the basics."""

import json
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

Question: TypeAlias = tuple[str, str, str]
Tables: TypeAlias = dict[str, dict[str, object]]

_SYSTEM: Final[tuple[Question, ...]] = (
    ("id", "系统编号 / id of the system", "360100-XXX-01"),
    ("dept", "单位代码(统一社会信用代码) / organisation code", "11360100MA0000015H"),
    ("name", "系统名称 / its name", "某局行政审批系统"),
    ("vendor", "开发单位 / vendor", "某软件"),
    ("version", "系统版本 / its version", "1.0.0"),
)
_SIGNING: Final[Question] = (
    "signing_cert",
    "系统的签名证书文件 / certificate that packages are signed with",
    "system.pem",
)
_OF_PROFILE: Final[Mapping[str, tuple[Question, ...]]] = {
    "S": (
        ("url", "DepartmentData 服务地址 / address of the service", "https://127.0.0.1:8443/department"),
        ("ca", "校验服务器证书的 CA 文件 / CA file of the server", "ca.pem"),
        ("client_cert", "测试台的证书文件 / certificate of the bench", "bench.pem"),
        ("client_key", "测试台的私钥文件 / key of the bench", "bench.key"),
        _SIGNING,
    ),
    "P": (
        ("listen", "测试台监听的地址 HOST:PORT / where the bench listens", "127.0.0.1:24567"),
        ("client_cert", "系统的客户端证书文件 / client certificate of the system", "client.pem"),
        _SIGNING,
        ("form", "报送形式 soap11|soap12|rest-xml|rest-json / form of the calls", "soap11"),
    ),
    "F": (
        ("directory", "投递目录,相对于 sut.toml 或绝对路径 / folder that files are dropped into", "drop"),
        ("pattern", "数据文件名的样式 / pattern of the files' names", "*.xml"),
        _SIGNING,
    ),
    "V": (
        (
            "url", "数据库地址,不含口令:oracle、mssql、mysql、mariadb、postgresql、dm、kingbase 开头 / address of the database, no password",
            "mysql://gateway_read@127.0.0.1:3306/exchange?charset=utf8mb4",
        ),
        ("password", "口令所在:env:名称 或 file:文件,没有则留 - / where the password is, - for none", "env:VIEW_PASSWORD"),
        ("schema", "视图所在的模式,账号自己的则留 - / schema of the views, - for the account's own", "-"),
        ("stamp", "变更时间列 / column with the time of change", "CHG_TIME"),
        ("types", "有视图的记录类型,空格分隔 / record types that there are views of", "XK_SQ XK_SL XK_JD XK_SD"),
    ),
}  # fmt: skip
_ITEMS: Final[tuple[Question, ...]] = (
    ("items", "已上线的事项编码,空格分隔 / codes of the live items", "XK-MA0000015-0001"),
    ("catalogue", "批准的职权目录文件 / file of the approved list", "catalogue.xml"),
    ("hook", "触发接口地址,没有则留 - / address of the hook, - for none", "-"),
)
_KEY: Final[Mapping[str, str]] = {"V": "view", "F": "file", "S": "soap", "P": "push"}
_OPTIONAL: Final = ("password", "schema")
_FILES: Final = frozenset({"ca", "client_cert", "client_key", "signing_cert"})
_ABILITIES: Final[Mapping[str, dict[str, object]]] = {"S": {"order": "ascending"}}

BASICS: Final[Mapping[str, frozenset[str]]] = {
    "S": frozenset({"CON-01", "CON-02", "CON-04", "SEC-02", "CLK-01"}),
    "P": frozenset({"CON-01", "SEC-02"}),
    "F": frozenset({"CON-01", "SEC-03"}),
    "V": frozenset({"CON-01", "CON-02", "CON-04", "SEC-07", "SEC-08", "SEC-10", "SCH-14", "CLK-01"}),
}
"""What doctor looks at, by profile: nothing that has to wait for whole seed data or makes the system write."""

PROFILES: Final = tuple(_OF_PROFILE)
"""Profiles that ``init`` has questions for."""


def questions(profile: str) -> tuple[Question, ...]:
    """Return name, question and default of what is asked for a profile, in the order in which they are asked."""
    return (*_SYSTEM, *_OF_PROFILE[profile], *_ITEMS)


def description(profile: str, answers: Mapping[str, str]) -> str:
    """Return a sut.toml of a profile from the answers."""
    hook = answers["hook"].strip()
    stimulus: dict[str, object] = {"mode": "prompt"} if hook in {"", "-"} else {"mode": "hook", "hook": hook}
    asked = [name for name, _question, _default in _OF_PROFILE[profile]]
    own: dict[str, object] = {name: f"file:{answers[name]}" if name in _FILES else answers[name] for name in asked}
    abilities: dict[str, object] = {"key_list": True, "attachments": "inline", "encoding": "UTF-8"}
    if profile == "S":
        own["wsdl"] = f"{answers['url']}?wsdl"
    for name in [name for name in _OPTIONAL if own.get(name) in {"", "-"}]:
        del own[name]
    if "types" in own:
        own["types"] = answers["types"].split()
    if "form" in own:
        abilities["form"] = own.pop("form")
    tables: Tables = {
        "system": {**{name: answers[name] for name, _question, _default in _SYSTEM}, "environment": "test"},
        "standard": {"name": "JX-XZQL", "version": "1.0"},
        "profiles": {key: code == profile for code, key in _KEY.items()},
        _KEY[profile]: own,
        "items": {"live": answers["items"].split(), "catalogue": f"file:{answers['catalogue']}"},
        "abilities": {**abilities, **_ABILITIES.get(profile, {})},
        "stimulus": stimulus,
        "limits": {"requests": 20000},
    }
    return "\n".join(_written(tables)) + "\n"


def _written(tables: Tables) -> Iterable[str]:
    yield "# 各项含义见 docs/reference/conformance.md / what each line means"
    for name, table in tables.items():
        yield f"\n[{name}]"
        yield from (f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in table.items())
