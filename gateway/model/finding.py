# SPDX-License-Identifier: Apache-2.0
"""A finding (问题): one thing wrong in a row, a document or a file."""

from dataclasses import dataclass
from enum import StrEnum

from gateway.model.words import Words


class Severity(StrEnum):
    """How grave a finding is: an error refuses the record, a warning does not."""

    ERROR = "E"
    WARNING = "W"


class Stage(StrEnum):
    """The stage of the flow that made the finding."""

    COLLECT = "collect"
    TRANSLATE = "translate"
    VALIDATE = "validate"
    LEDGER = "ledger"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong, with the place and the way to mend it.

    ``code`` matches ``^[A-Z]{3}-\\d{3}$``. ``path`` is a source column (collect, translate) or an element
    path such as ``penaltyDecision/party/name`` (validate). ``value`` is the offending text as it stands in the
    data: mask it before showing it to anyone.
    """

    code: str
    stage: Stage
    path: str
    message: Words
    hint: Words
    severity: Severity = Severity.ERROR
    value: str | None = None
    line: int | None = None
    column: int | None = None

    @property
    def refuses(self) -> bool:
        """Tell whether this finding refuses the record it belongs to."""
        return self.severity is Severity.ERROR
