# SPDX-License-Identifier: Apache-2.0
"""Options of the department source, as they stand under ``options`` in ``sources.d/NAME.yaml``."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from gateway.channels.database_options import Span
from gateway.errors import ConfigurationError

Party = Annotated[str, Field(pattern=r"^([0-9A-Z]{9}|[0-9A-Z]{18})$")]
File = Annotated[str, Field(min_length=1, max_length=500)]
SecureUrl = Annotated[str, Field(pattern=r"^https://[^\s@?#]+$")]
RecordTypeCode = Annotated[str, Field(pattern=r"^[A-Z]{2}_[A-Z]{2}$")]


class DepartmentOptions(BaseModel):
    """The ``DepartmentData`` service of a department system: where it is, whom to trust, what to ask it.

    ``certificate`` and ``key`` are this gateway's TLS client pair as the department has registered it. Packages must be
    signed with one of ``signing_certificates`` by ``code``, by default the source's ``org``. Every run goes back
    ``overlap`` behind the department's clock at the run before, for records committed late. ``receipts`` and
    ``notices``: whether the department is told by PutReceipt and PutNotice. ``wait`` and ``whole`` are the longest
    times to connect and for one exchange.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: SecureUrl
    ca: File
    certificate: File | None = None
    key: File | None = None
    code: Party | None = None
    signing_certificates: Annotated[tuple[File, ...], Field(min_length=1)]
    types: tuple[RecordTypeCode, ...] = ()
    page: Annotated[int, Field(ge=1, le=500)] = 500
    overlap: Span = timedelta(minutes=30)
    tries: Annotated[int, Field(ge=1, le=10)] = 4
    wait: Span = timedelta(seconds=5)
    whole: Span = timedelta(seconds=60)
    receipts: bool = True
    notices: bool = True

    @model_validator(mode="after")
    def _paired(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate 和 key 须同时给出 / give both certificate and key")
        return self


def parse_department_options(options: Mapping[str, object], place: str, root: Path) -> DepartmentOptions:
    """Return the options of the source at ``place``; raises ConfigurationError that lists every fault, one a line."""
    try:
        parsed = DepartmentOptions.model_validate(dict(options))
    except ValidationError as faults:
        raise ConfigurationError("\n".join(option_faults(faults, place))) from None
    named = {"ca": parsed.ca, "certificate": parsed.certificate, "key": parsed.key}
    named |= {f"signing_certificates.{number}": each for number, each in enumerate(parsed.signing_certificates)}
    missing = [name for name, path in named.items() if path is not None and not (root / path).is_file()]
    if missing:
        told = [f"{place}: options.{name}: 没有这个文件 / there is no such file" for name in missing]
        raise ConfigurationError("\n".join(told))
    return parsed


def option_faults(faults: ValidationError, place: str) -> list[str]:
    """Return the faults of options, one a line."""
    return [
        f"{place}: options.{'.'.join(map(str, fault['loc'])) or '*'}: {fault['msg'].removeprefix('Value error, ')}"
        for fault in faults.errors(include_url=False, include_input=False)
    ]
