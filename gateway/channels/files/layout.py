# SPDX-License-Identifier: Apache-2.0
"""Layout of files as an interface: how they are written, and the columns of one that was seen (the go-live lock, the suite)."""

from collections.abc import Iterable, Sequence
from typing import Final

from gateway.channels.files.options import FileOptions
from gateway.semantics.interface import Interface, of_layout

_WRITTEN: Final = (
    "format", "encoding", "sheet", "skip", "header", "columns", "widths", "footer", "merged", "continued", "row_path", "carry",
    "ready", "sequence",
)  # fmt: skip
"""Options that say how a file is written; those that say what the gateway does with it are none of the interface."""


def package_layout(ready: str, certificates: Iterable[str], version: str | None = None) -> Interface:
    """Return the interface of package files: how they are complete, SHA-256 (hex, DER) of who may sign them, the standard's version.

    ``version`` None: it is not known before a package is read.
    """
    return of_layout({"format": "package", "ready": ready, "certificates": sorted(certificates), "version": version})


def layout_of(options: FileOptions, certificate: str | None, columns: Sequence[str] | None) -> Interface:
    """Return the interface of a drop: its layout, the columns of a file seen.

    ``certificate`` is SHA-256 (hex) of the one (PEM) that signs its manifests.
    """
    declared: dict[str, object] = {name: getattr(options, name) for name in _WRITTEN}
    declared = {name: list(value) if isinstance(value, tuple) else value for name, value in declared.items()}
    declared["certificate"] = certificate
    return of_layout(declared, None if columns is None else sorted(columns))
