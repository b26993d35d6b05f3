# SPDX-License-Identifier: Apache-2.0
"""Return codes (返回码, standard.md §4) of findings: what a receiver answers for a record or package that breaks a rule."""

from collections.abc import Iterable
from typing import Final

from gateway.errors import ConfigurationError
from gateway.model.finding import Finding
from gateway.pack import Pack

ACCEPTED: Final = "0000"
FILE: Final = "return-codes.toml"


class ReturnCodes:
    """The table of one pack."""

    def __init__(self, pack: Pack) -> None:
        """Read the table; raises ConfigurationError where the pack has none."""
        table = pack.toml(FILE)
        self._by_code: dict[str, str] = table["codes"]
        self._by_prefix: dict[str, str] = table["prefixes"]
        self._state_dependent = frozenset(table["state_dependent"])

    def of(self, code: str) -> str:
        """Return the return code of a finding's code; raises ConfigurationError for one that the table lacks."""
        found = self._by_code.get(code) or self._by_prefix.get(code[:3])
        if found is None:
            raise ConfigurationError(f"{FILE}: no return code for {code}")
        return found

    def depends_on_state(self, code: str) -> bool:
        """Tell whether a finding's code may be mended by what arrives later, so that its record waits."""
        return self.of(code) in self._state_dependent

    def answer(self, findings: Iterable[Finding]) -> str:
        """Return the code that answers a record with these findings: that of its first error, or accepted."""
        return next((self.of(finding.code) for finding in findings if finding.refuses), ACCEPTED)
