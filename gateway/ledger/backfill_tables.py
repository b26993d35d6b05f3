# SPDX-License-Identifier: Apache-2.0
"""Tables of back-fills: a range of a source's history cut into slices, and the runs that read them."""

from sqlalchemy import BigInteger, Column, Integer, Table, Text

from gateway.ledger.tables import Id, metadata

backfill_plan = Table(
    "backfill_plan",
    metadata,
    Column("id", Id, primary_key=True),
    Column("source_id", Integer, nullable=False, index=True),
    Column("state", Text, nullable=False),  # planned, running, paused, done, aborted
    Column("rate", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("started_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("note", Text),
    comment="history of a source that is read beside its pulls; rate is rows a second",
)

backfill_slice = Table(
    "backfill_slice",
    metadata,
    Column("plan_id", Integer, primary_key=True),
    Column("no", Integer, primary_key=True),
    Column("floor", Text),
    Column("until", Text, nullable=False),
    Column("expected", BigInteger),
    Column("position", Text, nullable=False, server_default=""),
    Column("state", Text, nullable=False),  # open, done
    Column("ended_at", BigInteger),
    sqlite_with_rowid=False,
    comment="one slice, both bounds included; position (JSON) is where it goes on, moved with each chunk",
)

backfill_run = Table(
    "backfill_run",
    metadata,
    Column("run_id", BigInteger, primary_key=True),
    Column("plan_id", Integer, nullable=False, index=True),
    Column("slice_no", Integer, nullable=False),
    comment="runs that read a slice; their figures are its figures",
)
