# SPDX-License-Identifier: Apache-2.0
"""Who finds which planted bug: the simulator with the independent checker, or an oracle of its own with a name."""

import json
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from gateway.channels.https import Endpoint, HttpsChannel
from gateway.clock import BEIJING, SystemClock
from gateway.errors import TimedOut
from gateway.schedule import firing
from gateway.trust.certificates import make_authority
from tests.chaos import planted
from tests.chaos.checker import told
from tests.simulator.world import Site, World

SEEDS = 60
_DRIPS = 60
_STEP = 0.05
_DEADLINE = 0.5


def by_simulator() -> str | None:
    """Return the first objection of the checker, with its seed."""
    with tempfile.TemporaryDirectory(dir=memory()) as folder, Site(Path(folder)) as site:
        for seed in range(SEEDS):
            objections = World(site, seed).run()
            if objections:
                return f"seed {seed}: {told(objections, 1)}"
    return None


def memory() -> str | None:
    """Return a folder in memory where there is one: the simulator proves order of writes, not disks."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def by_dripping() -> str | None:
    """A peer that sends a byte now and then must lose the channel at the deadline of the whole call (R10)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        authority = make_authority("test city", SystemClock().now())
        (folder / "ca.pem").write_bytes(authority.certificate)
        for whom, pair in (
            ("server", authority.issue("server", "server", hosts=("127.0.0.1",))),
            ("client", authority.issue("gateway", "gateway", client=True)),
        ):
            (folder / f"{whom}.pem").write_bytes(pair.certificate)
            (folder / f"{whom}.key").write_bytes(pair.key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem", folder / "server.key")
        with socket.create_server(("127.0.0.1", 0)) as listener:
            sent: list[int] = []
            thread = threading.Thread(target=_drip, args=(listener, context, sent))
            thread.start()
            url = f"https://127.0.0.1:{listener.getsockname()[1]}/"
            end = Endpoint(url, folder / "ca.pem", folder / "client.pem", folder / "client.key", 2.0, _DEADLINE)
            channel = HttpsChannel(end)
            with suppress(TimedOut):
                channel.post(b"<x/>", {})
            channel.close()
            thread.join(30)
    allowed = int(_DEADLINE / _STEP) * 2
    return f"total deadline: {len(sent)} drips came, {allowed} fit" if len(sent) > allowed else None


def _drip(listener: socket.socket, context: ssl.SSLContext, sent: list[int]) -> None:
    with suppress(OSError):
        plain, _ = listener.accept()
        with context.wrap_socket(plain, server_side=True) as peer:
            peer.recv(65536)
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 5000\r\n\r\n")
            pause = threading.Event()
            for number in range(_DRIPS):
                peer.sendall(b"x")
                sent.append(number)
                pause.wait(_STEP)


def by_calendar() -> str | None:
    """Two days of an hourly schedule fire at the minute that its line names, once each hour (B24)."""
    start = datetime(2026, 3, 2, 9, 0, tzinfo=BEIJING)
    seen = {firing.latest_tick("5 * * * *", start + timedelta(seconds=half * 30)) for half in range(12, 48 * 120)}
    fired = sorted(seen)
    wanted = [start + timedelta(hours=hour, minutes=5) for hour in range(48)]
    wrong = sorted(set(fired) ^ set(wanted))
    return f"schedule: {len(wrong)} firings are not on the line or missing, first {wrong[0]}" if wrong else None


FINDERS: dict[str, Callable[[], str | None]] = dict.fromkeys(planted.BUGS, by_simulator) | {
    "timeout-per-read": by_dripping,
    "schedule-drift": by_calendar,
}


def hunt(bug: str) -> str | None:
    """Plant a bug, look for it, dig it out; return what found it."""
    undo = planted.plant(bug)
    try:
        return FINDERS[bug]()
    finally:
        undo()


if __name__ == "__main__":
    for name in planted.BUGS:
        print(json.dumps({"bug": name, "found": hunt(name)}, ensure_ascii=False), flush=True)
