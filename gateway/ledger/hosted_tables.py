# SPDX-License-Identifier: Apache-2.0
"""The table of workbooks that hosted departments have given (代建)."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, Table, Text

from gateway.ledger.tables import Id, metadata

hosted_upload = Table(
    "hosted_upload",
    metadata,
    Column("id", Id, primary_key=True),
    Column("source", Text, nullable=False),
    Column("item", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("file", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("draft", Boolean, nullable=False),
    Column("run_id", BigInteger),
    Column("records", Integer, nullable=False),
    Column("drafts", Integer, nullable=False),
    Column("accepted", Integer, nullable=False),
    Column("waiting", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("unchanged", Integer, nullable=False),
    Column("faults", Integer, nullable=False),
    Column("result", LargeBinary, nullable=False),
    Index("ix_hosted_upload_source", "source", "id"),
    comment="workbooks of departments without a system: who gave them, what became of them, and as they were given back",
)
