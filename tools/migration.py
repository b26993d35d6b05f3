# SPDX-License-Identifier: Apache-2.0
"""Write the ledger's first migration anew from its tables; once a release is out, add migrations instead."""

import re
import subprocess
import sys
from pathlib import Path

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from gateway.ledger.schema import MIGRATIONS, metadata

FIRST = MIGRATIONS / "versions" / "0001_beginning.py"
HEAD = '''# SPDX-License-Identifier: Apache-2.0
"""The ledger as it began."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table."""
    '''


def written() -> str:
    """Return the migration's source text, not formatted yet."""
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"target_metadata": metadata, "compare_type": True})
        steps = produce_migrations(context, metadata).upgrade_ops
        code = render_python_code(steps, sqlalchemy_module_prefix="sa.") if steps else ""
    return HEAD + re.sub(r"\n? *# ### .*", "", code).strip() + "\n"


if __name__ == "__main__":
    FIRST.write_text(written(), encoding="utf-8")
    sys.exit(subprocess.run(["ruff", "format", str(Path(FIRST))], check=False).returncode)
