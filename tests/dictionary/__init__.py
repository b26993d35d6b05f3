# SPDX-License-Identifier: Apache-2.0
"""Tests of the data dictionary and of what is made from it."""
