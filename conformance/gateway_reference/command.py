# SPDX-License-Identifier: Apache-2.0
"""``gateway reference``: make a test city, run its platform or supervision system, look at what they hold."""

import json
from pathlib import Path
from typing import Any

import click

DIRECTORY = click.Path(path_type=Path, file_okay=False)


class Unusable(click.ClickException):
    """The directory or the pack cannot be used (configuration, exit code 3)."""

    exit_code = 3


@click.group(name="reference")
def command() -> None:
    """参考系统:市级平台与电子监察系统 / reference systems: municipal platform and supervision system."""


@command.command()
@click.option("--dir", "directory", type=DIRECTORY, required=True, help="测试城市的目录 / directory of the test city")
@click.option("--sender", help="发送方编码 / party code of the gateway")
@click.option(
    "--system",
    "systems",
    multiple=True,
    metavar="NAME=CODE",
    help="参考系统名=编码,可重复 / a system and its party code (default: municipal, supervision)",
)
@click.option("--organisation", "organisations", multiple=True, help="发送方可代报的机构,默认 * / orgs of the sender")
@click.option("--days", type=click.IntRange(1, 3650), default=90, show_default=True, help="证书有效天数 / validity")
@click.option("--rsa", is_flag=True, help="签名用 RSA-3072 而非 P-256 / the gateway signs with RSA")
@click.option("--renew", is_flag=True, help="已有的也重新生成 / make everything anew")
def init(
    directory: Path,
    sender: str | None,
    systems: tuple[str, ...],
    organisations: tuple[str, ...],
    days: int,
    *,
    rsa: bool,
    renew: bool,
) -> None:
    """生成测试用 CA、证书、密钥与登记文件,打印全部路径 / make keys and registries, print every path as JSON.

    已有同样收发方的城市则原样打印 / a city that exists for the same parties is printed as it is.
    """
    from gateway_reference import pki

    pairs = [system.partition("=") for system in systems]
    if any(not code for _name, _equals, code in pairs):
        raise click.BadParameter("NAME=CODE", param_hint="--system")
    platforms = {name: code for name, _equals, code in pairs} or pki.PLATFORMS
    home, code = directory.resolve(), sender or pki.SENDER
    city = None if renew else pki.existing_city(home, code, platforms)
    _print(
        city or pki.make_city(home, code, platforms, organisations=organisations or ("*",), days=days, rsa_signing=rsa)
    )


@command.command()
@click.option("--dir", "directory", type=DIRECTORY, required=True, help="系统目录 / directory of the system")
@click.option("--json", "as_json", is_flag=True, help="JSON 输出 / print JSON")
def dump(directory: Path, *, as_json: bool) -> None:
    """列出系统所持有的记录,只读其存储 / print what a system holds, from its storage alone."""
    from gateway_reference import holdings

    try:
        held = holdings.dump(directory)
    except holdings.NoStorage as error:
        raise Unusable(str(error)) from error
    if as_json:
        _print(held)
        return
    for record in held["records"]:
        mark = "撤" if record["withdrawn"] else " "
        click.echo(f"{record['order']:>8} {mark} {record['key']} v{record['version']} {record['digest'][:16]}")
    click.echo(
        f"记录 records {len(held['records'])} · 数据包 packages {held['packages']}"
        f" · 重复 duplicates {held['duplicates']}"
    )


def _serve(role: str, **options: Any) -> None:
    """Run one system in the foreground until SIGTERM or SIGINT."""
    from gateway_reference import run
    from gateway_reference.pack import PackMissing
    from gateway_reference.parties import BadDirectory

    try:
        run.serve(run.Settings(role=role, **options))
    except (BadDirectory, PackMissing) as error:
        raise Unusable(str(error)) from error


def _server_options(function: Any) -> Any:
    options = [
        click.option("--dir", "directory", type=DIRECTORY, required=True, help="系统目录 / directory of the system"),
        click.option(
            "--port",
            type=click.IntRange(0, 65535),
            default=0,
            show_default=True,
            help="端口,0 为任意空闲端口 / port, 0 takes a free one",
        ),
        click.option(
            "--ready-file",
            type=click.Path(path_type=Path, dir_okay=False),
            help="就绪后写入地址的文件 / file to write url and pid to when ready",
        ),
        click.option(
            "--kind",
            type=click.Choice(["idempotent", "duplicate-rejecting", "naive"]),
            default="idempotent",
            show_default=True,
            help="对重复记录的处理 / how duplicates are treated",
        ),
        click.option("--pack", type=DIRECTORY, help="标准包目录 / directory of the pack"),
        click.option(
            "--catalogue",
            type=click.Choice(["open", "strict"]),
            default="open",
            show_default=True,
            help="strict:事项须先入库 / strict: items must be held first",
        ),
    ]
    for option in reversed(options):
        function = option(function)
    return function


@command.command()
@_server_options
def platform(**options: Any) -> None:
    """运行市级平台(前台) / run the municipal platform in the foreground."""
    _serve("platform", **options)


@command.command()
@_server_options
def supervision(**options: Any) -> None:
    """运行电子监察系统(前台) / run the supervision system in the foreground."""
    _serve("supervision", **options)


@command.command()
@click.option("--profile", type=click.Choice(["V", "F", "S", "P"]), required=True, help="接口形态 / interface profile")
@click.option("--mutant", help="带一个已知缺陷,如 M042 / with one known defect")
@click.option(
    "--mutant-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="带该文件所定义的一个缺陷 / with the one defect that the file defines",
)
@click.option("--twin", help="带一个正确的差异,如 T02 / with one difference that is right")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="数据种子 / seed of its data")
@click.option(
    "--dir", "directory", type=DIRECTORY, required=True, help="写入 sut.toml 的目录 / where sut.toml is written"
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="端口,0 为任意 / port, 0 for any"
)
@click.option(
    "--ready-file", type=click.Path(path_type=Path, dir_okay=False), help="就绪后写入的文件 / file to write when ready"
)
def department(ready_file: Path | None, **options: Any) -> None:
    """运行参考部门系统(前台),写出 DIR/sut.toml / run a reference department system, writing DIR/sut.toml."""
    from gateway_reference.department import running
    from gateway_reference.pack import PackMissing

    if sum(options[name] is not None for name in ("mutant", "mutant_file", "twin")) > 1:
        raise click.UsageError("--mutant、--mutant-file、--twin 只能给一个 / give only one of them")
    try:
        running.serve(running.Settings(**options), ready_file)
    except (running.Unknown, PackMissing) as error:
        raise Unusable(str(error)) from error


def _print(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=1))
