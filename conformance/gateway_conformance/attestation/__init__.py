# SPDX-License-Identifier: Apache-2.0
"""Attestations: a result bound to system, interface, standard and suite, signed, and verified without a network."""
