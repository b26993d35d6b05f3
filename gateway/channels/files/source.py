# SPDX-License-Identifier: Apache-2.0
"""The file source (文件来源): files of a drop as rows, each file claimed by a rename and told of by a receipt.

A file is read from a private copy whose digest stands in the cursor, so that a run which takes over from a dead one goes
on at the very row, in the very bytes. It stays among the claimed until the ledger holds its last row and its receipt is
written (ledger.md B17); whatever dies in between is done again without effect.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Generator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, NamedTuple

from gateway.channels.files import archive, manifest, receipts
from gateway.channels.files.copied import CopiedDrop
from gateway.channels.files.drop import CLAIMED, DONE, RECEIPTS, REFUSED, ROOT, Drop, Entry, LocalDrop
from gateway.channels.files.findings import FileRefused, file_finding
from gateway.channels.files.formats import rows_of
from gateway.channels.files.manifest import Manifest
from gateway.channels.files.options import FileOptions, parse_file_options
from gateway.channels.files.taken import Bad, Taken
from gateway.errors import ConfigurationError, SourceError
from gateway.model.finding import Finding
from gateway.model.record import Row, Scalar, SourceKind
from gateway.ports import Clock, FileStep, Notice, Page, Position, Unreadable, Window
from gateway.sdk import AdapterSettings
from gateway.sdk import row as make_row

MOST_NAME: Final = 150
_SEQUENCE_END: Final = "9" * 20
_PIECE: Final = 1024 * 1024


class _At(NamedTuple):
    """How far a run has come: the file being read and its rows passed, and the last sequence taken."""

    file: str | None = None
    digest: str | None = None
    passed: int = 0
    sequence: int | None = None

    @classmethod
    def of(cls, position: Position | None) -> "_At":
        if position is None or position.row_id is None:
            return cls()
        return cls(*json.loads(position.row_id))

    def position(self) -> Position:
        return Position(None, json.dumps(list(self), ensure_ascii=False, separators=(",", ":")))


@dataclass(slots=True)
class _Open:
    """A file under way: its private copy, its rows still to come, and the row ids that it has shown."""

    step: FileStep
    copy: Path
    rows: Generator[tuple[str, Taken | Bad]]
    passed: int = 0
    seen: set[bytes] = field(default_factory=set)


class FileSource:
    """Rows of the files that arrive in a drop."""

    consumes = True
    """What was read is put away: a file is not read twice."""

    def __init__(
        self,
        name: str,
        kind: SourceKind,
        options: FileOptions,
        drop: Drop,
        clock: Clock,
        certificate: bytes | None = None,
    ) -> None:
        self.name = name
        self.kind = kind
        self._options = options
        self._drop = drop
        self._clock = clock
        self._certificate = certificate
        self._place: Path | None = None
        self._open: _Open | None = None
        self._strange: list[Unreadable] | None = None
        self._looks = False

    def look(self) -> None:
        """Leave the drop as it is from now on: what waits there is copied, and the copies are claimed and put away."""
        self._drop, self._looks = CopiedDrop(self._drop, self._options.largest), True

    # -- Source --------------------------------------------------------------------------------------------------

    def check(self) -> tuple[Finding, ...]:
        """Look at the drop: it must be there, and its folders must be or can be made."""
        try:
            self._drop.prepare()
            return tuple(each.finding for each in self._strange_entries(self._drop.entries(ROOT)))
        except SourceError as fault:
            return (file_finding("FIL-016", self._options.directory, fault.detail),)

    def window(self, floor: str | None) -> Window:
        """Fix the bounds of a run; ``floor`` is the last sequence taken."""
        self._drop.prepare()
        self._strange = None
        # Whoever only looks sees the same files again in every run.
        return Window(None if self._looks else floor, _SEQUENCE_END)

    def read(self, window: Window, after: Position | None, size: int) -> Page:
        """Read the next rows of the file under way, or of the next one; a page never holds rows of two files."""
        page = self._read(window, after, size)
        if self._looks and page.file is not None and page.file.ended:
            self._put_away(page.file)  # nobody need tell the source that its copy was read
        return page

    def _read(self, window: Window, after: Position | None, size: int) -> Page:
        at = _At.of(after)
        if at.sequence is None and window.floor is not None:
            at = at._replace(sequence=int(window.floor))
        if self._open is None or self._open.step.name != at.file or self._open.passed != at.passed:
            refused = self._go_to(at)
            if refused is not None:
                return refused
        if self._open is None:
            strange, self._strange = self._strange or [], []
            return Page((), at.position(), False, tuple(strange))
        return self._page(self._open, at, size)

    def next_floor(self, window: Window, highest: str | None) -> str | None:
        """Return the last sequence taken."""
        return max(filter(None, (window.floor, highest)), default=None)

    def estimate(self, window: Window) -> int | None:  # files tell their rows by being read
        """Nobody knows how many rows there are before they are read."""
        return None

    def close(self) -> None:
        """Let go of the drop and of private copies."""
        self._drop.close()
        self._forget()
        if self._place is not None:
            shutil.rmtree(self._place, ignore_errors=True)
            self._place = None

    # -- Told ----------------------------------------------------------------------------------------------------

    def tell(self, notice: Notice) -> None:
        """Write the receipts of a file and put it away; done already, it is done again without effect."""
        if notice.file is None:
            return
        step = notice.file.step
        self._drop.prepare()
        self._drop.write(RECEIPTS, step.name + receipts.CSV_SUFFIX, receipts.as_csv(notice.file))
        self._drop.write(RECEIPTS, step.name + receipts.JSON_SUFFIX, receipts.as_json(notice.file, notice))
        self._put_away(step)

    def _put_away(self, step: FileStep) -> None:
        names = {entry.name for entry in self._drop.entries(CLAIMED)}
        if self._open is not None and self._open.step.name == step.name:
            self._forget()
        to = REFUSED if step.refused else DONE
        taken = {entry.name for entry in self._drop.entries(to)}
        for name in (step.name, step.name + manifest.SUFFIX):
            if name not in names:
                continue
            if self._options.after == "delete" and not step.refused:
                self._drop.remove(CLAIMED, name)
                continue
            with suppress(FileNotFoundError):
                # A file of the same name that was put away before keeps its name; this one gets its digest added.
                self._drop.move(CLAIMED, name, to, f"{name}~{step.digest[:8]}" if name in taken else name)

    # -- files ---------------------------------------------------------------------------------------------------

    def _go_to(self, at: _At) -> Page | None:
        """Open the file that the position stands in, or claim the next one; return a page for one that is refused."""
        self._forget()
        entry = self._claimed(at) or self._claim()
        if entry is None:
            return None
        self._place = self._place or Path(tempfile.mkdtemp(prefix="gateway-files-"))
        copy = self._place / "copy"
        digest = ""
        held: Manifest | None = None
        try:
            with copy.open("wb") as into:
                self._drop.fetch(CLAIMED, entry.name, into, self._options.largest)
            digest, size = _digest(copy), copy.stat().st_size
            held = self._manifest(entry.name)
            if held is not None:
                sequenced = self._options.sequence == "required"
                manifest.verify(held, entry.name, size, digest, self._certificate, sequenced)
                self._in_sequence(held, at, entry.name, digest)
        except FileNotFoundError:
            return None
        except FileRefused as refused:
            step = FileStep(
                entry.name, digest or "-", entry.size, held.sequence if held else None, ended=True, refused=True
            )
            return self._refused(step, refused.finding, at)
        passed = at.passed if at.file == entry.name and at.digest == digest else 0
        step = FileStep(entry.name, digest, size, held.sequence if held else None)
        self._open = _Open(step, copy, self._rows(copy, entry.name), passed)
        self._skip(self._open)
        return None

    def _claimed(self, at: _At) -> Entry | None:
        """Return a file that a run has claimed and not finished: the one of the position before any other."""
        entries = self._drop.entries(CLAIMED)
        names = {entry.name for entry in entries}
        waiting = {entry.name for entry in self._drop.entries(ROOT)}
        for entry in entries:
            if entry.name.endswith(manifest.SUFFIX) and entry.name.removesuffix(manifest.SUFFIX) in names:
                continue
            beside = entry.name + manifest.SUFFIX
            if beside not in names and beside in waiting:
                with suppress(FileNotFoundError):  # it died between the two renames of a claim
                    self._drop.move(ROOT, beside, CLAIMED, beside)
        data = [
            entry for entry in entries if not (entry.name.endswith(manifest.SUFFIX) and self._has_data(entry, names))
        ]
        return min(data, key=lambda entry: (entry.name != at.file, entry.name), default=None)

    @staticmethod
    def _has_data(entry: Entry, names: set[str]) -> bool:
        return entry.name.removesuffix(manifest.SUFFIX) in names

    def _claim(self) -> Entry | None:
        """Claim the next complete file by a rename; another process that was faster simply has it."""
        entries = self._drop.entries(ROOT)
        if self._strange is None:
            self._strange = self._strange_entries(entries)
        for entry in self._ready(entries):
            try:
                self._drop.move(ROOT, entry.name, CLAIMED, entry.name)
                if self._options.ready == "manifest":
                    beside = entry.name + manifest.SUFFIX
                    self._drop.move(ROOT, beside, CLAIMED, beside)
            except FileNotFoundError:
                continue
            return entry
        return None

    def _ready(self, entries: list[Entry]) -> list[Entry]:
        names = {entry.name for entry in entries}
        fitting = [
            entry
            for entry in entries
            if entry.plain and _nameable(entry.name) and not entry.name.endswith(manifest.SUFFIX)
            and fnmatchcase(entry.name, self._options.pattern)
        ]  # fmt: skip
        if self._options.ready == "manifest":
            complete = [entry for entry in fitting if entry.name + manifest.SUFFIX in names]
            return sorted(complete, key=lambda entry: (self._sequence_of(entry.name), entry.name))
        now = self._clock.now().timestamp()
        return [entry for entry in fitting if now - entry.modified >= self._options.settle.total_seconds()]

    def _sequence_of(self, name: str) -> int:
        """Return the sequence that a waiting manifest names; one that can't be read is dealt with when it is claimed."""
        held = None
        with suppress(FileRefused, FileNotFoundError):
            held = self._parsed(ROOT, name)
        return -1 if held is None or held.sequence is None else held.sequence

    def _manifest(self, name: str) -> Manifest | None:
        if self._options.ready == "stable":
            return None
        try:
            return self._parsed(CLAIMED, name)
        except FileNotFoundError:
            raise FileRefused(file_finding("FIL-003", name + manifest.SUFFIX)) from None

    def _parsed(self, folder: str, name: str) -> Manifest:
        with tempfile.TemporaryFile() as into:
            self._drop.fetch(folder, name + manifest.SUFFIX, into, manifest.LARGEST)
            into.seek(0)
            return manifest.parse(into.read(), name)

    def _in_sequence(self, held: Manifest, at: _At, name: str, digest: str) -> None:
        """Refuse a file that comes after a later one: it would put old content over new."""
        if held.sequence is None or at.sequence is None or held.sequence > at.sequence:
            return
        if at.file == name and at.digest == digest:
            return
        raise FileRefused(file_finding("FIL-008", name, f"{held.sequence} <= {at.sequence}"))

    def _strange_entries(self, entries: list[Entry]) -> list[Unreadable]:
        """Name what lies in the drop and is never touched."""
        found = []
        for entry in entries:
            if not _nameable(entry.name) and not entry.name.startswith("."):
                shown = entry.name.encode("utf-8", "backslashreplace").decode()[:60]
                found.append(Unreadable(f"file:{shown}", file_finding("FIL-002", shown)))
            elif not entry.plain:
                found.append(Unreadable(f"file:{entry.name}", file_finding("FIL-001", entry.name)))
        return found

    def _forget(self) -> None:
        if self._open is not None:
            self._open.rows.close()
            self._open = None

    # -- rows ----------------------------------------------------------------------------------------------------

    def _rows(self, copy: Path, name: str) -> Generator[tuple[str, Taken | Bad]]:
        """Yield the rows of a file with the name of the member they are of, empty where the file is no archive."""
        if not name.lower().endswith(archive.SUFFIX):
            for each in rows_of(copy, name, self._options):
                yield "", each
            return
        for member in archive.members(copy, name, self._options.largest):
            for each in rows_of(member.path, member.name, self._options):
                yield member.name, each

    def _skip(self, opened: _Open) -> None:
        """Pass over the rows that a run before this one has committed, noting their ids."""
        with suppress(FileRefused):
            for _ in range(opened.passed):
                item = next(opened.rows, None)
                if item is not None:
                    self._note(opened, item[1].values)

    def _page(self, opened: _Open, at: _At, size: int) -> Page:
        rows: list[Row] = []
        unreadable: list[Unreadable] = []
        count = 0
        ended = False
        refused = False
        while count < size:
            try:
                item = next(opened.rows, None)
            except FileRefused as fault:
                unreadable.append(Unreadable(f"file:{opened.step.name}", fault.finding))
                ended, refused = True, opened.passed + count == 0
                break
            if item is None:
                ended = True
                break
            count += 1
            made = self._made(opened, *item)
            if isinstance(made, Row):
                rows.append(made)
            else:
                unreadable.append(made)
        opened.passed += count
        step = replace(opened.step, ended=ended, refused=refused)
        if ended:
            after = _At(sequence=max(filter(None, (at.sequence, opened.step.sequence)), default=None))
            if refused:
                after = _At(sequence=at.sequence)
        else:
            after = _At(opened.step.name, opened.step.digest, opened.passed, at.sequence)
        return Page(tuple(rows), after.position(), True, tuple(unreadable), step)

    def _made(self, opened: _Open, member: str, item: Taken | Bad) -> Row | Unreadable:
        step = opened.step
        line = item.line if isinstance(item, Bad) else item.spot.line
        fallback = f"{step.digest[:16]}{'!' + member if member else ''}#{line}"
        row_id = self._row_id(item.values) or fallback
        if isinstance(item, Bad):
            return Unreadable(row_id, _of_member(item.finding, member))
        if self._options.row_id is not None:
            column = self._options.row_id[0]
            if row_id == fallback:
                finding = file_finding("FIL-011", column, line=line, column=item.spot.columns.get(column))
                return Unreadable(row_id, _of_member(finding, member))
            if not self._note(opened, item.values):
                finding = file_finding("FIL-012", column, line=line, column=item.spot.columns.get(column))
                return Unreadable(fallback, _of_member(finding, member))
        values = dict(item.values)
        if self._options.origin:
            values |= {"FILE_NAME": member or step.name, "FILE_SEQUENCE": step.sequence, "FILE_ROW": line}
        stamp = None if step.sequence is None else f"{step.sequence:020d}"
        return replace(make_row(row_id, values, stamp), spot=item.spot)

    def _row_id(self, values: Mapping[str, Scalar]) -> str | None:
        if self._options.row_id is None:
            return None
        parts = [values.get(column) for column in self._options.row_id]
        if any(part is None for part in parts):
            return None
        texts = [str(part).strip() for part in parts]
        return texts[0] if len(texts) == 1 else "|".join(t.replace("\\", "\\\\").replace("|", "\\|") for t in texts)

    def _note(self, opened: _Open, values: Mapping[str, Scalar]) -> bool:
        """Tell whether the row id of ``values`` is new in this file."""
        row_id = self._row_id(values)
        if row_id is None:
            return True
        digest = hashlib.blake2b(row_id.encode(), digest_size=8).digest()
        if digest in opened.seen:
            return False
        opened.seen.add(digest)
        return True

    def _refused(self, step: FileStep, finding: Finding, at: _At) -> Page:
        unreadable = Unreadable(f"file:{step.name}", finding)
        return Page((), _At(sequence=at.sequence).position(), True, (unreadable,), step)


def _of_member(finding: Finding, member: str) -> Finding:
    """Say in which file of an archive a row stands."""
    if not member:
        return finding
    message = type(finding.message)(f"{member}:{finding.message.zh}", f"{member}: {finding.message.en}")
    return replace(finding, message=message)


def _nameable(name: str) -> bool:
    try:
        length = len(name.encode())
    except UnicodeEncodeError:
        return False
    return 0 < length <= MOST_NAME and name[0] != "." and name.isprintable() and "/" not in name and "\\" not in name


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def open_files(settings: AdapterSettings, clock: Clock) -> FileSource:
    """Open the file source of ``sources.d/NAME.yaml``, without touching the drop yet; raises ConfigurationError."""
    place = f"sources.d/{settings.name}.yaml"
    options = parse_file_options(settings.options, place)
    if settings.kind is SourceKind.STATE and options.row_id is None:
        raise ConfigurationError(f"{place}: options.row_id: kind: state 需要 row_id / kind: state needs row_id")
    certificate = None
    if options.certificate is not None:
        try:
            certificate = (settings.directory / options.certificate).read_bytes()
        except OSError as fault:
            why = type(fault).__name__
            raise ConfigurationError(f"{place}: options.certificate: 读不出 / can't be read ({why})") from fault
    return FileSource(settings.name, settings.kind, options, _drop(options, settings, place), clock, certificate)


def _drop(options: FileOptions, settings: AdapterSettings, place: str) -> Drop:
    if options.sftp is None:
        return LocalDrop(settings.directory / options.directory)
    from gateway.channels.files.sftp import SftpDrop

    return SftpDrop(options.sftp, options.directory, place, settings.directory)
