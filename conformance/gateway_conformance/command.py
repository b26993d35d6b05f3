# SPDX-License-Identifier: Apache-2.0
"""``gateway conformance``: the command tree; what a command needs is imported when it runs."""

import json
from pathlib import Path
from typing import Any

import click

CLOSED, BAD_DESCRIPTION, UNREACHABLE, SUITE_FAULT = 1, 3, 4, 6
VERDICTS = ("PASS", "FAIL", "WARN", "N/A", "WAIVED", "INCONCLUSIVE", "ERROR", "NOT_RUN")
JSON = click.option("--json", "as_json", is_flag=True, help="JSON 输出 / print JSON")


@click.group(name="conformance")
def command() -> None:
    """一致性测试套件 / conformance suite for department systems."""


@command.command(name="list")
@click.option("--profile", type=click.Choice(["V", "F", "S", "P"]), help="只列此接口形态 / only this profile")
@click.option("--family", help="只列此族,如 SCH / only this family, such as SCH")
@JSON
def list_(profile: str | None, family: str | None, *, as_json: bool) -> None:
    """列出用例与要求 / list the cases and what they ask."""
    from gateway_conformance import registry
    from gateway_conformance.case import implemented

    built = implemented()
    rows = [
        each
        for each in registry.requirements().values()
        if (profile is None or profile in each.profiles) and (family is None or each.family == family.upper())
    ]
    if as_json:
        emit([_listed(each, built.get(each.id, frozenset())) for each in rows])
        return
    for each in rows:
        profiles = "".join(each.profiles)
        click.echo(f"{each.id}\t{each.severity.value}\t{each.status}\t{profiles}\t{each.requirement}")


def _listed(each: Any, built: frozenset[str]) -> dict[str, Any]:
    return {
        "id": each.id,
        "edition": each.edition,
        "profiles": list(each.profiles),
        "severity": each.severity.value,
        "status": each.status,
        "gates": each.gates,
        "source": each.source,
        "requirement": each.requirement,
        "steps": each.steps,
        "passes": each.passes,
        "error": each.error_zh,
        "hint": each.hint_zh,
        "prerequisites": list(each.prerequisites),
        "verbs": list(each.verbs),
        "tested_in": sorted(built),
    }


@command.command()
@JSON
def coverage(*, as_json: bool) -> None:
    """要求的覆盖情况,未测的给出原因 / what is tested, and why the rest is not."""
    from gateway_conformance.registry.coverage import coverage as measure

    found = measure()
    if as_json:
        emit(found)
        return
    click.echo(
        f"标准 edition {found['edition']} · 要求 requirements {found['requirements']} (in force {found['in_force']})"
    )
    click.echo(f"阻断 blockers tested {found['blockers_tested']}/{found['blockers']}")
    for profile, counted in found["profiles"].items():
        click.echo(f"{profile}\t{counted['tested']}/{counted['asked']}")
    for row in found["rows"]:
        if row["not_tested_in"]:
            reason = row["not_tested_reason"]
            click.echo(f"{row['id']}\t{' '.join(row['not_tested_in'])}\t{reason['zh']} / {reason['en']}")


@command.command()
@click.option(
    "--sut", type=click.Path(path_type=Path, dir_okay=False), required=True, help="系统描述 sut.toml / its description"
)
@click.option(
    "--profile", type=click.Choice(["V", "F", "S", "P"]), help="接口形态,默认取 sut.toml 的第一个 / profile to try"
)
@click.option("--only", multiple=True, help="只运行此用例或族(连同前提),可重复 / only these cases or families")
@click.option(
    "--seed", type=click.IntRange(0), default=1, show_default=True, help="次序与取样的种子 / seed of order and samples"
)
@click.option(
    "--time-scale",
    type=click.FloatRange(1),
    default=1.0,
    show_default=True,
    help="等待加快的倍数 / how much faster waits pass",
)
@click.option(
    "--journal",
    type=click.Path(path_type=Path, dir_okay=False),
    help="运行日志,存在则续跑 / journal; goes on where it stands",
)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="写入报告的目录 / directory for the reports"
)
@JSON
def run(
    sut: Path, profile: str | None, only: tuple[str, ...], seed: int, time_scale: float, journal: Path | None,
    out: Path | None, *, as_json: bool,
) -> int:  # fmt: skip
    """对一个系统运行用例,得出门禁结论 / try a system and say whether the gate opens."""
    from gateway_conformance import registry, runner
    from gateway_conformance import sut as descriptions
    from gateway_conformance.journal import OtherRun

    known = registry.requirements()
    chosen = {id_ for id_ in known for wanted in only if id_ == wanted.upper() or id_.startswith(f"{wanted.upper()}-")}
    if only and not chosen:
        raise click.BadParameter("没有这样的用例 / no such case", param_hint="--only")
    options = runner.Options(seed, time_scale, profile, frozenset(chosen) if only else None, journal, click.prompt)
    try:
        result = runner.run(
            descriptions.load(sut), options, lambda outcome: click.echo(f"{outcome.id} {outcome.verdict}", err=True)
        )
    except (descriptions.BadDescription, runner.NoSubject, OtherRun) as error:
        click.echo(str(error), err=True)
        return BAD_DESCRIPTION
    if out is not None:
        from gateway_conformance.reports import write

        write(result, out)
    if as_json:
        emit(result)
    else:
        for line in summary(result):
            click.echo(line)
    return exit_code(result)


@command.command()
@click.option(
    "--quick", is_flag=True, help="每个缺陷只跑其命名用例、前提和 20 个抽样 / killer, its prerequisites and 20 others"
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="种子 / seed")
@click.option("--only", multiple=True, help="只跑这些缺陷或差异,可重复 / only these mutants or twins")
@click.option(
    "--write-faults",
    type=click.Path(path_type=Path, dir_okay=False),
    help="把故障字典写到此文件 / write the fault dictionary",
)
@JSON
def matrix(quick: bool, seed: int, only: tuple[str, ...], write_faults: Path | None, *, as_json: bool) -> int:
    """对每个缺陷和每个正确差异运行套件 / the suite against every mutant and every good twin."""
    from gateway_conformance.matrix import Choice, dictionary
    from gateway_conformance.matrix import matrix as measure

    chosen = frozenset(each.upper() for each in only) or None
    found = measure(
        Choice(quick, seed, chosen), lambda id_, failed: click.echo(f"{id_} {' '.join(failed) or '-'}", err=True)
    )
    if write_faults is not None:
        if quick or only:
            raise click.UsageError("故障字典只能来自完整矩阵 / the dictionary comes from the full matrix only")
        write_faults.write_text(
            json.dumps(dictionary(found), ensure_ascii=False, indent=1, sort_keys=True) + "\n", "utf-8"
        )
    if as_json:
        emit(found)
    else:
        for name in (
            "cases",
            "blockers",
            "blockers_with_mutant",
            "mutants",
            "killed",
            "killed_by_named",
            "unexpected_failures",
            "twins",
            "twins_failed",
        ):
            click.echo(f"{name}\t{found[name]}")
    whole = found["killed"] == found["mutants"] and not found["unexpected_failures"]
    return 0 if whole and not found["twins_failed"] and not found["reference_failed"] else CLOSED


def exit_code(result: dict[str, Any]) -> int:
    """Return 0 where the gate opens, 1 closed, 4 unreachable, 6 the suite's own fault."""
    verdicts = {each["id"]: each["verdict"] for each in result["cases"]}
    if "ERROR" in verdicts.values():
        return SUITE_FAULT
    if verdicts.get("CON-01") == "FAIL":
        return UNREACHABLE
    closed = (
        any(v not in {"PASS", "WARN", "N/A", "WAIVED"} for v in verdicts.values())
        if result["partial"]
        else result["gate"] == "closed"
    )
    return CLOSED if closed else 0


def summary(result: dict[str, Any]) -> list[str]:
    """Return what a person reads: likely causes first, then every case that is not passed."""
    totals = result["totals"]
    counted = " · ".join(f"{name} {totals[name]}" for name in VERDICTS if totals[name])
    lines = [f"门禁 gate: {result['gate']} · {counted}"]
    for cause in result["likely_causes"]:
        lines.append(
            f"最可能的单一原因 likely cause: {cause['cause']} ({cause['mutant']}) · 预计消除 clears {len(cause['clears'])}/{cause['of_failures']}"
        )
    for each in result["cases"]:
        if each["verdict"] in {"PASS", "N/A"}:
            continue
        lines.append(
            f"{each['verdict']} {each['id']} {each['severity']}"
            + (f" {each['reason']['zh']}" if each["reason"] else "")
        )
        lines += [
            f"    {f['code']} {f['message']} {' '.join(f['examples'][:3])}\n    修复 {f['hint']}"
            for f in each["findings"]
        ]
    return lines


def emit(value: object) -> None:
    """Print JSON on stdout."""
    click.echo(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
