# SPDX-License-Identifier: Apache-2.0
"""Tables about sources beyond their rows: what they are to be told, the files they gave, rows that they no longer show."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text, UniqueConstraint

from gateway.ledger.tables import Id, metadata

source_notice = Table(
    "source_notice",
    metadata,
    Column("id", Id, primary_key=True),
    Column("source_id", Integer, nullable=False, index=True),
    Column("at", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Column("file_id", BigInteger),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("error", Text),
    comment="outbox of what a source is to be told (B17): written with the chunk, removed when the source has been told",
)

source_file = Table(
    "source_file",
    metadata,
    Column("id", Id, primary_key=True),
    Column("source_id", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sequence", BigInteger),
    Column("state", Text, nullable=False),  # open, done, refused
    Column("taken_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("told_at", BigInteger),
    Column("rows", Integer, nullable=False, server_default="0"),
    Column("accepted", Integer, nullable=False, server_default="0"),
    Column("refused", Integer, nullable=False, server_default="0"),
    Column("duplicates", Integer, nullable=False, server_default="0"),
    Column("conflicts", Integer, nullable=False, server_default="0"),
    Column("stale", Integer, nullable=False, server_default="0"),
    Column("waiting", Integer, nullable=False, server_default="0"),
    Column("rereads", Integer, nullable=False, server_default="0"),
    Column("omitted", Integer, nullable=False, server_default="0"),
    Column("findings", LargeBinary, nullable=False),
    UniqueConstraint("source_id", "name", "digest", "taken_at", name="uq_source_file_name"),
    Index("ix_source_file_sequence", "source_id", "sequence"),
    comment="files that a source gave: figures and findings (zlib JSON, at most 10,000) for the receipt; for ever",
)

row_absence = Table(
    "row_absence",
    metadata,
    Column("source_id", Integer, primary_key=True),
    Column("row_id", Text, primary_key=True),
    Column("first_missed_at", BigInteger, nullable=False),
    Column("missed", Integer, nullable=False),
    Column("state", Text, nullable=False),  # suspect, outside, proposed, withdrawn, dismissed
    sqlite_with_rowid=False,
    comment="rows that complete listings of a source no longer held (T4)",
)

source_hold = Table(
    "source_hold",
    metadata,
    Column("source_id", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("code", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("allowed", Integer),
    sqlite_with_rowid=False,
    comment="sources that are not read until a person has looked (T4: too many rows gone at once), or how many rows may be gone once one has",
)

source_withdrawal = Table(
    "source_withdrawal",
    metadata,
    Column("refusal_id", BigInteger, primary_key=True),
    Column("source_id", Integer, nullable=False, index=True),
    Column("reason", Text, nullable=False),
    Column("proposed_by", Text, nullable=False),
    Column("approver", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
    comment="proposed withdrawals that two people have decided: the next run of the source carries them out",
)

owed_receipt = Table(
    "owed_receipt",
    metadata,
    Column("receipt_no", Id, primary_key=True, autoincrement=False),
    Column("source_id", Integer, nullable=False, index=True),
    Column("package_id", Text, nullable=False),
    Column("put", Text),  # SHA-256 of what was put while records of it still waited
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("error", Text),
    comment="receipts of fetched packages that the department has not heard, or heard while records still waited (B17)",
)
