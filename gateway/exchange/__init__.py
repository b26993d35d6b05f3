# SPDX-License-Identifier: Apache-2.0
"""The gateway's own PowerExchange face: what others push comes in here, over SOAP and REST (architecture.md §7)."""
