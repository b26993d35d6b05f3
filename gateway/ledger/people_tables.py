# SPDX-License-Identifier: Apache-2.0
"""Tables of people, of what they did, and of what waits for a second person."""

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, Text, text

from gateway.ledger.tables import Id, metadata

person = Table(
    "person",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("secret", Text),
    Column("key", Text),
    Column("state", Text, nullable=False),  # active, closed
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("approved_by", Text),
    comment="people who may act: Argon2id hash of a password, or a public key (PEM)",
)

act = Table(
    "act",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("role", Text),
    Column("proof", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("outcome", Text, nullable=False),  # done, proposed, refused
    Column("reason", Text),
    Column("detail", Text, nullable=False),
    Column("signature", LargeBinary),
    Column("hash", LargeBinary(32), nullable=False),
    Index("ix_act_actor", "actor", "at"),
    Index("ix_act_subject", "subject"),
    comment="audit: what people did and were refused; append-only, each row hashed over the one before it",
)

proposal = Table(
    "proposal",
    metadata,
    Column("id", Id, primary_key=True),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("state", Text, nullable=False),  # open, approved, rejected, done
    Column("proposed_by", Text, nullable=False),
    Column("proposed_at", BigInteger, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", BigInteger),
    Column("decision", Text),
    Index(
        "uq_proposal_open",
        "action",
        "subject",
        unique=True,
        sqlite_where=text("state = 'open'"),
        postgresql_where=text("state = 'open'"),
    ),
    comment="acts that need two people: proposed by one, decided by another",
)
