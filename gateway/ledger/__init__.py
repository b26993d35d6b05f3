# SPDX-License-Identifier: Apache-2.0
"""Durable truth: what was collected, what it became, and what every destination answered."""
