# SPDX-License-Identifier: Apache-2.0
"""A real MariaDB server for tests, on a private port, socket and data directory."""

import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pymysql

from gateway.clock import SystemClock

_PLACES = ("/usr/sbin/mariadbd", "/usr/libexec/mariadbd", "/usr/local/sbin/mariadbd", "/usr/sbin/mysqld")
_SCRIPTS = ("/usr/share/mysql/mysql_system_tables.sql", "/usr/share/mariadb/mariadb_system_tables.sql")
_SECONDS = 30.0


class MariaDb:
    """A running server; ``stop`` and ``start`` keep its data, port and socket."""

    def __init__(self, program: str, directory: Path) -> None:
        self._program = program
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        self.port = _free_port()

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of a database; the account is ``root`` without a password, on loopback only."""
        return f"mariadb+pymysql://root@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str, database: str | None = None) -> None:
        """Run one statement as the owner of the data."""
        connection = pymysql.connect(
            host="127.0.0.1", port=self.port, user="root", database=database, charset="utf8mb4", autocommit=True
        )
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)

    def mind_grants(self) -> None:
        """Look at accounts and grants from now on; ``root`` on loopback may still do everything."""
        connection = pymysql.connect(host="127.0.0.1", port=self.port, user="root", autocommit=True)
        with connection, connection.cursor() as cursor:
            cursor.execute("FLUSH PRIVILEGES")
            cursor.execute("CREATE USER root@'127.0.0.1'")
            cursor.execute("GRANT ALL PRIVILEGES ON *.* TO root@'127.0.0.1' WITH GRANT OPTION")

    def start(self) -> None:
        """Start the server and wait until it answers; raises RuntimeError when it does not in 30 s."""
        log = self._directory / "server.log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 # the server's own program, found by full path
                [
                    self._program,
                    "--no-defaults",
                    *_account(),
                    f"--datadir={self._directory / 'data'}",
                    f"--socket={self._directory / 's'}",
                    f"--port={self.port}",
                    "--bind-address=127.0.0.1",
                    f"--pid-file={self._directory / 'pid'}",
                    "--skip-grant-tables",
                    "--skip-name-resolve",
                    "--innodb-buffer-pool-size=16M",
                    "--innodb-flush-log-at-trx-commit=0",
                    "--character-set-server=utf8mb4",
                ],
                stdout=output,
                stderr=output,
            )
        clock = SystemClock()
        end = clock.monotonic() + _SECONDS
        while clock.monotonic() < end and self._process.poll() is None:
            with suppress(pymysql.err.OperationalError):
                self.execute("SELECT 1")
                return
            # The wait for a process's exit doubles as a pause between two tries.
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(0.1)
        self.stop()
        raise RuntimeError(f"MariaDB did not start: {log.read_text(errors='replace')[-2000:]}")

    def kill(self) -> None:
        """End the server at once, as a crash looks to its clients."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """Stop the server in order and wait for its end; after 20 s end it at once."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None


def find_mariadb() -> str | None:
    """Return the server program of this machine, None where there is none."""
    return next((place for place in _PLACES if Path(place).is_file()), None) or shutil.which("mariadbd")


@contextmanager
def mariadb(directory: Path | None = None, *, grants: bool = False) -> Iterator[MariaDb]:
    """Run a fresh server; its data go when it ends. Raises RuntimeError where the program is missing.

    ``grants`` sets up the grant tables, so that accounts and their rights are those of a real installation.
    """
    program = find_mariadb()
    if program is None:
        raise RuntimeError("mariadbd not found; on Debian: apt-get install mariadb-server-core")
    # A socket path has at most 107 bytes: pytest's own directories are often too deep.
    with tempfile.TemporaryDirectory(prefix="mdb", dir=directory) as made:
        place = Path(made)
        (place / "data").mkdir()
        if grants:
            _make_grant_tables(program, place / "data")
        server = MariaDb(program, place)
        server.start()
        if grants:
            server.mind_grants()
        try:
            yield server
        finally:
            # Its data go with it: there is nothing to write out in order.
            server.kill()


def _make_grant_tables(program: str, data: Path) -> None:
    """Set up the tables of accounts and grants by the server's own script."""
    script = next((Path(place) for place in _SCRIPTS if Path(place).is_file()), None)
    if script is None:
        raise RuntimeError("mysql_system_tables.sql not found; on Debian: apt-get install mariadb-server-core")
    statements = "CREATE DATABASE mysql;\nUSE mysql;\n" + script.read_text("utf-8")
    subprocess.run(  # noqa: S603 # the server's own program, found by full path
        [program, "--no-defaults", *_account(), "--bootstrap", f"--datadir={data}"],
        input=statements.encode(), check=True, capture_output=True,
    )  # fmt: skip


def _account() -> list[str]:
    import os

    return ["--user=root"] if os.geteuid() == 0 else []


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
