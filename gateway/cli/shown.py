# SPDX-License-Identifier: Apache-2.0
"""What several commands show or ask in the same way: times of the ledger, acts of people, sources by name."""

from collections.abc import Mapping
from typing import Any

from gateway.clock import moment
from gateway.config import Configuration, SourceSettings
from gateway.errors import ConfigurationError
from gateway.i18n import _

_TIMES = ("_at", "_from")


def shown_time(at: int | None) -> str | None:
    """Show a ledger time (microseconds) as +08:00 text; nothing for 0, which stands for never."""
    return moment(at).isoformat(timespec="seconds") if at else None


def with_times(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row whose ledger times, named ``…_at`` or ``…_from``, are texts."""
    return {name: shown_time(value) if name.endswith(_TIMES) else value for name, value in row.items()}


def shown_act(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return an act of a person as it is shown beside what it was done to."""
    shown = {name: row[name] for name in ("actor", "role", "action", "outcome", "reason", "detail")}
    return {"at": shown_time(row["at"]), **shown}


def source_named(configuration: Configuration, name: str) -> SourceSettings:
    """Return the settings of the source that the command line names; raises ConfigurationError where there is none."""
    settings = configuration.source(name)
    if settings is None:
        known = ", ".join(each.name for each in configuration.sources)
        raise ConfigurationError(_("没有数据源 {name};已配置:{known}").format(name=name, known=known))
    return settings
