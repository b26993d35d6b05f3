# SPDX-License-Identifier: Apache-2.0
"""Why a record waits at intake (0002), in words: the findings of its rules, or the records that must come before it."""

from gateway.ledger.findings import WAITS, finding, from_json
from gateway.model.finding import Finding
from gateway.model.words import Words
from gateway.pack import Pack


def waiting_for(pack: Pack, type_code: str, findings: str) -> tuple[Finding, ...]:
    """Return what a waiting record of this type waits for; ``findings`` is the JSON that the ledger keeps beside it."""
    told = from_json(findings)
    return told or (predecessors_missing(pack, type_code),)


def predecessors_missing(pack: Pack, type_code: str) -> Finding:
    """Return the finding of a record none of whose predecessors has been accepted, naming them."""
    before = [pack.types[code] for code in pack.types[type_code].predecessors] if type_code in pack.types else []
    told = finding(WAITS, type_code)
    zh = "、".join(f"{kind.code} {kind.label.zh}" for kind in before)
    en = ", ".join(f"{kind.code} {kind.label.en}" for kind in before)
    message = Words(
        told.message.zh.format(before=zh or "前面的"), told.message.en.format(before=en or "an earlier one")
    )
    return Finding(told.code, told.stage, told.path, message, told.hint)
