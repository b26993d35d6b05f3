# SPDX-License-Identifier: Apache-2.0
"""A test city and its systems, running in this process."""

import itertools
import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway_reference import holdings, pki, run
from gateway_reference.listening import Server
from tests.reference.client import ORG, Sender


@dataclass
class Running:
    """A system that runs in this process, and its directory."""

    server: Server
    directory: Path
    sender: Sender

    def held(self) -> dict[str, Any]:
        self.server.storage.flush()
        return holdings.dump(self.directory)

    def script(self, *rules: dict[str, Any]) -> None:
        (self.directory / "faults.json").write_text(json.dumps(list(rules)), "utf-8")


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A city's keys, made once; systems get their own directories with copies."""
    home = tmp_path_factory.mktemp("city")
    return pki.make_city(home, organisations=(ORG,))


@pytest.fixture
def start(keys: dict[str, Any], tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Start systems by ``start(kind=…, catalogue=…)``; all are stopped afterwards."""
    running: list[Running] = []
    numbers = itertools.count()

    def begin(system: str = "municipal", **settings: Any) -> Running:
        directory = settings.pop("directory", tmp_path / f"{system}-{next(numbers)}")
        if not directory.exists():
            directory.mkdir()
            for file in Path(keys["systems"][system]["directory"]).iterdir():
                if re.search(r"\.(pem|key|toml)$", file.name):
                    (directory / file.name).write_bytes(file.read_bytes())
        server = run.build(run.Settings(role="platform", directory=directory, **settings))
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        running.append(Running(server, directory, Sender(server.url, keys, system)))
        return running[-1]

    yield begin
    for one in running:
        one.sender.close()
        one.server.stopping.set()
        one.server.shutdown()
        one.server.server_close()
        one.server.storage.close()


@pytest.fixture
def platform(start: Callable[..., Running]) -> Running:
    """An idempotent municipal platform."""
    return start()
