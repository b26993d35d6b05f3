# SPDX-License-Identifier: Apache-2.0
"""Checks beyond the XSD (规则): of fields, records, cases, catalogue and sender; all that they say stands in the pack."""

from gateway.model.case_record import CaseFacts, CaseRecord, Sender
from gateway.rules.case import CaseRules, Findings
from gateway.rules.catalogue import Catalogue, Context, RecordedCatalogue
from gateway.rules.facts import FactTable
from gateway.rules.judge import PackJudge
from gateway.rules.rules import Rules
from gateway.rules.texts import Rule, Scope

__all__ = [
    "CaseFacts", "CaseRecord", "CaseRules", "Catalogue", "Context", "FactTable", "Findings", "PackJudge", "RecordedCatalogue",
    "Rule", "Rules", "Scope", "Sender",
]  # fmt: skip
