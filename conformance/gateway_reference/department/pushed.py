# SPDX-License-Identifier: Apache-2.0
"""Profile P: how a pushing department is started, driven and described."""

import random
import socket
import threading
from pathlib import Path
from typing import Any, Final

from cryptography.x509.oid import ExtendedKeyUsageOID

from gateway_reference import pki
from gateway_reference.department import life
from gateway_reference.department.driving import Driver
from gateway_reference.department.keys import Keys
from gateway_reference.department.listening import HookServer
from gateway_reference.department.offering import named
from gateway_reference.department.pushing import Pushing
from gateway_reference.department.system import Department

RECEIVER: Final = "113601009900000258"


class PushDriver(Driver):
    """The verbs that only a system that pushes needs."""

    department: Pushing

    def __init__(self, department: Department) -> None:
        super().__init__(department)
        self.verbs |= {
            "record.fix": self.fix, "task.list": self.open_tasks, "outbox.list": self.outbox, "push.resume": self.resume,
            "counts.list": self.counts,
        }  # fmt: skip

    def fix(self, key: str) -> dict[str, Any]:
        """Correct the record that was refused: its next version goes out."""
        return {"keys": [self.change(self.department.rows[key], "operatorName", "改正示例").key]}

    def open_tasks(self) -> dict[str, Any]:
        """List what a person has to look at: keys of refused records, alarms, notices about unknown cases."""
        return {"keys": self.department.tasks_open()}

    def outbox(self) -> dict[str, Any]:
        """List the keys of the records that wait to be sent; refused ones and what waits behind them do not."""
        parked = {self.department.lane(row) for row in self.department.waiting() if self.refused(row)}
        return {"keys": [row.key for row in self.department.waiting() if self.department.lane(row) not in parked]}

    def refused(self, row: life.Row) -> bool:
        """Tell whether a row is refused for good."""
        from gateway_reference.department.pushing import mark

        return mark(row) in self.department.parked

    def resume(self) -> dict[str, Any]:
        """Let everything that was put off go now."""
        self.department.busy_until = 0.0
        self.department.lane_due.clear()
        for parcel in self.department.flying:
            parcel.due, parcel.attempts = 0.0, 0
        self.department.moved.notify_all()
        return {}

    def counts(self, day: str) -> dict[str, Any]:
        """Return what the business tables count for a day, by record type and item."""
        rows = [
            {"type": type_, "itemCode": item, "count": count, "distinctKeys": keys}
            for type_, item, count, keys in self.department.counts(day)
        ]
        return {"rows": rows}


DEPARTMENT: Final = Pushing
DRIVER: Final = PushDriver


class Running:
    """A department that pushes; ``close`` ends its threads."""

    def __init__(self, department: Pushing, driver: Driver) -> None:
        self.department, self.driver = department, driver
        self.hook = HookServer(driver)
        works = [department.work] * (department.senders() + 1) + [department.poll]
        self._threads = [threading.Thread(target=each, daemon=True) for each in works]
        for thread in self._threads:
            thread.start()
        threading.Thread(target=self.hook.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def ready(self) -> dict[str, str]:
        """Return what a ready file tells: where the department expects its gateway."""
        host, port = self.department.endpoint()
        return {"gateway": f"https://{host}:{port}/exchange"}

    def close(self) -> None:
        """Stop sending."""
        self.hook.shutdown()
        self.hook.server_close()
        with self.department.moved:
            self.department.stopped = True
            self.department.moved.notify_all()
        for thread in self._threads:
            thread.join(5)
        self.department.hang_up()


def start(department: Pushing, driver: Driver, keys: Keys, settings: Any) -> Running:
    """Let the department push to the place where the bench will listen."""
    if not keys.file("client").exists():
        authority = pki._load_authority(keys.directory, 90)
        authority.issue(keys.directory, "client", "department client", ExtendedKeyUsageOID.CLIENT_AUTH)
        soon = pki._Authority(authority.key, authority.certificate, 5)
        soon.issue(keys.directory, "client-ending", "department client", ExtendedKeyUsageOID.CLIENT_AUTH)
    department.ring, department.port = keys, settings.port or free_port()
    department.bench_files = settings.directory / "bench"
    department.gateway = RECEIVER
    return Running(department, driver)


def free_port() -> int:
    """Return a port that is free now, below those that the machine gives to outgoing connections."""
    while True:
        port = random.randrange(20_000, 32_000)  # noqa: S311 - any port
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def tables(running: Running, keys: Keys) -> dict[str, dict[str, Any]]:
    """Return what sut.toml says of this profile."""
    port = running.department.port
    return {
        "profiles": {"view": False, "file": False, "soap": False, "push": True},
        "push": {
            "listen": f"127.0.0.1:{port}", "bench": "bench", "sender": life.ORGANISATION, "receiver": RECEIVER,
            "client_cert": named(running.department.client_certificate()), "client_ca": named(keys.authority),
            "signing_cert": named(keys.file("system")),
        },
        "abilities": {"form": "soap11"},
    }  # fmt: skip


__all__ = ["DEPARTMENT", "DRIVER", "Path", "PushDriver", "Running", "free_port", "start", "tables"]
