# SPDX-License-Identifier: Apache-2.0
"""Options of a hosted department (代建), which has no system: a clerk fills in workbooks (``gateway hosted``)."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gateway.channels.department_options import RecordTypeCode, option_faults
from gateway.errors import ConfigurationError


class HostedItem(BaseModel):
    """One power item that is filled in by hand: which record types, its version, and the region of its records."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    types: Annotated[tuple[RecordTypeCode, ...], Field(min_length=1)]
    version: Annotated[int, Field(ge=1)] = 1
    region: Annotated[str, Field(pattern=r"^\d{6}$")]


class HostedOptions(BaseModel):
    """A department without a system: the items that its clerks fill in, by their code; ``largest`` caps a workbook in bytes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    items: Annotated[dict[str, HostedItem], Field(min_length=1)]
    largest: Annotated[int, Field(ge=1)] = 20 * 1024**2


def parse_hosted_options(options: Mapping[str, object], place: str) -> HostedOptions:
    """Return the options of the source at ``place``; raises ConfigurationError that lists every fault, one a line."""
    try:
        return HostedOptions.model_validate(dict(options))
    except ValidationError as faults:
        raise ConfigurationError("\n".join(option_faults(faults, place))) from None
