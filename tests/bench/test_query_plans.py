# SPDX-License-Identifier: Apache-2.0
"""No statement of a run walks a table that grows: SQLite is asked how it would find what each of them wants."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, event

from gateway.app import Gateway
from gateway.bench.processes import receiving
from gateway.bench.workshop import Workshop, make_rows, write_configuration
from gateway.config import load
from gateway.schedule.once import RoundOptions

pytestmark = pytest.mark.service

GROWING = ("record", "record_key", "row_memory", "delivery", "lane", "package", "attempt", "segment", "case_file")


@pytest.fixture
def asked() -> Iterator[dict[str, tuple[Any, ...]]]:
    """Collect every statement sent to a database, with parameters of one of its executions."""
    found: dict[str, tuple[Any, ...]] = {}

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, executemany: bool) -> None:
        found[statement] = tuple(parameters[0] if executemany else parameters)

    event.listen(Engine, "before_cursor_execute", note)
    yield found
    event.remove(Engine, "before_cursor_execute", note)


def _once_a_round(statement: str) -> bool:
    """The closing figures look at the whole of the ledger, once."""
    return "record.run_id IN" in statement and "GROUP BY" in statement


def test_every_statement_of_a_run_finds_its_rows_by_an_index(
    workshop: Workshop, asked: dict[str, tuple[Any, ...]]
) -> None:
    source = make_rows(workshop, "source", 1200, 3)
    with receiving(workshop) as receivers:
        configuration = load(write_configuration(workshop, "product", source, receivers.addresses))
        with Gateway.open(configuration) as gateway:
            asked.clear()  # making the tables is none of our business
            gateway.run_once(RoundOptions(reconcile=False))
            statements = dict(asked)
            with gateway.place.ledger.reading() as connection:
                plans = {
                    statement: [
                        row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
                    ]
                    for statement, parameters in statements.items()
                    if statement.startswith(("SELECT", "UPDATE", "DELETE", "INSERT"))
                    and any(f"{table}" in statement for table in GROWING)
                }
    assert len(plans) > 15
    walks = {
        statement: step
        for statement, steps in plans.items()
        for step in steps
        for table in GROWING
        if (step.startswith(f"SCAN {table}") and "ix_record_waiting" not in step and not _once_a_round(statement))
        or step == f"SEARCH {table} USING PRIMARY KEY (destination_id=?)"
    }
    assert not walks, "\n".join(f"{step} <- {' '.join(said.split())[:300]}" for said, step in walks.items())
