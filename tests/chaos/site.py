# SPDX-License-Identifier: Apache-2.0
"""The gateway's configuration for a small city of departments and reference systems."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

GATEWAY = """\
organisation: "{sender}"
name: 检验用网关(虚构站点)
ledger:
  url: {ledger}
trust:
  key: file:{signing_key}
  certificate: {signing_certificate}
run:
  mode: {mode}
  chunk: {chunk}
  linger: 100ms
log:
  format: json
  file: var/gateway.log
"""
DESTINATION = """\
receiver: "{code}"
url: {url}
ca: {ca}
certificate: {client_certificate}
key: {client_key}
receipt_certificate: {receipt_certificate}
"""


def write_gateway(
    folder: Path,
    keys: Mapping[str, Any],
    chunk: int = 500,
    ledger: str = "sqlite:///var/ledger.db",
    mode: str = "embedded",
) -> None:
    """Write ``gateway.yaml``; ``keys`` is what ``gateway reference init`` printed."""
    sender = keys["sender"]
    for name in ("sources.d", "destinations.d", "var"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    paths = {name: path for name, path in sender.items() if name != "code"}
    (folder / "gateway.yaml").write_text(
        GATEWAY.format(sender=sender["code"], chunk=chunk, ledger=ledger, mode=mode, **paths), encoding="utf-8"
    )


def write_destination(folder: Path, keys: Mapping[str, Any], name: str, url: str, terms: Iterable[str] = ()) -> None:
    """Write one destination; ``terms`` are further lines of its file."""
    system, sender = keys["systems"][name], keys["sender"]
    paths = {key: path for key, path in sender.items() if key != "code"}
    text = DESTINATION.format(
        code=system["code"], url=url, ca=keys["ca"], receipt_certificate=system["receipt_certificate"], **paths
    )
    path = folder / "destinations.d" / f"{name}.yaml"
    path.write_text(text + "".join(f"{line}\n" for line in terms), encoding="utf-8")


def write_source(folder: Path, name: str, mapping: str, options: Iterable[str], *lines: str) -> None:
    """Write one source of kind state at L2; ``lines`` replace or add keys of the file."""
    settings = {
        "org": "11360100DEM0001107",
        "acts_for": "all",
        "department": "检验用业务系统(虚构)",
        "kind": "state",
        "level": "L2",
        "adapter": "database",
        "mapping": mapping,
    }
    settings |= {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}
    text = "".join(f"{key}: {value}\n" for key, value in settings.items())
    text += "options:\n" + "".join(f"  {line}\n" for line in options)
    (folder / "sources.d" / f"{name}.yaml").write_text(text, encoding="utf-8")


def permit_sources(folder: Path, databases: Path, overlap: str = "5s") -> None:
    """Write the sources of the departments of ``tests.chaos.departments``."""
    write_source(
        folder, "items", "power-library/items.yaml",
        [f"url: sqlite:///{databases}/staffing.db", "table: SXQD", "row_id: [SXBM]",
         'stamp: {column: GXSJ, format: "%Y-%m-%d %H:%M:%S"}'],
    )  # fmt: skip
    for view in ("applications", "steps", "decisions"):
        write_source(
            folder, f"permits-{view}", f"bright-window-permits/{view}.yaml",
            [f"url: sqlite:///{databases}/construction.db", f"view: {view}", f"overlap: {overlap}"],
            "adapter: bright-window",
        )  # fmt: skip


def penalty_source(folder: Path, databases: Path, overlap: str = "5s") -> None:
    """Write the source of the penalty log."""
    write_source(
        folder, "penalties", "law-desk-penalties/cases.yaml",
        [f"url: sqlite:///{databases}/market.db", f"overlap: {overlap}"],
        "adapter: law-desk",
    )  # fmt: skip
