# SPDX-License-Identifier: Apache-2.0
"""Tables of the ledger, the same on SQLite and PostgreSQL.

Gateway times are microseconds since 1970 UTC (``BigInteger``), digests are raw 32 bytes. Names of record types,
keys and cases stand as text. Payloads live compressed in ``segment``; records point into them.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

# SQLite makes a row id alias only of a column declared INTEGER.
Id = BigInteger().with_variant(Integer(), "sqlite")

# Order keys are compared byte by byte; PostgreSQL would else use the database's collation.
Ordered = Text().with_variant(Text(collation="C"), "postgresql")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

site = Table(
    "site",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    comment="one value a name: incarnation, pack, schema edition",
)

# -- intake ------------------------------------------------------------------------------------------------------

source = Table(
    "source",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("waiting_limit", BigInteger, nullable=False),
    Column("epoch", BigInteger, nullable=False, server_default="0"),
    Column("cursor", Text, nullable=False, server_default=""),
    Column("deaths", Integer, nullable=False, server_default="0"),
    Column("paused", Boolean, nullable=False, server_default=text("false")),
    Column("told_reason", Text),
    Column("told_by", Text),
    Column("told_at", BigInteger),
    comment="fenced cursor of each source (B5); cursor is a JSON text compared as a whole; waiting_limit in microseconds (B9)",
)

source_run = Table(
    "source_run",
    metadata,
    Column("id", Id, primary_key=True),
    Column("source_id", ForeignKey("source.id"), nullable=False, index=True),
    Column("epoch", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("holder", BigInteger),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("rows", Integer, nullable=False, server_default="0"),
    Column("rereads", Integer, nullable=False, server_default="0"),
    Column("collected", Integer, nullable=False, server_default="0"),
    Column("accepted", Integer, nullable=False, server_default="0"),
    Column("refused", Integer, nullable=False, server_default="0"),
    Column("duplicates", Integer, nullable=False, server_default="0"),
    Column("conflicts", Integer, nullable=False, server_default="0"),
    Column("stale", Integer, nullable=False, server_default="0"),
    Column("waiting", Integer, nullable=False, server_default="0"),
    Column("error", Text),
    comment="one pull of one source and its figures; state: open, done, failed, dead",
)

row_memory = Table(
    "row_memory",
    metadata,
    Column("source_id", Integer, primary_key=True),
    Column("row_id", Text, primary_key=True),
    Column("digest", LargeBinary(32), nullable=False),
    Column("keys", Text, nullable=False, server_default=""),
    sqlite_with_rowid=False,
    comment="the last raw digest seen of each row, for ever (B2), and the keys it made, newline-separated (B7)",
)
allocation = Table(
    "allocation",
    metadata,
    Column("name", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("scope", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
    UniqueConstraint("name", "scope", "number", name="uq_allocation_number"),
    sqlite_with_rowid=False,
    comment="numbers given once per subject and kept for ever (B8)",
)

segment = Table(
    "segment",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("codec", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    comment="payloads of one chunk and kind (document, raw, receipt), compressed together",
)

record = Table(
    "record",
    metadata,
    Column("id", Id, primary_key=True),
    Column("type", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("content_digest", LargeBinary(32), nullable=False),
    Column("identity", LargeBinary(32), nullable=False),
    Column("state", Text, nullable=False),  # accepted, waiting, parked, superseded (a correction came while it waited)
    Column("lane", Text, nullable=False),
    Column("order_key", Ordered, nullable=False),
    Column("case_no", Text),
    Column("org_code", Text, nullable=False),
    Column("item_code", Text),
    Column("occurred_at", Text, nullable=False),
    Column("source_id", Integer, nullable=False),
    Column("row_id", Text, nullable=False),
    Column("run_id", BigInteger, nullable=False),
    Column("accepted_at", BigInteger, nullable=False),
    Column("segment_id", BigInteger, nullable=False),
    Column("offset", Integer, nullable=False),
    Column("length", Integer, nullable=False),
    Column("raw_segment_id", BigInteger, nullable=False),
    Column("raw_offset", Integer, nullable=False),
    Column("raw_length", Integer, nullable=False),
    Column("versions_id", Integer, nullable=False),
    Column("warnings", Text),
    Column("facts", Text),
    UniqueConstraint("key", "version", name="uq_record_key_version"),
    Index("ix_record_case", "case_no"),
    Index(
        "ix_record_waiting",
        "lane",
        sqlite_where=text("state = 'waiting' or state = 'parked'"),
        postgresql_where=text("state = 'waiting' or state = 'parked'"),
    ),
    comment="identity of every version ever held, and its facts (JSON) for the rules of its case; never pruned, not partitioned (B22)",
)

record_key = Table(
    "record_key",
    metadata,
    Column("key", Text, primary_key=True),
    Column("type", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("record_id", BigInteger),
    Column("identity", LargeBinary(32), nullable=False),
    Column("withdrawal", LargeBinary(32)),
    Column("order_token", Text),
    Column("source_id", Integer, nullable=False),
    Column("row_id", Text, nullable=False),
    Column("several_rows", Boolean, nullable=False),
    Column("lane", Text, nullable=False),
    Column("case_no", Text),
    Column("withdrawn", Boolean, nullable=False),
    Column("accepted", Boolean, nullable=False),
    Column("order_key", Ordered, nullable=False),
    Index("ix_record_key_case", "case_no"),
    sqlite_with_rowid=False,
    comment="head of each key: owner (B6), order token (B4), identity of the last content and of its withdrawal; no record_id: only reserved (B7)",
)

versions = Table(
    "versions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("pack", Text, nullable=False),
    Column("mapping", Text, nullable=False),
    Column("adapter", Text, nullable=False),
    UniqueConstraint("pack", "mapping", "adapter"),
    comment="pack, mapping and adapter a record was handled with",
)

case_file = Table(
    "case_file",
    metadata,
    Column("case_no", Text, primary_key=True),
    Column("rev", BigInteger, nullable=False),
    sqlite_with_rowid=False,
    comment="one row a case: locked in sorted order while its records are decided (B10)",
)

refusal = Table(
    "refusal",
    metadata,
    Column("id", Id, primary_key=True),
    Column("source_id", Integer, nullable=False),
    Column("row_id", Text, nullable=False),
    Column("run_id", BigInteger, nullable=False),
    Column("outcome", Text, nullable=False),  # refused, conflict, stale, proposed (a withdrawal for a person to decide)
    Column("type", Text),
    Column("key", Text),
    Column("case_no", Text),
    Column("stage", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("findings", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("segment_id", BigInteger),
    Column("offset", Integer),
    Column("length", Integer),
    Column("raw_segment_id", BigInteger, nullable=False),
    Column("raw_offset", Integer, nullable=False),
    Column("raw_length", Integer, nullable=False),
    Column("superseded", Boolean, nullable=False, server_default=text("false")),
    Column("fingerprint", Text, nullable=False),
    Index("ix_refusal_fingerprint", "fingerprint"),
    Index("ix_refusal_row", "source_id", "row_id"),
    Index("ix_refusal_case", "case_no"),
    Index("ix_refusal_code", "code"),
    comment="what may not enter, with its raw form and findings (JSON); superseded when a later reading of the row did better",
)

# -- delivery ----------------------------------------------------------------------------------------------------

destination = Table(
    "destination",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("state", Text, nullable=False, server_default="open"),  # open, draining, paused, halted
    Column("reason", Text),
    Column("circuit", Text, nullable=False, server_default="closed"),  # closed, open, half-open
    Column("opened_at", BigInteger),
    Column("probe_by", BigInteger, nullable=False, server_default="0"),
    Column("maintenance_until", BigInteger, nullable=False, server_default="0"),
    Column("paced_until", BigInteger, nullable=False, server_default="0"),
    Column("told_reason", Text),
    Column("told_by", Text),
    Column("told_at", BigInteger),
    Column("not_before", BigInteger, nullable=False, server_default="0"),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("package_limit", Integer),
    comment="what is known of each destination's health",
)

lane = Table(
    "lane",
    metadata,
    Column("destination_id", Integer, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("state", Text, nullable=False),  # ready, leased, blocked; a lane with nothing open has no row
    Column("priority", SmallInteger, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("org_code", Ordered, nullable=False),
    Column("due", BigInteger, nullable=False),
    Index(
        "ix_lane_ready",
        "destination_id",
        "priority",
        "org_code",
        "since",
        "name",
        sqlite_where=text("state = 'ready'"),
        postgresql_where=text("state = 'ready'"),
    ),
    Index(
        "ix_lane_due",
        "destination_id",
        "due",
        "name",
        sqlite_where=text("state = 'ready' and due < 9223372036854775807"),
        postgresql_where=text("state = 'ready' and due < 9223372036854775807"),
    ),
    sqlite_with_rowid=False,
    comment="a lane keeps the order of one case at one destination (B9); leased while one of its records is in an open package",
)

# Not "state IN (…)": for each row that an index with IN looks at, SQLite builds the list anew.
OPEN_DELIVERY = "state = 'ready' or state = 'waiting' or state = 'parked' or state = 'packed'"

delivery = Table(
    "delivery",
    metadata,
    Column("destination_id", Integer, primary_key=True),
    Column("record_id", BigInteger, primary_key=True),
    Column("lane", Text, nullable=False),
    Column("order_key", Ordered, nullable=False),
    Column("state", Text, nullable=False),  # waiting, ready, packed, settled, parked, superseded, skipped, not-needed
    Column("package_no", BigInteger),
    Column("receipt_no", BigInteger),
    Column("code", Text),
    Column("message", Text),
    Index(
        "ix_delivery_open",
        "destination_id",
        "lane",
        "order_key",
        sqlite_where=text(OPEN_DELIVERY),
        postgresql_where=text(OPEN_DELIVERY),
    ),
    Index(
        "ix_delivery_package",
        "package_no",
        sqlite_where=text("package_no is not null"),
        postgresql_where=text("package_no is not null"),
    ),
    sqlite_with_rowid=False,
    comment="one record at one destination (T2)",
)

awaiting = Table(
    "awaiting",
    metadata,
    Column("destination_id", Integer, primary_key=True),
    Column("record_id", BigInteger, primary_key=True),
    Column("awaits", Text, nullable=False),
    sqlite_with_rowid=False,
    comment="what a waiting delivery waits for at its destination: a key or a case (B13); few rows, a table of its own",
)

package = Table(
    "package",
    metadata,
    Column("no", Id, primary_key=True),
    Column("package_id", Text, nullable=False, unique=True),
    Column("destination_id", Integer, nullable=False),
    Column("stream_id", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("records", Text, nullable=False),
    Column("body_digest", Text, nullable=False),
    Column("state", Text, nullable=False),  # open, unknown, settled, void, parked
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("was_unknown", Boolean, nullable=False, server_default=text("false")),
    Column("last_sent_at", BigInteger),
    Column("not_before", BigInteger, nullable=False, server_default="0"),
    Column("holder", BigInteger),
    Column("epoch", BigInteger, nullable=False, server_default="0"),
    Column("code", Text),
    Column("receipt_no", BigInteger),
    Column("incarnation", BigInteger),  # of the receiver that gave the receipt: its numbers begin anew with each
    Column("receipt_segment_id", BigInteger),
    UniqueConstraint("stream_id", "seq", name="uq_package_stream_seq"),
    Index(
        "ix_package_open",
        "destination_id",
        sqlite_where=text("state in ('open', 'unknown')"),
        postgresql_where=text("state in ('open', 'unknown')"),
    ),
    comment="a package as claimed, before its first byte is sent (B20); records is a JSON array of record ids in order; holder works on it now, epoch fences whoever held it before",
)

attempt = Table(
    "attempt",
    metadata,
    Column("id", Id, primary_key=True),
    Column("package_no", BigInteger, nullable=False, index=True),
    Column("kind", Text, nullable=False),  # submit, query
    Column("at", BigInteger, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("code", Text),
    Column("detail", Text),
    comment="every time we spoke to a destination about a package",
)

schedule_run = Table(
    "schedule_run",
    metadata,
    Column("schedule", Text, primary_key=True),
    Column("due_at", BigInteger, primary_key=True),
    Column("state", Text, nullable=False),  # due, running, done, failed, skipped
    Column("covers_from", BigInteger),
    Column("holder", BigInteger),
    Column("started_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("detail", Text),
    sqlite_with_rowid=False,
    comment="truth of a firing: insert wins (B24)",
)

reconciliation = Table(
    "reconciliation",
    metadata,
    Column("id", Id, primary_key=True),
    Column("destination_id", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("day", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("kind", Text, nullable=False),  # missing, extra, altered
    Column("detail", Text, nullable=False),
    comment="differences found by the last reconciliation",
)
