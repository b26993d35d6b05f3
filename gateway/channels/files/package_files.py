# SPDX-License-Identifier: Apache-2.0
"""Package files (数据包文件): signed packages of the standard dropped as files, judged as if they had been pushed.

The sender's own versions stand (ledger.md B3). A file is claimed as any other; it is put away when the next one is asked
for, for then the ledger holds it. What became of its records is told by a signed receipt, ``receipts/PACKAGE-ID.receipt.xml``;
a file that is no sound package is refused with a receipt under its own name, and keeps no other waiting.
"""

import hashlib
import io
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.channels.files import manifest, receipts
from gateway.channels.files.claiming import Claims, strange_entries
from gateway.channels.files.copied import CopiedDrop
from gateway.channels.files.drop import RECEIPTS, ROOT, Drop, Entry
from gateway.channels.files.findings import FileRefused, FileUnreadable, file_finding
from gateway.channels.files.layout import package_layout
from gateway.channels.files.package_file_options import PackageFileOptions, parse_package_file_options
from gateway.channels.files.source import drop_of
from gateway.documents import safexml
from gateway.documents.department import RecordsPage, UnreadablePage
from gateway.documents.faults import RefusedDocument
from gateway.documents.safexml import Element
from gateway.errors import ConfigurationError, SourceError
from gateway.model.finding import Finding
from gateway.model.record import SourceKind
from gateway.ports import Clock, FileResult, FileStep, Notice, Page, Position, Window
from gateway.sdk import AdapterSettings
from gateway.semantics.interface import Interface

RECEIPT_SUFFIX: Final = ".receipt.xml"

_END: Final = "9"
_FIGURES: Final = dict.fromkeys(("rows", "accepted", "refused", "duplicates", "conflicts", "stale", "waiting"), 0)


class PackageFiles:
    """Signed packages that arrive in a drop, one a file; an instance belongs to one thread."""

    kind = SourceKind.EVENT
    consumes = True
    """What was read is put away: a file is not read twice."""
    apart = True
    """One package at fault says nothing of the others: they come from files of their own."""

    def __init__(
        self, name: str, options: PackageFileOptions, drop: Drop, clock: Clock, pins: tuple[str, ...] = ()
    ) -> None:
        self.name = name
        self._pins = pins
        self._options = options.as_files()
        self._drop = drop
        self._clock = clock
        self._claims = Claims(drop, self._options, clock)
        self._step: FileStep | None = None
        self._quiet = False

    @property
    def page(self) -> int:
        """One file at a time, which can't be asked for in smaller pieces."""
        return 1

    @property
    def tells_receipts(self) -> bool:
        """Whether receipts are to be written."""
        return not self._quiet

    @property
    def tells_notices(self) -> bool:
        """No notices: they go to those who ask for them."""
        return False

    def look(self) -> None:
        """Leave the drop as it is from now on: what waits there is copied, and the copies are claimed and put away."""
        self._drop, self._quiet = CopiedDrop(self._drop, self._options.largest), True
        self._claims = Claims(self._drop, self._options, self._clock)

    def check(self) -> tuple[Finding, ...]:
        """Look at the drop: it must be there, and its folders must be or can be made."""
        try:
            self._drop.prepare()
            return tuple(each.finding for each in strange_entries(self._drop.entries(ROOT)))
        except SourceError as fault:
            return (file_finding("FIL-016", self._options.directory, fault.detail),)

    def window(self, floor: str | None) -> Window:
        """Begin a run: everything that waits is taken."""
        self._drop.prepare()
        self._claims.begin()
        return Window(None, _END)

    def next_floor(self, window: Window, highest: str | None) -> str | None:
        """Return None: what was taken is put away."""
        return None

    def estimate(self, window: Window) -> int | None:
        """Return None: packages tell their records by being read."""
        return None

    def fetch(self, window: Window, after: Position | None, size: int) -> RecordsPage:
        """Return the package of the next file; the one before it is put away, the ledger holds it.

        Raises UnreadablePage where this file alone is at fault, SourceError where the drop is.
        """
        if self._step is not None and after is not None and after.row_id == self._step.name:
            self._claims.put_away(self._step)
        self._step = None
        while (entry := self._claims.following(None if after is None else after.row_id)) is not None:
            try:
                return RecordsPage(self._package(entry), entry.name, True)
            except FileNotFoundError:
                self._claims.set_aside(entry.name)
            except FileUnreadable as fault:
                self._claims.set_aside(entry.name, fault)
                raise UnreadablePage(fault, RecordsPage(None, entry.name, True)) from fault
            except FileRefused as refused:
                found = refused.finding
                self._put_refused(FileStep(entry.name, "-", entry.size), found)
                error = SourceError(f"{found.code} {found.message.zh} / {found.message.en}", found.hint)
                raise UnreadablePage(error, RecordsPage(None, entry.name, True)) from None
        return RecordsPage(None, None, False)

    def passed_over(self, finding: Finding) -> None:
        """Refuse the package that was fetched last: it is not authentic."""
        if self._step is not None:
            step, self._step = self._step, None
            self._put_refused(step, finding)

    def put_receipt(self, receipt: bytes) -> None:
        """Write the receipt of a package; the same one may come twice."""
        package = next(safexml.parse(receipt).iter("{*}packageId")).text or ""
        self._drop.prepare()
        self._drop.write(RECEIPTS, package + RECEIPT_SUFFIX, receipt)

    def put_notice(self, document: bytes) -> None:
        """Write nothing: no notices are told here."""

    def interface(self) -> Interface | None:
        """Return how the files are complete and who signs them, as the suite attests it."""
        return package_layout(self._options.ready, self._pins)

    def read(self, window: Window, after: Position | None, size: int) -> Page:
        """Refuse: what comes from here are packages (``fetch``)."""
        raise SourceError(f"{self.name}: packages, no rows")

    def close(self) -> None:
        """Let go of the drop."""
        self._drop.close()

    def _package(self, entry: Entry) -> Element:
        """Return the package of a claimed file; raises FileRefused, FileUnreadable, FileNotFoundError."""
        into = io.BytesIO()
        self._claims.fetch(entry.name, into)
        data = into.getvalue()
        digest = hashlib.sha256(data).hexdigest()
        held = self._claims.manifest(entry.name)
        if held is not None:
            manifest.verify(held, entry.name, len(data), digest, None, sequenced=False)
        try:
            package = safexml.parse(data)
        except RefusedDocument as refused:
            raise FileRefused(refused.finding) from refused
        self._step = FileStep(entry.name, digest, len(data), held.sequence if held else None, ended=True)
        return package

    def _put_refused(self, step: FileStep, finding: Finding) -> None:
        refused = FileStep(step.name, step.digest, step.size, step.sequence, ended=True, refused=True)
        result = FileResult(refused, 0, _FIGURES, (finding,))
        notice = Notice(self._clock.now(), (), result)
        self._drop.write(RECEIPTS, step.name + receipts.CSV_SUFFIX, receipts.as_csv(result))
        self._drop.write(RECEIPTS, step.name + receipts.JSON_SUFFIX, receipts.as_json(result, notice))
        self._claims.put_away(refused)


def open_package_files(settings: AdapterSettings, clock: Clock) -> PackageFiles:
    """Open the package files of ``sources.d/NAME.yaml``, without touching the drop yet; raises ConfigurationError."""
    place = f"sources.d/{settings.name}.yaml"
    options = parse_package_file_options(settings.options, place)
    missing = [each for each in options.signing_certificates if not (settings.directory / each).is_file()]
    if missing:
        told = ", ".join(missing)
        raise ConfigurationError(f"{place}: options.signing_certificates: 没有这个文件 / there is no such file: {told}")
    try:
        pins = tuple(_pin(settings.directory / each) for each in options.signing_certificates)
    except ValueError as fault:
        raise ConfigurationError(f"{place}: options.signing_certificates: {fault}") from fault
    return PackageFiles(settings.name, options, drop_of(options.as_files(), settings, place), clock, pins)


def _pin(path: Path) -> str:
    """Return SHA-256 (hex, DER) of a certificate (PEM); raises ValueError."""
    der = x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(Encoding.DER)
    return hashlib.sha256(der).hexdigest()
