# SPDX-License-Identifier: Apache-2.0
"""Evidence: every exchange of a run with its size, digest and a masked excerpt; numbered from 1."""

import hashlib
import re
from dataclasses import asdict, dataclass
from typing import Any, Final

from gateway.trust.masking import mask_text

EXCERPT: Final = 2000
_PERSONAL: Final = re.compile(
    r"(<(?:\w+:)?(idNo|phone|address|name|contact|legalRepresentative|operatorName|account)(?:\s[^>]*)?>)[^<]+"
)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer."""

    number: int
    what: str
    status: int
    sent_bytes: int
    sent_sha256: str
    received_bytes: int
    received_sha256: str
    excerpt: str


class Evidence:
    """Collects the exchanges of a run."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []

    def add(self, what: str, status: int, sent: bytes, received: bytes) -> int:
        """Keep an exchange; returns its number."""
        number = len(self.exchanges) + 1
        self.exchanges.append(
            Exchange(
                number,
                what,
                status,
                len(sent),
                hashlib.sha256(sent).hexdigest(),
                len(received),
                hashlib.sha256(received).hexdigest(),
                masked(received[:EXCERPT].decode("utf-8", "replace")),
            )
        )
        return number

    def as_json(self) -> list[dict[str, Any]]:
        """Return all as JSON knows them."""
        return [asdict(exchange) for exchange in self.exchanges]


def masked(text: str) -> str:
    """Return text with personal elements emptied and identity numbers, phones and cards hidden."""
    return mask_text(_PERSONAL.sub(r"\1***", text))
