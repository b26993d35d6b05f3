# SPDX-License-Identifier: Apache-2.0
"""Profile V: a reader of the exchange views on a department's front-end database, by SQLAlchemy, with a read-only account."""

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

from gateway.channels.catalogue_shape import catalogue_columns, relations_interface
from gateway.channels.database_drivers import DRIVERS, how_to_install
from gateway.dictionary import Layout, layouts
from gateway.documents import safexml
from gateway.documents.faults import RefusedDocument
from gateway.model.record import record_id
from gateway.model.record_type import Role
from gateway.model.words import Words
from gateway.semantics.interface import Interface
from gateway.trust.masking import mask_text
from gateway_conformance.capture import Capture, CapturedRecord, Judge
from gateway_conformance.clock import ScaledClock
from gateway_conformance.evidence import Evidence
from gateway_conformance.subjects.rows import BEIJING, Records
from gateway_conformance.subjects.subject import Counted, Unanswered
from gateway_conformance.sut import Description
from gateway_conformance.verdict import OverBudget

STAMP: Final = "CHG_TIME"
SERVICE: Final = ("V_VER", "V_COUNT", "V_KEYS")
PAGE: Final = 1000
CHUNK: Final = 200
REQUESTS: Final = 20_000
SECONDS: Final = 30
EARLIEST: Final = datetime.fromisoformat("0001-01-01T00:00:00")  # local time without zone, as the views have it


@dataclass(frozen=True, slots=True)
class View:
    """A view as the database's catalogue has it: its own name, and name and type of each column by upper-case name."""

    name: str
    columns: Mapping[str, tuple[str, Any]]
    nullable: Mapping[str, bool]
    is_table: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows as records; ``cursor`` is the place behind the last of them."""

    records: list[CapturedRecord]
    cursor: str | None
    more: bool


class ViewSubject:
    """The views as sut.toml describes them."""

    def __init__(
        self, description: Description, clock: ScaledClock, judge: Judge, _stimulus: object = None,
        _note: Callable[[str], None] | None = None,
    ) -> None:  # fmt: skip
        self.description = description
        self.evidence = Evidence()
        self.judge_of, self._clock = judge, clock
        self.page_size = PAGE
        self.held: dict[str, CapturedRecord] = {}
        self._left = int(description.table("limits").get("requests", REQUESTS))
        self._marks: dict[str, Any] = {}
        self._read = False
        self._capture: Capture | None = None
        self._driven = False
        self._catalogue: dict[str, View] | None = None
        self._records: dict[str, Records] = {}
        self._layouts: dict[str, tuple[Layout, ...]] = {}

    # the database -------------------------------------------------------------------------------------------------

    @property
    def url(self) -> URL:
        """The address with the password that sut.toml refers to; raises Unanswered where it is no address."""
        try:
            url = make_url(self.description.text("view", "url"))
        except (sa.exc.ArgumentError, ValueError) as error:
            raise Unanswered("[view] url 不是数据库地址", "[view] url is no address of a database") from error
        driver = DRIVERS.get(url.get_backend_name())
        if driver is not None and "+" not in url.drivername:
            url = url.set(drivername=driver.url)
        if url.get_backend_name() == "sqlite" and url.database and not url.database.startswith(("/", "file:", ":")):
            url = url.set(database=str(self.description.path.parent / url.database))
        if "password" not in self.description.table("view"):
            return url
        secret = self.description.secret("view", "password")
        if secret is None:
            raise Unanswered("[view] password 所指的环境变量没有设置", "what [view] password refers to is not set")
        return url.set(password=secret)

    @cached_property
    def engine(self) -> sa.Engine:
        """The engine; raises Unanswered where its driver is not installed."""
        return self.open(self.url, keeps=True)

    def open(self, url: URL, *, keeps: bool = False) -> sa.Engine:
        """Return an engine that ``keeps`` a connection for the next question, or none."""
        limits = {"sqlite": {"timeout": SECONDS}, "postgresql": {"connect_timeout": 5}, "mysql": {"connect_timeout": 5}}
        try:
            return sa.create_engine(
                url,
                poolclass=sa.QueuePool if keeps else sa.NullPool,
                connect_args=limits.get(url.get_backend_name(), {}),
                hide_parameters=True,
            )
        except ImportError as error:
            driver = DRIVERS.get(url.get_backend_name())
            how = how_to_install(driver) if driver else Words("", "")
            raise Unanswered(
                f"缺少数据库驱动 {error.name}:{how.zh}", f"the driver {error.name} is missing: {how.en}"
            ) from error
        except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError) as error:
            known = "、".join(sorted(DRIVERS))
            raise Unanswered(
                f"不认识这种数据库:{url.get_backend_name()};认识 {known}",
                f"this kind of database is not known: {url.get_backend_name()}; known are {', '.join(sorted(DRIVERS))}",
            ) from error

    def connect(self) -> sa.Connection:
        """Open a connection of its own; raises Unanswered."""
        try:
            return self.engine.connect()
        except (sa.exc.SQLAlchemyError, OSError) as error:
            raise self._unanswered("连接", error) from error

    def _unanswered(self, what: str, error: Exception) -> Unanswered:
        why = mask_text(str(getattr(error, "orig", None) or error).strip())[:200]
        return Unanswered(f"{what}失败:{why}", f"{what}: {why}")

    @property
    def schema(self) -> str | None:
        """The schema that the views stand in; None is the account's own."""
        return self.description.text("view", "schema") or None

    def reachable(self) -> str | None:
        """Open a connection and ask the catalogue; returns why that cannot be done, or None."""
        try:
            with self.connect() as connection:
                sa.inspect(connection).get_schema_names()
        except Unanswered as silence:
            return silence.reason.zh
        except sa.exc.SQLAlchemyError as error:
            return self._unanswered("目录", error).reason.zh
        return None

    def catalogue(self) -> dict[str, View]:
        """Return the views and tables that the account sees in its schema, by upper-case name; read once a run."""
        if self._catalogue is None:
            try:
                with self.connect() as connection:
                    found = sa.inspect(connection)
                    tables = found.get_table_names(self.schema)
                    names = [*tables, *found.get_view_names(self.schema)]
                    with contextlib.suppress(NotImplementedError):
                        names += found.get_materialized_view_names(self.schema)
                    self._catalogue = {name.upper(): self._view(connection, name, name in tables) for name in names}
            except sa.exc.SQLAlchemyError as error:
                raise self._unanswered("读取目录", error) from error
            shown = json.dumps(
                {name: sorted(view.columns) for name, view in self._catalogue.items()}, ensure_ascii=False
            )
            self.evidence.add("catalogue", 0, b"", shown.encode())
        return self._catalogue

    def _view(self, connection: sa.Connection, name: str, is_table: bool) -> View:
        columns = catalogue_columns(connection, name, self.schema)
        return View(
            name, {each.name.upper(): (each.name, each.type) for each in columns},
            {each.name.upper(): each.nullable for each in columns}, is_table,
        )  # fmt: skip

    def named(self, name: str) -> str:
        """Return the upper-case name under which the system shows a view of the standard: ``[view.names]`` may differ."""
        given = self.description.table("view").get("names", {})
        return str(given.get(name, name)).upper() if isinstance(given, dict) else name

    def view(self, name: str) -> View:
        """Return a view; raises Unanswered where there is none."""
        found = self.catalogue().get(self.named(name))
        if found is None:
            raise Unanswered(f"没有视图 {self.named(name)}", f"there is no view {self.named(name)}")
        return found

    @property
    def stamp(self) -> str:
        """The column that holds the time of the last change."""
        return self.description.text("view", "stamp", STAMP).upper()

    def types(self) -> list[str]:
        """Return the record types that are declared; without a declaration those that there are views of."""
        declared = self.description.table("view").get("types")
        known = self.judge_of.pack.types
        return list(declared) if declared else [code for code in known if self.named(code) in self.catalogue()]

    def layouts(self, type_: str) -> tuple[Layout, ...]:
        """Return the tables of a record type by the dictionary; raises Unanswered for a type that it lacks."""
        if type_ not in self.judge_of.pack.types:
            raise Unanswered(f"数据字典中没有记录类型 {type_}", f"the dictionary has no record type {type_}")
        held = self._layouts.get(type_)
        if held is None:
            held = self._layouts[type_] = layouts(self.judge_of.pack, type_)
        return held

    def ask(self, statement: Any, connection: sa.Connection | None = None) -> list[dict[str, Any]]:
        """Run a query and return its rows by upper-case column name; raises Unanswered."""
        self._left -= 1
        if self._left < 0:
            raise OverBudget("请求数已用完([limits] requests)", "the request budget of [limits] requests is spent")
        try:
            if connection is not None:
                return _mappings(connection.execute(statement))
            with self.connect() as own:
                return _mappings(own.execute(statement))
        except (sa.exc.SQLAlchemyError, OSError, ValueError, UnicodeError) as error:
            raise self._unanswered("查询", error) from error

    def rows_of(self, name: str, **equal: Any) -> list[dict[str, Any]]:
        """Return the rows of a view whose columns are equal to the values; raises Unanswered."""
        view = self.view(name)
        columns: dict[str, Any] = {each: sa.column(held[0]) for each, held in view.columns.items()}
        lacking = [each for each in equal if each not in columns]
        if lacking:
            raise Unanswered(f"视图 {name} 没有列 {lacking[0]}", f"the view {name} has no column {lacking[0]}")
        chosen = sa.select(*columns.values()).select_from(sa.table(view.name, schema=self.schema))
        for each, value in equal.items():
            chosen = chosen.where(columns[each] == sa.literal(value))
        return self.ask(chosen)

    # records ------------------------------------------------------------------------------------------------------

    def page(
        self, *, types: Sequence[str] = (), since: str | None = None, cursor: str | None = None, size: int | None = None,
        connection: sa.Connection | None = None,
    ) -> Page:  # fmt: skip
        """Read one page: view by view, by time of change and key; raises Unanswered."""
        chosen = [type_ for type_ in self.types() if not types or type_ in types]
        first, place = json.loads(cursor) if cursor else (chosen[0] if chosen else "", None)
        left, found, last = size or self.page_size, list[CapturedRecord](), cursor
        todo = chosen[chosen.index(first) :] if first in chosen else []
        for number, type_ in enumerate(todo):
            rows = self._rows(type_, since, place if type_ == first else None, left + 1, connection)
            more = len(rows) > left
            found += self._records_of(type_, rows[:left], connection)
            if rows:
                last = json.dumps([type_, self._place(type_, rows[:left][-1])], default=_plain)
            left -= min(left, len(rows))
            if more or (left == 0 and number + 1 < len(todo)):
                return Page(found, last, more or self._any(todo[number + 1 :], since, connection))
        return Page(found, last, False)

    def _any(self, types: Sequence[str], since: str | None, connection: sa.Connection | None) -> bool:
        return any(self._rows(type_, since, None, 1, connection) for type_ in types)

    def pages(self, limit: int = 100_000, **asked: Any) -> list[Page]:
        """Page through to the end, or to ``limit`` pages; raises Unanswered."""
        pages = [self.page(**asked)]
        while pages[-1].more and len(pages) < limit:
            pages.append(self.page(**{**asked, "cursor": pages[-1].cursor}))
        return pages

    def pull(self, **asked: Any) -> list[CapturedRecord]:
        """Return the records of all pages."""
        return [record for page in self.pages(**asked) for record in page.records]

    def _order(self, type_: str) -> list[tuple[str, Any]]:
        """Return the columns that a view is read by: time of change, then the key of the record."""
        view = self.view(type_)
        names = [self.stamp, *(column.name for column in self.layouts(type_)[0].key)]
        lacking = [name for name in names if name not in view.columns]
        if lacking:
            raise Unanswered(
                f"视图 {view.name} 没有列 {lacking[0]}", f"the view {view.name} has no column {lacking[0]}"
            )
        return [(name, sa.column(view.columns[name][0])) for name in names]

    def _rows(
        self, type_: str, since: str | None, place: Sequence[Any] | None, limit: int, connection: sa.Connection | None
    ) -> list[dict[str, Any]]:
        view, order = self.view(type_), self._order(type_)
        wanted = {column.name for column in self.layouts(type_)[0].columns} | {self.stamp}
        columns: list[Any] = [sa.column(own) for name, (own, _type) in view.columns.items() if name in wanted]
        chosen = sa.select(*columns).select_from(sa.table(view.name, schema=self.schema))
        if since is not None:
            moment = datetime.fromisoformat(since).astimezone(BEIJING).replace(tzinfo=None)
            chosen = chosen.where(order[0][1] >= self._like(type_, moment))
        if place is not None:
            chosen = chosen.where(self._behind(type_, order, place))
        return self.ask(chosen.order_by(*(column for _name, column in order)).limit(limit), connection)

    def _behind(self, type_: str, order: list[tuple[str, Any]], place: Sequence[Any]) -> Any:
        """Return the condition that a row comes after a place."""
        values = [self._like(type_, datetime.fromisoformat(place[0])) if place[0] else None, *place[1:]]
        either, equal = [], list[Any]()
        for (_name, column), value in zip(order, values, strict=True):
            either.append(sa.and_(*equal, column.is_not(None) if value is None else column > sa.literal(value)))
            equal.append(column.is_(None) if value is None else column == sa.literal(value))
        return sa.or_(*either)

    def _place(self, type_: str, row: Mapping[str, Any]) -> list[Any]:
        values = [row.get(name) for name, _column in self._order(type_)]
        return [None if values[0] is None else _instant(values[0]).isoformat(), *values[1:]]

    def _like(self, type_: str, moment: datetime) -> Any:
        """Return a local time as the column of changes takes it: SQLite has texts, a zoned column needs the zone."""
        kind = self.view(type_).columns[self.stamp][1]
        if self.engine.dialect.name == "sqlite":
            return _as_text(moment, self._sample(type_))
        return moment.replace(tzinfo=BEIJING) if getattr(kind, "timezone", False) else moment

    def _sample(self, type_: str) -> str:
        """Return how a time of change is written in a database that has only texts."""
        held = self._samples.get(type_)
        if held is None:
            view, column = self.view(type_), self._order(type_)[0][1]
            rows = self.ask(
                sa.select(column)
                .select_from(sa.table(view.name, schema=self.schema))
                .where(column.is_not(None))
                .limit(1)
            )
            held = str(next(iter(rows[0].values()))) if rows else ""
            if held:
                self._samples[type_] = held
        return held

    @cached_property
    def _samples(self) -> dict[str, str]:
        return {}

    def _records_of(
        self, type_: str, rows: Sequence[Mapping[str, Any]], connection: sa.Connection | None
    ) -> list[CapturedRecord]:
        if not rows:
            return []
        parts = self.layouts(type_)
        made = self._records.setdefault(type_, Records(self.judge_of.pack.shape(type_), parts))
        names = [column.name for column in parts[0].key]
        below: dict[tuple[Any, ...], dict[str, list[Mapping[str, Any]]]] = {}
        for layout in parts[1:]:
            for row in self._children(layout, names, rows, connection):
                owner = tuple(str(row.get(name)) for name in names)
                below.setdefault(owner, {}).setdefault(layout.path, []).append(row)
        return [
            self._record(type_, made, row, below.get(tuple(str(row.get(name)) for name in names), {})) for row in rows
        ]

    def _children(
        self, layout: Layout, names: Sequence[str], rows: Sequence[Mapping[str, Any]], connection: sa.Connection | None
    ) -> Iterator[dict[str, Any]]:
        view = self.catalogue().get(self.named(layout.name))
        if view is None or names[0] not in view.columns:
            return  # SCH-14 says so
        column: Any = sa.column(view.columns[names[0]][0])
        wanted = {*names, *layout.lines, *(each.name for each in layout.columns)}
        columns: list[Any] = [sa.column(own) for name, (own, _type) in view.columns.items() if name in wanted]
        owners = sorted({row[names[0]] for row in rows if row.get(names[0]) is not None}, key=str)
        for at in range(0, len(owners), CHUNK):
            chosen = sa.select(*columns).select_from(sa.table(view.name, schema=self.schema))
            yield from self.ask(chosen.where(column.in_(owners[at : at + CHUNK])), connection)

    def _record(
        self, type_: str, made: Records, row: Mapping[str, Any], below: Mapping[str, Sequence[Mapping[str, Any]]]
    ) -> CapturedRecord:
        document = made.document(row, below)
        with contextlib.suppress(RefusedDocument):
            document = safexml.canonical(safexml.parse(document))
        kind, texts = self.judge_of.pack.types[type_], made.texts(row)
        key = kind.key_of({role: texts.get(path) for role, path in kind.roles.items()}) or ""
        digest = hashlib.sha256(document).hexdigest()
        version = texts.get(kind.roles[Role.VERSION], "")
        number = int(version) if version.isdecimal() else 0
        own = record_id(type_, key, number, bytes.fromhex(digest))
        return CapturedRecord(key, number, digest, own, document, digest, type_)

    # the contract of a subject ------------------------------------------------------------------------------------

    def counts(self, day: str) -> list[Counted]:
        """Return what V_COUNT says of a day; raises Unanswered."""
        given = datetime.fromisoformat(day).date()
        rows = self.rows_of("V_COUNT", RQ=day if self.engine.dialect.name == "sqlite" else given)
        return [
            Counted(str(row.get("JLLX") or ""), str(row.get("SXBM") or ""), _number(row, "JLS"), _number(row, "ZJS"))
            for row in rows
        ]

    def abandon_page(self, types: Sequence[str]) -> None:
        """Ask for records and go away when the first row has come."""
        connection = self.connect()
        try:
            for type_ in types:
                view = self.view(type_)
                columns: list[Any] = [sa.column(own) for own, _type in view.columns.values()]
                connection.execute(sa.select(*columns).select_from(sa.table(view.name, schema=self.schema))).fetchone()
        except sa.exc.SQLAlchemyError as error:
            raise self._unanswered("查询", error) from error
        finally:
            connection.invalidate()
            connection.close()

    def key_list(self, day: str) -> list[str]:
        """Return the keys that V_KEYS has of a day; raises Unanswered."""
        given = datetime.fromisoformat(day).date()
        rows = self.rows_of("V_KEYS", RQ=day if self.engine.dialect.name == "sqlite" else given)
        return [str(row.get("ZJ") or "") for row in rows]

    def current(self) -> Sequence[CapturedRecord]:
        """Return all that the views show now."""
        return self.pull()

    def capture(self) -> Capture:
        """Return the first full reading of the run."""
        if self._capture is None:
            self._capture = self.judge(self.pull())
        return self._capture

    def sweep(self) -> list[bytes]:
        """Return the rows of every view as they stand, a view a message, control characters and all."""
        found = []
        for type_ in self.types():
            for layout in self.layouts(type_):
                if self.named(layout.name) in self.catalogue():
                    rows = self.rows_of(layout.name)
                    found.append("".join(_shown(layout.name, row) for row in rows).encode("utf-8", "surrogatepass"))
        return [each for each in found if each]

    def before_driving(self) -> None:
        """Take the capture before the first stimulus of the run; that it cannot be had is told to those who ask for it."""
        if not self._driven:
            self._driven = True
            with contextlib.suppress(Unanswered, OverBudget):
                self.capture()

    def driven(self, keys: Sequence[str]) -> None:
        """Hear which keys the system touched: they are there for the asking."""

    def catch_up(self) -> None:
        """Read everything up to now."""
        self.changes()

    def changes(self) -> list[CapturedRecord]:
        """Return what was changed since the last reading, view by view from the last time of change on."""
        back = timedelta(seconds=float(self.description.table("view").get("lookback_seconds", 0)))
        found: list[tuple[datetime, CapturedRecord]] = []
        for type_ in self.types():
            mark = self._marks.get(type_)
            since = None if mark is None else (mark - back).replace(tzinfo=BEIJING).isoformat()
            rows = self._rows(type_, since, None, 1_000_000, None)
            for row, record in zip(rows, self._records_of(type_, rows, None), strict=True):
                stamp = None if row.get(self.stamp) is None else _instant(row[self.stamp])
                if stamp is not None:
                    self._marks[type_] = max(stamp, self._marks.get(type_, stamp))
                before = self.held.get(record.key)
                if before is None or (before.version, before.computed_digest) != (
                    record.version,
                    record.computed_digest,
                ):
                    found.append((stamp or EARLIEST, record))
        found.sort(key=lambda each: (each[0], each[1].version))
        self.held.update({record.key: record for _stamp, record in found})
        return [record for _stamp, record in found]

    def judge(self, records: Sequence[CapturedRecord]) -> Capture:
        """Return records to be judged like the capture."""
        now = self._clock.now().isoformat(timespec="seconds")
        return Capture(records, (), self.judge_of, self.description.text("system", "dept"), now)

    def interface(self) -> Interface | None:
        """Return names and types of the views that are declared, as the gateway's source reads them; None where unread."""
        try:
            held = self.catalogue()
            names = [held[self.named(layout.name)].name for type_ in self.types() for layout in self.layouts(type_)
                     if self.named(layout.name) in held]  # fmt: skip
            with self.connect() as connection:
                return relations_interface(connection, names)
        except (Unanswered, OverBudget, sa.exc.SQLAlchemyError):
            return None

    def close(self) -> None:
        """Let go of connections."""
        if "engine" in self.__dict__:
            self.engine.dispose()


def _mappings(result: Any) -> list[dict[str, Any]]:
    return [{str(name).upper(): value for name, value in row.items()} for row in result.mappings().all()]


def _instant(value: Any) -> datetime:
    """Return a time of change as local time without zone; raises Unanswered for what is none."""
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError as error:
        raise Unanswered(f"变更时间不是时间:{value!s:.40}", f"a time of change is no time: {value!s:.40}") from error
    return moment.astimezone(BEIJING).replace(tzinfo=None) if moment.tzinfo else moment


def _as_text(moment: datetime, sample: str) -> str:
    """Return a moment as a text that sorts among texts like the sample."""
    fraction = len(sample.partition(".")[2].partition("+")[0])
    text = moment.isoformat("T" if "T" in sample else " ", "microseconds" if fraction else "seconds")
    text = text[: len(text) - 6 + fraction] if 0 < fraction < 6 else text
    return f"{text}+08:00" if sample.endswith("+08:00") else text


def _plain(value: Any) -> Any:
    return int(value) if hasattr(value, "as_integer_ratio") and value == int(value) else str(value)


def _number(row: Mapping[str, Any], name: str) -> int:
    try:
        return int(row.get(name) or 0)
    except (TypeError, ValueError) as error:
        raise Unanswered(f"{name} 不是数", f"{name} is no number") from error


def _shown(name: str, row: Mapping[str, Any]) -> str:
    key = ":".join(str(row[each]) for each in ("BJBH", "XH", "BBH", "FJBH", "MBZJ") if row.get(each) is not None)
    cells = "".join(
        f"<{column}>{str(value).replace('&', '&amp;').replace('<', '&lt;')}</{column}>"
        for column, value in row.items()
        if value is not None
    )
    return f"<{name}><key>{key}</key>{cells}</{name}>\n"


__all__ = ["PAGE", "SERVICE", "STAMP", "Page", "View", "ViewSubject"]
