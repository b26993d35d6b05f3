# SPDX-License-Identifier: Apache-2.0
"""``gateway conformance kit | serve``: the vendor's kit, and its local page."""

from pathlib import Path

import click

from gateway_conformance.printing import UNREACHABLE


@click.command()
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="写入的 zip 文件 / zip to write"
)
@click.option(
    "--platform", "platforms", type=click.Choice(["linux", "windows"]), multiple=True,
    help="平台,可重复;默认两者 / platforms, both by default",
)  # fmt: skip
@click.option(
    "--python", type=click.Choice(["3.11", "3.12", "3.13"]), default="3.11", show_default=True,
    help="供应商机器上的 Python / Python of the vendor's machine",
)  # fmt: skip
@click.option(
    "--wheel", type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="本产品的 wheel;在源码目录中运行时自动构建 / our own wheel, built where the source tree runs",
)  # fmt: skip
@click.option(
    "--no-wheels", is_flag=True, help="只要种子数据和指南,不访问软件源 / seed data and guides only, no index asked"
)
@click.option("--dry-run", is_flag=True, help="只列出内容,不写文件 / only list the content")
def kit(
    out: Path, platforms: tuple[str, ...], python: str, wheel: Path | None, *, no_wheels: bool, dry_run: bool
) -> int | None:
    """制作供应商离线套件:安装包、脚本、种子数据、指南 / make the vendor's offline kit in one zip."""
    import io
    import zipfile

    from gateway_conformance.bundle.packing import kit as pack
    from gateway_conformance.bundle.wheels import NotFetched, Target

    target = Target(() if no_wheels else platforms or ("linux", "windows"), python)
    try:
        made = pack(target, wheel, lambda line: click.echo(line, err=True))
    except NotFetched as error:
        click.echo(f"取不到安装包 / wheels cannot be had: {error}", err=True)
        return UNREACHABLE
    if dry_run:
        for name in zipfile.ZipFile(io.BytesIO(made)).namelist():
            click.echo(name)
        return None
    out.write_bytes(made)
    click.echo(f"{out}\t{len(made)}")
    return None


@click.command()
@click.option(
    "--dir", "folder", type=click.Path(path_type=Path, file_okay=False), default="work", show_default=True,
    help="放 sut.toml 和各次运行的目录 / folder of sut.toml and of the runs",
)  # fmt: skip
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="端口,0 为任选 / port, 0 for any"
)
def serve(folder: Path, port: int) -> None:
    """在 127.0.0.1 打开本地页面:运行、看进度、看报告 / the local page: run, watch, open reports."""
    from gateway_conformance.serving.server import listen

    folder.mkdir(parents=True, exist_ok=True)
    with listen(folder.resolve(), port) as address:
        click.echo(f"http://127.0.0.1:{address}/\tCtrl-C 结束 / ends it")
        import threading

        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            click.echo("", err=True)
