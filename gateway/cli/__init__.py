# SPDX-License-Identifier: Apache-2.0
"""The command line: a table of commands, each loaded only when it is called.

A command module exposes ``command`` (click). It prints data on stdout and talk on stderr through
``gateway.cli.output``, raises ``gateway.errors`` leaves for what it expects to go wrong, and returns an exit code
(``gateway.cli.exits``) or None for 0. Help texts are Chinese; the shell turns them into English where asked for.
"""

import importlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final, Never

import click

from gateway import __version__, i18n
from gateway.cli.exits import ExitCode
from gateway.i18n import _

COMMANDS: Final = {
    "init": "新建一个带示例的配置目录",
    "config": "检查配置,输出配置的 JSON Schema",
    "run": "启动网关:按计划采集、投递、取回执、对账",
    "worker": "启动一个集群工作进程(台账在 PostgreSQL 上)",
    "sync": "立即采集并投递一个数据源",
    "validate": "按省级标准校验文件",
    "standard": "查看标准包:记录类型、元素、代码表、规则",
    "mapping": "试用和检验映射",
    "records": "查询记录,解释某条记录的来历和去向",
    "hosted": "代建部门:填报模板、上传、结果",
    "intake": "收报服务:报送方、缺号、维护时暂停",
    "status": "查看数据源、目的地和积压情况",
    "source": "暂停、恢复数据源,移交业务主键",
    "destination": "目的地的健康状况;暂停、恢复、排空",
    "reconcile": "与目的地对账",
    "backfill": "补采历史:按时间段切片,可暂停、续采",
    "failures": "失败按原因归组,重发、跳过、搁置、指派",
    "replay": "回放计划:先计数、再确认,可暂停、续跑、终止",
    "ledger": "台账:备份、恢复、清理、保全",
    "users": "登记能够操作的人员和角色",
    "approvals": "需要两人的操作:查看、批准、驳回",
    "audit": "查看和核验操作审计",
    "doctor": "体检:环境、台账、证书、数据源和目的地",
    "demo": "在本机运行演示城市",
    "conformance": "一致性测试套件:用例、运行、报告、证明",
    "reference": "运行参考系统(部门系统、市级平台、监察系统)",
    "bench": "测量吞吐并与参照实现对比",
}
"""Name and Chinese one-liner of every command, in the order of the help page."""

ELSEWHERE: Final = frozenset({"conformance", "reference"})
"""Commands that other packages bring by the entry point group ``gateway.commands``; their texts hold both languages."""


TEXTS: Final = ("help", "short_help", "epilog", "metavar")
"""Attributes of commands, options and arguments that a reader sees."""


class Shell(click.Group):
    """The command tree: knows names and one-liners, loads a command only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load the command ``cmd_name`` in the language in use, or return None when there is no such command."""
        if cmd_name not in COMMANDS:
            return None
        command = _load(cmd_name)
        _translate(command, _half if cmd_name in ELSEWHERE else _)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Print the table without loading anything."""
        with formatter.section(_("命令")):
            formatter.write_dl([(name, _(line)) for name, line in COMMANDS.items()])

    def main(self, args: Sequence[str] | None = None, *_rest: Any, **_extra: Any) -> Any:
        """Run the command line and end the process with its exit code."""
        given, chosen = _take_language(list(sys.argv[1:] if args is None else args))
        i18n.speak(chosen or i18n.choose(os.environ), asked=chosen is not None or i18n.names_one(os.environ))
        _translate(self, _)
        sys.exit(self._run(given))

    def _run(self, args: list[str]) -> int:
        try:
            # not click's own main: it ends with 1 where the reader of a pipe has gone
            self._main_shell_completion({}, "gateway")
            with self.make_context("gateway", args) as context:
                returned = self.invoke(context)
        except click.exceptions.Exit as ended:
            return ended.exit_code
        except (click.exceptions.Abort, EOFError, KeyboardInterrupt):
            click.echo(_("已中断"), err=True)
            return ExitCode.INTERRUPTED
        except click.ClickException as fault:
            fault.show()
            return fault.exit_code
        except BrokenPipeError:  # the reader (head, less) has gone: not a fault of ours
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return ExitCode.OK
        except Exception as fault:
            from gateway.cli.output import explain

            code = explain(fault)
            if code is None:
                raise
            return code
        return int(returned) if isinstance(returned, int) else ExitCode.OK


def _load(name: str) -> click.Command:
    if name in ELSEWHERE:
        return _load_elsewhere(name)
    module = f"gateway.cli.{name}"
    try:
        loaded = importlib.import_module(module)
    except ModuleNotFoundError as missing:
        if missing.name != module:
            raise
        raise click.UsageError(_("此版本没有安装命令 {name}").format(name=name)) from missing
    command: click.Command = loaded.command
    return command


def _load_elsewhere(name: str) -> click.Command:
    from importlib.metadata import entry_points

    for entry in entry_points(group="gateway.commands", name=name):
        command: click.Command = entry.load()
        return command
    raise click.UsageError(_("此版本没有安装命令 {name}").format(name=name))


def _half(text: str) -> str:
    """Return the half of ``中文 / English`` that is in the language in use, paragraph by paragraph."""
    paragraphs = [paragraph.partition(" / ") for paragraph in text.split("\n\n")]
    english = i18n.language() == "en"
    return "\n\n".join((right or left) if english else left for left, _slash, right in paragraphs)


def _translate(command: click.Command, spoken: Callable[[str], str]) -> None:
    """Put help texts into the language in use; the original is kept beside them."""
    command._help_option = None  # click keeps the option with its text of the language before
    holders: list[Any] = [command, *command.params]
    for holder in holders:
        if isinstance(holder, click.Option) and isinstance(holder.type, click.Path):
            holder.metavar = holder.metavar or _path_metavar(holder.type)
        for field in TEXTS:
            original = holder.__dict__.setdefault(f"_original_{field}", holder.__dict__.get(field))
            if original:
                setattr(holder, field, spoken(original.strip()))
    if isinstance(command, click.Group):
        for child in command.commands.values():
            _translate(child, spoken)


def _path_metavar(kind: click.Path) -> str:
    """Name a path the same in both languages: click would keep its word of the language the command was loaded in."""
    return "PATH" if kind.file_okay and kind.dir_okay else "FILE" if kind.file_okay else "DIR"


def _take_language(args: list[str]) -> tuple[list[str], str | None]:
    """Take ``--lang`` out of ``args``, wherever it stands before a ``--``; the last one wins."""
    rest: list[str] = []
    chosen = None
    at = 0
    while at < len(args):
        name, equals, value = args[at].partition("=")
        if name == "--":
            break
        if name != "--lang":
            rest.append(args[at])
        else:
            if not equals:
                at += 1
                value = args[at] if at < len(args) else ""
            chosen = _checked_language(value)
        at += 1
    return rest + args[at:], chosen


def _checked_language(value: str) -> str:
    if value not in i18n.LANGUAGES:
        click.echo(_("--lang 只能是 zh 或 en,而不是 {value!r}").format(value=value), err=True)
        sys.exit(ExitCode.USAGE)
    return value


def _show_version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        click.echo(f"gateway {__version__}")
        ctx.exit()


@click.group(
    cls=Shell,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="行政权力网上公开透明运行数据交换网关:采集、映射、校验、签名投递、取回执、对账。",
    epilog="退出码:0 成功 · 1 有问题或失败的记录 · 2 用法 · 3 配置 · 4 对方不可达 · 5 被安全闸门拒绝 · 130 中断",
)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="显示版本号")
@click.option("--lang", type=click.Choice(i18n.LANGUAGES), expose_value=False, help="界面语言,可写在任何位置(默认 zh)")
def shell() -> None:
    """Hold the options that every command shares."""


def main() -> Never:
    """Run the command line of this process."""
    shell.main()
    raise AssertionError  # Shell.main has ended the process
