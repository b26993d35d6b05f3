# SPDX-License-Identifier: Apache-2.0
"""Checks beyond the XSD (规则): code lists by date and identifiers; their tables and sentences stand in the pack."""

from gateway.rules.rules import Rules
from gateway.rules.texts import Rule

__all__ = ["Rule", "Rules"]
