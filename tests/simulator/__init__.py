# SPDX-License-Identifier: Apache-2.0
"""The simulator: the real ledger and flow, one thread, every fault drawn from a seed; the independent checker judges."""
