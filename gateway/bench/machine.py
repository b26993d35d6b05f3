# SPDX-License-Identifier: Apache-2.0
"""What a reader must know of the machine: a figure of the bench means nothing without it."""

import os
import platform
import sqlite3
import ssl
import statistics
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from lxml import etree

from gateway import __version__

_BLOCK = b"\0" * 8192
_SYNCS = 40
_LIBRARIES = ("lxml", "xmlsec", "sqlalchemy", "requests", "xmlschema", "zeep")


def fdatasync_us(directory: Path) -> float:
    """Return the median of making 8 KB durable in ``directory``, in microseconds."""
    path = directory / "fdatasync"
    sync = getattr(os, "fdatasync", os.fsync)
    spent = []
    with path.open("wb", buffering=0) as file:
        for _ in range(_SYNCS):
            begun = time.perf_counter()
            file.write(_BLOCK)
            sync(file.fileno())
            spent.append(time.perf_counter() - begun)
    path.unlink()
    return round(statistics.median(spent) * 1e6, 1)


def versions() -> dict[str, str]:
    """Return the versions of what does the work."""
    return {
        "gateway": __version__,
        "python": platform.python_version(),
        "libxml2": ".".join(map(str, etree.LIBXML_VERSION)),
        "sqlite": sqlite3.sqlite_version,
        "openssl": ssl.OPENSSL_VERSION,
        **{name: version(name) for name in _LIBRARIES},
    }


def describe(directory: Path) -> dict[str, Any]:
    """Return cores, load, system and disk."""
    load = os.getloadavg() if hasattr(os, "getloadavg") else ()
    return {
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cores": os.cpu_count(),
        "load": [round(each, 2) for each in load],
        "fdatasync_us": fdatasync_us(directory),
    }
