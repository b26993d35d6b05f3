# SPDX-License-Identifier: Apache-2.0
"""Options of the package files, as they stand under ``options`` in ``sources.d/NAME.yaml``."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gateway.channels.database_options import Name, Span
from gateway.channels.department_options import File, Party, option_faults
from gateway.channels.files.options import FileOptions, SftpOptions
from gateway.documents import safexml
from gateway.errors import ConfigurationError


class PackageFileOptions(BaseModel):
    """Where package files arrive, when they are complete, and who signs them.

    Packages must be signed with one of ``signing_certificates`` by ``code``, by default the source's ``org``. The others are
    those of adapter ``files``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    directory: Annotated[str, Field(min_length=1, max_length=500)]
    sftp: SftpOptions | None = None
    pattern: Name = "*.xml"
    ready: Literal["manifest", "stable"] = "manifest"
    settle: Span = timedelta(seconds=60)
    after: Literal["keep", "delete"] = "keep"
    code: Party | None = None
    signing_certificates: Annotated[tuple[File, ...], Field(min_length=1)]

    def as_files(self) -> FileOptions:
        """Return the same as options of plain files."""
        return FileOptions(
            directory=self.directory, sftp=self.sftp, pattern=self.pattern, ready=self.ready, settle=self.settle,
            after=self.after, format="xml", largest=safexml.DEFAULT.size,
        )  # fmt: skip


def parse_package_file_options(options: Mapping[str, object], place: str) -> PackageFileOptions:
    """Return the options of the source at ``place``; raises ConfigurationError that lists every fault, one a line."""
    try:
        return PackageFileOptions.model_validate(dict(options))
    except ValidationError as faults:
        raise ConfigurationError("\n".join(option_faults(faults, place))) from None
