# SPDX-License-Identifier: Apache-2.0
"""A department that drops package files (profile F): names, numbers, manifests, receipts read back. Every method without
a leading underscore is a seam; those of the outbox (Pushing) are all there, those of the connection are not asked."""

import json
import math
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from lxml import etree

from gateway_reference import wire
from gateway_reference.department.pushing import Parcel, Pushing
from gateway_reference.department.sending import Unreachable, Unsure
from gateway_reference.wire import Refusal, text

FOLDERS: Final = ("claimed", "done", "refused", "receipts")
OK: Final = ".ok"
RECEIPT: Final = ".receipt.xml"
REFUSED: Final = ".receipt.json"


class Dropping(Pushing):
    """What becomes of every record on its way through the folder ``drop``."""

    drop: Path | None = None

    def reset(self) -> None:
        """Go back to the seed data: what was dropped is cleared away, everything is dropped from the beginning."""
        with self.lock:
            self.file_sequence = 0
            self.dropped: dict[str, Parcel] = {}
            self.file_names: dict[str, str] = {}
            self.clear()
            super().reset()

    def clear(self) -> None:
        """Take away what stands in the folder, receipts among it."""
        for folder in ("", *FOLDERS):
            place = self.drop / folder if self.drop is not None else None
            for each in place.iterdir() if place is not None and place.is_dir() else ():
                if each.is_file():
                    each.unlink(missing_ok=True)

    # dropping ----------------------------------------------------------------------------------------------------

    def senders(self) -> int:
        """Return how many packages may wait for their receipts at once."""
        return 1000

    def envelope(self, content: str, fault: bool = False) -> str:
        """Return a package as a document of its own."""
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{content}'

    def deliver(self, parcel: Parcel) -> etree._Element | None:
        """Drop a package; its receipt comes by itself, later. Raises Unreachable."""
        with self.lock:
            if parcel not in self.flying:
                return None
            parcel.attempts += 1
            try:
                self.put_file(parcel)
            except OSError as error:
                raise Unreachable(str(error)) from error
            parcel.due = math.inf
        return None

    def put_file(self, parcel: Parcel) -> None:
        """Put a package into the folder: the file, then its manifest; the number is spent once both are there."""
        number = self.next_number()
        name, data = self.file_name(number), self.file_bytes(parcel)
        self.dropped[parcel.id], self.file_names[name] = parcel, parcel.id
        self.place(name, data)
        self.place(name + OK, self.manifest(name, data, number))
        self.file_sequence = number

    def next_number(self) -> int:
        """Return the number of the next file."""
        return self.file_sequence + 1

    def file_name(self, number: int) -> str:
        """Return the name of a file."""
        return f"JX-{number:08d}.xml"

    def file_bytes(self, parcel: Parcel) -> bytes:
        """Return the bytes of a file."""
        return self.encode(self.envelope(parcel.document))

    def manifest(self, name: str, data: bytes, number: int) -> bytes:
        """Return the manifest of a file."""
        digest = self.file_digest(data)
        signature = self.sign(f"{name}|{len(data)}|{digest}|{number}".encode())
        return f"name={name}\nsize={len(data)}\nsha256={digest}\nsequence={number}\nsignature={signature}\n".encode()

    def file_digest(self, data: bytes) -> str:
        """Return the SHA-256 of a file."""
        return wire.digest(data)

    def sign(self, signed: bytes) -> str:
        """Return the signature of a manifest, base64."""
        from gateway_reference.department.signatures import sign

        return sign(self.ring.file("system").with_suffix(".key"), signed)

    def place(self, name: str, data: bytes) -> None:
        """Put a whole file into the folder: under another name first, then renamed. Raises OSError."""
        assert self.drop is not None  # noqa: S101 - start has set it
        temporary = self.drop / f".{name}.tmp"
        temporary.write_bytes(data)
        temporary.chmod(self.file_mode())
        temporary.replace(self.drop / name)

    def file_mode(self) -> int:
        """Return the rights of a file."""
        return 0o640

    def folder_mode(self) -> int:
        """Return the rights of the folder."""
        return 0o750

    def drop_again(self, parcel: Parcel) -> None:
        """Drop once more what was dropped before: the same package as the next file."""
        with self.lock:
            self.put_file(parcel)

    # receipts ----------------------------------------------------------------------------------------------------

    def poll_seconds(self) -> float:
        """Return how often receipts are looked for."""
        return 30.0

    def fetch(self) -> None:
        """Read the receipts that are there; those of packages are taken away once they are kept."""
        for path in self.receipt_files():
            with suppress(FileNotFoundError):
                if path.name.endswith(RECEIPT):
                    self.take_receipt(path)
                else:
                    self.take_refusal(path)

    def receipt_files(self) -> list[Path]:
        """Return the receipts that have not been read."""
        place = None if self.drop is None else self.drop / "receipts"
        if place is None or not place.is_dir():
            return []
        return sorted(each for each in place.iterdir() if each.name.endswith((RECEIPT, REFUSED)))

    def take_receipt(self, path: Path) -> None:
        """Act upon a receipt and take it away; one that is not the gateway's, or of no package of ours, is an alarm."""
        with self.lock:
            try:
                receipt = wire.parse(path.read_bytes())
                parcel = self.parcel_of(receipt)
                if parcel is None:
                    raise Unsure("a receipt of no package of ours")  # noqa: TRY301 - told below
                believed = self.believed(parcel, receipt)
            except (Refusal, Unsure, IndexError) as error:
                self.alarms[path.name] = str(error)
                return
        self.handle(parcel, believed)
        path.unlink(missing_ok=True)

    def parcel_of(self, receipt: etree._Element) -> Parcel | None:
        """Return the package that a receipt is for, by its packageId."""
        return self.dropped.get(text(receipt[0], "packageId"))

    def take_refusal(self, path: Path) -> None:
        """Make a file that was refused whole a task for a person."""
        told: Any = json.loads(path.read_bytes())
        package = self.file_names.get(str(told.get("file")))
        self.alarms[package or path.name] = "refused"
        path.unlink(missing_ok=True)


__all__ = ["FOLDERS", "OK", "Dropping"]
