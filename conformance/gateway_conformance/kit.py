# SPDX-License-Identifier: Apache-2.0
"""A vendor's first steps: the questions that make a sut.toml, and the cases that look at the basics."""

import json
from typing import Final

BASICS: Final = frozenset({"CON-01", "CON-02", "CON-04", "SEC-02", "CLK-01"})

QUESTIONS: Final = (
    ("id", "系统编号 / id of the system", "360100-XXX-01"),
    ("dept", "单位代码(统一社会信用代码) / organisation code", "11360100MA0000015H"),
    ("name", "系统名称 / its name", "某局行政审批系统"),
    ("vendor", "开发单位 / vendor", "某软件"),
    ("version", "系统版本 / its version", "1.0.0"),
    ("url", "DepartmentData 服务地址 / address of the service", "https://127.0.0.1:8443/department"),
    ("ca", "校验服务器证书的 CA 文件 / CA file of the server", "ca.pem"),
    ("client_cert", "测试台的证书文件 / certificate of the bench", "bench.pem"),
    ("client_key", "测试台的私钥文件 / key of the bench", "bench.key"),
    ("signing_cert", "系统的签名证书文件 / certificate that packages are signed with", "system.pem"),
    ("items", "已上线的事项编码,空格分隔 / codes of the live items", "XK-MA0000015-0001"),
    ("catalogue", "批准的职权目录文件 / file of the approved list", "catalogue.xml"),
    ("hook", "触发接口地址,没有则留 - / address of the hook, - for none", "-"),
)
"""Name, question and default, in the order in which they are asked."""


def description(answers: dict[str, str]) -> str:
    """Return a sut.toml of profile S from the answers."""
    hook = answers["hook"].strip()
    stimulus = {"mode": "prompt"} if hook in {"", "-"} else {"mode": "hook", "hook": hook}
    tables: dict[str, dict[str, object]] = {
        "system": {
            **{name: answers[name] for name in ("id", "dept", "name", "vendor", "version")},
            "environment": "test",
        },
        "standard": {"name": "JX-XZQL", "version": "1.0"},
        "profiles": {"view": False, "file": False, "soap": True, "push": False},
        "soap": {
            "url": answers["url"],
            "wsdl": f"{answers['url']}?wsdl",
            **{name: f"file:{answers[name]}" for name in ("ca", "client_cert", "client_key", "signing_cert")},
        },
        "items": {"live": answers["items"].split(), "catalogue": f"file:{answers['catalogue']}"},
        "abilities": {"key_list": True, "attachments": "inline", "encoding": "UTF-8", "order": "ascending"},
        "stimulus": dict(stimulus),
        "limits": {"requests": 20000},
    }
    lines = ["# 各项含义见 docs/reference/conformance.md / what each line means"]
    for name, table in tables.items():
        lines.append(f"\n[{name}]")
        lines += [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in table.items()]
    return "\n".join(lines) + "\n"
