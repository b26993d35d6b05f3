# SPDX-License-Identifier: Apache-2.0
"""Running one reference system as a process: start, ready file, orderly stop."""

import json
import os
import signal
import threading
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue

from gateway_reference import pack as packs
from gateway_reference import parties
from gateway_reference.faults import Script
from gateway_reference.listening import Server
from gateway_reference.receiving import Kind, Receiver
from gateway_reference.server import Handler
from gateway_reference.service import Service
from gateway_reference.store import Store

FLUSH_SECONDS = 2.0
DRAIN_SECONDS = 10.0


@dataclass(frozen=True)
class Settings:
    """How a system is to run; ``role`` names it in the ready file, the contract is the same for both."""

    role: str
    directory: Path
    port: int = 0
    ready_file: Path | None = None
    kind: str = Kind.IDEMPOTENT
    pack: Path | None = None
    catalogue: str = "open"


def build(settings: Settings) -> Server:
    """Make a listening server from a system's directory; raises BadDirectory or PackMissing."""
    system = parties.load(settings.directory)
    pack = packs.Pack(packs.find(settings.pack))
    storage = Store(settings.directory)
    kind = Kind(settings.kind)
    for name, value in (("code", system.code), ("name", system.name), ("role", settings.role), ("kind", kind)):
        storage.remember(name, value)
    receiver = Receiver(system, pack, storage, kind=kind, strict_catalogue=settings.catalogue == "strict")
    return Server(
        settings.port,
        Handler,
        system=system,
        pack=pack,
        storage=storage,
        receiver=receiver,
        operations=Service(system, pack, storage, receiver, kind),
        script=Script(settings.directory),
    )


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then finish the package at hand and leave; raises what build raises."""
    server = build(settings)
    # No event: set() in a handler takes the lock that the wait() it interrupts may hold.
    stop: SimpleQueue[int] = SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda told, _frame: stop.put(told))
    accepting = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    accepting.start()
    if settings.ready_file is not None:
        _announce(settings.ready_file, server, settings)
    while _goes_on(stop):
        server.storage.flush()
    server.stopping.set()
    server.shutdown()
    server.drain(DRAIN_SECONDS)
    server.server_close()
    server.storage.close()


def _goes_on(stop: SimpleQueue[int]) -> bool:
    """Wait until the next flush; tell whether there is to be one."""
    try:
        stop.get(timeout=FLUSH_SECONDS)
    except Empty:
        return True
    return False


def _announce(path: Path, server: Server, settings: Settings) -> None:
    """Write the ready file whole or not at all."""
    ready = {
        "url": server.url,
        "wsdl": f"{server.url}?wsdl",
        "pid": os.getpid(),
        "role": settings.role,
        "kind": settings.kind,
        "code": server.system.code,
        "directory": str(settings.directory.resolve()),
    }
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(json.dumps(ready, ensure_ascii=False), "utf-8")
    draft.replace(path)
