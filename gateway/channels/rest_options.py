# SPDX-License-Identifier: Apache-2.0
"""Options of the REST source, as they stand under ``options`` in ``sources.d/NAME.yaml``."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from gateway.channels.database_options import Names, Span, StampOptions
from gateway.channels.department_options import File, option_faults
from gateway.errors import ConfigurationError

HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,60}$")]
Reference = Annotated[str, Field(pattern=r"^(env|file|credential):.+")]
Parameter = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.\[\]$-]{1,60}$")]
JsonPath = Annotated[str, Field(pattern=r"^[^.\s]+(\.[^.\s]+){0,9}$", max_length=200)]


class Paging(BaseModel):
    """How to get from one page to the next.

    ``page`` counts pages from ``first`` in ``parameter``; ``offset`` counts rows; ``cursor`` sends what stands at
    ``next`` in the answer; ``link`` goes where ``next`` points, ``header`` being the Link header. ``size`` rows are
    asked for in ``size_parameter``. ``more`` (a truth) or ``total`` (a number) tells where the end is; without them it
    is the first page that holds fewer than ``size`` rows, or none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    style: Literal["none", "page", "offset", "cursor", "link"] = "none"
    parameter: Parameter | None = None
    first: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    size_parameter: Parameter | None = None
    size: Annotated[int, Field(ge=1, le=10_000)] | None = None
    next: JsonPath | None = None
    more: JsonPath | None = None
    total: JsonPath | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.style in ("page", "offset", "cursor") and self.parameter is None:
            raise ValueError(f"paging.style: {self.style} 需要 parameter / needs parameter")
        if self.style in ("cursor", "link") and self.next is None:
            raise ValueError(f"paging.style: {self.style} 需要 next / needs next")
        if (self.size_parameter is None) != (self.size is None):
            raise ValueError("size_parameter 和 size 须同时给出 / give both size_parameter and size")
        return self


class RestAuth(BaseModel):
    """A header that holds a secret: ``prefix`` and what ``secret`` (``env:``, ``file:``, ``credential:``) refers to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    header: HeaderName = "Authorization"
    prefix: Annotated[str, Field(max_length=40)] = ""
    secret: Reference


class Since(BaseModel):
    """A query parameter that asks only for rows changed since, in the form of ``stamp``; ``overlap`` is read again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    parameter: Parameter
    overlap: Span = timedelta(minutes=30)


class RestOptions(BaseModel):
    """A department's interface over HTTP that answers JSON.

    ``rows`` is the path of the list in the answer, names joined by dots, none where the answer itself is the list.
    ``fields`` may be absent from a row and are then empty; fields of nested objects are named with dots, lists stand as
    JSON text. ``row_id`` tells rows apart. ``stamp`` and ``since`` read only what has changed. ``http://`` needs
    ``insecure: true``. ``wait`` and ``whole`` are the longest times to connect and for one exchange.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: Annotated[str, Field(pattern=r"^https?://[^\s@?#]+$")]
    insecure: bool = False
    ca: File | None = None
    certificate: File | None = None
    key: File | None = None
    auth: RestAuth | None = None
    headers: dict[HeaderName, Annotated[str, Field(max_length=200)]] = Field(default_factory=dict)
    query: dict[Parameter, Annotated[str, Field(max_length=200)]] = Field(default_factory=dict)
    rows: JsonPath | None = None
    fields: Names | None = None
    row_id: Names
    stamp: StampOptions | None = None
    since: Since | None = None
    paging: Paging = Paging()
    encoding: Literal["utf-8", "gb18030"] = "utf-8"
    tries: Annotated[int, Field(ge=1, le=10)] = 4
    wait: Span = timedelta(seconds=5)
    whole: Span = timedelta(seconds=60)

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.url.startswith("http://") and not self.insecure:
            raise ValueError("http:// 不加密,须写明 insecure: true / is not encrypted: say insecure: true")
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate 和 key 须同时给出 / give both certificate and key")
        if self.since is not None and (self.stamp is None or self.stamp.format is None):
            raise ValueError("since 需要 stamp 及其 format / since needs stamp with a format")
        if self.stamp is not None and self.stamp.format is None:
            raise ValueError("stamp.format: 必须填写 / is needed")
        if any(name.lower() in _SECRET for name in self.headers):
            raise ValueError("密文写在 auth 中 / a secret belongs into auth")
        return self


_SECRET = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key"})


def parse_rest_options(options: Mapping[str, object], place: str) -> RestOptions:
    """Return the options of the source at ``place``; raises ConfigurationError that lists every fault, one a line."""
    try:
        return RestOptions.model_validate(dict(options))
    except ValidationError as faults:
        raise ConfigurationError("\n".join(option_faults(faults, place))) from None
