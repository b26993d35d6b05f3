# SPDX-License-Identifier: Apache-2.0
"""``gateway bench``: how fast the gateway is on this machine, beside other ways to do the same work."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import click

from gateway.cli.options import json_option
from gateway.cli.output import emit_json, print_table, say
from gateway.i18n import _


@click.command(
    help="""测量本机吞吐:用固定种子生成许可和处罚数据,从数据库采集、映射、校验、入账、签名投递到两个本机接收端、取回执,
    与几种参照实现在同一轮里交替运行。比值只在同一轮内比较;参照实现的定义见 docs/reference/bench.md。"""
)
@click.option("--records", default=10_000, show_default=True, type=click.IntRange(min=100), help="每次运行的记录数")
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(min=1), help="轮数")
@click.option(
    "--reference",
    "references",
    default="ceiling,tree,naive",
    show_default=True,
    metavar="LIST",
    help="参照实现,逗号分隔",
)
@click.option(
    "--memory",
    is_flag=True,
    help="只测内存:十分之一的记录数(至多 10,000)和全部记录数各运行,比较峰值;加 --outage 则有一个目的地停机",
)
@click.option("--outage", is_flag=True, help="只测一个目的地停机:另一个得到多少,停机的恢复后补发多快")
@click.option(
    "--large", is_flag=True, help="只测大台账:按办件号查询和建回放计划的时间;加 --postgresql 则在 PostgreSQL 上再测一次"
)
@click.option("--cluster", is_flag=True, help="只测集群:一个与两个工作进程的吞吐,需要 --postgresql")
@click.option("--validation", is_flag=True, help="只测校验环节:与裸解析加校验之比,全部无误的和百分之一有误的")
@click.option("--postgresql", metavar="URL", help="PostgreSQL 服务器;测速在其上新建自己的数据库,用后删除")
@click.option("--workers", type=click.IntRange(0, 32), metavar="N", help="网关的子进程数(默认与 gateway run 相同)")
@click.option("--seed", default=1, show_default=True, help="随机种子")
@click.option(
    "--workdir", metavar="DIR", help="工作目录,决定测的是哪块磁盘(默认临时目录,用后删除)", type=click.Path(file_okay=False, path_type=Path)
)  # fmt: skip
@json_option
def command(
    records: int, rounds: int, references: str, memory: bool, outage: bool, large: bool, cluster: bool, validation: bool,
    postgresql: str | None, workers: int | None, seed: int, workdir: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Run the contest or the memory check and print the figures."""
    from gateway.app import cores_to_spare
    from gateway.bench import contest, machine, report
    from gateway.clock import SystemClock

    named = _named(references, contest.REFERENCES)
    if cluster and postgresql is None:
        raise click.UsageError(_("--cluster 需要 --postgresql URL"))
    size = (0 if cluster else cores_to_spare()) if workers is None else workers
    with _working_in(workdir) as directory:
        told: dict[str, Any] = {"settings": {"records": records, "rounds": rounds, "seed": seed, "workers": size}}
        told |= {"machine": machine.describe(directory), "versions": machine.versions()}
        if memory:
            from gateway.bench.outage import measure_memory_down

            measure = measure_memory_down if outage else contest.measure_memory
            sizes = (min(10_000, records // 10), records)
            told |= report.memory_report(measure(sizes, directory, SystemClock(), seed, size, _tell))
        elif outage:
            from gateway.bench.outage import measure_outage

            phases = measure_outage(records, rounds, directory, SystemClock(), seed, size, _tell)
            told |= report.outage_report(phases)
        elif large:
            told |= _large(records, directory, seed, postgresql)
        elif validation:
            from gateway.bench.validation import measure_validation

            told |= report.validation_report(
                measure_validation(records, rounds, directory, SystemClock(), seed), records
            )
        elif cluster:
            told |= _cluster(records, rounds, directory, seed, size, str(postgresql))
        else:
            what = contest.Contest(records, rounds, named, seed, size)
            told |= report.report(contest.compete(what, directory, SystemClock(), _tell))
    if as_json:
        emit_json(told)
    else:
        _print_all(told)


def _print_all(told: dict[str, Any]) -> None:
    if "memory" in told:
        _print_memory(told)
    elif "outage" in told:
        _print_outage(told["outage"])
    elif "large" in told:
        _print_large(told["large"])
    elif "cluster" in told:
        _print_cluster(told["cluster"])
    elif "validation" in told:
        _print_validation(told["validation"])
    else:
        _print(told)


def _named(references: str, known: Sequence[str]) -> list[str]:
    named = [name for name in references.split(",") if name]
    unknown = [name for name in named if name not in known]
    if unknown:
        raise click.UsageError(_("没有参照实现 {name};可用:{known}").format(name=unknown[0], known=", ".join(known)))
    return named


def _cluster(
    records: int, rounds: int, directory: Path, seed: int, children: int, postgresql: str
) -> dict[str, Any]:  # fmt: skip
    from gateway.bench.cluster import measure_cluster
    from gateway.bench.report import cluster_report
    from gateway.clock import SystemClock

    return cluster_report(measure_cluster(records, rounds, directory, SystemClock(), seed, children, postgresql, say))


def _large(records: int, directory: Path, seed: int, postgresql: str | None) -> dict[str, Any]:
    from gateway.bench.databases import scratch_database
    from gateway.bench.large import measure_large
    from gateway.bench.report import large_report
    from gateway.clock import SystemClock

    urls = [("sqlite", "sqlite:///ledger.db")]
    with scratch_database(postgresql) if postgresql else nullcontext() as url:
        if url is not None:
            urls.append(("postgresql", url))
        return large_report(measure_large(records, directory, SystemClock(), seed, urls, say))


@contextmanager
def _working_in(workdir: Path | None) -> Iterator[Path]:
    if workdir is None:
        with tempfile.TemporaryDirectory(prefix="gateway-bench-") as made:
            yield Path(made)
    else:
        workdir.mkdir(parents=True, exist_ok=True)
        yield workdir.resolve()


def _tell(place: str, run: Any) -> None:
    say(
        _("{place} {name}: {rate:.0f} 条/秒,CPU {cpu:.0f} 微秒/条,内存 {memory} MB").format(
            place=place, name=run.name, rate=run.rate, cpu=run.cpu_us, memory=run.peak_rss_mb
        )
    )


def _print(told: dict[str, Any]) -> None:
    product = told["product"]
    columns = [_("实现"), _("条/秒"), _("CPU 微秒/条"), _("提交/500 条"), _("TLS 握手"), _("峰值内存 MB"), _("网关与它之比"), _("含规则")]  # fmt: skip
    rows = [_line(_("网关"), product, "", "")]
    for name, each in told["references"].items():
        rows.append(_line(name, each, _spread(each["ratio"]), _spread(each["ratio_with_rules"])))
    print_table(columns, rows, title=_("吞吐(各轮中位数)"))
    print_table([_("阶段"), _("CPU 微秒/条")], sorted(product["stages"].items()), title=_("网关各阶段"))
    if "ceiling" in told["references"]:
        over = told["references"]["ceiling"]["over_bare_validate"]
        click.echo(_("ceiling 是裸解析加校验的 {over} 倍(不得超过 7)").format(over=over))
    click.echo(_("网关的子进程 {workers} 个").format(workers=told["settings"]["workers"]))
    click.echo(_("磁盘 fdatasync 中位数 {us} 微秒").format(us=told["machine"]["fdatasync_us"]))


def _line(name: str, figures: dict[str, Any], ratio: str, with_rules: str) -> list[object]:
    keys = ("records_per_second", "cpu_us_per_record", "commits_per_500", "handshakes", "peak_rss_mb")
    return [name, *(figures[key] for key in keys), ratio, with_rules]


def _spread(ratio: dict[str, float]) -> str:
    return f"{ratio['median']} [{ratio['min']}-{ratio['max']}]"


def _print_outage(outage: dict[str, Any]) -> None:
    rows = [
        [name, outage["records_per_second"][name], outage["peak_rss_mb"][name], ratio]
        for name, ratio in (
            ("normal", ""),
            ("dead", _spread(outage["living_over_normal"])),
            ("drain", _spread(outage["drain_over_normal"])),
        )
    ]
    print_table([_("阶段"), _("条/秒"), _("峰值内存 MB"), _("与平时之比")], rows, title=_("一个目的地停机"))


def _print_large(large: dict[str, Any]) -> None:
    columns = [_("台账"), _("记录数"), _("查询中位数 毫秒"), _("最长 毫秒"), _("计划项数"), _("建计划 秒")]
    rows = [
        [name, each["records"], each["search_ms"]["median"], each["search_ms"]["max"], each["plan"]["items"],
         each["plan"]["seconds"]]
        for name, each in large.items()
    ]  # fmt: skip
    print_table(columns, rows, title=_("大台账"))


def _print_validation(told: dict[str, Any]) -> None:
    spent = told["cpu_us_per_record"]
    rows = [
        [_("裸解析加校验"), spent["bare"], ""],
        [_("校验环节,全部无误"), spent["clean"], _spread(told["clean_over_bare"])],
        [_("校验环节,百分之一有误"), spent["bad"], _spread(told["bad_over_bare"])],
    ]
    print_table([_("阶段"), _("CPU 微秒/条"), _("与裸解析加校验之比")], rows, title=_("校验"))


def _print_cluster(cluster: dict[str, Any]) -> None:
    print_table([_("工作进程"), _("条/秒")], cluster["records_per_second"].items(), title=_("集群"))
    click.echo(_("两个与一个之比 {ratio}").format(ratio=_spread(cluster["two_over_one"])))


def _print_memory(told: dict[str, Any]) -> None:
    memory = told["memory"]
    print_table([_("记录数"), _("峰值内存 MB")], memory["peak_rss_mb"].items(), title=_("内存"))
    click.echo(_("增长 {growth:.1%}").format(growth=memory["growth"]))
