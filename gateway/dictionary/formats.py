# SPDX-License-Identifier: Apache-2.0
"""Names of the formats that the dictionary can be exported to."""

from typing import Literal, TypeAlias, get_args

Format: TypeAlias = Literal["ddl-mysql", "ddl-postgresql", "ddl-oracle", "ddl-sqlserver", "csv", "xlsx", "md", "json"]
FORMATS: tuple[Format, ...] = get_args(Format)
