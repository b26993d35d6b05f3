# SPDX-License-Identifier: Apache-2.0
"""What people said about a group of failures."""

from sqlalchemy import BigInteger, Column, Table, Text

from gateway.ledger.tables import metadata

failure_note = Table(
    "failure_note",
    metadata,
    Column("fingerprint", Text, primary_key=True),
    Column("state", Text, nullable=False),  # open, aside
    Column("assignee", Text),
    Column("reason", Text),
    Column("by", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    comment="a group of failures put aside with a reason, or given to somebody",
)
