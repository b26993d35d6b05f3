# SPDX-License-Identifier: Apache-2.0
"""Opening the database source in the mode that its options name."""

from gateway.channels.database import DatabaseSource
from gateway.channels.database_changes import ChangesSource
from gateway.channels.database_flag import FlagSource
from gateway.channels.database_options import parse_options
from gateway.ports import Clock
from gateway.sdk import AdapterSettings

_MODES: dict[str, type[DatabaseSource]] = {"flag": FlagSource, "changes": ChangesSource}


class DatabaseTools:
    """What the gateway lends to adapters (``gateway.sdk.Tools``)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    @property
    def clock(self) -> Clock:
        """Time."""
        return self._clock

    def database(self, settings: AdapterSettings) -> DatabaseSource:
        """Open the database source; raises ConfigurationError that lists every wrong option."""
        options = parse_options(settings.options, f"sources.d/{settings.name}.yaml")
        source = _MODES.get(options.mode, DatabaseSource)
        return source(settings.name, settings.kind, options, settings.directory, self._clock)
