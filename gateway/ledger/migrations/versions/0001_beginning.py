# SPDX-License-Identifier: Apache-2.0
"""The ledger as it began."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table."""
    op.create_table('act',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('role', sa.Text(), nullable=True),
    sa.Column('proof', sa.Text(), nullable=False),
    sa.Column('action', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('outcome', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('detail', sa.Text(), nullable=False),
    sa.Column('signature', sa.LargeBinary(), nullable=True),
    sa.Column('hash', sa.LargeBinary(length=32), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_act')),
    comment='audit: what people did and were refused; append-only, each row hashed over the one before it'
    )
    op.create_index('ix_act_actor', 'act', ['actor', 'at'], unique=False)
    op.create_index('ix_act_subject', 'act', ['subject'], unique=False)
    op.create_table('allocation',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('scope', sa.Text(), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('name', 'subject', 'scope', name=op.f('pk_allocation')),
    sa.UniqueConstraint('name', 'scope', 'number', name='uq_allocation_number'),
    comment='numbers given once per subject and kept for ever (B8)',
    sqlite_with_rowid=False
    )
    op.create_table('attempt',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('package_no', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('outcome', sa.Text(), nullable=False),
    sa.Column('code', sa.Text(), nullable=True),
    sa.Column('detail', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attempt')),
    comment='every time we spoke to a destination about a package'
    )
    op.create_index(op.f('ix_attempt_package_no'), 'attempt', ['package_no'], unique=False)
    op.create_table('attestation',
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('serial', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('envelope', sa.LargeBinary(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('by', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('digest', name=op.f('pk_attestation')),
    comment='attestations that were presented: SHA-256 (hex) of the DSSE envelope and its bytes, for ever',
    sqlite_with_rowid=False
    )
    op.create_table('awaiting',
    sa.Column('destination_id', sa.Integer(), nullable=False),
    sa.Column('record_id', sa.BigInteger(), nullable=False),
    sa.Column('awaits', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('destination_id', 'record_id', name=op.f('pk_awaiting')),
    comment='what a waiting delivery waits for at its destination: a key or a case (B13); few rows, a table of its own',
    sqlite_with_rowid=False
    )
    op.create_table('backfill_plan',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('source_id', sa.Integer(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('rate', sa.Integer(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('created_by', sa.Text(), nullable=False),
    sa.Column('started_at', sa.BigInteger(), nullable=True),
    sa.Column('ended_at', sa.BigInteger(), nullable=True),
    sa.Column('note', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_backfill_plan')),
    comment='history of a source that is read beside its pulls; rate is rows a second'
    )
    op.create_index(op.f('ix_backfill_plan_source_id'), 'backfill_plan', ['source_id'], unique=False)
    op.create_table('backfill_run',
    sa.Column('run_id', sa.BigInteger(), nullable=False),
    sa.Column('plan_id', sa.Integer(), nullable=False),
    sa.Column('slice_no', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('run_id', name=op.f('pk_backfill_run')),
    comment='runs that read a slice; their figures are its figures'
    )
    op.create_index(op.f('ix_backfill_run_plan_id'), 'backfill_run', ['plan_id'], unique=False)
    op.create_table('backfill_slice',
    sa.Column('plan_id', sa.Integer(), nullable=False),
    sa.Column('no', sa.Integer(), nullable=False),
    sa.Column('floor', sa.Text(), nullable=True),
    sa.Column('until', sa.Text(), nullable=False),
    sa.Column('expected', sa.BigInteger(), nullable=True),
    sa.Column('position', sa.Text(), server_default='', nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('ended_at', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('plan_id', 'no', name=op.f('pk_backfill_slice')),
    comment='one slice, both bounds included; position (JSON) is where it goes on, moved with each chunk',
    sqlite_with_rowid=False
    )
    op.create_table('case_file',
    sa.Column('case_no', sa.Text(), nullable=False),
    sa.Column('rev', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('case_no', name=op.f('pk_case_file')),
    comment='one row a case: locked in sorted order while its records are decided (B10)',
    sqlite_with_rowid=False
    )
    op.create_table('delivery',
    sa.Column('destination_id', sa.Integer(), nullable=False),
    sa.Column('record_id', sa.BigInteger(), nullable=False),
    sa.Column('lane', sa.Text(), nullable=False),
    sa.Column('order_key', sa.Text().with_variant(sa.Text(collation='C'), 'postgresql'), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('package_no', sa.BigInteger(), nullable=True),
    sa.Column('receipt_no', sa.BigInteger(), nullable=True),
    sa.Column('code', sa.Text(), nullable=True),
    sa.Column('message', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('destination_id', 'record_id', name=op.f('pk_delivery')),
    comment='one record at one destination (T2)',
    sqlite_with_rowid=False
    )
    op.create_index('ix_delivery_open', 'delivery', ['destination_id', 'lane', 'order_key'], unique=False, sqlite_where=sa.text("state = 'ready' or state = 'waiting' or state = 'parked' or state = 'packed'"), postgresql_where=sa.text("state = 'ready' or state = 'waiting' or state = 'parked' or state = 'packed'"))
    op.create_index('ix_delivery_package', 'delivery', ['package_no'], unique=False, sqlite_where=sa.text('package_no is not null'), postgresql_where=sa.text('package_no is not null'))
    op.create_table('destination',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), server_default='open', nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('circuit', sa.Text(), server_default='closed', nullable=False),
    sa.Column('opened_at', sa.BigInteger(), nullable=True),
    sa.Column('probe_by', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('maintenance_until', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('paced_until', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('told_reason', sa.Text(), nullable=True),
    sa.Column('told_by', sa.Text(), nullable=True),
    sa.Column('told_at', sa.BigInteger(), nullable=True),
    sa.Column('not_before', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('failures', sa.Integer(), server_default='0', nullable=False),
    sa.Column('package_limit', sa.Integer(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_destination')),
    sa.UniqueConstraint('name', name=op.f('uq_destination_name')),
    comment="what is known of each destination's health"
    )
    op.create_table('evidence_leaf',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('rows', sa.Text(), nullable=False),
    sa.Column('digests', sa.LargeBinary(), nullable=False),
    sa.Column('digest', sa.LargeBinary(length=32), nullable=False),
    sa.Column('seal_no', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_evidence_leaf')),
    comment='what one transaction wrote for ever: rows is JSON {table: [[first id, count], …]}, digests 16 bytes a row in that order (zeros: pruned), digest over both'
    )
    op.create_index('ix_evidence_leaf_open', 'evidence_leaf', ['id'], unique=False, sqlite_where=sa.text('seal_no is null'), postgresql_where=sa.text('seal_no is null'))
    op.create_table('evidence_seal',
    sa.Column('no', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('incarnation', sa.Integer(), nullable=False),
    sa.Column('leaves', sa.Text(), nullable=False),
    sa.Column('digests', sa.LargeBinary(), nullable=False),
    sa.Column('head', sa.LargeBinary(length=32), nullable=False),
    sa.Column('signature', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('no', name=op.f('pk_evidence_seal')),
    comment="the chain: leaves is JSON [[first id, count], …], digests those of these leaves, head hashes all of it over the head before; signed with the gateway's key"
    )
    op.create_table('failure_note',
    sa.Column('fingerprint', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('assignee', sa.Text(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('by', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('fingerprint', name=op.f('pk_failure_note')),
    comment='a group of failures put aside with a reason, or given to somebody'
    )
    op.create_table('go_live',
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('item', sa.Text(), nullable=False),
    sa.Column('stage', sa.Text(), nullable=False),
    sa.Column('since', sa.BigInteger(), nullable=False),
    sa.Column('told_by', sa.Text(), nullable=False),
    sa.Column('told_reason', sa.Text(), nullable=False),
    sa.Column('attestation', sa.Text(), nullable=True),
    sa.Column('interface', sa.Text(), nullable=True),
    sa.Column('valid_until', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('warned', sa.Integer(), server_default='0', nullable=False),
    sa.Column('flagged', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('drift', sa.Text(), nullable=True),
    sa.Column('before', sa.Text(), nullable=True),
    sa.Column('override_until', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('override_by', sa.Text(), nullable=True),
    sa.Column('override_reason', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('source', 'item', name=op.f('pk_go_live')),
    comment='go-live lock: the stage of each item of a source, the attestation it rests on and the interface as last seen (JSON)',
    sqlite_with_rowid=False
    )
    op.create_table('go_live_record',
    sa.Column('record_id', sa.BigInteger(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('item', sa.Text(), nullable=False),
    sa.Column('lane', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('stage', sa.Text(), nullable=False),
    sa.Column('priority', sa.Integer(), nullable=False),
    sa.Column('due', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('record_id', name=op.f('pk_go_live_record')),
    comment='records that the go-live lock holds back from every destination, and those it let pass with a flag'
    )
    op.create_index(op.f('ix_go_live_record_lane'), 'go_live_record', ['lane'], unique=False)
    op.create_index('ix_go_live_record_source', 'go_live_record', ['source', 'item', 'state'], unique=False)
    op.create_table('held_back',
    sa.Column('record_id', sa.BigInteger(), nullable=False),
    sa.Column('item_code', sa.Text(), nullable=True),
    sa.Column('org_code', sa.Text(), nullable=True),
    sa.Column('level', sa.Text(), nullable=False),
    sa.Column('has_catalogue', sa.Boolean(), nullable=False),
    sa.Column('findings', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('record_id', name=op.f('pk_held_back')),
    comment='why a record waits (findings as JSON, [] for its predecessor alone), and by what it is judged again',
    sqlite_with_rowid=False
    )
    op.create_index(op.f('ix_held_back_item_code'), 'held_back', ['item_code'], unique=False)
    op.create_index(op.f('ix_held_back_org_code'), 'held_back', ['org_code'], unique=False)
    op.create_table('hold',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('placed_by', sa.Text(), nullable=False),
    sa.Column('placed_at', sa.BigInteger(), nullable=False),
    sa.Column('lifted_by', sa.Text(), nullable=True),
    sa.Column('lifted_at', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_hold')),
    comment='legal hold: what it names is never pruned'
    )
    op.create_index('uq_hold_open', 'hold', ['kind', 'subject'], unique=True, sqlite_where=sa.text('lifted_at is null'), postgresql_where=sa.text('lifted_at is null'))
    op.create_table('hosted_upload',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('item', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('file', sa.Text(), nullable=False),
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('draft', sa.Boolean(), nullable=False),
    sa.Column('run_id', sa.BigInteger(), nullable=True),
    sa.Column('records', sa.Integer(), nullable=False),
    sa.Column('drafts', sa.Integer(), nullable=False),
    sa.Column('accepted', sa.Integer(), nullable=False),
    sa.Column('waiting', sa.Integer(), nullable=False),
    sa.Column('refused', sa.Integer(), nullable=False),
    sa.Column('unchanged', sa.Integer(), nullable=False),
    sa.Column('faults', sa.Integer(), nullable=False),
    sa.Column('result', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_hosted_upload')),
    comment='workbooks of departments without a system: who gave them, what became of them, and as they were given back'
    )
    op.create_index('ix_hosted_upload_source', 'hosted_upload', ['source', 'id'], unique=False)
    op.create_table('intake_refusal',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('source_id', sa.Integer(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('package_id', sa.Text(), nullable=True),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('detail', sa.Text(), nullable=False),
    sa.Column('peer', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_intake_refusal')),
    comment='packages of a known sender that were refused whole: nothing of them was stored (S1)'
    )
    op.create_table('lane',
    sa.Column('destination_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('priority', sa.SmallInteger(), nullable=False),
    sa.Column('since', sa.BigInteger(), nullable=False),
    sa.Column('org_code', sa.Text().with_variant(sa.Text(collation='C'), 'postgresql'), nullable=False),
    sa.Column('due', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('destination_id', 'name', name=op.f('pk_lane')),
    comment='a lane keeps the order of one case at one destination (B9); leased while one of its records is in an open package',
    sqlite_with_rowid=False
    )
    op.create_index('ix_lane_due', 'lane', ['destination_id', 'due', 'name'], unique=False, sqlite_where=sa.text("state = 'ready' and due < 9223372036854775807"), postgresql_where=sa.text("state = 'ready' and due < 9223372036854775807"))
    op.create_index('ix_lane_ready', 'lane', ['destination_id', 'priority', 'org_code', 'since', 'name'], unique=False, sqlite_where=sa.text("state = 'ready'"), postgresql_where=sa.text("state = 'ready'"))
    op.create_table('mapping_version',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('files', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('effect', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('planned_by', sa.Text(), nullable=False),
    sa.Column('planned_at', sa.BigInteger(), nullable=False),
    sa.Column('approved_by', sa.Text(), nullable=True),
    sa.Column('approved_at', sa.BigInteger(), nullable=True),
    sa.Column('activated_by', sa.Text(), nullable=True),
    sa.Column('activated_at', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_mapping_version')),
    comment='versions of mappings: planned by one person, approved by another, put to use; kept for ever'
    )
    op.create_index('ix_mapping_version_source', 'mapping_version', ['source', 'state'], unique=False)
    op.create_table('notice',
    sa.Column('record_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('org_code', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('record_id', name=op.f('pk_notice')),
    comment='records that a department must be told of: alerts, instructions, changes of the catalogue',
    sqlite_with_rowid=False
    )
    op.create_index('ix_notice_org_code', 'notice', ['org_code', 'record_id'], unique=False)
    op.create_table('notice_read',
    sa.Column('source_id', sa.Integer(), nullable=False),
    sa.Column('record_id', sa.BigInteger(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('source_id', 'record_id', name=op.f('pk_notice_read')),
    comment='notices that a sender has acknowledged',
    sqlite_with_rowid=False
    )
    op.create_table('owed_receipt',
    sa.Column('receipt_no', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('source_id', sa.Integer(), nullable=False),
    sa.Column('package_id', sa.Text(), nullable=False),
    sa.Column('put', sa.Text(), nullable=True),
    sa.Column('attempts', sa.Integer(), server_default='0', nullable=False),
    sa.Column('error', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('receipt_no', name=op.f('pk_owed_receipt')),
    comment='receipts of fetched packages that the department has not heard, or heard while records still waited (B17)'
    )
    op.create_index(op.f('ix_owed_receipt_source_id'), 'owed_receipt', ['source_id'], unique=False)
    op.create_table('package',
    sa.Column('no', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('package_id', sa.Text(), nullable=False),
    sa.Column('destination_id', sa.Integer(), nullable=False),
    sa.Column('stream_id', sa.Text(), nullable=False),
    sa.Column('seq', sa.BigInteger(), nullable=False),
    sa.Column('purpose', sa.Text(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('records', sa.Text(), nullable=False),
    sa.Column('body_digest', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('attempts', sa.Integer(), server_default='0', nullable=False),
    sa.Column('was_unknown', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('last_sent_at', sa.BigInteger(), nullable=True),
    sa.Column('not_before', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('holder', sa.BigInteger(), nullable=True),
    sa.Column('epoch', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('code', sa.Text(), nullable=True),
    sa.Column('receipt_no', sa.BigInteger(), nullable=True),
    sa.Column('incarnation', sa.BigInteger(), nullable=True),
    sa.Column('receipt_segment_id', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('no', name=op.f('pk_package')),
    sa.UniqueConstraint('package_id', name=op.f('uq_package_package_id')),
    sa.UniqueConstraint('stream_id', 'seq', name='uq_package_stream_seq'),
    comment='a package as claimed, before its first byte is sent (B20); records is a JSON array of record ids in order; holder works on it now, epoch fences whoever held it before'
    )
    op.create_index('ix_package_open', 'package', ['destination_id'], unique=False, sqlite_where=sa.text("state in ('open', 'unknown')"), postgresql_where=sa.text("state in ('open', 'unknown')"))
    op.create_table('person',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('secret', sa.Text(), nullable=True),
    sa.Column('key', sa.Text(), nullable=True),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('created_by', sa.Text(), nullable=False),
    sa.Column('approved_by', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_person')),
    sa.UniqueConstraint('name', name=op.f('uq_person_name')),
    comment='people who may act: Argon2id hash of a password, or a public key (PEM)'
    )
    op.create_table('proposal',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('action', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('payload', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('proposed_by', sa.Text(), nullable=False),
    sa.Column('proposed_at', sa.BigInteger(), nullable=False),
    sa.Column('decided_by', sa.Text(), nullable=True),
    sa.Column('decided_at', sa.BigInteger(), nullable=True),
    sa.Column('decision', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_proposal')),
    comment='acts that need two people: proposed by one, decided by another'
    )
    op.create_index('uq_proposal_open', 'proposal', ['action', 'subject'], unique=True, sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"))
    op.create_table('received_gap',
    sa.Column('source_id', sa.Integer(), nullable=False),
    sa.Column('stream_id', sa.Text(), nullable=False),
    sa.Column('seq', sa.BigInteger(), nullable=False),
    sa.Column('opened_at', sa.BigInteger(), nullable=False),
    sa.Column('alarmed', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.PrimaryKeyConstraint('source_id', 'stream_id', 'seq', name=op.f('pk_received_gap')),
    comment='numbers of a stream that have not come; a row goes when its package comes or is given up',
    sqlite_with_rowid=False
    )
    op.create_table('received_package',
    sa.Column('receipt_no', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('source_id', sa.Integer(), nullable=False),
    sa.Column('package_id', sa.Text(), nullable=False),
    sa.Column('body_digest', sa.Text(), nullable=False),
    sa.Column('stream_id', sa.Text(), nullable=False),
    sa.Column('seq', sa.BigInteger(), nullable=False),
    sa.Column('received_at', sa.BigInteger(), nullable=False),
    sa.Column('records', sa.Integer(), nullable=False),
    sa.Column('segment_id', sa.BigInteger(), nullable=False),
    sa.Column('receipt_offset', sa.Integer(), nullable=False),
    sa.Column('receipt_length', sa.Integer(), nullable=False),
    sa.Column('head_offset', sa.Integer(), nullable=False),
    sa.Column('head_length', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('receipt_no', name=op.f('pk_received_package')),
    sa.UniqueConstraint('source_id', 'package_id', name='uq_received_package_id'),
    comment="one package taken from a sender: its receipt byte for byte, and the sender's signed Head as evidence (R22)"
    )
    op.create_table('received_record',
    sa.Column('record_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('wire_id', sa.LargeBinary(length=16), nullable=False),
    sa.Column('source_id', sa.Integer(), nullable=False),
    sa.Column('receipt_no', sa.BigInteger(), nullable=False),
    sa.Column('day', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('record_id', name=op.f('pk_received_record')),
    comment='which receipt first stored a record, its recordId on the wire, and the day of statements it belongs to',
    sqlite_with_rowid=False
    )
    op.create_index('ix_received_record_day', 'received_record', ['source_id', 'day', 'record_id'], unique=False)
    op.create_index('ix_received_record_wire', 'received_record', ['wire_id'], unique=False)
    op.create_table('received_stream',
    sa.Column('source_id', sa.Integer(), nullable=False),
    sa.Column('stream_id', sa.Text(), nullable=False),
    sa.Column('highest', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('source_id', 'stream_id', name=op.f('pk_received_stream')),
    comment='the highest packageSeq seen of each stream of a sender',
    sqlite_with_rowid=False
    )
    op.create_table('received_voided',
    sa.Column('source_id', sa.Integer(), nullable=False),
    sa.Column('package_id', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('source_id', 'package_id', name=op.f('pk_received_voided')),
    comment='packages a sender has given up: they will not come, and each explains one gap',
    sqlite_with_rowid=False
    )
    op.create_table('reconciled_day',
    sa.Column('destination_id', sa.Integer(), nullable=False),
    sa.Column('day', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('through_receipt_no', sa.BigInteger(), nullable=False),
    sa.Column('records', sa.Integer(), nullable=False),
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('restated', sa.Integer(), server_default='0', nullable=False),
    sa.PrimaryKeyConstraint('destination_id', 'day', name=op.f('pk_reconciled_day')),
    comment='what the ledger stated of a day when it was last reconciled; days never close, late ones are stated anew (B26)',
    sqlite_with_rowid=False
    )
    op.create_table('reconciled_source_day',
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('day', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('rows', sa.BigInteger(), nullable=False),
    sa.Column('differences', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('source', 'day', name=op.f('pk_reconciled_source_day')),
    comment='the last reconciliation of a source on each day and how many differences counted: the go-live lock wants days of zero',
    sqlite_with_rowid=False
    )
    op.create_table('reconciliation',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('destination_id', sa.Integer(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('day', sa.Text(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('detail', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reconciliation')),
    comment='differences found by the last reconciliation'
    )
    op.create_table('record',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('type', sa.Text(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('content_digest', sa.LargeBinary(length=32), nullable=False),
    sa.Column('identity', sa.LargeBinary(length=32), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('lane', sa.Text(), nullable=False),
    sa.Column('order_key', sa.Text().with_variant(sa.Text(collation='C'), 'postgresql'), nullable=False),
    sa.Column('case_no', sa.Text(), nullable=True),
    sa.Column('org_code', sa.Text(), nullable=False),
    sa.Column('item_code', sa.Text(), nullable=True),
    sa.Column('occurred_at', sa.Text(), nullable=False),
    sa.Column('source_id', sa.Integer(), nullable=False),
    sa.Column('row_id', sa.Text(), nullable=False),
    sa.Column('run_id', sa.BigInteger(), nullable=False),
    sa.Column('accepted_at', sa.BigInteger(), nullable=False),
    sa.Column('segment_id', sa.BigInteger(), nullable=False),
    sa.Column('offset', sa.Integer(), nullable=False),
    sa.Column('length', sa.Integer(), nullable=False),
    sa.Column('raw_segment_id', sa.BigInteger(), nullable=False),
    sa.Column('raw_offset', sa.Integer(), nullable=False),
    sa.Column('raw_length', sa.Integer(), nullable=False),
    sa.Column('versions_id', sa.Integer(), nullable=False),
    sa.Column('warnings', sa.Text(), nullable=True),
    sa.Column('facts', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_record')),
    sa.UniqueConstraint('key', 'version', name='uq_record_key_version'),
    comment='identity of every version ever held, and its facts (JSON) for the rules of its case; never pruned, not partitioned (B22)'
    )
    op.create_index('ix_record_case', 'record', ['case_no'], unique=False)
    op.create_index('ix_record_waiting', 'record', ['lane'], unique=False, sqlite_where=sa.text("state = 'waiting' or state = 'parked'"), postgresql_where=sa.text("state = 'waiting' or state = 'parked'"))
    op.create_table('record_key',
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('type', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('record_id', sa.BigInteger(), nullable=True),
    sa.Column('identity', sa.LargeBinary(length=32), nullable=False),
    sa.Column('withdrawal', sa.LargeBinary(length=32), nullable=True),
    sa.Column('order_token', sa.Text(), nullable=True),
    sa.Column('source_id', sa.Integer(), nullable=False),
    sa.Column('row_id', sa.Text(), nullable=False),
    sa.Column('several_rows', sa.Boolean(), nullable=False),
    sa.Column('lane', sa.Text(), nullable=False),
    sa.Column('case_no', sa.Text(), nullable=True),
    sa.Column('withdrawn', sa.Boolean(), nullable=False),
    sa.Column('accepted', sa.Boolean(), nullable=False),
    sa.Column('order_key', sa.Text().with_variant(sa.Text(collation='C'), 'postgresql'), nullable=False),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_record_key')),
    comment='head of each key: owner (B6), order token (B4), identity of the last content and of its withdrawal; no record_id: only reserved (B7)',
    sqlite_with_rowid=False
    )
    op.create_index('ix_record_key_case', 'record_key', ['case_no'], unique=False)
    op.create_table('refusal',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('source_id', sa.Integer(), nullable=False),
    sa.Column('row_id', sa.Text(), nullable=False),
    sa.Column('run_id', sa.BigInteger(), nullable=False),
    sa.Column('outcome', sa.Text(), nullable=False),
    sa.Column('type', sa.Text(), nullable=True),
    sa.Column('key', sa.Text(), nullable=True),
    sa.Column('case_no', sa.Text(), nullable=True),
    sa.Column('stage', sa.Text(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('findings', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('segment_id', sa.BigInteger(), nullable=True),
    sa.Column('offset', sa.Integer(), nullable=True),
    sa.Column('length', sa.Integer(), nullable=True),
    sa.Column('raw_segment_id', sa.BigInteger(), nullable=False),
    sa.Column('raw_offset', sa.Integer(), nullable=False),
    sa.Column('raw_length', sa.Integer(), nullable=False),
    sa.Column('superseded', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('fingerprint', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_refusal')),
    comment='what may not enter, with its raw form and findings (JSON); superseded when a later reading of the row did better'
    )
    op.create_index('ix_refusal_case', 'refusal', ['case_no'], unique=False)
    op.create_index('ix_refusal_code', 'refusal', ['code'], unique=False)
    op.create_index('ix_refusal_fingerprint', 'refusal', ['fingerprint'], unique=False)
    op.create_index('ix_refusal_row', 'refusal', ['source_id', 'row_id'], unique=False)
    op.create_table('replay_item',
    sa.Column('plan_id', sa.Integer(), nullable=False),
    sa.Column('no', sa.Integer(), nullable=False),
    sa.Column('destination_id', sa.Integer(), nullable=False),
    sa.Column('record_id', sa.BigInteger(), nullable=False),
    sa.Column('refusal_id', sa.BigInteger(), nullable=False),
    sa.Column('org_code', sa.Text(), nullable=False),
    sa.Column('cause', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('outcome', sa.Text(), nullable=True),
    sa.Column('receipt_no', sa.BigInteger(), nullable=True),
    sa.Column('at', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('plan_id', 'no', name=op.f('pk_replay_item')),
    comment='one delivery (or raw row) of a plan; receipt_no is the receipt that it had when the plan was made',
    sqlite_with_rowid=False
    )
    op.create_index('ix_replay_item_queued', 'replay_item', ['plan_id'], unique=False, sqlite_where=sa.text("state = 'queued'"), postgresql_where=sa.text("state = 'queued'"))
    op.create_index('ix_replay_item_record', 'replay_item', ['record_id'], unique=False)
    op.create_index('ix_replay_item_state', 'replay_item', ['plan_id', 'destination_id', 'state', 'no'], unique=False)
    op.create_table('replay_plan',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('mode', sa.Text(), nullable=False),
    sa.Column('wanted', sa.Text(), nullable=False),
    sa.Column('include', sa.Text(), nullable=False),
    sa.Column('rate', sa.Integer(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('digest', sa.LargeBinary(length=32), nullable=False),
    sa.Column('to_send', sa.Integer(), nullable=False),
    sa.Column('two_people', sa.Boolean(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('created_by', sa.Text(), nullable=False),
    sa.Column('started_by', sa.Text(), nullable=True),
    sa.Column('started_at', sa.BigInteger(), nullable=True),
    sa.Column('approved_by', sa.Text(), nullable=True),
    sa.Column('ended_at', sa.BigInteger(), nullable=True),
    sa.Column('note', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_replay_plan')),
    comment='a replay plan; wanted is the filter (JSON) it was frozen from, digest SHA-256 over its items'
    )
    op.create_table('replay_run',
    sa.Column('plan_id', sa.Integer(), nullable=False),
    sa.Column('source_id', sa.Integer(), nullable=False),
    sa.Column('run_id', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('plan_id', 'source_id', name=op.f('pk_replay_run')),
    sa.UniqueConstraint('run_id', name=op.f('uq_replay_run_run_id')),
    comment='the run under which a plan re-maps raw rows of a source: its records have cause=remap (B21)'
    )
    op.create_table('row_absence',
    sa.Column('source_id', sa.Integer(), nullable=False),
    sa.Column('row_id', sa.Text(), nullable=False),
    sa.Column('first_missed_at', sa.BigInteger(), nullable=False),
    sa.Column('missed', sa.Integer(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('source_id', 'row_id', name=op.f('pk_row_absence')),
    comment='rows that complete listings of a source no longer held (T4)',
    sqlite_with_rowid=False
    )
    op.create_table('row_memory',
    sa.Column('source_id', sa.Integer(), nullable=False),
    sa.Column('row_id', sa.Text(), nullable=False),
    sa.Column('digest', sa.LargeBinary(length=32), nullable=False),
    sa.Column('keys', sa.Text(), server_default='', nullable=False),
    sa.PrimaryKeyConstraint('source_id', 'row_id', name=op.f('pk_row_memory')),
    comment='the last raw digest seen of each row, for ever (B2), and the keys it made, newline-separated (B7)',
    sqlite_with_rowid=False
    )
    op.create_table('schedule_run',
    sa.Column('schedule', sa.Text(), nullable=False),
    sa.Column('due_at', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('covers_from', sa.BigInteger(), nullable=True),
    sa.Column('holder', sa.BigInteger(), nullable=True),
    sa.Column('started_at', sa.BigInteger(), nullable=True),
    sa.Column('ended_at', sa.BigInteger(), nullable=True),
    sa.Column('detail', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('schedule', 'due_at', name=op.f('pk_schedule_run')),
    comment='truth of a firing: insert wins (B24)',
    sqlite_with_rowid=False
    )
    op.create_table('segment',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('codec', sa.Text(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('payload', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_segment')),
    comment='payloads of one chunk and kind (document, raw, receipt), compressed together'
    )
    op.create_table('site',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('value', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_site')),
    comment='one value a name: incarnation, pack, schema edition'
    )
    op.create_table('source',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('level', sa.Text(), nullable=False),
    sa.Column('waiting_limit', sa.BigInteger(), nullable=False),
    sa.Column('epoch', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('cursor', sa.Text(), server_default='', nullable=False),
    sa.Column('deaths', sa.Integer(), server_default='0', nullable=False),
    sa.Column('paused', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('told_reason', sa.Text(), nullable=True),
    sa.Column('told_by', sa.Text(), nullable=True),
    sa.Column('told_at', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_source')),
    sa.UniqueConstraint('name', name=op.f('uq_source_name')),
    comment='fenced cursor of each source (B5); cursor is a JSON text compared as a whole; waiting_limit in microseconds (B9)'
    )
    op.create_table('source_difference',
    sa.Column('source_id', sa.Integer(), nullable=False),
    sa.Column('row_id', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('first_seen_at', sa.BigInteger(), nullable=False),
    sa.Column('last_seen_at', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('source_id', 'row_id', name=op.f('pk_source_difference')),
    comment='rows on which a source and the ledger differed at the last key sweep; counted once seen again (B26)',
    sqlite_with_rowid=False
    )
    op.create_table('source_file',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('source_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('sequence', sa.BigInteger(), nullable=True),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('taken_at', sa.BigInteger(), nullable=False),
    sa.Column('ended_at', sa.BigInteger(), nullable=True),
    sa.Column('told_at', sa.BigInteger(), nullable=True),
    sa.Column('rows', sa.Integer(), server_default='0', nullable=False),
    sa.Column('accepted', sa.Integer(), server_default='0', nullable=False),
    sa.Column('refused', sa.Integer(), server_default='0', nullable=False),
    sa.Column('duplicates', sa.Integer(), server_default='0', nullable=False),
    sa.Column('conflicts', sa.Integer(), server_default='0', nullable=False),
    sa.Column('stale', sa.Integer(), server_default='0', nullable=False),
    sa.Column('waiting', sa.Integer(), server_default='0', nullable=False),
    sa.Column('rereads', sa.Integer(), server_default='0', nullable=False),
    sa.Column('omitted', sa.Integer(), server_default='0', nullable=False),
    sa.Column('findings', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_source_file')),
    sa.UniqueConstraint('source_id', 'name', 'digest', 'taken_at', name='uq_source_file_name'),
    comment='files that a source gave: figures and findings (zlib JSON, at most 10,000) for the receipt; for ever'
    )
    op.create_index('ix_source_file_sequence', 'source_file', ['source_id', 'sequence'], unique=False)
    op.create_table('source_hold',
    sa.Column('source_id', sa.Integer(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('detail', sa.Text(), nullable=False),
    sa.Column('allowed', sa.Integer(), nullable=True),
    sa.PrimaryKeyConstraint('source_id', name=op.f('pk_source_hold')),
    comment='sources that are not read until a person has looked (T4: too many rows gone at once), or how many rows may be gone once one has',
    sqlite_with_rowid=False
    )
    op.create_table('source_notice',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('source_id', sa.Integer(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('file_id', sa.BigInteger(), nullable=True),
    sa.Column('attempts', sa.Integer(), server_default='0', nullable=False),
    sa.Column('error', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_source_notice')),
    comment='outbox of what a source is to be told (B17): written with the chunk, removed when the source has been told'
    )
    op.create_index(op.f('ix_source_notice_source_id'), 'source_notice', ['source_id'], unique=False)
    op.create_table('source_withdrawal',
    sa.Column('refusal_id', sa.BigInteger(), nullable=False),
    sa.Column('source_id', sa.Integer(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('proposed_by', sa.Text(), nullable=False),
    sa.Column('approver', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('refusal_id', name=op.f('pk_source_withdrawal')),
    comment='proposed withdrawals that two people have decided: the next run of the source carries them out',
    sqlite_with_rowid=False
    )
    op.create_index(op.f('ix_source_withdrawal_source_id'), 'source_withdrawal', ['source_id'], unique=False)
    op.create_table('stream',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('destination_id', sa.Integer(), nullable=False),
    sa.Column('stream_id', sa.Text(), nullable=False),
    sa.Column('package_seq', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('holder', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_stream')),
    sa.UniqueConstraint('stream_id', name=op.f('uq_stream_stream_id')),
    comment='one stream of packages a worker and destination; a stream whose worker is gone is taken over by the next'
    )
    op.create_index('ix_stream_destination', 'stream', ['destination_id'], unique=False)
    op.create_table('versions',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('pack', sa.Text(), nullable=False),
    sa.Column('mapping', sa.Text(), nullable=False),
    sa.Column('adapter', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_versions')),
    sa.UniqueConstraint('pack', 'mapping', 'adapter', name=op.f('uq_versions_pack')),
    comment='pack, mapping and adapter a record was handled with'
    )
    op.create_table('worker',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('process', sa.Text(), nullable=False),
    sa.Column('place', sa.Text(), nullable=False),
    sa.Column('started_at', sa.BigInteger(), nullable=False),
    sa.Column('seen_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_worker')),
    comment="who may hold a lease; process and place tell a machine whether its own are alive, seen_at is the database's clock",
    sqlite_autoincrement=True
    )
    op.create_index(op.f('ix_worker_process'), 'worker', ['process'], unique=False)
    op.create_table('source_run',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('source_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('epoch', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('holder', sa.BigInteger(), nullable=True),
    sa.Column('started_at', sa.BigInteger(), nullable=False),
    sa.Column('ended_at', sa.BigInteger(), nullable=True),
    sa.Column('rows', sa.Integer(), server_default='0', nullable=False),
    sa.Column('rereads', sa.Integer(), server_default='0', nullable=False),
    sa.Column('collected', sa.Integer(), server_default='0', nullable=False),
    sa.Column('accepted', sa.Integer(), server_default='0', nullable=False),
    sa.Column('refused', sa.Integer(), server_default='0', nullable=False),
    sa.Column('duplicates', sa.Integer(), server_default='0', nullable=False),
    sa.Column('conflicts', sa.Integer(), server_default='0', nullable=False),
    sa.Column('stale', sa.Integer(), server_default='0', nullable=False),
    sa.Column('waiting', sa.Integer(), server_default='0', nullable=False),
    sa.Column('error', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['source_id'], ['source.id'], name=op.f('fk_source_run_source_id_source')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_source_run')),
    comment='one pull of one source and its figures; state: open, done, failed, dead'
    )
    op.create_index(op.f('ix_source_run_source_id'), 'source_run', ['source_id'], unique=False)
