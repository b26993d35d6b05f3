# SPDX-License-Identifier: Apache-2.0
"""Tables of what other systems push to this gateway: packages and their receipts, gaps of streams, notices, refusals.

Times are microseconds since 1970 UTC. ``source_id`` is the sender: every sender is an event source of the ledger.
"""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, Table, Text, UniqueConstraint, text

from gateway.ledger.tables import Id, metadata

received_package = Table(
    "received_package",
    metadata,
    Column("receipt_no", Id, primary_key=True, autoincrement=False),
    Column("source_id", Integer, nullable=False),
    Column("package_id", Text, nullable=False),
    Column("body_digest", Text, nullable=False),
    Column("stream_id", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("records", Integer, nullable=False),
    Column("segment_id", BigInteger, nullable=False),
    Column("receipt_offset", Integer, nullable=False),
    Column("receipt_length", Integer, nullable=False),
    Column("head_offset", Integer, nullable=False),
    Column("head_length", Integer, nullable=False),
    UniqueConstraint("source_id", "package_id", name="uq_received_package_id"),
    comment="one package taken from a sender: its receipt byte for byte, and the sender's signed Head as evidence (R22)",
)

received_record = Table(
    "received_record",
    metadata,
    Column("record_id", BigInteger, primary_key=True, autoincrement=False),
    Column("wire_id", LargeBinary(16), nullable=False),
    Column("source_id", Integer, nullable=False),
    Column("receipt_no", BigInteger, nullable=False),
    Column("day", Text, nullable=False),
    Index("ix_received_record_wire", "wire_id"),
    Index("ix_received_record_day", "source_id", "day", "record_id"),
    sqlite_with_rowid=False,
    comment="which receipt first stored a record, its recordId on the wire, and the day of statements it belongs to",
)

received_stream = Table(
    "received_stream",
    metadata,
    Column("source_id", Integer, primary_key=True),
    Column("stream_id", Text, primary_key=True),
    Column("highest", BigInteger, nullable=False),
    sqlite_with_rowid=False,
    comment="the highest packageSeq seen of each stream of a sender",
)

received_gap = Table(
    "received_gap",
    metadata,
    Column("source_id", Integer, primary_key=True),
    Column("stream_id", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("opened_at", BigInteger, nullable=False),
    Column("alarmed", Boolean, nullable=False, server_default=text("false")),
    sqlite_with_rowid=False,
    comment="numbers of a stream that have not come; a row goes when its package comes or is given up",
)

received_voided = Table(
    "received_voided",
    metadata,
    Column("source_id", Integer, primary_key=True),
    Column("package_id", Text, primary_key=True),
    sqlite_with_rowid=False,
    comment="packages a sender has given up: they will not come, and each explains one gap",
)

notice = Table(
    "notice",
    metadata,
    Column("record_id", BigInteger, primary_key=True, autoincrement=False),
    Column("org_code", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("ix_notice_org_code", "org_code", "record_id"),
    sqlite_with_rowid=False,
    comment="records that a department must be told of: alerts, instructions, changes of the catalogue",
)

notice_read = Table(
    "notice_read",
    metadata,
    Column("source_id", Integer, primary_key=True),
    Column("record_id", BigInteger, primary_key=True),
    Column("at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
    comment="notices that a sender has acknowledged",
)

intake_refusal = Table(
    "intake_refusal",
    metadata,
    Column("id", Id, primary_key=True),
    Column("source_id", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("package_id", Text),
    Column("code", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("peer", Text, nullable=False),
    comment="packages of a known sender that were refused whole: nothing of them was stored (S1)",
)
