# SPDX-License-Identifier: Apache-2.0
"""Write the generated pages of docs/reference from the program itself; ``--check`` fails where a page is not current."""

import argparse
import importlib
import inspect
import json
import pkgutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from click.testing import CliRunner
from pydantic import TypeAdapter

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "docs" / "reference"
NOTE = "<!-- 由 tools/reference.py 生成,请勿手改 · written by tools/reference.py, do not edit -->"


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Yield the lines of a Markdown table."""
    yield "| " + " | ".join(columns) + " |"
    yield "|" + " --- |" * len(columns)
    for row in rows:
        yield "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in row) + " |"


def _validity(rule: Any) -> str:
    """Return the days a rule is in force and the date that decides, or nothing where it always is."""
    if rule.valid_from is None and rule.valid_to is None:
        return ""
    return f"{rule.valid_from or ''}–{rule.valid_to or ''} ({rule.decides})"


def errors_page() -> str:
    """Return errors.md: every error class and every finding code."""
    import gateway
    from gateway.cli.exits import ExitCode
    from gateway.cli.output import exit_code
    from gateway.cli.standard import all_rules
    from gateway.errors import GatewayError
    from gateway.pack import load_pack

    for module in pkgutil.walk_packages(gateway.__path__, "gateway."):
        if not module.name.startswith(("gateway.__main__", "gateway.ledger.migrations")):
            importlib.import_module(module.name)
    coded = {kind.code: kind for kind in (GatewayError, *_below(GatewayError)) if "code" in vars(kind)}
    classes = [coded[code] for code in sorted(coded)]
    leaves = [
        (kind.code, kind.__name__, kind.summary.zh, kind.summary.en, kind.disposition.value, exit_code(kind).value,
         kind.advice.zh, kind.advice.en)
        for kind in classes
    ]  # fmt: skip
    findings = [
        (rule.code, rule.severity.value, rule.message.zh, rule.message.en, rule.hint.zh, rule.hint.en, rule.clause,
         _validity(rule))
        for rule in all_rules(load_pack())
    ]  # fmt: skip
    lines = [
        "# 错误与问题代码 · Errors and finding codes", "", NOTE, "",
        "## 退出码 · Exit codes", "",
        *table(("code", "name"), [(code.value, code.name.lower()) for code in ExitCode]), "",
        "## 错误 · Errors", "",
        "处置 disposition: retry 网关自动重试 · park 该记录停放,其余继续 · halt 停止,等人处理", "",
        *table(("代码", "类", "说明", "English", "处置", "退出码", "建议", "advice"), leaves), "",
        "## 问题 · Findings", "",
        "E 拒收该记录,W 只提示 · E refuses the record, W does not.", "",
        *table(("代码", "级别", "说明", "English", "建议", "advice", "依据", "有效期 · in force"), findings),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _below(kind: type[Any]) -> Iterator[type[Any]]:
    """Yield the error classes below ``kind``."""
    for child in kind.__subclasses__():
        yield child
        yield from _below(child)


def _shell(language: str) -> click.Group:
    from gateway import i18n
    from gateway.cli import shell

    i18n.speak(language)
    return shell


def commands_page() -> str:
    """Return commands.md: the help of every command, as the program prints it."""
    from gateway.cli import COMMANDS

    lines = ["# 命令参考 · Commands", "", NOTE, "", *_help(["--help"])]
    shell = _shell("zh")
    context = click.Context(shell)
    for name in COMMANDS:
        lines += [f"## {name}", "", *_help([name, "--help"])]
        command = shell.get_command(context, name)
        if isinstance(command, click.Group):
            for child in command.commands:
                lines += [f"### {name} {child}", "", *_help([name, child, "--help"])]
    return "\n".join(lines).rstrip() + "\n"


def _help(arguments: list[str]) -> list[str]:
    result = CliRunner().invoke(_shell("zh"), [*arguments, "--lang", "zh"], terminal_width=100)
    if result.exit_code:
        raise RuntimeError(f"{arguments}: {result.output}")
    return ["```", result.stdout.rstrip(), "```", ""]


def configuration_page() -> str:
    """Return configuration.md: every key, and the example that ``gateway init`` writes."""
    from gateway import resources
    from gateway.channels.built_in import OPTIONS
    from gateway.config import json_schema

    places = {
        "gateway": "gateway.yaml",
        "source": "sources.d/NAME.yaml",
        "destination": "destinations.d/NAME.yaml",
    }
    lines = [
        "# 配置参考 · Configuration", "", NOTE, "",
        "密文只写引用:`env:变量名` · `file:文件`(相对配置目录) · `credential:名称`(systemd)。",
        "时长写数字和单位:`500ms` `30s` `15m` `24h` `3d`。编辑器提示用 `gateway config schema`。", "",
    ]  # fmt: skip
    examples = resources.find("example")
    for kind, place in places.items():
        schema = json_schema(kind)
        lines += [f"## {place}", "", *table(("键 key", "类型 type", "必填", "默认 default"), _keys(schema, schema)), ""]
        for example in sorted(examples.glob(place.replace("NAME", "*"))):
            lines += ["```yaml", example.read_text(encoding="utf-8").rstrip(), "```", ""]
    for name, model in OPTIONS.items():
        schema = model.model_json_schema()
        told = " ".join((inspect.getdoc(model) or "").split())
        lines += [f"## options: adapter {name}", "", told, ""]
        lines += [*table(("键 key", "类型 type", "必填", "默认 default"), _keys(schema, schema)), ""]
    return "\n".join(lines).rstrip() + "\n"


def _keys(schema: dict[str, Any], whole: dict[str, Any], above: str = "") -> Iterator[tuple[str, ...]]:
    for key, about in schema.get("properties", {}).items():
        named = about.get("$ref") or next((part["$ref"] for part in about.get("allOf", []) if "$ref" in part), None)
        inner = whole["$defs"][named.rsplit("/", 1)[1]] if named else about
        if inner.get("properties"):
            yield from _keys(inner, whole, f"{above}{key}.")
            continue
        needed = "✓" if key in schema.get("required", []) else ""
        default = _default(about.get("default"))
        yield f"`{above}{key}`", _type(inner), needed, f"`{default}`" if default else ""


def _default(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str) and value.startswith("PT"):
        seconds = int(TypeAdapter(timedelta).validate_python(value).total_seconds())
        return f"{seconds}s"
    return json.dumps(value, ensure_ascii=False)


def _type(about: dict[str, Any]) -> str:
    if "enum" in about:
        return " · ".join(map(str, about["enum"]))
    if "const" in about:
        return str(about["const"])
    if "anyOf" in about:
        return " · ".join(_type(part) for part in about["anyOf"] if part.get("type") != "null")
    if about.get("type") == "array":
        return f"[{_type(about.get('items', {}))}]"
    return str(about.get("type", "object")) + (f" `{about['pattern']}`" if "pattern" in about else "")


def dictionary_pages() -> dict[str, str]:
    """Return the pages of the data dictionary: the front page, one page a record type, the code lists."""
    from gateway.dictionary import pages
    from gateway.pack import load_pack

    pack = load_pack()
    texts = {"README.md": pages.index(pack), "codes.md": pages.codes_page(pack)}
    texts |= {f"{code}.md": pages.page(pack, code) for code in pack.types}
    return {f"dictionary/{name}": text.replace("\n\n", f"\n\n{NOTE}\n\n", 1) for name, text in texts.items()}


def sentences_page() -> str:
    """Return sentences.md: every sentence of the standard and of the law, and what holds it."""
    from gateway.pack import load_pack
    from gateway.rules import Rules

    pack = load_pack()
    rules = Rules(pack).catalogue
    rows = []
    for each in pack.toml("rules/sentences.toml")["sentence"]:
        held = " ".join(f"{code}{'' if rules[code].severity.value == 'E' else '(W)'}" for code in each["rules"])
        because = each.get("because", ("", ""))
        rows.append((each["source"], each["zh"], each["en"], held or "—", *because))
    lines = [
        "# 条文与规则 · Sentences and the rules that hold them", "", NOTE, "",
        "每句话由哪些规则把关;没有规则的,为什么机器判断不了。规则的说明、依据和有效期见 [errors.md](errors.md)。",
        "*Which rules hold each sentence of the standard and of the law; where none can, why. W: a warning only.*", "",
        *table(("来源", "句子", "sentence", "规则 rules", "不能(全部)判断,因为", "not (all) machine-checkable, because"), rows),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


GENERATED = {
    "sentences.md": sentences_page,
    "errors.md": errors_page,
    "commands.md": commands_page,
    "configuration.md": configuration_page,
}


def main() -> int:
    """Write or check the pages; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    checking: bool = parser.parse_args().check
    stale = []
    texts = {name: page() for name, page in GENERATED.items()} | dictionary_pages()
    for name, text in texts.items():
        path = PAGES / name
        if checking and (not path.exists() or path.read_text(encoding="utf-8") != text):
            stale.append(name)
        elif not checking:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    for path in PAGES.glob("dictionary/*"):
        if f"dictionary/{path.name}" not in texts and checking:
            stale.append(f"dictionary/{path.name}")
        elif f"dictionary/{path.name}" not in texts:
            path.unlink()
    for name in stale:
        print(f"docs/reference/{name}: not current, run make docs")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
