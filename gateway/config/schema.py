# SPDX-License-Identifier: Apache-2.0
"""JSON Schema of the configuration files, for editors (``# yaml-language-server: $schema=…``)."""

from collections.abc import Mapping
from typing import Any, Final

from gateway.config.models import DestinationSettings, Settings, Site, SourceSettings

FILES: Final[Mapping[str, type[Settings]]] = {
    "gateway": Site,
    "source": SourceSettings,
    "destination": DestinationSettings,
}


def json_schema(kind: str) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of one kind of file: ``gateway``, ``source`` or ``destination``."""
    schema = FILES[kind].model_json_schema()
    if kind != "gateway":
        schema["required"] = [key for key in schema["required"] if key != "name"]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
