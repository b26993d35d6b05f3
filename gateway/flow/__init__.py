# SPDX-License-Identifier: Apache-2.0
"""The stages of the flow, in order: they meet only through the ledger."""

STAGES = ("collect", "translate", "validate", "deliver", "confirm", "reconcile")
