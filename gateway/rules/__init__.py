# SPDX-License-Identifier: Apache-2.0
"""Checks beyond the XSD (规则): of fields, records, cases, catalogue and sender; all that they say stands in the pack."""

from gateway.rules.case import CaseRules, Findings
from gateway.rules.catalogue import Catalogue, Context, RecordedCatalogue, Sender
from gateway.rules.facts import CaseFacts, FactTable
from gateway.rules.records import CaseRecord
from gateway.rules.rules import Rules
from gateway.rules.texts import Rule, Scope

__all__ = [
    "CaseFacts", "CaseRecord", "CaseRules", "Catalogue", "Context", "FactTable", "Findings", "RecordedCatalogue",
    "Rule", "Rules", "Scope", "Sender",
]  # fmt: skip
