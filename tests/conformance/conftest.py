# SPDX-License-Identifier: Apache-2.0
"""A reference department that listens, made once a test session with its keys."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway_conformance import runner, sut
from gateway_reference.department import keys, running

SCALE = 600.0


@pytest.fixture(scope="session")
def ring(tmp_path_factory: pytest.TempPathFactory) -> keys.Keys:
    return keys.make(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def department(tmp_path: Path, ring: keys.Keys) -> Iterator[Callable[..., Path]]:
    """Start departments; each call returns the path of a sut.toml."""
    started = []

    def start(profile: str = "S", **settings: Any) -> Path:
        directory = tmp_path / f"department-{len(started)}"
        started.append(running.build(running.Settings(profile, directory, **settings), ring))
        return directory / "sut.toml"

    yield start
    for each in started:
        each.close()


@pytest.fixture
def try_system(department: Callable[..., Path]) -> Callable[..., dict[str, Any]]:
    """Start a department and run the suite against it."""

    def run(only: frozenset[str] | None = None, seed: int = 1, **settings: Any) -> dict[str, Any]:
        return runner.run(sut.load(department(**settings)), runner.Options(seed, SCALE, only=only))

    return run
