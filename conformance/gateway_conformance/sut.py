# SPDX-License-Identifier: Apache-2.0
"""The system description ``sut.toml``: read whole, every fault named in one pass, secrets by reference only."""

import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

PROFILE_KEYS: Final = {"view": "V", "file": "F", "soap": "S", "push": "P"}
STIMULI: Final = ("hook", "prompt", "observe")
_NEEDED: Final = {
    "system": ("id", "dept", "name", "vendor", "version", "environment"),
    "standard": ("name", "version"),
    "profiles": (),
    "items": ("live",),
}
_OF_PROFILE: Final = {
    "view": ("url",),
    "file": ("directory", "signing_cert"),
    "soap": ("url", "ca"),
    "push": ("listen", "client_cert", "signing_cert"),
}


class BadDescription(Exception):
    """sut.toml cannot be used; ``faults`` says everything that is wrong with it, Chinese and English."""

    def __init__(self, path: Path, faults: list[str]) -> None:
        super().__init__("\n".join(f"{path}: {fault}" for fault in faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Credential:
    """A certificate with its key, as files."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Description:
    """What a vendor says of the system under test; ``tables`` is the file as it stands."""

    path: Path
    tables: dict[str, Any]
    profiles: tuple[str, ...] = field(default=())

    def table(self, name: str) -> dict[str, Any]:
        """Return a table of the file; an absent one is empty."""
        found = self.tables.get(name, {})
        return found if isinstance(found, dict) else {}

    def text(self, table: str, key: str, default: str = "") -> str:
        """Return a value as text."""
        return str(self.table(table).get(key, default))

    def file(self, table: str, key: str) -> Path | None:
        """Return the file that ``file:NAME`` names, relative to sut.toml; None where the key is absent."""
        value = self.table(table).get(key)
        return None if value is None else self.path.parent / str(value).removeprefix("file:")

    def credential(self, table: str, name: str) -> Credential | None:
        """Return the pair ``NAME_cert`` and ``NAME_key``, or None."""
        certificate, key = self.file(table, f"{name}_cert"), self.file(table, f"{name}_key")
        return Credential(certificate, key) if certificate and key else None

    def secret(self, table: str, key: str) -> str | None:
        """Return the secret that ``env:NAME`` or ``file:NAME`` refers to; None where the key or what it names is absent."""
        value = self.table(table).get(key)
        if value is None:
            return None
        if str(value).startswith("env:"):
            return os.environ.get(str(value).removeprefix("env:"))
        path = self.file(table, key)
        return path.read_text("utf-8").strip() if path is not None and path.is_file() else None

    @property
    def live(self) -> tuple[str, ...]:
        """Codes of the items that the system reports."""
        return tuple(self.table("items").get("live", ()))

    def declares(self, ability: str) -> str | None:
        """Return what ``[abilities]`` says of something, as text; None where it says nothing."""
        value = self.table("abilities").get(ability)
        return None if value is None else str(value).lower() if isinstance(value, bool) else str(value)

    def unsupported(self, ability: str) -> bool:
        """Tell whether an ability is declared as not offered."""
        said = self.declares(ability)
        return said is None or said == "false" or said.startswith("unsupported")


def load(path: Path) -> Description:
    """Read and check ``path``; raises BadDescription with every fault."""
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise BadDescription(path, [f"读不到文件 / cannot be read: {error.strerror}"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadDescription(path, [f"不是合法的 TOML / not TOML: {error}"]) from error
    faults = [*_missing(tables), *_wrong(tables), *_absent(tables, path.parent)]
    claimed = tables.get("profiles", {})
    profiles = tuple(code for key, code in PROFILE_KEYS.items() if isinstance(claimed, dict) and claimed.get(key))
    if not faults and not profiles:
        faults.append("[profiles] 至少声明一种接口形态 / claim at least one of view, file, soap, push")
    if faults:
        raise BadDescription(path, faults)
    return Description(path.resolve(), tables, profiles)


def _missing(tables: dict[str, Any]) -> list[str]:
    faults = []
    for table, keys in _NEEDED.items():
        held = tables.get(table)
        if not isinstance(held, dict):
            faults.append(f"缺少 [{table}] 表 / table [{table}] is missing")
            continue
        faults.extend(f"[{table}] 缺少 {key} / {key} is missing" for key in keys if key not in held)
    claimed = tables.get("profiles", {})
    for profile, keys in _OF_PROFILE.items():
        if isinstance(claimed, dict) and claimed.get(profile):
            held = tables.get(profile, {})
            faults.extend(f"[{profile}] 缺少 {key} / {key} is missing" for key in keys if key not in held)
    return faults


def _absent(tables: dict[str, Any], directory: Path) -> list[str]:
    """Name the files that are referred to and are not there."""
    return [
        f"[{table}] {key} 所指的文件不存在 / the file does not exist: {value.removeprefix('file:')}"
        for table, held in tables.items()
        for key, value in (held.items() if isinstance(held, dict) else ())
        if isinstance(value, str)
        and value.startswith("file:")
        and not (directory / value.removeprefix("file:")).exists()
    ]


def _wrong(tables: dict[str, Any]) -> list[str]:
    faults = []
    stimulus = tables.get("stimulus", {})
    mode = stimulus.get("mode", "observe")
    if mode not in STIMULI:
        faults.append(f"[stimulus] mode 只能是 {'、'.join(STIMULI)} / must be one of {', '.join(STIMULI)}")
    if mode == "hook" and urlsplit(str(stimulus.get("hook", ""))).scheme not in {"http", "https"}:
        faults.append("[stimulus] mode=hook 时须给出 hook 地址 / hook needs an http(s) address")
    for table, held in tables.items():
        for key, value in held.items() if isinstance(held, dict) else ():
            secret = any(word in key for word in ("password", "secret", "token"))
            if secret and not str(value).startswith(("env:", "file:")):
                faults.append(
                    f"[{table}] {key} 须写成 env:名称 或 file:文件 / write a reference, never the secret itself"
                )
    if tables.get("system", {}).get("environment") not in {None, "test", "production"}:
        faults.append("[system] environment 只能是 test 或 production / must be test or production")
    return faults
