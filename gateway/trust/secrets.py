# SPDX-License-Identifier: Apache-2.0
"""Secrets stand outside the configuration: it holds references only, and a reference never shows what it points at.

``env:NAME`` an environment variable · ``file:PATH`` a file, relative to the configuration directory · ``credential:NAME``
a credential of the systemd unit (``LoadCredential=``).
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from gateway.errors import ConfigurationError

_REFERENCE = re.compile(r"(env|file|credential):(.+)")


@dataclass(frozen=True, slots=True)
class Secret:
    """A reference to a secret, resolved only when it is asked for; raises ValueError for text that is no reference."""

    reference: str
    root: Path

    def __post_init__(self) -> None:
        if not _REFERENCE.fullmatch(self.reference):
            raise ValueError(
                "密文不能写在配置里;应写 env:变量名、file:文件 或 credential:名称 / "
                "a secret must not stand here; write env:NAME, file:PATH or credential:NAME"
            )

    @property
    def path(self) -> Path | None:
        """The file that holds the secret, or None for an environment variable."""
        kind, name = self._parts()
        if kind == "file":
            return self.root / name
        if kind == "credential":
            return Path(os.environ.get("CREDENTIALS_DIRECTORY", "/run/credentials")) / name
        return None

    def there(self) -> bool:
        """Tell whether the secret can be had now."""
        path = self.path
        return path.is_file() if path else bool(os.environ.get(self._parts()[1]))

    def reveal_bytes(self) -> bytes:
        """Return the secret as bytes (keys in PEM); raises ConfigurationError when it is not there."""
        path = self.path
        try:
            return path.read_bytes() if path else os.environ[self._parts()[1]].encode()
        except (KeyError, OSError) as fault:
            raise ConfigurationError(f"{self.reference}: {type(fault).__name__}") from fault

    def reveal(self) -> str:
        """Return the secret as text without the line end (UTF-8); raises ConfigurationError when it is not there."""
        return self.reveal_bytes().decode("utf-8").strip()

    def _parts(self) -> tuple[str, str]:
        kind, _, name = self.reference.partition(":")
        return kind, name


def is_reference(text: str) -> bool:
    """Tell whether ``text`` is written as a reference."""
    return bool(_REFERENCE.fullmatch(text))
