# SPDX-License-Identifier: Apache-2.0
"""Vocabulary of the gateway: frozen values that every stage speaks, without any input or output."""
