# SPDX-License-Identifier: Apache-2.0
"""Tables of those who work on the ledger: who is alive, and the streams of packages they number."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from gateway.ledger.tables import Id, metadata

worker = Table(
    "worker",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("process", Text, nullable=False, index=True),
    Column("place", Text, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    # A number is never given twice: what a dead worker held must not seem to be held by a new one.
    sqlite_autoincrement=True,
    comment="who may hold a lease; process and place tell a machine whether its own are alive, seen_at is the database's clock",
)

stream = Table(
    "stream",
    metadata,
    Column("id", Id, primary_key=True),
    Column("destination_id", Integer, nullable=False),
    Column("stream_id", Text, nullable=False, unique=True),
    Column("package_seq", BigInteger, nullable=False, server_default="0"),
    Column("holder", BigInteger),
    Index("ix_stream_destination", "destination_id"),
    comment="one stream of packages a worker and destination; a stream whose worker is gone is taken over by the next",
)
