# SPDX-License-Identifier: Apache-2.0
"""The system's time and chance, and the one time zone of all records: fixed +08:00 (ledger.md B23)."""

import time
import uuid
from datetime import UTC, datetime, timedelta, timezone

BEIJING = timezone(timedelta(hours=8))
"""Fixed, never ``Asia/Shanghai``: that zone gives +09:00 for 1988-07-01 and +08:05:43 for 1900."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """Return the wall clock in +08:00."""
        return datetime.now(BEIJING)

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()


class SystemIds:
    """Random identifiers of the machine."""

    def fresh(self) -> uuid.UUID:
        """Return a UUID of version 4."""
        return uuid.uuid4()


def microseconds(moment: datetime) -> int:
    """Return an aware time as microseconds since 1970 UTC, exactly."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(microseconds_: int) -> datetime:
    """Return microseconds since 1970 UTC as a time in +08:00."""
    return (_EPOCH + timedelta(microseconds=microseconds_)).astimezone(BEIJING)
