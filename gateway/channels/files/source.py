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
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

from gateway.channels.files import manifest, receipts
from gateway.channels.files.claiming import Claims, strange_entries
from gateway.channels.files.copied import CopiedDrop
from gateway.channels.files.drop import RECEIPTS, ROOT, Drop, Entry, LocalDrop
from gateway.channels.files.findings import FileRefused, FileUnreadable, file_finding
from gateway.channels.files.layout import layout_of
from gateway.channels.files.manifest import Manifest
from gateway.channels.files.open_file import OpenFile
from gateway.channels.files.options import FileOptions, parse_file_options
from gateway.errors import ConfigurationError, SourceError
from gateway.model.finding import Finding
from gateway.model.record import SourceKind
from gateway.ports import Clock, FileStep, Notice, Page, Position, Unreadable, Window
from gateway.sdk import AdapterSettings
from gateway.semantics.interface import Interface

_SEQUENCE_END: Final = "9" * 20


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
        self._claims = Claims(drop, options, clock)
        self._place: Path | None = None
        self._open: OpenFile | None = None
        self._looks = False

    def look(self) -> None:
        """Leave the drop as it is from now on: what waits there is copied, and the copies are claimed and put away."""
        self._drop, self._looks = CopiedDrop(self._drop, self._options.largest), True
        self._claims = Claims(self._drop, self._options, self._clock)

    # -- Source --------------------------------------------------------------------------------------------------

    def check(self) -> tuple[Finding, ...]:
        """Look at the drop: it must be there, and its folders must be or can be made."""
        try:
            self._drop.prepare()
            return tuple(each.finding for each in strange_entries(self._drop.entries(ROOT)))
        except SourceError as fault:
            return (file_finding("FIL-016", self._options.directory, fault.detail),)

    def window(self, floor: str | None) -> Window:
        """Fix the bounds of a run; ``floor`` is the last sequence taken."""
        self._drop.prepare()
        self._claims.begin()
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
            return Page((), at.position(), False, self._claims.left())
        return _page(self._open, at, size)

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

    def interface(self) -> Interface | None:
        """Return how files are written and, where one waits, the columns that it has."""
        self._drop.prepare()
        pem = self._certificate
        return layout_of(
            self._options, None if pem is None else hashlib.sha256(pem).hexdigest(), self._columns_waiting()
        )

    def _columns_waiting(self) -> list[str] | None:
        """Return the columns of the file that will be read next, from a private copy; None where none can be had."""
        with tempfile.TemporaryDirectory(prefix="gateway-files-") as place:
            copy = Path(place) / "copy"
            try:
                with copy.open("wb", buffering=0) as into:
                    entry = self._claims.peek(into)
                if entry is None:
                    return None
                opened = OpenFile(FileStep(entry.name, "-", entry.size), copy, self._options)
                try:
                    return opened.columns()
                finally:
                    opened.close()
            except (FileNotFoundError, FileRefused, FileUnreadable):
                return None  # the run itself tells what is wrong with it

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
        if self._open is not None and self._open.step.name == step.name:
            self._forget()
        self._claims.put_away(step)

    # -- files ---------------------------------------------------------------------------------------------------

    def _go_to(self, at: _At) -> Page | None:
        """Open the file that the position stands in, or the next one; return a page for one that is refused.

        A file that is lost or can't be read now is left for the next run; the others go on.
        """
        self._forget()
        while (entry := self._claims.following(at.file)) is not None:
            try:
                return self._open_claimed(entry, at)
            except FileNotFoundError:
                self._claims.set_aside(entry.name)
            except FileUnreadable as fault:
                self._claims.set_aside(entry.name, fault)
        return None

    def _open_claimed(self, entry: Entry, at: _At) -> Page | None:
        self._place = self._place or Path(tempfile.mkdtemp(prefix="gateway-files-"))
        copy = self._place / "copy"
        digest = ""
        held: Manifest | None = None
        try:
            with copy.open("wb", buffering=0) as into:
                self._claims.fetch(entry.name, into)
            digest, size = _digest(copy), copy.stat().st_size
            held = self._claims.manifest(entry.name)
            if held is not None:
                sequenced = self._options.sequence == "required"
                manifest.verify(held, entry.name, size, digest, self._certificate, sequenced)
                _in_sequence(held, at, entry.name, digest)
        except FileRefused as refused:
            copy.unlink(missing_ok=True)
            sequence = held.sequence if held else None
            step = FileStep(entry.name, digest or "-", entry.size, sequence, ended=True, refused=True)
            return _refused(step, refused.finding, at)
        except (FileNotFoundError, SourceError):
            copy.unlink(missing_ok=True)
            raise
        step = FileStep(entry.name, digest, size, held.sequence if held else None)
        self._open = OpenFile(step, copy, self._options)
        self._open.skip(at.passed if at.file == entry.name and at.digest == digest else 0)
        return None

    def _forget(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None


def _in_sequence(held: Manifest, at: _At, name: str, digest: str) -> None:
    """Refuse a file that comes after a later one: it would put old content over new."""
    if held.sequence is None or at.sequence is None or held.sequence > at.sequence:
        return
    if at.file == name and at.digest == digest:
        return
    raise FileRefused(file_finding("FIL-008", name, f"{held.sequence} <= {at.sequence}"))


def _page(opened: OpenFile, at: _At, size: int) -> Page:
    part = opened.take(size)
    step = replace(opened.step, ended=part.ended, refused=part.refused)
    if part.refused:
        after = _At(sequence=at.sequence)
    elif part.ended:
        after = _At(sequence=max(filter(None, (at.sequence, step.sequence)), default=None))
    else:
        after = _At(step.name, step.digest, opened.passed, at.sequence)
    return Page(part.rows, after.position(), True, part.unreadable, step)


def _refused(step: FileStep, finding: Finding, at: _At) -> Page:
    unreadable = Unreadable(f"file:{step.name}", finding)
    return Page((), _At(sequence=at.sequence).position(), True, (unreadable,), step)


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
    return FileSource(settings.name, settings.kind, options, drop_of(options, settings, place), clock, certificate)


def drop_of(options: FileOptions, settings: AdapterSettings, place: str) -> Drop:
    """Return the drop that options name, not touched yet; raises ConfigurationError."""
    if options.sftp is None:
        return LocalDrop(settings.directory / options.directory)
    from gateway.channels.files.sftp import SftpDrop

    return SftpDrop(options.sftp, options.directory, place, settings.directory)
