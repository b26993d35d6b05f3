# SPDX-License-Identifier: Apache-2.0
"""The table of what waits at intake (0002): few rows, a table of its own."""

from sqlalchemy import BigInteger, Boolean, Column, Table, Text

from gateway.ledger.tables import metadata

held_back = Table(
    "held_back",
    metadata,
    Column("record_id", BigInteger, primary_key=True),
    Column("item_code", Text, index=True),
    Column("org_code", Text, index=True),
    Column("level", Text, nullable=False),
    Column("has_catalogue", Boolean, nullable=False),
    Column("findings", Text, nullable=False),
    sqlite_with_rowid=False,
    comment="why a record waits (findings as JSON, [] for its predecessor alone), and by what it is judged again",
)
