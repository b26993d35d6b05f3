# SPDX-License-Identifier: Apache-2.0
"""``python -m tests.sources.puller``: one pull after the other, each in a process of its own that may be told where to die.

A job is a line of JSON: ``directory`` (of the ledger and the options' files), ``adapter``, ``options``, ``chunk``, and ``point``:
null, or ``[target, "before" or "after", nth]`` as ``tests.chaos.points`` names places; SIGKILL strikes there. Each line is
answered by how the process ended: its exit status, or the number of the signal with a minus.
"""

import functools
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from gateway.channels.database_tools import DatabaseTools
from gateway.channels.files.source import open_files
from gateway.model.record import SourceKind
from gateway.sdk import AdapterSettings
from gateway.testing.clock import FakeClock
from tests.chaos.points import Hits, Point, _wrapped, replace
from tests.sources.keeping import Keeping


def pull(job: dict[str, Any]) -> None:
    """Arm this process and pull once."""
    directory, clock = Path(job["directory"]), FakeClock()
    settings = AdapterSettings("test", SourceKind.STATE, job["options"], directory)
    source: Any = open_files(settings, clock) if job["adapter"] == "files" else DatabaseTools(clock).database(settings)
    if job["point"] is not None:
        target, when, nth = job["point"]
        replace(target, functools.partial(_wrapped, Point("here", target, when), Hits("here", nth)))
    keeping = Keeping(directory, clock)
    keeping.pull(source, job["chunk"])
    keeping.ledger.close()


def main() -> None:
    """Answer jobs until there are no more."""
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            try:
                pull(json.loads(line))
                os._exit(0)
            except BaseException:  # noqa: BLE001 # whatever it was, this process ends here
                traceback.print_exc()
                sys.stderr.flush()
                os._exit(1)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
