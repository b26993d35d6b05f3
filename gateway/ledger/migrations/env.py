# SPDX-License-Identifier: Apache-2.0
"""Alembic runs this file: migrations go over the connection that the ledger hands in, inside its transaction."""

from alembic import context

from gateway.ledger.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
context.run_migrations()
