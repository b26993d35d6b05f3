# SPDX-License-Identifier: Apache-2.0
"""Table of mapping versions: what was planned, approved and put to use for each source, with the files themselves."""

from sqlalchemy import BigInteger, Column, Index, Table, Text

from gateway.ledger.tables import Id, metadata

mapping_version = Table(
    "mapping_version",
    metadata,
    Column("id", Id, primary_key=True),
    Column("source", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("files", Text, nullable=False),  # JSON: name -> text
    Column("state", Text, nullable=False),  # planned, approved, active, retired, rejected
    Column("effect", Text, nullable=False),  # JSON: what it changes, as shown to who approved it
    Column("reason", Text, nullable=False),
    Column("planned_by", Text, nullable=False),
    Column("planned_at", BigInteger, nullable=False),
    Column("approved_by", Text),
    Column("approved_at", BigInteger),
    Column("activated_by", Text),
    Column("activated_at", BigInteger),
    Index("ix_mapping_version_source", "source", "state"),
    comment="versions of mappings: planned by one person, approved by another, put to use; kept for ever",
)
