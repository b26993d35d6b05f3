# SPDX-License-Identifier: Apache-2.0
"""The service description as callers fetch it: the pack's WSDL and schemas, pointing at this very address."""

import re
from pathlib import Path

_ADDRESS = re.compile(r'(<(?:\w+:)?address\s[^>]*location=")[^"]*(")')
_LOCATION = re.compile(r'schemaLocation="(?:[^"]*/)?([\w.\-]+\.xsd)"')


class Published:
    """Files of one pack, read once."""

    def __init__(self, wsdl: Path, schemas: Path) -> None:
        """Publish ``wsdl`` and every XSD of the folder ``schemas``."""
        self._wsdl = wsdl.read_text("utf-8")
        self._schemas = {path.name: path.read_text("utf-8") for path in sorted(schemas.glob("*.xsd"))}

    def wsdl(self, url: str) -> bytes:
        """Return the WSDL with ``url`` as the address of the service."""
        return _schemas_at(_ADDRESS.sub(rf"\g<1>{url}\g<2>", self._wsdl), url).encode()

    def schema(self, name: str, url: str) -> bytes | None:
        """Return one schema, or None where there is no such file."""
        found = self._schemas.get(name)
        return None if found is None else _schemas_at(found, url).encode()


def _schemas_at(text: str, url: str) -> str:
    return _LOCATION.sub(rf'schemaLocation="{url}?xsd=\g<1>"', text)
