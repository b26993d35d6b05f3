# SPDX-License-Identifier: Apache-2.0
"""Records that speak of a refused one of the same row: sending them alone would make no sense there."""

from collections.abc import Collection

from gateway.model.finding import Finding, Stage
from gateway.model.record import Draft
from gateway.model.words import Words

NAMES_REFUSED = "MAP-090"
FINDINGS = {
    NAMES_REFUSED: (
        Words("所引用的记录 {key} 被拒绝", "the record it names, {key}, was refused"),
        Words("先改正被引用的记录", "mend the named record first"),
    )
}
"""Sentences of this stage's own findings: what is wrong, and the way to mend it."""


def named_refused(draft: Draft, fallen: Collection[str]) -> tuple[Finding, ...]:
    """Return the finding of a record that names one of the refused keys ``fallen``, nothing for any other."""
    named = [key for key in (draft.withdraws, *draft.names) if key is not None and key in fallen]
    if not named:
        return ()
    told, hint = FINDINGS[NAMES_REFUSED]
    message = Words(told.zh.format(key=named[0]), told.en.format(key=named[0]))
    return (Finding(NAMES_REFUSED, Stage.TRANSLATE, draft.type, message, hint),)
