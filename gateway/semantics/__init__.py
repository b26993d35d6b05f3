# SPDX-License-Identifier: Apache-2.0
"""Rules of the ledger as pure decisions: versions, order of a case, outcomes of a delivery."""
