# SPDX-License-Identifier: Apache-2.0
"""Making a department with at most one defect or difference, writing its sut.toml, running it as a process."""

import json
import os
import runpy
import signal
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gateway_reference import pki
from gateway_reference.department import keys as keyring
from gateway_reference.department import life, mutants, pushing_twins
from gateway_reference.department.driving import Driver
from gateway_reference.department.keys import Keys
from gateway_reference.department.listening import PATH, Running
from gateway_reference.pack import Pack, find
from gateway_reference.signing import Signer

PROFILES: Final = {"S": "offering", "P": "pushed", "F": "dropped", "V": "viewing"}
"""Module of this package that offers each profile: DEPARTMENT and DRIVER (their classes), start, tables, ready."""


class Unknown(Exception):
    """There is no such mutant, twin or profile, or the mutant file defines no usable class."""


@dataclass(frozen=True)
class Settings:
    """What department to run."""

    profile: str
    directory: Path
    seed: int = 1
    port: int = 0
    mutant: str | None = None
    mutant_file: Path | None = None
    twin: str | None = None


def build(settings: Settings, keys: Keys | None = None) -> Running:
    """Start a department; raises Unknown or PackMissing."""
    if settings.profile not in PROFILES:
        raise Unknown(
            f"尚无接口形态 {settings.profile} 的参考系统 / no reference system of profile {settings.profile} yet"
        )
    settings.directory.mkdir(parents=True, exist_ok=True)
    keys = keys or keyring.make(settings.directory)
    parts = _parts(settings)
    offer: Any = import_module(f"gateway_reference.department.{PROFILES[settings.profile]}")
    department_class: Any = type("Departed", (*(p for p in parts if not issubclass(p, Driver)), offer.DEPARTMENT), {})
    driver_class: Any = type("Driven", (*(p for p in parts if issubclass(p, Driver)), offer.DRIVER), {})
    pack = Pack(find())
    signer = Signer(
        load_pem_private_key(keys.file("system").with_suffix(".key").read_bytes(), None), _certificate(keys, "system")
    )
    department = department_class(pack, settings.seed, signer, _certificate(keys, "receipts"), pki.SENDER)
    running: Running = offer.start(department, driver_class(department), keys, settings)
    describe(running, offer.tables(running, keys), settings.directory)
    return running


def _parts(settings: Settings) -> list[type]:
    if settings.mutant is not None:
        found = mutants.load().get(settings.mutant)
        if found is None or settings.profile not in found.profiles:
            raise Unknown(f"没有此缺陷 / no such mutant of profile {settings.profile}: {settings.mutant}")
        return list(found.parts[settings.profile])
    if settings.twin is not None:
        twin = pushing_twins.load().get(settings.twin)
        if twin is None or settings.profile not in twin.profiles:
            raise Unknown(f"没有此差异 / no such twin of profile {settings.profile}: {settings.twin}")
        return list(twin.parts[settings.profile])
    return [] if settings.mutant_file is None else [_from_file(settings.mutant_file)]


def _from_file(path: Path) -> type:
    """Return the one class that a mutant file defines: seams of Department, or (a subclass of Driver) of Driver."""
    held = runpy.run_path(str(path))
    classes = [each for each in held.values() if isinstance(each, type) and each.__module__ == "<run_path>"]
    if len(classes) != 1:
        raise Unknown(f"{path}: 应恰好定义一个类 / exactly one class must be defined, not {len(classes)}")
    return classes[0]


def _certificate(keys: Keys, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(keys.file(name).read_bytes())


def describe(running: Running, tables: dict[str, dict[str, Any]], directory: Path) -> None:
    """Write sut.toml and the approved catalogue; ``tables`` are those of the profile."""
    department = running.department
    further = getattr(department, "catalogue", None)
    listed = life.catalogue(department.pack.root)
    (directory / "catalogue.xml").write_text(further(listed) if further else listed, "utf-8")
    told: dict[str, dict[str, Any]] = {
        "system": {
            "id": "360100-CKJ-01", "dept": life.ORGANISATION, "name": f"{life.NAME}参考系统", "vendor": "参考实现",
            "version": "1.0.0", "build_sha256": "0" * 64, "environment": "test",
        },
        "standard": {"name": "JX-XZQL", "version": department.pack.version, "codelists": department.pack.code_list_version},
        **tables,
        "items": {"live": life.items(department.pack.root), "catalogue": "file:catalogue.xml"},
        "abilities": {"key_list": True, "attachments": "inline", "encoding": "UTF-8", **tables.get("abilities", {})},
        "stimulus": {"mode": "hook", "hook": running.hook.url},
        "limits": {"requests": 20000},
    }  # fmt: skip
    adjust = getattr(department, "descriptor", None)
    (directory / "sut.toml").write_text(_toml(adjust(told) if adjust else told), "utf-8")


def _toml(tables: dict[str, dict[str, Any]]) -> str:
    lines = ["# 参考部门系统的自述,自动生成 / description of a reference department, generated"]
    for name, table in tables.items():
        lines.append(f"\n[{name}]")
        lines.extend(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in table.items())
    return "\n".join(lines) + "\n"


def serve(settings: Settings, ready_file: Path | None) -> None:
    """Run until SIGTERM or SIGINT; raises what build raises."""
    running = build(settings)
    # No event: set() in a handler takes the lock that the wait() it interrupts may hold.
    stop: SimpleQueue[int] = SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda told, _frame: stop.put(told))
    if ready_file is not None:
        ready = {
            **running.ready(), "hook": running.hook.url, "pid": os.getpid(), "profile": settings.profile, "sut": str((settings.directory / "sut.toml").resolve()),
        }  # fmt: skip
        draft = ready_file.with_name(f"{ready_file.name}.{os.getpid()}")
        draft.write_text(json.dumps(ready, ensure_ascii=False), "utf-8")
        draft.replace(ready_file)
    stop.get()
    running.close()


__all__ = ["PATH", "Settings", "Unknown", "build", "serve"]
