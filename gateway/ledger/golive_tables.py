# SPDX-License-Identifier: Apache-2.0
"""Tables of the go-live lock: attestations, where each item of a source stands, what is held back, and days of reconciliation."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, Table, Text, text

from gateway.ledger.tables import metadata

attestation = Table(
    "attestation",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("serial", Text, nullable=False),
    Column("kind", Text, nullable=False),  # self-report, acceptance
    Column("envelope", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    sqlite_with_rowid=False,
    comment="attestations that were presented: SHA-256 (hex) of the DSSE envelope and its bytes, for ever",
)

go_live = Table(
    "go_live",
    metadata,
    Column("source", Text, primary_key=True),
    Column("item", Text, primary_key=True),  # * for all items of the source
    Column("stage", Text, nullable=False),  # draft, self-tested, attested, trial, live, suspended
    Column("since", BigInteger, nullable=False),
    Column("told_by", Text, nullable=False),
    Column("told_reason", Text, nullable=False),
    Column("attestation", Text),
    Column("interface", Text),
    Column("valid_until", BigInteger, nullable=False, server_default="0"),
    Column("warned", Integer, nullable=False, server_default="0"),
    Column("flagged", Boolean, nullable=False, server_default=text("false")),
    Column("drift", Text),
    Column("before", Text),
    Column("override_until", BigInteger, nullable=False, server_default="0"),
    Column("override_by", Text),
    Column("override_reason", Text),
    sqlite_with_rowid=False,
    comment="go-live lock: the stage of each item of a source, the attestation it rests on and the interface as last seen (JSON)",
)

go_live_record = Table(
    "go_live_record",
    metadata,
    Column("record_id", BigInteger, primary_key=True),
    Column("source", Text, nullable=False),
    Column("item", Text, nullable=False),
    Column("lane", Text, nullable=False, index=True),
    Column("at", BigInteger, nullable=False),
    Column("state", Text, nullable=False),  # held, flagged
    Column("stage", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("due", BigInteger, nullable=False),
    Index("ix_go_live_record_source", "source", "item", "state"),
    comment="records that the go-live lock holds back from every destination, and those it let pass with a flag",
)

reconciled_source_day = Table(
    "reconciled_source_day",
    metadata,
    Column("source", Text, primary_key=True),
    Column("day", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("differences", Integer, nullable=False),
    sqlite_with_rowid=False,
    comment="the last reconciliation of a source on each day and how many differences counted: the go-live lock wants days of zero",
)
