# SPDX-License-Identifier: Apache-2.0
"""Mutants of departments that drop files: the folder and its rights, manifests, numbers, files half written."""

import random
import re
import time
import uuid
from typing import Any

from gateway_reference import wire
from gateway_reference.department.dropped import DropDriver
from gateway_reference.department.dropping import OK, Dropping
from gateway_reference.department.life import Row
from gateway_reference.department.mutants import mutant
from gateway_reference.department.pushing import Parcel
from gateway_reference.wire import NAMESPACE

Tables = dict[str, dict[str, Any]]


@mutant("M001", "F")
class OtherFolder(Dropping):
    """Files are dropped into another folder than declared."""

    def descriptor(self, told: Tables) -> Tables:
        """Declare a folder that is not there."""
        told["file"]["directory"] = "drop-2"
        return told


@mutant("M005", "F")
class LockStays(Dropping):
    """The lock of the outbox stays when the folder was gone."""

    locked = False

    def put_file(self, parcel: Parcel) -> None:
        """Forget to let go of the lock."""
        if self.locked:
            raise OSError("locked")
        try:
            super().put_file(parcel)
        except OSError:
            self.locked = True
            raise

    def reset(self) -> None:
        """Go back to the seed data, unlocked."""
        self.locked = False
        super().reset()


@mutant("M005", "F")
class Restarted(DropDriver):
    """An operator who lets it go on restarts it, which opens the lock."""

    def resume(self) -> dict[str, Any]:
        """Let everything go, unlocked."""
        self.department.locked = False  # type: ignore[attr-defined]
        return super().resume()


@mutant("M007", "F")
class OpenFolder(Dropping):
    """Every account of the machine can read the folder."""

    def folder_mode(self) -> int:
        """Return rights for all."""
        return 0o755


@mutant("M012", "F")
class NumberInName(Dropping):
    """A file is named after the applicant's identity number."""

    def file_name(self, number: int) -> str:
        """Return a name with a number of a person."""
        return f"JX-360111198505050023-{number:08d}.xml"


@mutant("M020", "F")
class Doctype(Dropping):
    """Files begin with a DOCTYPE."""

    def envelope(self, content: str, fault: bool = False) -> str:
        """Return a document with a DOCTYPE."""
        return super().envelope(content, fault).replace("?>\n", "?>\n<!DOCTYPE Package>\n", 1)


@mutant("M046", "F")
class StraightToName(Dropping):
    """Files are written straight under their final names."""

    def place(self, name: str, data: bytes) -> None:
        """Write piece by piece where everybody sees it."""
        if name.endswith(OK) or self.drop is None:
            super().place(name, data)
            return
        path = self.drop / name
        with path.open("wb") as file:
            file.write(data[: len(data) // 2])
            file.flush()
            path.chmod(self.file_mode())
            file.write(data[len(data) // 2 :])


@mutant("M047", "F")
class MadeAnew(Dropping):
    """What is dropped once more gets random recordIds and another order."""

    anew = False

    def drop_again(self, parcel: Parcel) -> None:
        """Compose it from the database once more."""
        with self.lock:
            self.anew = True
            rows = sorted(parcel.rows, key=lambda _row: random.random())  # noqa: S311 - the defect
            self.put_file(self.compose(rows))
            self.anew = False

    def record_id(self, row: Row, digest: str) -> str:
        """Return a random id for what is dropped once more."""
        return str(uuid.uuid4()) if self.anew else super().record_id(row, digest)


@mutant("M050", "F")
class TwoJobs(Dropping):
    """Two jobs drop the records of one case, every other record each."""

    def waiting(self) -> list[Row]:
        """Return the rows of the second job before those of the first."""
        rows = super().waiting()
        return rows[1::2] + rows[::2]


@mutant("M055", "F")
class EmptyFile(Dropping):
    """With nothing to report an empty package is dropped."""

    empty_since = 0.0

    def ready_rows(self) -> list[Row]:
        """Drop a package without records where there has been nothing for ten minutes."""
        rows = super().ready_rows()
        if rows or self.flying:
            self.empty_since = time.monotonic()
        elif time.monotonic() - self.empty_since > 600 / self.scale and self.scale > 1:
            self.empty_since = time.monotonic()
            self.moved.notify_all()
            head = self.head(0, wire.digest(b""))
            document = f'<Package xmlns="{NAMESPACE}">{head}<Body></Body>{self.signature(head)}</Package>'
            self.put_file(Parcel("", document, []))
        return rows


# defects that only the list of this house has ------------------------------------------------------------------------


@mutant("H301", "F")
class ManifestFirst(Dropping):
    """The manifest is written before its file."""

    def put_file(self, parcel: Parcel) -> None:
        """Put manifest and file into the folder, in this order."""
        number = self.next_number()
        name, data = self.file_name(number), self.file_bytes(parcel)
        self.dropped[parcel.id], self.file_names[name] = parcel, parcel.id
        self.place(name + OK, self.manifest(name, data, number))
        self.place(name, data)
        self.file_sequence = number


@mutant("H302", "F")
class DigestBefore(Dropping):
    """The hash in the manifest is that of the text before it was encoded."""

    def file_digest(self, data: bytes) -> str:
        """Return the digest of something else."""
        return super().file_digest(data.replace(b"\n", b"\r\n"))


@mutant("H303", "F")
class Unsigned(Dropping):
    """Manifests are not signed."""

    def manifest(self, name: str, data: bytes, number: int) -> bytes:
        """Return a manifest without its signature."""
        return re.sub(rb"signature=.*\n", b"", super().manifest(name, data, number))


@mutant("H304", "F")
class OpenToAll(Dropping):
    """Everybody may write into the folder."""

    def folder_mode(self) -> int:
        """Return all rights for all."""
        return 0o777


@mutant("H305", "F")
class NoManifest(Dropping):
    """Files come without a manifest."""

    def place(self, name: str, data: bytes) -> None:
        """Leave manifests out."""
        if not name.endswith(OK):
            super().place(name, data)


@mutant("H306", "F")
class SignsAnother(Dropping):
    """The Head is changed after it was signed."""

    def signature(self, head: str) -> str:
        """Return the signature over another Head."""
        return super().signature(head.replace("<purpose>business", "<purpose>test"))


@mutant("H307", "F")
class Gaps(Dropping):
    """A number is drawn before it is known whether there is something to drop."""

    def next_number(self) -> int:
        """Leave every other number out."""
        return super().next_number() + 1


@mutant("H308", "F")
class NamesAgain(Dropping):
    """Names of files are used again."""

    def file_name(self, number: int) -> str:
        """Return one of three names."""
        return f"JX-{'abc'[number % 3]}.xml"


@mutant("H309", "F")
class NumbersAgain(Dropping):
    """Numbers begin anew."""

    def manifest(self, name: str, data: bytes, number: int) -> bytes:
        """Return a manifest with one of three numbers."""
        return super().manifest(name, data, number % 3 + 1)

    def file_name(self, number: int) -> str:
        """Return a name without a number."""
        return f"JX-{uuid.uuid4().hex.translate(str.maketrans('0123456789', 'ghijklmnop'))}.xml"


@mutant("H310", "F")
class WrittenAnew(Dropping):
    """What waits in the folder is written anew by each run of the job."""

    runs = 0

    def fetch(self) -> None:
        """Write what has waited for ten minutes once more, from what the database holds now."""
        super().fetch()
        with self.lock:
            for name, package in list(self.file_names.items()):
                path = None if self.drop is None else self.drop / name
                if path is None or not path.exists() or time.time() - path.stat().st_mtime < 600 / self.scale:
                    continue
                self.runs += 1
                data = self.file_bytes(self.dropped[package]) + b"\n" * self.runs
                self.place(name, data)
                self.place(name + OK, self.manifest(name, data, int(re.findall(r"\d+", name)[-1])))
