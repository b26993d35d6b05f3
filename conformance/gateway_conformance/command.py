# SPDX-License-Identifier: Apache-2.0
"""``gateway conformance``: the command tree; what a command needs is imported when it runs."""

import json
from typing import Any

import click

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


def emit(value: object) -> None:
    """Print JSON on stdout."""
    click.echo(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
