# SPDX-License-Identifier: Apache-2.0
"""The sources that come with the gateway: their names in ``sources.d`` and the models of their options."""

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel

from gateway.channels.database_options import DatabaseOptions
from gateway.channels.department_options import DepartmentOptions
from gateway.channels.files.options import FileOptions
from gateway.channels.files.package_file_options import PackageFileOptions
from gateway.channels.hosted_options import HostedOptions
from gateway.channels.rest_options import RestOptions

OPTIONS: Final[Mapping[str, type[BaseModel]]] = {
    "database": DatabaseOptions, "department": DepartmentOptions, "files": FileOptions, "hosted": HostedOptions,
    "packages": PackageFileOptions,
    "rest": RestOptions,
}  # fmt: skip
"""Models of ``options`` by ``adapter``."""
