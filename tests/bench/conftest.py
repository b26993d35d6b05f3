# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

from gateway.bench.workshop import Workshop, make_rows, open_workshop, write_configuration
from gateway.clock import SystemClock
from gateway.config import Configuration, load

NOWHERE = dict.fromkeys(("municipal", "supervision"), "https://127.0.0.1:9/exchange")


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return open_workshop(tmp_path / "workshop", SystemClock().now())


@pytest.fixture
def configuration(workshop: Workshop) -> Configuration:
    source = make_rows(workshop, "source", 160, 7)
    return load(write_configuration(workshop, "product", source, NOWHERE))
