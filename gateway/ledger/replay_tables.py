# SPDX-License-Identifier: Apache-2.0
"""Tables of replay plans: a frozen set of items, and what became of each."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, Table, Text, text

from gateway.ledger.tables import Id, metadata

replay_plan = Table(
    "replay_plan",
    metadata,
    Column("id", Id, primary_key=True),
    Column("state", Text, nullable=False),  # planned, proposed, running, paused, done, aborted
    Column("mode", Text, nullable=False),  # document, as-sent, raw
    Column("wanted", Text, nullable=False),
    Column("include", Text, nullable=False),
    Column("rate", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("to_send", Integer, nullable=False),
    Column("two_people", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("started_by", Text),
    Column("started_at", BigInteger),
    Column("approved_by", Text),
    Column("ended_at", BigInteger),
    Column("note", Text),
    comment="a replay plan; wanted is the filter (JSON) it was frozen from, digest SHA-256 over its items",
)

replay_item = Table(
    "replay_item",
    metadata,
    Column("plan_id", Integer, primary_key=True),
    Column("no", Integer, primary_key=True),
    Column("destination_id", Integer, nullable=False),  # 0: from raw, to wherever its record is routed
    Column("record_id", BigInteger, nullable=False),  # 0 where a refusal is re-mapped
    Column("refusal_id", BigInteger, nullable=False),  # 0 where a record is sent or re-mapped
    Column("org_code", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("state", Text, nullable=False),  # planned, skipped, queued, done, failed
    Column("outcome", Text),
    Column("receipt_no", BigInteger),
    Column("at", BigInteger),
    Index("ix_replay_item_state", "plan_id", "destination_id", "state", "no"),
    Index("ix_replay_item_record", "record_id"),
    Index(
        "ix_replay_item_queued",
        "plan_id",
        sqlite_where=text("state = 'queued'"),
        postgresql_where=text("state = 'queued'"),
    ),
    sqlite_with_rowid=False,
    comment="one delivery (or raw row) of a plan; receipt_no is the receipt that it had when the plan was made",
)

replay_run = Table(
    "replay_run",
    metadata,
    Column("plan_id", Integer, primary_key=True),
    Column("source_id", Integer, primary_key=True),
    Column("run_id", BigInteger, nullable=False, unique=True),
    comment="the run under which a plan re-maps raw rows of a source: its records have cause=remap (B21)",
)
