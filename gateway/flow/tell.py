# SPDX-License-Identifier: Apache-2.0
"""Tell (回写): what the ledger decided is told to the source, in order, until it has heard it (ledger.md B17)."""

from gateway.errors import SourceError
from gateway.ledger.store import Ledger
from gateway.ports import Source, Told


def tell(ledger: Ledger, source: Source, source_id: int) -> int:
    """Tell a source everything that stands in its outbox; return how many notices it heard.

    Raises SourceError at the first that it did not take: the notice stays and is tried again with the next run, which
    begins with it, so that nothing is read before the source knows what became of what it gave.
    """
    if not isinstance(source, Told):
        return 0
    heard = 0
    while notices := ledger.notices(source_id):
        for number, notice in notices:
            try:
                source.tell(notice)
            except SourceError as fault:
                ledger.not_told(number, fault.detail)
                raise
            ledger.told(number)
            heard += 1
    return heard
