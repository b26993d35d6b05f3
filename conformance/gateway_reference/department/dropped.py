# SPDX-License-Identifier: Apache-2.0
"""Profile F: how a department that drops files is started, driven and described."""

import math
import threading
from typing import Any, Final

from gateway_reference.department import life
from gateway_reference.department.dropping import Dropping
from gateway_reference.department.keys import Keys
from gateway_reference.department.listening import HookServer
from gateway_reference.department.offering import named
from gateway_reference.department.pushed import RECEIVER, PushDriver
from gateway_reference.department.system import Department

DROP: Final = "drop"


class DropDriver(PushDriver):
    """The verbs that only a system that drops files needs."""

    department: Dropping

    def __init__(self, department: Department) -> None:
        super().__init__(department)
        self.verbs["file.again"] = self.again

    def clock(self, scale: float = 1.0) -> dict[str, Any]:
        """Take over the scale of the suite's clock, also for waits that have begun."""
        super().clock(scale)
        self.department.moved.notify_all()
        return {}

    def resume(self) -> dict[str, Any]:
        """Let everything that was put off go now; what waits for its receipt goes on waiting."""
        self.department.lane_due.clear()
        for parcel in self.department.flying:
            if not math.isinf(parcel.due):
                parcel.due, parcel.attempts = 0.0, 0
        self.department.moved.notify_all()
        return {}

    def again(self, key: str) -> dict[str, Any]:
        """Drop the package that held a record once more; answers no keys: nothing new comes of it."""
        held = [each for each in self.department.dropped.values() if any(row.key == key for row in each.rows)]
        if not held:
            return {"ok": False, "error": "没有报送过这条记录 / this record was never dropped"}
        self.department.drop_again(held[-1])
        return {}


DEPARTMENT: Final = Dropping
DRIVER: Final = DropDriver


class Running:
    """A department that drops files; ``close`` ends its threads."""

    def __init__(self, department: Dropping, driver: DropDriver) -> None:
        self.department, self.driver = department, driver
        self.hook = HookServer(driver)
        self._threads = [threading.Thread(target=each, daemon=True) for each in (department.work, department.poll)]
        for thread in self._threads:
            thread.start()
        threading.Thread(target=self.hook.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def ready(self) -> dict[str, str]:
        """Return what a ready file tells: where the department drops its files."""
        return {"drop": str(self.department.drop)}

    def close(self) -> None:
        """Drop nothing more."""
        self.hook.shutdown()
        self.hook.server_close()
        with self.department.moved:
            self.department.stopped = True
            self.department.moved.notify_all()
        for thread in self._threads:
            thread.join(5)


def start(department: Dropping, driver: DropDriver, keys: Keys, settings: Any) -> Running:
    """Let the department drop files into its folder, which is made here with its rights."""
    place = (settings.directory / DROP).resolve()
    place.mkdir(exist_ok=True)
    place.chmod(department.folder_mode())
    department.ring, department.bench_files, department.gateway = keys, settings.directory / "bench", RECEIVER
    department.drop = place
    department.clear()
    return Running(department, driver)


def tables(running: Running, keys: Keys) -> dict[str, dict[str, Any]]:
    """Return what sut.toml says of this profile."""
    return {
        "profiles": {"view": False, "file": True, "soap": False, "push": False},
        "file": {
            "directory": DROP, "pattern": "JX-*.xml", "bench": "bench", "sender": life.ORGANISATION, "receiver": RECEIVER,
            "signing_cert": named(keys.file("system")),
        },
        "abilities": {},
    }  # fmt: skip


__all__ = ["DEPARTMENT", "DRIVER", "DropDriver", "Running", "start", "tables"]
