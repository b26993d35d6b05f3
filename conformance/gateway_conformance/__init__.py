# SPDX-License-Identifier: Apache-2.0
"""Conformance suite for vendors of department systems: judges from outside, sees nothing of the gateway inside."""
