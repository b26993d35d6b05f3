# SPDX-License-Identifier: Apache-2.0
"""Tables of reconciliation: what sources show and the ledger lacks, and every day as it was last stated."""

from sqlalchemy import BigInteger, Column, Integer, Table, Text

from gateway.ledger.tables import metadata

source_difference = Table(
    "source_difference",
    metadata,
    Column("source_id", Integer, primary_key=True),
    Column("row_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),  # missing, late, altered, extra
    Column("first_seen_at", BigInteger, nullable=False),
    Column("last_seen_at", BigInteger, nullable=False),
    Column("state", Text, nullable=False),  # in-flight, suspected, confirmed
    sqlite_with_rowid=False,
    comment="rows on which a source and the ledger differed at the last key sweep; counted once seen again (B26)",
)

reconciled_day = Table(
    "reconciled_day",
    metadata,
    Column("destination_id", Integer, primary_key=True),
    Column("day", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("through_receipt_no", BigInteger, nullable=False),
    Column("records", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("restated", Integer, nullable=False, server_default="0"),
    sqlite_with_rowid=False,
    comment="what the ledger stated of a day when it was last reconciled; days never close, late ones are stated anew (B26)",
)
