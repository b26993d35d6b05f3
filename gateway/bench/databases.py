# SPDX-License-Identifier: Apache-2.0
"""Databases of a PostgreSQL server that the bench makes for itself and drops again."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from sqlalchemy import create_engine, text

from gateway.ledger.engine import parse

_NUMBERS = count(1)


@contextmanager
def scratch_database(server: str) -> Iterator[str]:
    """Make an empty database beside the one that ``server`` names and yield its URL; its role must be allowed to."""
    url = parse(server)
    name = f"gateway_bench_{os.getpid()}_{next(_NUMBERS)}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        try:
            yield url.set(drivername="postgresql", database=name).render_as_string(hide_password=False)
        finally:
            with engine.connect() as connection:
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    finally:
        engine.dispose()
