# SPDX-License-Identifier: Apache-2.0
"""Good twins that drop files: other names, manifests, rights and rhythms than the reference system's, all of them right."""

import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from gateway_reference.department.dropping import Dropping
from gateway_reference.department.life import Row
from gateway_reference.department.pushing import Parcel
from gateway_reference.department.twins import twin

JOB = "job"


@twin("T11", "F")
class Slow(Dropping):
    """A job drops what is there every five minutes, and reads receipts every five minutes."""

    last_job = -1e9

    def ready_rows(self) -> list[Row]:
        """Return nothing before the job runs."""
        now = time.monotonic()
        due = self.last_job + 300 / self.scale
        if due > now:
            self.lane_due[JOB] = due
            return []
        self.last_job = now
        return super().ready_rows()

    def poll_seconds(self) -> float:
        """Return five minutes."""
        return 300.0


@twin("T33", "F")
class OneByOne(Dropping):
    """One record a file."""

    def batch_size(self) -> int:
        """Return one."""
        return 1


@twin("T39", "F")
class JsonManifest(Dropping):
    """Manifests are JSON objects."""

    def manifest(self, name: str, data: bytes, number: int) -> bytes:
        """Return the same as an object."""
        lines = super().manifest(name, data, number).decode().splitlines()
        told: dict[str, Any] = dict(line.split("=", 1) for line in lines)
        return json.dumps({**told, "size": int(told["size"]), "sequence": number}).encode()


@twin("T40", "F")
class OtherNames(Dropping):
    """Names tell the day and the sender and hold no number; numbers begin with 1001."""

    def file_name(self, number: int) -> str:
        """Return a name of letters after the day."""
        return (
            f"JX-示例局-20261123-{chr(97 + number // 676 % 26)}{chr(97 + number // 26 % 26)}{chr(97 + number % 26)}.xml"
        )

    def next_number(self) -> int:
        """Return the next number, from 1001 on."""
        return max(self.file_sequence + 1, 1001)


@twin("T41", "F")
class ElsewhereFirst(Dropping):
    """Files are made in another folder of the same disk and renamed into the drop; the group may write."""

    def place(self, name: str, data: bytes) -> None:
        """Write beside the folder, then rename."""
        assert self.drop is not None  # noqa: S101 - start has set it
        handle, made = tempfile.mkstemp(dir=self.drop.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(made).chmod(self.file_mode())
        Path(made).replace(self.drop / name)

    def folder_mode(self) -> int:
        """Return rights for owner and group."""
        return 0o770

    def file_mode(self) -> int:
        """Return rights for owner and group."""
        return 0o660


@twin("T42", "F")
class LeavesReceipts(Dropping):
    """Receipts are read and left where they are."""

    def take_receipt(self, path: Path) -> None:
        """Remember which were read."""
        read: set[str] = self.__dict__.setdefault("receipts_read", set())
        held = path.read_bytes()
        if path.name not in read:
            read.add(path.name)
            super().take_receipt(path)
            path.write_bytes(held)

    def reset(self) -> None:
        """Go back to the seed data."""
        self.__dict__["receipts_read"] = set()
        super().reset()


@twin("T43", "F")
class NewPackageAgain(Dropping):
    """What is asked for once more comes in a new package, with the same records."""

    def drop_again(self, parcel: Parcel) -> None:
        """Compose the records anew: the same recordIds, another packageId."""
        with self.lock:
            self.put_file(self.compose(parcel.rows))


@twin("T44", "F")
class VisibleDrafts(Dropping):
    """Files are written piece by piece under visible names of their own, then renamed."""

    def place(self, name: str, data: bytes) -> None:
        """Write a draft where everybody sees it, then rename it."""
        assert self.drop is not None  # noqa: S101 - start has set it
        draft = self.drop / f"draft_{name.replace('.xml', '.wip')}"
        with draft.open("wb") as file:
            for at in range(0, len(data), 8192):
                file.write(data[at : at + 8192])
                file.flush()
        draft.chmod(self.file_mode())
        draft.replace(self.drop / name)
