# SPDX-License-Identifier: Apache-2.0
"""CON, SEC, SCH-14, CLK-01 and REC-03 for profile V: exchange views on a front-end database, read with a read-only account."""

import re
import stat
import time
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from gateway.trust.masking import mask_text
from gateway_conformance.bench import Bench
from gateway_conformance.case import case
from gateway_conformance.cases.connection import LEAST, OFFSET, SLOWEST, one_supported, same_after_cuts
from gateway_conformance.cases.view_columns import compare
from gateway_conformance.subjects.rows import BEIJING
from gateway_conformance.subjects.subject import Unanswered
from gateway_conformance.subjects.view import SERVICE, View, ViewSubject
from gateway_conformance.verdict import Inconclusive

SECRET: Final = re.compile(r"pass(word|wd)?|pwd|secret|token", re.IGNORECASE)
WRONG: Final = "no-such-password"
NOBODY: Final = "no_such_account"
"""An account that is not there: where anybody may come in without a name, it may."""
WRITES: Final = frozenset(
    {"INSERT", "UPDATE", "DELETE", "TRUNCATE", "ALL", "ALL PRIVILEGES", "ALTER", "DROP", "CREATE", "CONTROL"}
)
_GRANTS: Final = {
    "postgresql": "SELECT table_name, privilege_type FROM information_schema.role_table_grants "
                  "WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND grantee IN (current_user, 'PUBLIC')",
    "mysql": "SHOW GRANTS",
    "oracle": "SELECT table_name, privilege FROM user_tab_privs_recd",
    "mssql": "SELECT entity_name, permission_name FROM fn_my_permissions(NULL, 'DATABASE')",
}  # fmt: skip
"""How each database tells what the account may do."""


def views(bench: Bench) -> ViewSubject:
    """Return the subject of profile V."""
    if not isinstance(bench.subject, ViewSubject):
        raise TypeError("profile V has a ViewSubject")
    return bench.subject


@case("CON-01", "V")
def reachable(bench: Bench) -> None:
    """The declared database takes a connection at the first or second try."""
    subject = views(bench)
    why: str | None = None
    for attempt in range(3):
        bench.examined()
        why = subject.reachable()
        if why is None:
            if attempt == 2:
                bench.fail("b", "第三次才连上", "only the third try connected")
            return
        bench.clock.wait(0.2)
    bench.fail("a", f"连接不上:{why}", f"cannot be reached: {why}", place="[view] url")


@case("CON-02", "V")
def as_described(bench: Bench) -> None:
    """The views that are declared are there, with what every reader needs; the organisation is the declared one."""
    subject = views(bench)
    held = subject.catalogue()
    for name in (
        *SERVICE[:2],
        *(SERVICE[2:] if not bench.description.unsupported("key_list") else ()),
        *subject.types(),
    ):
        bench.examined()
        if subject.named(name) not in held:
            bench.fail("a", f"声明与实际不符:声明有视图 {name},实际没有", f"the view {name} is declared, the database has none",
                       place=subject.named(name))  # fmt: skip
        elif name not in SERVICE and subject.stamp not in held[subject.named(name)].columns:
            bench.fail(
                "c",
                f"视图 {name} 没有变更时间列 {subject.stamp}",
                f"the view {name} has no column {subject.stamp}",
                place=name,
            )
    organisations = {str(row.get("ZZJGDM") or "").strip() for row in subject.rows_of("V_VER")}
    if bench.description.text("system", "dept") not in organisations:
        bench.fail("b", "声明的单位代码与 V_VER 所答不符", "the declared organisation is not the one that V_VER names",
                   received=sorted(organisations))  # fmt: skip


@case("CON-04", "V")
def version_supported(bench: Bench) -> None:
    """V_VER announces a version of the standard that this suite supports."""
    one_supported(bench, [str(row.get("BZBB") or "").strip() for row in views(bench).rows_of("V_VER")])


@case("CON-06", "V")
def answers_in_time(bench: Bench) -> None:
    """The smallest and the largest window of every view are answered within 30 s."""
    subject = views(bench)
    for size in (1, subject.page_size):
        for type_ in subject.types():
            bench.examined()
            begun = time.monotonic()
            try:
                subject.page(types=[type_], size=size)
            except Unanswered as silence:
                bench.fail(
                    "b",
                    f"{type_} 没有应答:{silence.reason.zh}",
                    f"{type_}: no answer: {silence.reason.en}",
                    place=type_,
                )
                return
            taken = time.monotonic() - begun
            if taken > max(bench.clock.bound(SLOWEST), LEAST):
                bench.fail(
                    "a",
                    f"视图 {type_} 查询超时",
                    f"the view {type_} is not answered in time",
                    place=type_,
                    expected="≤ 30 s",
                )
                return


@case("CON-08", "V")
def whole_after_a_cut(bench: Bench) -> None:
    """Connections cut in the middle of a result leave no lock and no half result."""
    subject = views(bench)
    types = subject.types()[:3]
    same_after_cuts(bench, lambda: len(subject.page(types=types).records), lambda: subject.abandon_page(types))


@case("CLK-01", "V")
def clock_agrees(bench: Bench) -> None:
    """The database's clock, as V_VER tells it, is within 5 s of the bench's."""
    subject = views(bench)
    begun = bench.clock.now()
    rows = subject.rows_of("V_VER")
    middle = begun + (bench.clock.now() - begun) / 2
    for row in rows:
        bench.examined()
        told = row.get("FWQSJ")
        try:
            moment = told if isinstance(told, datetime) else datetime.fromisoformat(str(told))
        except ValueError:
            bench.fail(
                "a", f"V_VER.FWQSJ 不是时刻:{told}", "V_VER.FWQSJ is no moment", place="V_VER.FWQSJ", received=told
            )
            return
        local = moment if moment.tzinfo else moment.replace(tzinfo=BEIJING)
        offset = (local - middle).total_seconds()
        if abs(offset) > OFFSET + 1:  # a column may have whole seconds
            bench.fail("a", f"时钟偏差 {offset:.0f} 秒", f"the clock is off by {offset:.0f} s", place="V_VER.FWQSJ",
                       expected="≤ 5 s", received=f"{offset:.0f} s")  # fmt: skip
            return


@case("SEC-03", "V")
def nothing_without_credentials(bench: Bench) -> None:
    """Without a password, and with a wrong one, nothing is given; a database that is a file is not for everybody to read."""
    subject = views(bench)
    url = subject.url
    if url.get_backend_name() == "sqlite":
        path = Path(str(url.database or "").removeprefix("file:").partition("?")[0])
        bench.examined()
        if path.is_file() and path.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
            bench.fail("a", "数据库文件对所有用户可读", "the file of the database can be read by everybody", place=path.name,
                       expected="640", received=oct(path.stat().st_mode & 0o777)[2:])  # fmt: skip
        return
    for kind, other in (
        ("无口令", _as(url, url.username)), ("错误口令", url.set(password=WRONG)), ("匿名", _as(url, NOBODY)),
    ):  # fmt: skip
        bench.examined()
        engine = subject.open(other)
        try:
            with engine.connect() as connection:
                connection.execute(sa.text("SELECT 1 FROM DUAL" if url.get_backend_name() == "oracle" else "SELECT 1"))
        except (sa.exc.SQLAlchemyError, OSError):
            continue
        finally:
            engine.dispose()
        bench.fail("a", f"{kind}也能登录", "one can log in without the right password", place=kind)


def _as(url: sa.URL, account: str | None) -> sa.URL:
    """Return the address for an account without a password."""
    return sa.URL.create(
        url.drivername, username=account, host=url.host, port=url.port, database=url.database, query=url.query
    )


@case("SEC-07", "V")
def read_only(bench: Bench) -> None:
    """The catalogue lists no right to write, and INSERT, UPDATE and DELETE that touch nothing are refused; rolled back."""
    subject = views(bench)
    names = [subject.named(name) for name in (*subject.types(), *SERVICE)]
    found = [view for name, view in subject.catalogue().items() if name in names]
    for view in sorted(found, key=lambda each: (not each.is_table, each.name))[:20]:
        for verb, statement in _attempts(subject, view):
            bench.examined()
            if _allowed(subject, statement):
                bench.fail("a", f"账号可执行 {verb}", f"the account may {verb}", place=view.name)
                return
    for name, right in _granted(subject):
        bench.examined()
        bench.fail("b", f"账号有 {right} 权限", f"the account has the right to {right}", place=name)
        return


def _attempts(subject: ViewSubject, view: View) -> list[tuple[str, Any]]:
    columns: list[Any] = [sa.column(own) for own, _type in view.columns.values()]
    table = sa.table(view.name, *columns, schema=subject.schema)
    never = sa.literal_column("1") == sa.literal_column("0")
    first = columns[0]
    return [
        ("UPDATE", sa.update(table).values({first: first}).where(never)),
        ("DELETE", sa.delete(table).where(never)),
        ("INSERT", sa.insert(table).from_select([first.name], sa.select(first).select_from(table).where(never))),
    ]


def _allowed(subject: ViewSubject, statement: Any) -> bool:
    """Tell whether a statement that touches nothing is let through; whatever happens is rolled back."""
    with subject.connect() as connection:
        try:
            connection.execute(statement)
        except (sa.exc.SQLAlchemyError, OSError):
            return False
        finally:
            connection.rollback()
    return True


def _granted(subject: ViewSubject) -> list[tuple[str, str]]:
    """Return object and right where the catalogue lists a right to write; not every database tells."""
    query = _GRANTS.get(subject.engine.dialect.name)
    if query is None:
        return []
    try:
        rows = [tuple(str(value) for value in row.values()) for row in subject.ask(sa.text(query))]
    except Unanswered:
        return []
    found = []
    for row in rows:
        if len(row) == 1:  # MySQL: one sentence a grant
            said, _, place = row[0].upper().removeprefix("GRANT ").partition(" ON ")
            found += [(place[:80], each.strip()) for each in re.sub(r"\([^)]*\)", "", said).split(",")]
        else:
            found.append((row[0], row[1].upper()))
    return [
        (name, right) for name, right in found if right in WRITES or right.startswith(("CREATE ", "ALTER ", "DROP "))
    ]


@case("SEC-08", "V")
def exchange_views_only(bench: Bench) -> None:
    """The account sees the exchange views and nothing else; a table that the vendor names cannot be read."""
    subject = views(bench)
    known = {subject.named(name) for name in SERVICE}
    for type_ in subject.judge_of.pack.types:
        known |= {subject.named(layout.name) for layout in subject.layouts(type_)}
    held = subject.catalogue()
    bench.examined(len(held))
    others = sorted(view.name for name, view in held.items() if name not in known)
    if others:
        bench.fail("a", f"账号能看到 {others[0]}", f"the account sees {others[0]}", place=others[0], examples=others)
    for name in bench.description.table("view").get("forbidden", ()):
        bench.examined()
        try:
            subject.ask(sa.select(sa.literal(1)).select_from(_table(str(name))).limit(1))
        except Unanswered:
            continue
        bench.fail("b", f"账号能读 {name}", f"the account can read {name}", place=name)


def _table(name: str) -> Any:
    schema, _, bare = name.rpartition(".")
    return sa.table(bare, schema=schema or None)


@case("SEC-10", "V")
def no_secrets_in_the_open(bench: Bench) -> None:
    """No secret stands in the address, no identity number in the name of a view, none of both in what a fault says."""
    subject = views(bench)
    url = subject.description.text("view", "url")
    parsed = sa.make_url(url)
    bench.examined()
    if parsed.password is not None or any(SECRET.search(name) for name in parsed.query):
        bench.fail("a", "数据库地址中出现口令", "a password stands in the address of the database", place="[view] url")
    for name, view in subject.catalogue().items():
        bench.examined()
        if mask_text(name) != name or any(mask_text(column) != column for column in view.columns):
            bench.fail(
                "b",
                "视图名或列名中出现证件号码",
                "an identity number stands in the name of a view or column",
                place=mask_text(name),
            )


@case("SCH-14", "V")
def columns_fit(bench: Bench) -> None:
    """Name, type and length of every column are those of the dictionary; wider is a warning, more columns are welcome."""
    subject = views(bench)
    held = subject.catalogue()
    for type_ in subject.types():
        for layout in subject.layouts(type_):
            view = held.get(subject.named(layout.name))
            if view is None:
                if layout.parent is not None:
                    bench.examined()
                    bench.fail("c", f"缺少视图 {layout.name}", f"the view {layout.name} is missing", place=layout.name)
                continue
            bench.examined(len(layout.columns))
            compare(bench, layout, view, subject.engine.dialect.name)


@case("REC-03", "V")
def zero_day(bench: Bench) -> None:
    """Every day that V_COUNT spans and that has no cases stands in it with a row that counts nothing."""
    subject = views(bench)
    told: dict[str, int] = {}
    for row in subject.rows_of("V_COUNT"):
        day = str(row.get("RQ") or "")[:10]
        told[day] = told.get(day, 0) + int(row.get("JLS") or 0)
    ours = {record.day for record in subject.current()}
    spanned = sorted(day for day in told if re.fullmatch(r"\d{4}-\d\d-\d\d", day))
    if not spanned:
        raise Inconclusive("V_COUNT 没有数据", "V_COUNT is empty")
    first, last = date.fromisoformat(spanned[0]), min(date.fromisoformat(spanned[-1]), bench.clock.now().date())
    days = [(first + timedelta(days=number)).isoformat() for number in range((last - first).days + 1)]
    empty = [day for day in days if day not in ours]
    bench.examined(len(empty))
    silent = [day for day in empty if day not in told]
    if silent:
        bench.fail("a", f"{silent[0]} 无零报告", f"no zero report for {silent[0]}", place=silent[0], examples=silent)
    wrong = [day for day in empty if told.get(day)]
    if wrong:
        bench.fail(
            "b", f"{wrong[0]} 没有办件,却报了数", f"{wrong[0]} has no cases but counts", place=wrong[0], examples=wrong
        )
