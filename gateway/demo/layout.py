# SPDX-License-Identifier: Apache-2.0
"""Make the demo's directory: departments, keys, configuration. A directory made before is used as it is."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from gateway.demo.catalogue import CONSTRUCTION, HEALTH, MARKET, STAFFING
from gateway.demo.city import make_city
from gateway.demo.people import Body, body
from gateway.errors import ConfigurationError
from gateway.model.words import Words

CENTRE = body(3, "南昌市信息中心示例")
SYSTEMS = {"municipal": body(4, "市级平台"), "supervision": body(5, "电子监察系统")}
_MARK = "demo.json"


def prepare(directory: Path, seed: int) -> bool:
    """Make the city in ``directory`` and its configuration; return whether it is new.

    Raises ConfigurationError where the directory holds something else, or a city of another seed.
    """
    mark = directory / _MARK
    if mark.is_file():
        made = json.loads(mark.read_text(encoding="utf-8"))["seed"]
        if made != seed:
            raise ConfigurationError(
                f"{directory}: --seed {made}",
                Words("换一个 --dir,或使用原来的 --seed", "use another --dir, or the seed the city was made with"),
            )
        return False
    if directory.exists() and any(directory.iterdir()):
        raise ConfigurationError(
            f"{directory}: 不是演示目录,也不是空目录 / neither a demo city nor empty",
            Words("换一个 --dir,或先清空该目录", "use another --dir, or empty the directory first"),
        )
    city = make_city(directory / "departments", seed)
    keys = _make_keys(directory / "systems")
    _write_site(directory, keys)
    _write_sources(directory)
    told = {"seed": seed, "records": city.records, "refused": city.refused, "doubled": city.doubled}
    mark.write_text(json.dumps(told), encoding="utf-8")
    return True


def write_destinations(directory: Path, addresses: dict[str, str]) -> None:
    """Write the destinations with the addresses that the reference systems have in this run."""
    keys = json.loads((directory / "systems" / "city.json").read_text(encoding="utf-8"))
    for name, url in addresses.items():
        system, sender = keys["systems"][name], keys["sender"]
        _write(
            directory / "destinations.d" / f"{name}.yaml",
            "# gateway demo 每次运行都会改写本文件 / written anew by every gateway demo",
            f"receiver: {system['code']}",
            f"url: {url}",
            f"ca: {keys['ca']}",
            f"certificate: {sender['client_certificate']}",
            f"key: {sender['client_key']}",
            f"receipt_certificate: {system['receipt_certificate']}",
            "behaviour: idempotent",
            "case_order: true",
            "routes: {types: all}",
        )


def _make_keys(directory: Path) -> dict[str, Any]:
    named = [f"--system={name}={system.code}" for name, system in SYSTEMS.items()]
    command = [sys.executable, "-m", "gateway", "reference", "init", "--dir", str(directory)]
    done = subprocess.run(  # noqa: S603 # our own command, in a process because reference systems are no part of us
        [*command, "--sender", CENTRE.code, *named], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ConfigurationError(f"gateway reference init: {done.stderr.strip()[-500:]}")
    keys: dict[str, Any] = json.loads(done.stdout)
    return keys


def _write_site(directory: Path, keys: dict[str, Any]) -> None:
    sender = keys["sender"]
    _write(
        directory / "gateway.yaml",
        "# 演示城市的网关配置,由 gateway demo 生成 / made by gateway demo",
        f"organisation: {CENTRE.code}",
        f"name: {CENTRE.name}数据交换网关",
        "pack: jiangxi-1.0",
        "catalogue: required",
        "ledger:",
        "  url: sqlite:///var/ledger.db",
        "trust:",
        f"  key: file:{_within(directory, sender['signing_key'])}",
        f"  certificate: {_within(directory, sender['signing_certificate'])}",
    )
    (directory / "var").mkdir()


def _write_sources(directory: Path) -> None:
    _source(
        directory, "catalogue", STAFFING, "权力清单库", "database", "power-library/items.yaml",
        ["url: sqlite:///departments/staffing.db", "table: SXQD", "row_id: [SXBM]",
         'stamp: {column: GXSJ, format: "%Y-%m-%d %H:%M:%S"}'],
    )  # fmt: skip
    for name, owner in (("construction", CONSTRUCTION), ("health", HEALTH)):
        for place, view in enumerate(("applications", "steps", "decisions"), 1):
            _source(
                directory, f"{name}-{place}-{view}", owner, "明窗行政审批系统", "bright-window",
                f"bright-window-permits/{view}.yaml", [f"url: sqlite:///departments/{name}.db", f"view: {view}"],
            )  # fmt: skip
    _source(
        directory, "market-penalties", MARKET, "执法通行政处罚系统", "law-desk", "law-desk-penalties/cases.yaml",
        ["url: sqlite:///departments/market.db"],
    )  # fmt: skip


def _source(
    directory: Path, name: str, owner: Body, system: str, adapter: str, mapping: str, options: list[str]
) -> None:
    _write(
        directory / "sources.d" / f"{name}.yaml",
        f"org: {owner.code}",
        *(["acts_for: all"] if owner is STAFFING else []),
        f"department: {owner.name}{system}",
        "kind: state",
        "level: L2",
        f"adapter: {adapter}",
        "options:",
        *[f"  {option}" for option in options],
        f"mapping: {mapping}",
        'schedule: "*/15 * * * *"',
    )


def _within(directory: Path, path: str) -> str:
    return str(Path(path).relative_to(directory.resolve()))


def _write(path: Path, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
