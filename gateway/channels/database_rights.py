# SPDX-License-Identifier: Apache-2.0
"""Words in which the rights of a reading account are told, whatever the database."""

from collections.abc import Collection
from typing import NamedTuple


class Right(NamedTuple):
    """One thing an account may do beyond reading: in words of its database, and the statements that take it away."""

    what: str
    mend: str
    on: str = ""


class Needed(NamedTuple):
    """What a source needs: the tables it reads as they stand in its options, and the columns it writes of the first one."""

    tables: tuple[str, ...]
    columns: tuple[str, ...] = ()

    def may_write(self, schema: str, table: str, here: Collection[str]) -> bool:
        """Tell whether the flag columns of this table are ours to write; ``here`` are the schemas of a bare name."""
        if not self.columns or not self.tables:
            return False
        wanted_schema, _, wanted = self.tables[0].rpartition(".")
        return wanted == table and (schema == wanted_schema if wanted_schema else schema in here)
