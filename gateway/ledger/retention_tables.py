# SPDX-License-Identifier: Apache-2.0
"""Tables of retention: cases and records under a legal hold."""

from sqlalchemy import BigInteger, Column, Index, Table, Text, text

from gateway.ledger.tables import Id, metadata

hold = Table(
    "hold",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", Text, nullable=False),  # case, key, org, source
    Column("subject", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("placed_by", Text, nullable=False),
    Column("placed_at", BigInteger, nullable=False),
    Column("lifted_by", Text),
    Column("lifted_at", BigInteger),
    Index(
        "uq_hold_open",
        "kind",
        "subject",
        unique=True,
        sqlite_where=text("lifted_at is null"),
        postgresql_where=text("lifted_at is null"),
    ),
    comment="legal hold: what it names is never pruned",
)
