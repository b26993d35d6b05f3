# SPDX-License-Identifier: Apache-2.0
"""Tables of the evidence chain (ledger.md B29): one leaf a transaction, leaves sealed together, seals linked by hash."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text, text

from gateway.ledger.tables import Id, metadata

leaf = Table(
    "evidence_leaf",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("rows", Text, nullable=False),
    Column("digests", LargeBinary, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("seal_no", BigInteger),
    Index(
        "ix_evidence_leaf_open",
        "id",
        sqlite_where=text("seal_no is null"),
        postgresql_where=text("seal_no is null"),
    ),
    comment="what one transaction wrote for ever: rows is JSON {table: [[first id, count], …]}, digests 16 bytes a row in that order (zeros: pruned), digest over both",
)

seal = Table(
    "evidence_seal",
    metadata,
    Column("no", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("incarnation", Integer, nullable=False),
    Column("leaves", Text, nullable=False),
    Column("digests", LargeBinary, nullable=False),
    Column("head", LargeBinary(32), nullable=False),
    Column("signature", Text),
    comment="the chain: leaves is JSON [[first id, count], …], digests those of these leaves, head hashes all of it over the head before; signed with the gateway's key",
)
