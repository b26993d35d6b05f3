# SPDX-License-Identifier: Apache-2.0
"""The bench's own gateway: throw-away keys, a configuration directory, and the materials that references share."""

from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Final

from gateway.bench.rows import CENTRE, PENALTIES, PERMITS, RECEIVERS, make_source
from gateway.trust.certificates import Authority, make_authority

SOURCE: Final = "source.db"
_SOURCES: Final = {"permits": PERMITS, "penalties": PENALTIES}
_HOST: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Workshop:
    """A directory with keys and mappings; runs of the product and of references live in it."""

    directory: Path

    @property
    def keys(self) -> Path:
        """Where every key and certificate is."""
        return self.directory / "keys"

    def key(self, name: str) -> Path:
        """Return the private key called ``name`` (PEM)."""
        return self.keys / f"{name}.key"

    def certificate(self, name: str) -> Path:
        """Return the certificate called ``name`` (PEM)."""
        return self.keys / f"{name}.pem"


def open_workshop(directory: Path, now: datetime) -> Workshop:
    """Make keys and mappings in ``directory``."""
    workshop = Workshop(directory)
    workshop.keys.mkdir(parents=True, exist_ok=True)
    authority = make_authority("bench authority", now)
    workshop.certificate("authority").write_bytes(authority.certificate)
    _issue(workshop, authority, "gateway-tls", client=True)
    _issue(workshop, authority, "gateway-sign")
    for name in RECEIVERS:
        _issue(workshop, authority, f"{name}-tls", server=True)
        _issue(workshop, authority, f"{name}-sign")
    mappings = directory / "mappings"
    mappings.mkdir(exist_ok=True)
    for source in _SOURCES:
        text = resources.files("gateway.bench").joinpath("mappings", f"{source}.yaml").read_text(encoding="utf-8")
        (mappings / f"{source}.yaml").write_text(text, encoding="utf-8")
    return workshop


def make_rows(workshop: Workshop, name: str, records: int, seed: int) -> Path:
    """Write a department database called ``name`` and return its path."""
    path = workshop.directory / f"{name}.db"
    make_source(path, records, seed)
    return path


def write_configuration(
    workshop: Workshop, name: str, source: Path, addresses: dict[str, str], ledger: str = "sqlite:///ledger.db",
    run: tuple[str, ...] = (),
) -> Path:  # fmt: skip
    """Write a configuration directory called ``name`` over a department database; return it.

    ``run`` are lines of the section of that name.
    """
    root = workshop.directory / name
    _write(
        root / "gateway.yaml",
        f"organisation: {CENTRE.code}",
        "name: 测速网关",
        "pack: jiangxi-1.0",
        "ledger:",
        f"  url: {ledger}",
        "trust:",
        f"  key: file:{workshop.key('gateway-sign')}",
        f"  certificate: {workshop.certificate('gateway-sign')}",
        f"mappings: [{workshop.directory / 'mappings'}]",
        *(("run:", *(f"  {each}" for each in run)) if run else ()),
    )
    for each, table in _SOURCES.items():
        _write(
            root / "sources.d" / f"{each}.yaml",
            f"org: {CENTRE.code}",
            "acts_for: all",
            f"department: 测速示例部门 {table}",
            "kind: state",
            "level: L2",
            "adapter: database",
            "options:",
            f"  url: sqlite:///{source}",
            f"  table: {table}",
            "  row_id: [GCID]",
            '  stamp: {column: GXSJ, format: "%Y-%m-%d %H:%M:%S"}',
            f"mapping: {each}.yaml",
        )
    for each, url in addresses.items():
        _write(
            root / "destinations.d" / f"{each}.yaml",
            f"receiver: {RECEIVERS[each].code}",
            f"url: {url}",
            f"ca: {workshop.certificate('authority')}",
            f"certificate: {workshop.certificate('gateway-tls')}",
            f"key: {workshop.key('gateway-tls')}",
            f"receipt_certificate: {workshop.certificate(f'{each}-sign')}",
            "behaviour: idempotent",
            "case_order: true",
            "statements: false",
            "routes: {types: all}",
        )
    return root


def _issue(workshop: Workshop, authority: Authority, name: str, *, client: bool = False, server: bool = False) -> None:
    pair = authority.issue(name, "bench", hosts=(_HOST,) if server else (), client=client)
    workshop.key(name).write_bytes(pair.key)
    workshop.key(name).chmod(0o600)
    workshop.certificate(name).write_bytes(pair.certificate)


def _write(path: Path, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
