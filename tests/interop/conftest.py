# SPDX-License-Identifier: Apache-2.0
"""Independent SOAP clients: zeep, npm's ``soap`` and PHP's SoapClient, each with one way of making calls."""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.reference.conftest import Running, keys, platform, start

__all__ = ["Call", "Plan", "Running", "keys", "platform", "start"]

HERE = Path(__file__).parent
SECONDS = 120


@dataclass(frozen=True)
class Call:
    """One call: arguments by name, or ``content`` that goes into the request element as it stands."""

    operation: str
    arguments: dict[str, Any] = field(default_factory=dict)
    content: str | None = None


@dataclass(frozen=True)
class Plan:
    """What a client shall do: read a WSDL, then call an endpoint."""

    wsdl: Path
    location: str
    namespace: str
    soap12: bool
    calls: Sequence[Call]
    tls: dict[str, str] | None = None

    def text(self) -> str:
        """Return the plan as the client scripts read it."""
        calls = []
        for call in self.calls:
            told: dict[str, Any] = {"operation": call.operation, "arguments": call.arguments}
            if call.content is not None:
                told["xml"] = call.content
                name, space = call.operation, self.namespace
                told["element"] = f'<{name} xmlns="{space}">{call.content}</{name}>'
            calls.append(told)
        return json.dumps(
            {
                "wsdl": str(self.wsdl), "location": self.location, "soap12": self.soap12, "tls": self.tls,
                "calls": calls,
            }
        )  # fmt: skip


Client = Callable[[Plan], dict[str, Any]]
"""Carries out a plan: the operations it found in the WSDL, and an answer (result or fault) for every call."""


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Client:
    """npm's ``soap``, installed from the committed lock into an ignored folder."""
    npm, engine = shutil.which("npm"), shutil.which("node")
    if npm is None or engine is None:
        pytest.skip("node: no node and npm here")
    home = _installed(npm)
    return lambda plan: _run([engine, "client.js"], home, plan)


@pytest.fixture(scope="session")
def php() -> Client:
    """PHP's SoapClient."""
    engine = shutil.which("php")
    if engine is None:
        pytest.skip("php: no php here")
    if "soap" not in subprocess.run([engine, "-m"], capture_output=True, text=True, check=True).stdout.split():
        pytest.skip("php: its soap extension is missing")
    return lambda plan: _run([engine, "client.php"], HERE, plan)


@pytest.fixture(params=["node", "php"])
def client(request: pytest.FixtureRequest) -> Client:
    """Each of the clients that are scripts."""
    chosen: Client = request.getfixturevalue(request.param)
    return chosen


def _installed(npm: str) -> Path:
    """Return a folder beside the project's own build output where the lock is installed, once per lock."""
    lock = (HERE / "node" / "package-lock.json").read_bytes()
    home = HERE / "node_modules" / hashlib.sha256(lock).hexdigest()[:16]
    home.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "node" / "client.js", home)
    if not (home / "node_modules" / ".package-lock.json").exists():
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / "node" / name, home)
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--omit=dev"]
        done = subprocess.run(command, cwd=home, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            pytest.skip(f"node: npm ci failed: {done.stderr.strip().splitlines()[-1:]}")
    return home


def _run(command: list[str], home: Path, plan: Plan) -> dict[str, Any]:
    environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    done = subprocess.run(
        command, cwd=home, input=plan.text(), capture_output=True, text=True, timeout=SECONDS, check=False,
        env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answers: dict[str, Any] = json.loads(done.stdout)
    return answers
