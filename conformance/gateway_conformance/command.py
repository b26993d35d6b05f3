# SPDX-License-Identifier: Apache-2.0
"""``gateway conformance``: the command tree; what a command needs is imported when it runs."""

import json
from pathlib import Path
from typing import Any

import click

from gateway_conformance.attestation.command import revoke, sign, trust, verify
from gateway_conformance.bundle.command import kit, serve
from gateway_conformance.printing import BAD_DESCRIPTION, CLOSED, JSON, SUITE_FAULT, UNREACHABLE, VERDICTS, emit


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
        emit([_listed(each, built.get(each.id, frozenset()), profile) for each in rows])
        return
    for each in rows:
        profiles = "".join(each.profiles)
        click.echo(f"{each.id}\t{each.severity.value}\t{each.status}\t{profiles}\t{each.requirement_zh}")


def _listed(each: Any, built: frozenset[str], profile: str | None) -> dict[str, Any]:
    return {
        "id": each.id,
        "edition": each.edition,
        "profiles": list(each.profiles),
        "severity": each.severity.value,
        "status": each.status,
        "gates": each.gates,
        "source": each.source,
        "requirement": each.requirement,
        "requirement_zh": each.requirement_zh,
        "steps": each.steps,
        "steps_zh": each.steps_zh,
        "passes": each.passes,
        "passes_zh": each.passes_zh,
        "error": each.error_zh,
        "hint": each.hint_zh,
        "prerequisites": list(each.prerequisites),
        "verbs": list(each.verbs_in(profile) if profile else each.verbs),
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
    options = runner.Options(
        seed, time_scale, profile, frozenset(chosen) if only else None, journal, click.prompt,
        lambda note: click.echo(note, err=True),
    )  # fmt: skip
    try:
        result, evidence = runner.run_with_evidence(
            descriptions.load(sut), options, lambda outcome: click.echo(f"{outcome.id} {outcome.verdict}", err=True)
        )
    except (descriptions.BadDescription, runner.NoSubject, OtherRun) as error:
        click.echo(str(error), err=True)
        return BAD_DESCRIPTION
    if out is not None:
        from gateway_conformance.reports import write

        write(result, out, evidence)
    if as_json:
        emit(result)
    else:
        for line in summary(result):
            click.echo(line)
    return exit_code(result)


@command.command()
@click.argument("code")
@JSON
def explain(code: str, *, as_json: bool) -> int | None:
    """离线手册:一个问题编码(如 E-INC-03a)或用例 / the handbook page of a finding code or a case."""
    from gateway_conformance.handbook import entry

    found = entry(code)
    if found is None:
        raise click.UsageError(f"没有这样的用例或问题编码 / no such case or code: {code}")
    if as_json:
        emit(found)
        return None
    click.echo(
        f"{found['id']} {found['family']['zh']} / {found['family']['en']} · {found['severity']} · {found['source']}"
    )
    for label, name in (
        ("要求", "requirement_zh"),
        ("怎么测", "steps_zh"),
        ("通过条件", "passes_zh"),
        ("报错", "error"),
        ("修复", "hint"),
    ):
        click.echo(f"{label}\t{found[name]}")
    click.echo(f"English\t{found['requirement']} · {found['steps']} · {found['passes']}")
    for label, name in (
        ("hook 动作", "verbs"),
        ("前提用例", "prerequisites"),
        ("常见缺陷", "known_defects"),
        ("校验编码", "validator_codes"),
    ):
        if found[name]:
            click.echo(f"{label}\t{'; '.join(found[name])}")
    for label, name in (("正例", "good"), ("反例", "bad")):
        if found["samples"][name]:
            click.echo(f"{label}\t{' '.join(found['samples'][name])}")
    for note in found["notes"]:
        click.echo(f"{note['system']}\t{note['note']}")
    return None


@command.command()
@click.argument("result", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="写入目录 / directory to write to"
)
@click.option("--dry-run", is_flag=True, help="只列出将写的文件 / only list what would be written")
def report(result: Path, out: Path, *, dry_run: bool) -> None:
    """由 result.json 生成 HTML、JUnit、CSV / make every report from a result.json."""
    from gateway_conformance import reports

    try:
        held = json.loads(result.read_bytes())
        made = reports.files(held)
    except (ValueError, KeyError, TypeError) as error:
        raise click.ClickException(f"不是 result.json / not a result.json: {error}") from error
    if not dry_run:
        reports.write(held, out)
    for name, content in made.items():
        click.echo(f"{out / name}\t{len(content)}")


@command.command()
@click.option(
    "--quick", is_flag=True, help="每个缺陷只跑其命名用例、前提和 20 个抽样 / killer, its prerequisites and 20 others"
)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="种子 / seed")
@click.option("--only", multiple=True, help="只跑这些缺陷或差异,可重复 / only these mutants or twins")
@click.option("--profile", "profiles", multiple=True, help="只跑这些接口形态,可重复 / only these profiles")
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="同时运行的系统数 / departments that run at once",
)
@click.option(
    "--merge",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="未跑的取自此矩阵 / what is not run is taken from this matrix",
)
@click.option(
    "--write-faults",
    type=click.Path(path_type=Path, dir_okay=False),
    help="把故障字典写到此文件 / write the fault dictionary",
)
@JSON
def matrix(
    quick: bool,
    seed: int,
    only: tuple[str, ...],
    profiles: tuple[str, ...],
    jobs: int,
    merge: Path | None,
    write_faults: Path | None,
    *,
    as_json: bool,
) -> int:
    """对每个缺陷和每个正确差异运行套件 / the suite against every mutant and every good twin."""
    from gateway_conformance.case import BUILT
    from gateway_conformance.matrix import Choice, dictionary
    from gateway_conformance.matrix import matrix as measure

    chosen = frozenset(each.upper() for each in only) or None
    found = measure(
        Choice(
            quick,
            seed,
            chosen,
            profiles=profiles or BUILT,
            jobs=jobs,
            held=json.loads(merge.read_bytes()) if merge else {},
        ),
        lambda id_, failed: click.echo(f"{id_} {' '.join(failed) or '-'}", err=True),
    )
    if write_faults is not None:
        if (quick or only or profiles) and merge is None:
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
    from gateway_conformance.verdict import OPEN

    verdicts = {each["id"]: each["verdict"] for each in result["cases"]}
    if "ERROR" in verdicts.values():
        return SUITE_FAULT
    if verdicts.get("CON-01") == "FAIL":
        return UNREACHABLE
    closed = any(v not in OPEN for v in verdicts.values()) if result["partial"] else result["gate"] == "closed"
    return CLOSED if closed else 0


def summary(result: dict[str, Any]) -> list[str]:
    """Return what a person reads: likely causes first, then every case that is not passed."""
    totals = result["totals"]
    counted = " · ".join(f"{name} {totals[name]}" for name in VERDICTS if totals[name])
    lines = [f"门禁 gate: {result['gate']} · {counted}"]
    for cause in result["likely_causes"]:
        lines.append(
            f"最可能的单一原因 likely cause: {cause['cause_zh']} / {cause['cause']} ({cause['mutant']}) · 预计消除 clears {len(cause['clears'])}/{cause['of_failures']}"
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


@command.command()
@click.option(
    "--sut",
    type=click.Path(path_type=Path, dir_okay=False),
    default="sut.toml",
    show_default=True,
    help="写入的文件 / file to write",
)
@click.option("--profile", help="接口形态,不写则询问 / its profile; asked for where it is not given")
@click.option("--force", is_flag=True, help="覆盖已有的文件 / overwrite")
@click.option("--dry-run", is_flag=True, help="只显示 / only show")
def init(sut: Path, profile: str | None, *, force: bool, dry_run: bool) -> None:
    """问几个问题,写出 sut.toml / ask some questions and write a sut.toml."""
    from gateway_conformance.kit import PROFILES, description, questions

    if sut.exists() and not force and not dry_run:
        raise click.UsageError(f"{sut} 已存在,加 --force 覆盖 / exists; --force overwrites it")
    able = click.Choice(PROFILES, case_sensitive=False)
    if profile is None:
        chosen = click.prompt("接口形态 / profile", default=PROFILES[0], type=able, err=True)
    else:
        chosen = able.convert(profile, None, None)
    answers = {name: click.prompt(text, default=default, err=True) for name, text, default in questions(chosen)}
    made = description(chosen, answers)
    if dry_run:
        click.echo(made, nl=False)
    else:
        sut.write_text(made, "utf-8")
        click.echo(f"{sut}: 下一步 / next: gateway conformance doctor --sut {sut}", err=True)


@command.command()
@click.option(
    "--sut",
    type=click.Path(path_type=Path, dir_okay=False),
    default="sut.toml",
    show_default=True,
    help="系统描述 / its description",
)
@click.option(
    "--profile", type=click.Choice(["V", "F", "S", "P"]), help="接口形态,默认取 sut.toml 的第一个 / profile to look at"
)
@JSON
def doctor(sut: Path, profile: str | None, *, as_json: bool) -> int:
    """只查连通、证书、版本和时钟 / look at connection, certificate, version and clock only."""
    from gateway_conformance import runner
    from gateway_conformance import sut as descriptions
    from gateway_conformance.kit import BASICS

    try:
        described = descriptions.load(sut)
        chosen = profile or described.profiles[0]
        options = runner.Options(
            profile=chosen, only=BASICS.get(chosen, BASICS["S"]), note=lambda note: click.echo(note, err=True)
        )
        result = runner.run(described, options)
    except (descriptions.BadDescription, runner.NoSubject) as error:
        click.echo(str(error), err=True)
        return BAD_DESCRIPTION
    if as_json:
        emit(result)
    else:
        for line in summary(result)[1:] or [
            "连通、证书、版本和时钟均正常 / connection, certificate, version and clock are right"
        ]:
            click.echo(line)
    return exit_code(result)


@command.command()
@click.argument("before", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("after", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@JSON
def diff(before: Path, after: Path, *, as_json: bool) -> int:
    """比较两次运行的判定 / compare the verdicts of two runs: 1 when something got worse."""
    from gateway_conformance.verdict import OPEN

    verdicts = [
        {case["id"]: case["verdict"] for case in json.loads(path.read_bytes())["cases"]} for path in (before, after)
    ]
    changed = [
        {"id": id_, "before": verdicts[0].get(id_), "after": verdicts[1].get(id_)}
        for id_ in sorted({*verdicts[0], *verdicts[1]})
        if verdicts[0].get(id_) != verdicts[1].get(id_)
    ]
    if as_json:
        emit(changed)
    else:
        for each in changed:
            click.echo(f"{each['id']}\t{each['before'] or '-'}\t{each['after'] or '-'}")
    return CLOSED if any(each["before"] in OPEN and each["after"] not in OPEN for each in changed) else 0


for _further in (sign, trust, verify, revoke, kit, serve):
    command.add_command(_further)
