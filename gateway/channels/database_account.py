# SPDX-License-Identifier: Apache-2.0
"""The account that reads a department's database (只读账号): what it may do beyond reading, and what takes it away.

Told from the grants as the catalogue of each database shows them, never by trying to write. The flag protocol needs
UPDATE of its columns and nothing else; everything beyond that is a finding with the statements that mend it, to be run by
the department's own administrator.
"""

import grp
import os
import pwd
import shlex
import stat
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

from sqlalchemy import Connection

from gateway.channels.database_findings import source_finding
from gateway.channels.database_grants import mysql_rights, oracle_rights, postgresql_rights, sqlserver_rights
from gateway.channels.database_options import DatabaseOptions
from gateway.channels.database_rights import Needed, Right
from gateway.model.finding import Finding, Severity
from gateway.model.words import Words

MOST_RIGHTS: Final = 20
"""Findings that one account gets; the others are counted."""

_READERS: Final[dict[str, Callable[[Connection, Needed], Iterable[Right]]]] = {
    "postgresql": postgresql_rights,
    "kingbase": postgresql_rights,
    "mysql": mysql_rights,
    "mariadb": mysql_rights,
    "oracle": oracle_rights,
    "dm": oracle_rights,
    "mssql": sqlserver_rights,
}


class _Person(NamedTuple):
    uid: int
    groups: frozenset[int]


def account_findings(connection: Connection, options: DatabaseOptions) -> tuple[Finding, ...]:
    """Return a finding for everything the account may do beyond reading; raises what the database raises."""
    name = connection.engine.url.get_backend_name()
    needed = needed_by(options)
    if name == "sqlite":
        path = connection.engine.url.database
        rights = [] if options.flag is not None or path is None else file_rights(Path(path), _ourselves())
    else:
        rights = list(_READERS[name](connection, needed))
    found = [_finding(right) for right in rights[:MOST_RIGHTS]]
    if len(rights) > MOST_RIGHTS:
        left = len(rights) - MOST_RIGHTS
        found.append(source_finding("SRC-014", "", f"… {left} more", severity=Severity.WARNING))
    return tuple(found)


def needed_by(options: DatabaseOptions) -> Needed:
    """Return the tables that a source reads, and the columns that it writes."""
    tables = [options.table] if options.table is not None else []
    if options.changes is not None:
        tables.append(options.changes.table)
    return Needed(tuple(tables), options.flags)


def file_rights(path: Path, person: "_Person") -> list[Right]:
    """Return whether a database file may be written, by its owner and mode; the power of root is not looked at."""
    about = path.stat()
    if about.st_uid == person.uid:
        who, bit = "u", stat.S_IWUSR
    elif about.st_gid in person.groups:
        who, bit = "g", stat.S_IWGRP
    else:
        who, bit = "o", stat.S_IWOTH
    if not about.st_mode & bit:
        return []
    return [
        Right(f"{path.name} {stat.filemode(about.st_mode)} {_owner(about)}", f"chmod {who}-w {shlex.quote(str(path))}")
    ]


def _ourselves() -> _Person:
    return _Person(os.geteuid(), frozenset({os.getegid(), *os.getgroups()}))


def _owner(about: os.stat_result) -> str:
    try:
        return f"{pwd.getpwuid(about.st_uid).pw_name}:{grp.getgrgid(about.st_gid).gr_name}"
    except KeyError:
        return f"{about.st_uid}:{about.st_gid}"


def _finding(right: Right) -> Finding:
    made = source_finding("SRC-014", right.on, right.what, severity=Severity.WARNING)
    return replace(made, hint=Words(f"{made.hint.zh}:{right.mend}", f"{made.hint.en}: {right.mend}"))
