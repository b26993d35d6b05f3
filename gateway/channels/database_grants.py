# SPDX-License-Identifier: Apache-2.0
"""Grants of an account as the catalogues of the databases show them, and which of them go beyond reading.

MySQL and MariaDB: SHOW GRANTS. PostgreSQL and KingbaseES: pg_roles, aclexplode over pg_class, pg_attribute, pg_namespace and
pg_database, owners. Oracle and DM: USER_SYS_PRIVS, ROLE_SYS_PRIVS, USER_TAB_PRIVS_RECD, USER_COL_PRIVS_RECD, ROLE_TAB_PRIVS,
USER_TABLES. SQL Server: sys.database_permissions and the roles that the account is in.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Connection, CursorResult

from gateway.channels.database_rights import Needed, Right

# -- MySQL, MariaDB ----------------------------------------------------------------------------------------------

_MYSQL_WRITES: Final = frozenset(
    {"INSERT", "UPDATE", "DELETE", "DELETE HISTORY", "CREATE", "DROP", "ALTER", "INDEX", "TRIGGER", "CREATE VIEW", "EVENT",
     "CREATE ROUTINE", "ALTER ROUTINE", "CREATE TABLESPACE", "CREATE USER", "CREATE ROLE", "DROP ROLE", "FILE", "SUPER"}
)  # fmt: skip
_GRANT: Final = re.compile(r"GRANT (?P<rights>.+?) ON (?:TABLE )?(?P<on>(?:`(?:[^`]|``)*`|\*)\.(?:`(?:[^`]|``)*`|\*)) TO (?P<who>.+?)"
                           r"(?: IDENTIFIED .*?| REQUIRE .*?)?(?P<option> WITH .*GRANT OPTION.*)?$")  # fmt: skip
_ROLE: Final = re.compile(r"GRANT (?P<role>`(?:[^`]|``)*`(?:@`(?:[^`]|``)*`)?) TO (?P<who>\S+)")
_TICKED: Final = re.compile(r"`((?:[^`]|``)*)`")


def mysql_rights(connection: Connection, needed: Needed) -> list[Right]:
    """Return what ``SHOW GRANTS`` names beyond reading, roles of the account included."""
    here = str(connection.exec_driver_sql("SELECT DATABASE()").scalar() or "")
    own = _shown(connection, "SHOW GRANTS")
    found = {right.mend: right for right in mysql_surplus(own, needed, here)}
    for role in [match["role"] for match in map(_ROLE.match, own) if match]:
        for right in mysql_surplus(_of_role(connection, role), needed, here):
            found.setdefault(right.mend, right._replace(what=f"{right.what} ({role})"))
    return list(found.values())


def _of_role(connection: Connection, role: str) -> list[str]:
    """Return the grants of a role: MariaDB shows them to who has it on only, MySQL to who asks for it."""
    if "MariaDB" not in str(connection.exec_driver_sql("SELECT VERSION()").scalar()):
        return _shown(connection, f"SHOW GRANTS FOR CURRENT_USER() USING {role}")
    before = connection.exec_driver_sql("SELECT CURRENT_ROLE()").scalar()
    _run(connection, f"SET ROLE {role}")
    try:
        return _shown(connection, "SHOW GRANTS FOR CURRENT_ROLE")
    finally:
        _run(connection, f"SET ROLE {'NONE' if before is None else _tick(str(before))}")


def _shown(connection: Connection, statement: str) -> list[str]:
    return [str(row[0]) for row in _run(connection, statement)]


def _run(connection: Connection, statement: str) -> CursorResult[Any]:
    return connection.exec_driver_sql(statement.replace("%", "%%"))  # a role is named with a host, which may be %


def mysql_surplus(grants: Iterable[str], needed: Needed, here: str) -> Iterator[Right]:
    """Read lines of ``SHOW GRANTS``; ``here`` is the database that a bare table name is in."""
    for match in filter(None, map(_GRANT.match, grants)):
        on, who = match["on"], match["who"].strip()
        flagged = _mysql_flagged(on, needed, here)
        given = [(name, columns) for name, columns in _privileges(match["rights"])]
        if any(name.startswith("ALL") for name, _ in given):
            again = f"GRANT SELECT ON {_mysql_tables(needed, here) or on} TO {who}; "
            kept = f"{_mysql_update(needed, here, who)} " if needed.columns else ""
            yield Right(
                f"ALL PRIVILEGES ON {on}", f"REVOKE ALL PRIVILEGES, GRANT OPTION FROM {who}; {again}{kept}".strip(), on
            )
            continue
        surplus = [
            (n, c) for n, c in given if n in _MYSQL_WRITES and not (flagged and n == "UPDATE" and c and c <= flagged)
        ]
        if surplus:
            named = ", ".join(f"{name} ({_ticked(columns)})" if columns else name for name, columns in surplus)
            again = f" {_mysql_update(needed, here, who)}" if any(n == "UPDATE" for n, _ in surplus) and flagged else ""
            yield Right(f"{named} ON {on}", f"REVOKE {named} ON {on} FROM {who};{again}", on)
        if match["option"] and "GRANT OPTION" in match["option"]:
            yield Right(f"GRANT OPTION ON {on}", f"REVOKE GRANT OPTION ON {on} FROM {who};", on)


def _privileges(text: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield name and columns of each privilege of ``SELECT, UPDATE (`A`, `B`)``."""
    for part in re.findall(r"[^,(]+(?:\([^)]*\))?", text):
        name, _, columns = part.partition("(")
        if name.strip():
            yield name.strip().upper(), frozenset(_unticked(columns))


def _mysql_flagged(on: str, needed: Needed, here: str) -> frozenset[str]:
    parts = [*_unticked(on)]
    covers = len(parts) == 2 and needed.may_write(parts[0], parts[1], (here,))
    wider = len(parts) < 2 and bool(needed.columns)
    return frozenset(needed.columns) if covers or wider else frozenset()


def _mysql_table(needed: Needed, here: str) -> str:
    schema, _, name = needed.tables[0].rpartition(".")
    return f"{_tick(schema or here)}.{_tick(name)}"


def _mysql_tables(needed: Needed, here: str) -> str:
    if len(needed.tables) == 1:
        return _mysql_table(needed, here)
    return f"{_tick(here)}.*" if here else ""


def _mysql_update(needed: Needed, here: str, who: str) -> str:
    return f"GRANT UPDATE ({_ticked(needed.columns)}) ON {_mysql_table(needed, here)} TO {who};"


def _tick(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _ticked(names: Iterable[str]) -> str:
    return ", ".join(map(_tick, sorted(names)))


def _unticked(text: str) -> list[str]:
    return [name.replace("``", "`") for name in _TICKED.findall(text)]


# -- PostgreSQL, KingbaseES --------------------------------------------------------------------------------------

_PG_ROLES: Final = """SELECT rolname, rolsuper, rolcreatedb, rolcreaterole, rolname = current_user
  FROM pg_roles WHERE pg_has_role(current_user, oid, 'MEMBER') ORDER BY rolname"""
_PG_OWNER: Final = """SELECT rolname FROM pg_roles WHERE NOT pg_has_role(current_user, oid, 'MEMBER') AND oid IN
  (10, (SELECT datdba FROM pg_database WHERE datname = current_database())) ORDER BY oid DESC LIMIT 1"""
_PG_TABLES: Final = """SELECT n.nspname, c.relname, '' AS columns, coalesce(g.rolname, ''), a.privilege_type
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace CROSS JOIN LATERAL aclexplode(c.relacl) a
  LEFT JOIN pg_roles g ON g.oid = a.grantee
  WHERE c.oid >= 16384 AND (a.grantee = 0 OR pg_has_role(current_user, a.grantee, 'MEMBER')) AND a.grantee <> c.relowner AND c.relkind IN ('r','p','v','m','f') AND a.privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER')
  UNION ALL SELECT n.nspname, c.relname, t.attname, coalesce(g.rolname, ''), a.privilege_type
  FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  CROSS JOIN LATERAL aclexplode(t.attacl) a LEFT JOIN pg_roles g ON g.oid = a.grantee
  WHERE c.oid >= 16384 AND (a.grantee = 0 OR pg_has_role(current_user, a.grantee, 'MEMBER')) AND a.privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER') ORDER BY 1, 2, 4, 5, 3"""
_PG_OWNED: Final = """SELECT n.nspname, c.relname, o.rolname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_roles o ON o.oid = c.relowner
  WHERE c.oid >= 16384 AND c.relkind IN ('r','p','v','m','f') AND pg_has_role(current_user, c.relowner, 'MEMBER') ORDER BY 1, 2"""
_PG_CREATE: Final = """SELECT 'SCHEMA', n.nspname, coalesce(g.rolname, '') FROM pg_namespace n
  CROSS JOIN LATERAL aclexplode(n.nspacl) a LEFT JOIN pg_roles g ON g.oid = a.grantee
  WHERE (n.oid >= 16384 OR n.nspname = 'public') AND substr(n.nspname, 1, 3) <> 'pg_' AND (a.grantee = 0 OR pg_has_role(current_user, a.grantee, 'MEMBER')) AND a.privilege_type = 'CREATE'
  UNION ALL SELECT 'DATABASE', d.datname, coalesce(g.rolname, '') FROM pg_database d
  CROSS JOIN LATERAL aclexplode(d.datacl) a LEFT JOIN pg_roles g ON g.oid = a.grantee
  WHERE d.datname = current_database() AND (a.grantee = 0 OR pg_has_role(current_user, a.grantee, 'MEMBER')) AND a.privilege_type = 'CREATE' ORDER BY 1, 2, 3"""
_PG_POWERS: Final = ("SUPERUSER", "CREATEDB", "CREATEROLE")
_PG_WRITERS: Final = frozenset({"pg_write_all_data", "pg_write_server_files", "pg_execute_server_program"})

# oids from 16384 on are those of what was made after the server was set up (FirstNormalObjectId).
POSTGRESQL_STATEMENTS: Final = (_PG_ROLES, _PG_OWNER, _PG_TABLES, _PG_OWNED, _PG_CREATE)


def postgresql_rights(connection: Connection, needed: Needed) -> list[Right]:
    """Return what roles, owners and access lists allow beyond reading; of a superuser, that it is one."""
    roles = connection.exec_driver_sql(_PG_ROLES).all()
    me = next(str(row[0]) for row in roles if row[4])
    found = []
    for name, *powers, own in roles:
        held = [power for power, has in zip(_PG_POWERS, powers, strict=True) if has]
        if own and held:
            without = " ".join(f"NO{power}" for power in held)
            found.append(Right(" ".join(held), f"ALTER ROLE {_quoted(me)} {without};", me))
        if own and "SUPERUSER" in held:
            return found
        if name in _PG_WRITERS or (held and not own):
            found.append(Right(f"{name} {' '.join(held)}".strip(), f"REVOKE {_quoted(name)} FROM {_quoted(me)};", me))
    owner = str(connection.exec_driver_sql(_PG_OWNER).scalar() or "postgres")
    here = [str(each) for each in connection.exec_driver_sql("SELECT unnest(current_schemas(false))").scalars()]
    for schema, table, role in connection.exec_driver_sql(_PG_OWNED):
        on = _dotted(schema, table)
        found.append(Right(f"OWNER {on} ({role})", f"ALTER TABLE {on} OWNER TO {_quoted(owner)};", on))
    found += _acl_surplus(connection.exec_driver_sql(_PG_TABLES).all(), needed, here)
    for kind, name, grantee in connection.exec_driver_sql(_PG_CREATE):
        on = f"{kind} {_quoted(name)}"
        found.append(Right(f"CREATE ON {on}", f"REVOKE CREATE ON {on} FROM {_grantee(grantee)};", str(name)))
    return found


def _acl_surplus(rows: Sequence[Any], needed: Needed, here: Sequence[str]) -> Iterator[Right]:
    """Gather the privileges of each table and grantee, whole or by column, and leave out what the source needs."""
    given: dict[tuple[str, str, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for schema, table, column, grantee, privilege in rows:
        given[schema, table, grantee][privilege].add(column)
    for (schema, table, grantee), privileges in given.items():
        flagged = set(needed.columns) if needed.may_write(schema, table, here) else set()
        on, who = _dotted(schema, table), _grantee(grantee)
        surplus, again = [], ""
        for privilege, columns in sorted(privileges.items()):
            if privilege == "UPDATE" and flagged and "" in columns:
                again = f" GRANT UPDATE ({', '.join(map(_quoted, sorted(flagged)))}) ON {on} TO {who};"
            beyond = columns - flagged if privilege == "UPDATE" else columns
            if "" in beyond:
                surplus.append(privilege)
            elif beyond:
                surplus.append(f"{privilege} ({', '.join(map(_quoted, sorted(beyond)))})")
        if surplus:
            named = ", ".join(surplus)
            yield Right(f"{named} ON {on} ({who})", f"REVOKE {named} ON {on} FROM {who};{again}", on)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _dotted(schema: str, name: str) -> str:
    return f"{_quoted(schema)}.{_quoted(name)}"


def _grantee(name: str) -> str:
    return _quoted(name) if name else "PUBLIC"


# -- Oracle, DM --------------------------------------------------------------------------------------------------

_ORACLE_SYSTEM: Final = (
    """SELECT PRIVILEGE, '' FROM USER_SYS_PRIVS UNION ALL SELECT PRIVILEGE, ROLE FROM ROLE_SYS_PRIVS"""
)
_ORACLE_OBJECTS: Final = """SELECT OWNER, TABLE_NAME, '' AS COLUMN_NAME, '' AS ROLE, PRIVILEGE FROM USER_TAB_PRIVS_RECD
  WHERE PRIVILEGE IN ('INSERT', 'UPDATE', 'DELETE', 'ALTER', 'INDEX')
  UNION ALL SELECT OWNER, TABLE_NAME, COLUMN_NAME, '', PRIVILEGE FROM USER_COL_PRIVS_RECD WHERE PRIVILEGE IN ('INSERT', 'UPDATE', 'DELETE', 'ALTER', 'INDEX')
  UNION ALL SELECT OWNER, TABLE_NAME, COLUMN_NAME, ROLE, PRIVILEGE FROM ROLE_TAB_PRIVS WHERE PRIVILEGE IN ('INSERT', 'UPDATE', 'DELETE', 'ALTER', 'INDEX')"""
_ORACLE_OWNED: Final = "SELECT TABLE_NAME FROM USER_TABLES ORDER BY TABLE_NAME"
_ORACLE_ME: Final = "SELECT USER FROM DUAL"
_ORACLE_READS: Final = frozenset(
    {"CREATE SESSION", "SELECT ANY TABLE", "READ ANY TABLE", "SELECT ANY DICTIONARY", "ALTER SESSION"}
)

ORACLE_STATEMENTS: Final = (_ORACLE_ME, _ORACLE_SYSTEM, _ORACLE_OBJECTS, _ORACLE_OWNED)


def oracle_rights(connection: Connection, needed: Needed) -> list[Right]:
    """Return system privileges, object privileges and tables of its own that an account has beyond reading."""
    me = str(connection.exec_driver_sql(_ORACLE_ME).scalar())
    found = []
    roles: dict[str, list[str]] = defaultdict(list)
    for privilege, role in connection.exec_driver_sql(_ORACLE_SYSTEM):
        if privilege in _ORACLE_READS:
            continue
        if role:
            roles[role].append(privilege)
        else:
            found.append(Right(privilege, f"REVOKE {privilege} FROM {_quoted(me)};", me))
    for role, privileges in sorted(roles.items()):
        what = f"{role}: {', '.join(sorted(privileges)[:5])}"
        found.append(Right(what, f"REVOKE {_quoted(role)} FROM {_quoted(me)};", me))
    # An empty text is NULL there.
    rows = [tuple("" if cell is None else cell for cell in row) for row in connection.exec_driver_sql(_ORACLE_OBJECTS)]
    found += oracle_surplus(rows, needed, me)
    for (table,) in connection.exec_driver_sql(_ORACLE_OWNED):
        on = _dotted(me, table)
        reader = _quoted(f"{me}_READER")
        mend = (
            f"CREATE USER {reader} IDENTIFIED BY …; GRANT CREATE SESSION TO {reader}; GRANT SELECT ON {on} TO {reader};"
        )
        found.append(Right(f"OWNER {on}", mend, on))
    return found


def oracle_surplus(rows: Iterable[tuple[Any, ...]], needed: Needed, me: str) -> Iterator[Right]:
    """Gather object privileges by table and holder; UPDATE of columns can only be revoked with the whole table's."""
    given: dict[tuple[str, str, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for owner, table, column, role, privilege in rows:
        given[owner, table, role][privilege].add(column)
    for (owner, table, role), privileges in sorted(given.items()):
        flagged = set(needed.columns) if needed.may_write(owner, table, (me,)) or _bare(needed, table) else set()
        surplus = [
            p for p, c in sorted(privileges.items()) if not (p == "UPDATE" and flagged and "" not in c and c <= flagged)
        ]
        if not surplus:
            continue
        on, who = _dotted(owner, table), _quoted(role or me)
        again = ""
        if "UPDATE" in surplus and flagged:
            again = f" GRANT UPDATE ({', '.join(map(_quoted, sorted(flagged)))}) ON {on} TO {who};"
        named = ", ".join(surplus)
        yield Right(f"{named} ON {on} ({role or me})", f"REVOKE {named} ON {on} FROM {who};{again}", on)


def _bare(needed: Needed, table: str) -> bool:
    """Tell whether the flag table is named without its owner, as a synonym would be."""
    return bool(needed.columns) and needed.tables[0] == table


# -- SQL Server --------------------------------------------------------------------------------------------------

_SQLSERVER_ROLES: Final = """WITH held AS (
  SELECT principal_id, name FROM sys.database_principals WHERE name = USER_NAME() OR name = 'public'
  UNION ALL SELECT r.principal_id, r.name FROM held h JOIN sys.database_role_members m ON m.member_principal_id = h.principal_id
  JOIN sys.database_principals r ON r.principal_id = m.role_principal_id)
SELECT DISTINCT name, USER_NAME(), IS_SRVROLEMEMBER('sysadmin'), SUSER_SNAME() FROM held"""
_SQLSERVER_GRANTS: Final = """WITH held AS (
  SELECT principal_id, name FROM sys.database_principals WHERE name = USER_NAME() OR name = 'public'
  UNION ALL SELECT r.principal_id, r.name FROM held h JOIN sys.database_role_members m ON m.member_principal_id = h.principal_id
  JOIN sys.database_principals r ON r.principal_id = m.role_principal_id)
SELECT DISTINCT p.class_desc, COALESCE(SCHEMA_NAME(o.schema_id), s.name, ''), COALESCE(o.name, ''),
  COALESCE(COL_NAME(p.major_id, p.minor_id), ''), h.name, p.permission_name, COALESCE(SCHEMA_NAME(), 'dbo')
FROM sys.database_permissions p JOIN held h ON h.principal_id = p.grantee_principal_id
LEFT JOIN sys.objects o ON p.class = 1 AND o.object_id = p.major_id AND o.is_ms_shipped = 0
LEFT JOIN sys.schemas s ON p.class = 3 AND s.schema_id = p.major_id
WHERE p.state IN ('G', 'W') AND (p.class IN (0, 3) OR o.object_id IS NOT NULL)"""
_SQLSERVER_WRITES: Final = frozenset({"INSERT", "UPDATE", "DELETE", "ALTER", "CONTROL", "TAKE OWNERSHIP"})
_SQLSERVER_WRITERS: Final = frozenset(
    {"db_owner", "db_datawriter", "db_ddladmin", "db_securityadmin", "db_accessadmin"}
)

SQLSERVER_STATEMENTS: Final = (_SQLSERVER_ROLES, _SQLSERVER_GRANTS)


def sqlserver_rights(connection: Connection, needed: Needed) -> list[Right]:
    """Return roles and permissions that an account has beyond reading."""
    roles = connection.exec_driver_sql(_SQLSERVER_ROLES).all()
    me = str(roles[0][1]) if roles else ""
    found = []
    if roles and roles[0][2]:
        login = str(roles[0][3])
        found.append(Right("sysadmin", f"ALTER SERVER ROLE [sysadmin] DROP MEMBER {_bracketed(login)};", login))
    for name in sorted({str(row[0]) for row in roles} & _SQLSERVER_WRITERS):
        found.append(Right(name, f"ALTER ROLE {_bracketed(name)} DROP MEMBER {_bracketed(me)};", me))
    found += sqlserver_surplus([tuple(row) for row in connection.exec_driver_sql(_SQLSERVER_GRANTS)], needed)
    return found


def sqlserver_surplus(rows: Iterable[tuple[Any, ...]], needed: Needed) -> Iterator[Right]:
    """Gather permissions by what they are on and who holds them."""
    given: dict[tuple[str, str, str, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    bare = ""
    for kind, schema, table, column, holder, permission, default in rows:
        bare = default
        if permission in _SQLSERVER_WRITES or permission.startswith(("CREATE ", "ALTER ")):
            given[kind, schema, table, holder][permission].add(column)
    for (_kind, schema, table, holder), permissions in sorted(given.items()):
        flagged = set(needed.columns) if table and needed.may_write(schema, table, (bare,)) else set()
        on = f"{_bracketed(schema)}.{_bracketed(table)}" if table else f"SCHEMA::{_bracketed(schema)}" if schema else ""
        surplus, again = [], ""
        for permission, columns in sorted(permissions.items()):
            if permission == "UPDATE" and flagged and "" in columns:
                again = (
                    f" GRANT UPDATE ({', '.join(map(_bracketed, sorted(flagged)))}) ON {on} TO {_bracketed(holder)};"
                )
            beyond = columns - flagged if permission == "UPDATE" else columns
            if "" in beyond:
                surplus.append(permission)
            elif beyond:
                surplus.append(f"{permission} ({', '.join(map(_bracketed, sorted(beyond)))})")
        if surplus:
            named = ", ".join(surplus)
            where = f" ON {on}" if on else ""
            yield Right(f"{named}{where} ({holder})", f"REVOKE {named}{where} FROM {_bracketed(holder)};{again}", on)


def _bracketed(name: str) -> str:
    return "[" + name.replace("]", "]]") + "]"
