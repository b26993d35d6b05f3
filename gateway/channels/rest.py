# SPDX-License-Identifier: Apache-2.0
"""The REST source (接口来源): rows of JSON that a department's interface gives page by page, for any mapping.

A page that can't be read though its neighbour can is noted and passed over, and the floor stays where it was, so that
the next run reads it again (ledger.md B14).
"""

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode, urljoin, urlsplit

from gateway.channels.database_stamp import EpochStamp, Now, Stamp, moved
from gateway.channels.files.json_file import json_scalar
from gateway.channels.https import Endpoint, HttpAnswer, HttpsChannel
from gateway.channels.rest_options import RestOptions, parse_rest_options
from gateway.channels.service_findings import service_error, service_finding
from gateway.clock import BEIJING
from gateway.documents import gb18030
from gateway.errors import ChannelError, ConfigurationError, SourceError, TimedOut, Unreachable
from gateway.model.finding import Finding
from gateway.model.record import Row, Scalar, SourceKind
from gateway.ports import Clock, Page, Position, Unreadable, Window
from gateway.sdk import AdapterSettings
from gateway.sdk import row as make_row
from gateway.trust.secrets import Secret

_LONGEST_WAIT: Final = 30.0
_BUSY: Final = frozenset({429, 502, 503, 504})
_MISSED: Final = "missed"
"""Stands as the stamp of a position once a page of the run was passed over."""
_DEEPEST: Final = 20


class _Told(NamedTuple):
    """What one answer holds: its rows, and the token of the next page (None: there is none)."""

    rows: Sequence[object]
    following: str | None


@dataclass(frozen=True, slots=True)
class _Broken:
    """A value that JSON does not know, or an object with a name twice; the row that holds it can't be read."""

    why: str


class RestSource:
    """Rows of one interface; an instance belongs to one thread. ``rest`` waits so many seconds between two tries."""

    def __init__(
        self, name: str, kind: SourceKind, options: RestOptions, directory: Path, clock: Clock,
        rest: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        self.name = name
        self.kind = kind
        self._options = options
        self._directory = directory
        self._clock = clock
        self._rest = rest
        self._stamp: Stamp | None = None if options.stamp is None else options.stamp.codec()
        self._before: tuple[str, ...] = ()
        self._missed = False
        endpoint = Endpoint(
            options.url, self._file(options.ca), self._file(options.certificate), self._file(options.key),
            options.wait.total_seconds(), options.whole.total_seconds(),
        )  # fmt: skip
        self._channel = HttpsChannel(endpoint)

    @property
    def overlap(self) -> timedelta:
        """How far back each pull reads again."""
        return self._options.since.overlap if self._options.since else timedelta(0)

    def check(self) -> tuple[Finding, ...]:
        """Fetch the first page; every fault is a finding."""
        try:
            page = self.read(self.window(None), None, 1)
        except SourceError as fault:
            code, _, told = fault.detail.removeprefix(f"{self.name}: ").partition(" ")
            return (service_finding(code, "url", told),)
        return tuple(each.finding for each in page.unreadable)

    def window(self, floor: str | None) -> Window:
        """Fix the bounds of a run by this gateway's clock, which is all there is."""
        self._before, self._missed = (), False
        if self._stamp is None:
            return Window(None, "")
        if floor is not None and self._options.since is not None:
            try:
                floor = moved(self._stamp, floor, -self._options.since.overlap)
            except ValueError:  # the stamp is written another way than before: read all once more (B2)
                floor = None
        now = self._clock.now().astimezone(BEIJING)
        return Window(floor if self._options.since else None, self._stamp.now(Now(now.replace(tzinfo=None), now)))

    def read(self, window: Window, after: Position | None, size: int) -> Page:
        """Read the next page, as many rows as the interface gives; raises SourceError when the service is gone."""
        token = None if after is None else after.row_id
        self._missed = self._missed or (after is not None and after.stamp == _MISSED)
        passed: tuple[Unreadable, ...] = ()
        try:
            told = self._page(window, token)
        except SourceError as fault:
            following = self._counted(token, None)
            if following is None or not fault.detail.removeprefix(f"{self.name}: ").startswith(("SVC-003", "SVC-010")):
                raise
            try:
                told = self._page(window, following)
            except SourceError:
                raise fault from None
            code, _, why = fault.detail.removeprefix(f"{self.name}: ").partition(" ")
            place = f"page {token or self._first()}"
            passed = (Unreadable(place, service_finding(code, place, why)),)
            self._missed = True
        rows, unreadable = self._built(told.rows)
        self._refuse_standstill(rows, unreadable)
        missed = _MISSED if self._missed else None
        return Page(rows, Position(missed, told.following), told.following is not None, (*passed, *unreadable))

    def next_floor(self, window: Window, highest: str | None) -> str | None:
        """Return the floor of the next run: the highest stamp seen, never going back; none where all is read every time."""
        if self._options.since is None or self._stamp is None:
            return None
        before = None if window.floor is None else moved(self._stamp, window.floor, self._options.since.overlap)
        if highest is None or self._missed:
            return before
        return max(min(highest, window.until), before or "")

    def estimate(self, window: Window) -> int | None:
        """Return None: only a page tells how many there are."""
        return None

    def close(self) -> None:
        """Close the kept-alive connection."""
        self._channel.close()

    # -- pages ---------------------------------------------------------------------------------------------------

    def _file(self, path: str | None) -> Path | None:
        return None if path is None else self._directory / path

    def _first(self) -> str:
        paging = self._options.paging
        return str(paging.first if paging.first is not None else int(paging.style == "page"))

    def _counted(self, token: str | None, rows: int | None) -> str | None:
        """Return the token behind ``token`` where it can be counted on; ``rows`` are those of the page, None if unknown."""
        paging = self._options.paging
        if paging.style == "page":
            return str(int(token or self._first()) + 1)
        if paging.style == "offset" and (rows or paging.size):
            return str(int(token or self._first()) + (rows or paging.size or 0))
        return None

    def _address(self, window: Window, token: str | None) -> str:
        options, paging = self._options, self._options.paging
        if paging.style == "link" and token is not None:
            return token
        query = dict(options.query)
        if paging.size_parameter is not None:
            query[paging.size_parameter] = str(paging.size)
        if options.since is not None and window.floor is not None:
            query[options.since.parameter] = _as_sent(window.floor, self._stamp)
        if paging.parameter is not None and (token is not None or paging.style in ("page", "offset")):
            query[paging.parameter] = token or self._first()
        return f"{options.url}?{urlencode(query)}" if query else options.url

    def _page(self, window: Window, token: str | None) -> _Told:
        address = self._address(window, token)
        answer = self._answer(address)
        held = self._parsed(answer)
        rows = held if self._options.rows is None else _at(held, self._options.rows)
        if not isinstance(rows, list):
            raise service_error("SVC-010", self.name, f"rows: {self._options.rows or '-'}")
        return _Told(rows, self._following(held, rows, token, address, answer))

    def _following(
        self, held: object, rows: Sequence[object], token: str | None, address: str, answer: HttpAnswer
    ) -> str | None:  # fmt: skip
        """Return the token of the next page, or None at the end."""
        paging = self._options.paging
        if paging.style == "none" or (paging.more is not None and not _truth(_at(held, paging.more))):
            return None
        if paging.style == "link":
            found = _link(answer) if paging.next == "header" else _at(held, paging.next or "")
            return self._link(found, address) if isinstance(found, str) and found else None
        if paging.style == "cursor":
            found = _at(held, paging.next or "")
            following = str(found) if isinstance(found, str | int) and str(found) else None
            if following is not None and following == token:
                raise service_error("SVC-008", self.name, paging.next or "")
            return following
        if not rows or (paging.more is None and paging.size is not None and len(rows) < paging.size):
            return None
        if paging.total is not None:
            total, counted = _at(held, paging.total), self._counted(token, len(rows))
            passed = int(counted or 0) if paging.style == "offset" else self._rows_through(token)
            if isinstance(total, int) and passed >= total:
                return None
        return self._counted(token, len(rows))

    def _rows_through(self, token: str | None) -> int:
        """Return how many rows the pages up to this one can hold; without a size nobody knows."""
        pages = int(token or self._first()) - int(self._first()) + 1
        return pages * (self._options.paging.size or 0)

    def _link(self, found: str, address: str) -> str:
        there = urljoin(address, found)
        if urlsplit(there)[:2] != urlsplit(self._options.url)[:2]:
            raise service_error("SVC-014", self.name)
        if there == address:
            raise service_error("SVC-008", self.name, "next")
        return there

    def _refuse_standstill(self, rows: Sequence[Row], unreadable: Sequence[Unreadable]) -> None:
        """Refuse a page that shows the very rows of the one before: the interface ignores the parameter."""
        shown = (*(each.row_id for each in rows), *(each.row_id for each in unreadable))
        if shown and shown == self._before:
            raise service_error("SVC-008", self.name, self._options.paging.parameter or "next")
        self._before = shown

    # -- rows ----------------------------------------------------------------------------------------------------

    def _built(self, held: Sequence[object]) -> tuple[tuple[Row, ...], tuple[Unreadable, ...]]:
        rows: dict[str, Row] = {}
        unreadable: list[Unreadable] = []
        for number, each in enumerate(held, 1):
            made = self._made(each, number)
            if isinstance(made, Row) and made.row_id in rows:
                if rows[made.row_id].digest != made.digest:
                    place = f"{made.row_id} ({number})"
                    unreadable.append(Unreadable(place, service_finding("SVC-012", self._options.row_id[0])))
            elif isinstance(made, Row):
                rows[made.row_id] = made
            else:
                unreadable.append(made)
        return tuple(rows.values()), tuple(unreadable)

    def _made(self, held: object, number: int) -> Row | Unreadable:
        values: dict[str, Scalar] = {}
        broken = _flatten(held, "", values, 0)
        ids = [values.get(column) for column in self._options.row_id]
        texts = ["" if each is None else str(each).strip() for each in ids]
        if broken is not None:
            return Unreadable("|".join(texts) or f"row {number}", service_finding("SVC-013", *broken))
        if not all(texts):
            column = self._options.row_id[texts.index("")]
            return Unreadable(f"row without {column} ({number})", service_finding("SVC-011", column))
        for column in self._options.fields or ():
            values.setdefault(column, None)
        row_id = texts[0] if len(texts) == 1 else "|".join(t.replace("\\", "\\\\").replace("|", "\\|") for t in texts)
        stamp = None
        if self._stamp is not None and self._options.stamp is not None:
            stamp = self._stamp.text(values.get(self._options.stamp.column))
        try:
            return make_row(row_id, values, stamp)
        except UnicodeEncodeError:  # half a surrogate
            return Unreadable(f"row {number}", service_finding("SVC-013", "", "U+D800"))

    # -- calls ---------------------------------------------------------------------------------------------------

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json", **self._options.headers}
        auth = self._options.auth
        if auth is not None:
            headers[auth.header] = auth.prefix + Secret(auth.secret, self._directory).reveal()
        return headers

    def _answer(self, address: str) -> HttpAnswer:
        """Fetch an address, again where that may help. Raises SourceError."""
        tried = 0
        while True:
            tried += 1
            wait = float(2 ** (tried - 1))
            try:
                answer = self._channel.get(address, self._headers())
            except Unreachable as fault:
                error = service_error("SVC-001", self.name, fault.detail)
            except TimedOut as fault:
                error = service_error("SVC-002", self.name, fault.detail)
            except ChannelError as fault:
                raise service_error("SVC-003", self.name, fault.detail) from None
            else:
                if answer.status == 200:
                    return answer
                if 400 <= answer.status < 500 and answer.status not in _BUSY:
                    raise service_error("SVC-004", self.name, f"HTTP {answer.status}")
                error = service_error("SVC-003", self.name, f"HTTP {answer.status}")
                again = answer.headers.get("retry-after", "")
                wait = float(again) if again.isascii() and again.isdigit() else wait
            if tried >= self._options.tries:
                raise error
            self._rest(min(wait, _LONGEST_WAIT))

    def _parsed(self, answer: HttpAnswer) -> Any:
        try:
            body = answer.body.removeprefix(b"\xef\xbb\xbf")
            text = gb18030.decode(body) if self._options.encoding == "gb18030" else body.decode("utf-8")
            return json.loads(text, parse_float=Decimal, parse_constant=_Broken, object_pairs_hook=_object)
        except (ValueError, RecursionError) as fault:
            what = type(fault).__name__
            told = f"{answer.content_type or '-'} · {what}"
            raise service_error("SVC-010", self.name, told) from None


def _object(pairs: list[tuple[str, Any]]) -> object:
    held = dict(pairs)
    return held if len(held) == len(pairs) else _Broken("字段重复 / a field twice")


def _flatten(held: object, prefix: str, values: dict[str, Scalar], depth: int) -> tuple[str, str] | None:
    """Put the fields of an object into ``values``, nested ones with dots; return the field that can't be read, and why."""
    if not isinstance(held, dict):
        return prefix, "不是对象 / no object" if not isinstance(held, _Broken) else held.why
    for name, each in held.items():
        path = f"{prefix}.{name}" if prefix else name
        if isinstance(each, dict) and depth < _DEEPEST:
            broken = _flatten(each, path, values, depth + 1)
            if broken is not None:
                return broken
        elif _broken_in(each):
            return path, "NaN、Infinity 或字段重复 / NaN, Infinity or a field twice"
        else:
            values[path] = json_scalar(each)
    return None


def _broken_in(held: object) -> bool:
    if isinstance(held, dict):
        return any(_broken_in(each) for each in held.values())
    if isinstance(held, list):
        return any(_broken_in(each) for each in held)
    return isinstance(held, _Broken)


def _at(held: object, path: str) -> object:
    """Return what stands at a path of names joined by dots, None where there is nothing."""
    for name in path.split("."):
        held = held.get(name) if isinstance(held, Mapping) else None
    return held


def _truth(held: object) -> bool:
    return held.strip().lower() in ("true", "1", "y", "yes") if isinstance(held, str) else bool(held)


def _link(answer: HttpAnswer) -> str | None:
    """Return the address that the Link header names as the next one (RFC 8288)."""
    for each in answer.headers.get("link", "").split(","):
        target, _, parameters = each.partition(";")
        if re.search(r'rel\s*=\s*"?next"?', parameters, re.IGNORECASE):
            return target.strip().removeprefix("<").removesuffix(">")
    return None


def _as_sent(floor: str, stamp: Stamp | None) -> str:
    """Return a stamp as the interface writes it: an epoch without the zeros that make it sortable."""
    return str(int(floor)) if isinstance(stamp, EpochStamp) else floor


def open_rest(settings: AdapterSettings, clock: Clock) -> RestSource:
    """Open the REST source of ``sources.d/NAME.yaml``; nothing is asked yet. Raises ConfigurationError."""
    place = f"sources.d/{settings.name}.yaml"
    options = parse_rest_options(settings.options, place)
    for name in ("ca", "certificate", "key"):
        path = getattr(options, name)
        if path is not None and not (settings.directory / path).is_file():
            raise ConfigurationError(f"{place}: options.{name}: 没有这个文件 / there is no such file")
    return RestSource(settings.name, settings.kind, options, settings.directory, clock)
