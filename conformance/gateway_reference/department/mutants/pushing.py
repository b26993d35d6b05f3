# SPDX-License-Identifier: Apache-2.0
"""Mutants of departments that push: what the client believes, how it sends again, what it makes of receipts and notices."""

import re
import ssl
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lxml import etree

from gateway_reference.department.life import Row
from gateway_reference.department.mutants import mutant
from gateway_reference.department.pushed import PushDriver
from gateway_reference.department.pushing import REFUSED, WAITS, Parcel, Pushing
from gateway_reference.department.sending import Unsure
from gateway_reference.receipts import Answer
from gateway_reference.wire import NAMESPACE, Refusal

Tables = dict[str, dict[str, Any]]


@mutant("M001", "P")
class OtherAddress(Pushing):
    """The client sends to another port than declared."""

    def endpoint(self) -> tuple[str, int]:
        """Return a port where nobody listens."""
        return "127.0.0.1", 9


@mutant("M004", "PF")
class VersionAhead(Pushing):
    """A version is announced that nobody knows."""

    def standard_version(self) -> str:
        """Return a version that does not exist."""
        return "9.9"


@mutant("M005", "P")
class LockStays(Pushing):
    """The outbox stays locked after a cut connection."""

    def unsure(self, parcel: Parcel) -> None:
        """Lock the outbox at the third cut of a package."""
        self.cut_ids.append(parcel.id)
        self.locked = self.locked or self.cut_ids.count(parcel.id) > 2
        super().unsure(parcel)

    locked = False

    def reset(self) -> None:
        """Go back to the seed data, unlocked."""
        self.locked, self.cut_ids = False, list[str]()
        super().reset()

    def ready_rows(self) -> list[Row]:
        """Wait for a lock that nobody gives back."""
        return [] if self.locked else super().ready_rows()


@mutant("M005", "P")
class Restarted(PushDriver):
    """An operator who lets it go on restarts it, which opens the lock."""

    def resume(self) -> dict[str, Any]:
        """Let everything go, unlocked."""
        self.department.locked = False  # type: ignore[attr-defined]
        return super().resume()


@mutant("M006", "P")
class OldTls(Pushing):
    """TLS 1.0 is spoken."""

    def tls(self) -> ssl.SSLContext:
        """Return settings that allow what is outdated."""
        context = super().tls()
        context.set_ciphers("DEFAULT@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # the defect
            context.minimum_version = ssl.TLSVersion.TLSv1
        return context


@mutant("M008", "P")
class FormerSigner(Pushing):
    """Receipts signed with the certificate before, which is no longer valid, are believed."""

    def receipt_signers(self) -> list[Path]:
        """Return the registered certificate and the one before."""
        return [*super().receipt_signers(), self.bench_files / "receipts-revoked.pem"]


@mutant("M009", "P")
class AnyReceipt(Pushing):
    """A receipt of another package is taken for one's own."""

    def of_parcel(self, parcel: Parcel, receipt: etree._Element) -> bool:
        """Believe every signed receipt."""
        return True


@mutant("M011", "P")
class TrustsEverybody(Pushing):
    """Every certificate of a server is trusted."""

    def tls(self) -> ssl.SSLContext:
        """Return settings that verify nothing."""
        context = super().tls()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context


@mutant("H201", "P")
class NameUnchecked(Pushing):
    """The name in a server's certificate is not looked at."""

    def tls(self) -> ssl.SSLContext:
        """Return settings without the name."""
        context = super().tls()
        context.check_hostname = False
        return context


@mutant("M012", "P")
class PasswordInUrl(Pushing):
    """The password stands in the query string."""

    def target(self, operation: str) -> tuple[str, str]:
        """Return a target with a password."""
        method, target = super().target(operation)
        return method, f"{target}?user=exch&password=12345678"


@mutant("M048", "P")
class NewIdAgain(Pushing):
    """A package gets a new id each time it is sent."""

    def resend(self, parcel: Parcel) -> None:
        """Compose it anew."""
        with self.lock:
            self.flying.remove(parcel)
            self.flying.append(self.compose(parcel.rows))
            self.moved.notify_all()


@mutant("H202", "P")
class NewBodyAgain(Pushing):
    """A package is read from the database anew when it is sent again: the same id, another body."""

    def resend(self, parcel: Parcel) -> None:
        """Compose it of what the database holds now, and keep the id."""
        with self.lock:
            changed = [
                row.copy(document=row.document.replace("<operatorName>", "<operatorName>又")) for row in parcel.rows
            ]
            self.kept_id = parcel.id
            again = self.compose(changed)
            self.kept_id = ""
            self.flying.remove(parcel)
            self.flying.append(again)
            self.moved.notify_all()

    def head(self, count: int, body_digest: str) -> str:
        """Return a Head under the id that is to be kept."""
        head = super().head(count, body_digest)
        return re.sub(r"<packageId>[^<]*<", f"<packageId>{self.kept_id}<", head) if self.kept_id else head

    kept_id = ""


@mutant("M049", "P")
class DuplicateFails(Pushing):
    """DUPLICATE is treated as a failure: tried again."""

    def settle(self, parcel: Parcel, row: Row, code: str, held: etree._Element | None) -> None:
        """Try a duplicate again."""
        super().settle(parcel, row, "2001" if code == "0001" else code, held)


@mutant("H203", "P")
class DuplicateTask(Pushing):
    """DUPLICATE is treated as a failure: a task for a person."""

    def proven(self, parcel: Parcel, row: Row, held: etree._Element | None) -> bool:
        """Believe no proof."""
        return False


@mutant("M050", "P")
class RacingThreads(Pushing):
    """Sender threads race on one case."""

    def lane(self, row: Row) -> str:
        """Keep no order."""
        return row.key

    def batch_size(self) -> int:
        """Return a package of one record."""
        return 1


@mutant("H204", "PF")
class NewestFirst(Pushing):
    """The outbox is emptied from its newest row down."""

    def waiting(self) -> list[Row]:
        """Return the rows, the newest first."""
        return super().waiting()[::-1]


@mutant("M062", "PF")
class WholeBatchAgain(Pushing):
    """The whole batch is sent again on partial acceptance."""

    def refuse(self, row: Row, code: str) -> None:
        """Remember which batch it was in."""
        self.torn = [*getattr(self, "torn", []), row.key]
        super().refuse(row, code)

    def done(self, row: Row) -> None:
        """Note what was taken with it."""
        super().done(row)
        self.gone_well = [*getattr(self, "gone_well", []), row]

    def write(self, row: Row, stamp: Any = None) -> Row:
        """Take back that the others of the batch were sent, when a refused one is mended."""
        if row.key in getattr(self, "torn", []):
            for other in getattr(self, "gone_well", [])[-18:]:
                self.settled = {each for each in self.settled if each[0] != other.key}
        return super().write(row, stamp)


@mutant("M063", "P")
class RefusedAgain(Pushing):
    """Permanent refusals are tried for ever."""

    def settle(self, parcel: Parcel, row: Row, code: str, held: etree._Element | None) -> None:
        """Hold what is refused for good as if it could wait."""
        if code in REFUSED:
            self.hold(row)
        else:
            super().settle(parcel, row, code, held)


@mutant("H205", "P")
class RefusedSilently(Pushing):
    """What is refused for good is dropped: nobody is told."""

    def refuse(self, row: Row, code: str) -> None:
        """Take it as sent."""
        self.settled.add((row.key, row.version, row.document))


@mutant("H206", "P")
class OutsideSchema(Pushing):
    """Requests refer to a schema on another host."""

    def envelope(self, content: str, fault: bool = False) -> str:
        """Return an envelope with a schema location."""
        hint = (
            ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="urn:jx:power-exchange:1.0'
            ' http://schemas.example.invalid/exchange.xsd"'
        )
        return super().envelope(content, fault).replace("<soap:Body>", f"<soap:Body{hint}>", 1)


@mutant("H207", "P")
class EndingCertificate(Pushing):
    """The client's certificate is about to end."""

    def client_certificate(self) -> Path:
        """Return another certificate."""
        return self.ring.file("client-ending")


@mutant("H208", "P")
class OneBasket(Pushing):
    """What is being sent stands in one place: a package begun beside a slow one takes its last record along."""

    def compose(self, rows: list[Row]) -> Parcel:
        """Put a record of another package in."""
        now = time.monotonic()
        slow = [each for each in self.flying if each.in_hand and each.begun and now - each.begun > 0.15]
        parcel = super().compose([*rows, slow[0].rows[-1]] if slow and not slow[0].unknown else rows)
        parcel.begun = now
        return parcel


@mutant("H209", "P")
class DiesOfReceipt(Pushing):
    """An answer that cannot be read ends the sender."""

    def understood(self, operation: str, status: int, answer: bytes) -> etree._Element:
        """Break on what is no XML."""
        try:
            return super().understood(operation, status, answer)
        except Unsure:
            if operation == "SubmitPackage" and status == 200:
                self.stopped = True
            raise


@mutant("H210", "P")
class LostOnBadReceipt(Pushing):
    """A package whose receipt cannot be believed is taken as sent."""

    def believed(self, parcel: Parcel, receipt: etree._Element | None) -> etree._Element:
        """Take the package as sent where its receipt is bad."""
        try:
            return super().believed(parcel, receipt)
        except Unsure:
            for row in parcel.rows:
                self.done(row)
            self.flying.remove(parcel)
            raise


@mutant("H211", "PF")
class ByArrival(Pushing):
    """Answers are tied to the records by their place in the outbox, not by their recordId."""

    def keep_receipt(self, package_id: str, answers: Sequence[Answer]) -> None:
        """Store every answer under the record before it."""
        ids = [answer.record_id for answer in answers]
        moved = [*ids[1:], *ids[:1]] if len(ids) > 2 else ids
        super().keep_receipt(package_id, [Answer(to, each.code) for to, each in zip(moved, answers, strict=True)])


@mutant("H212", "PF")
class ReceiptsDropped(Pushing):
    """Receipts are acted upon and not kept."""

    def keep_receipt(self, package_id: str, answers: Sequence[Answer]) -> None:
        """Keep nothing."""


@mutant("H213", "P")
class FixedWaits(Pushing):
    """The same wait before every attempt."""

    def backoff(self, attempt: int) -> float:
        """Return a minute."""
        return 60.0


@mutant("H214", "P")
class GivesUp(Pushing):
    """After five attempts a package is dropped."""

    def unsure(self, parcel: Parcel) -> None:
        """Drop it."""
        super().unsure(parcel)
        if parcel.attempts >= 5:
            with self.lock:
                for row in parcel.rows:
                    self.done(row)
                self.flying.remove(parcel)


@mutant("H215", "P")
class NeverAsks(Pushing):
    """A package without a receipt is sent again without asking."""

    def ask(self, parcel: Parcel) -> etree._Element | None:
        """Send it again."""
        self.resend(parcel)
        return None


@mutant("H216", "PF")
class UnknownIsSuccess(Pushing):
    """A code that is not known is taken for success."""

    def settle(self, parcel: Parcel, row: Row, code: str, held: etree._Element | None) -> None:
        """Take everything that is no known refusal as done."""
        known = code in REFUSED or code in WAITS or code == "0001"
        super().settle(parcel, row, code if known else "0000", held)


@mutant("H217", "P")
class HasteWhenBusy(Pushing):
    """The wait that a busy receiver asks for is not kept."""

    def busy(self, seconds: float) -> None:
        """Wait ten seconds."""
        super().busy(10.0)


@mutant("H218", "P")
class WholeQueueStops(Pushing):
    """One refused record stops the whole queue."""

    def hold(self, row: Row) -> None:
        """Hold everything."""
        super().hold(row)
        self.busy(4 * 3600.0)


@mutant("H219", "PF")
class GapsInNumbers(Pushing):
    """A number is drawn before it is known whether there is something to send."""

    def compose(self, rows: list[Row]) -> Parcel:
        """Leave a number out."""
        if self.sequence and self.sequence % 2 == 0:
            self.sequence += 1
        return super().compose(rows)


@mutant("H220", "P")
class RejectedAgain(Pushing):
    """What was refused for its content is sent again as it was."""

    def settle(self, parcel: Parcel, row: Row, code: str, held: etree._Element | None) -> None:
        """Hold what has a fault of its content."""
        if code == "1002":
            self.hold(row)
            self.parked[row.key, 0, ""] = code
        else:
            super().settle(parcel, row, code, held)


@mutant("M055", "P")
class NullOnEmpty(Pushing):
    """An empty outbox ends in a package without records."""

    empty_since = 0.0

    def ready_rows(self) -> list[Row]:
        """Send an empty package where there has been nothing for ten minutes."""
        rows = super().ready_rows()
        if rows or self.flying:
            self.empty_since = time.monotonic()
        elif time.monotonic() - self.empty_since > 600 / self.scale and self.scale > 1:
            self.empty_since = time.monotonic()
            self.moved.notify_all()
            try:
                self.call(
                    "SubmitPackage", f'<Package xmlns="{NAMESPACE}">{self.head(1, "0" * 64)}<Body></Body></Package>'
                )
            except (Refusal, Unsure):
                return rows
        return rows


@mutant("H221", "P")
class StopsAtUnknownCase(Pushing):
    """A notice about an unknown case stops the handling of notices."""

    def unknown_case(self, number: str) -> None:
        """Break, each time anew."""
        raise Unsure(number)


@mutant("H222", "P")
class SwallowsUnknownCase(Pushing):
    """A notice about an unknown case is acknowledged and dropped."""

    def unknown_case(self, number: str) -> None:
        """Do nothing."""


@mutant("H223", "P")
class NeverAcknowledges(Pushing):
    """Notices are kept and never acknowledged."""

    def acknowledge(self, record_ids: Sequence[str]) -> None:
        """Say nothing."""
