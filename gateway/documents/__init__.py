# SPDX-License-Identifier: Apache-2.0
"""XML in and out: the safe door, the schema, what is wrong in words, packages, receipts, statements, envelopes."""
