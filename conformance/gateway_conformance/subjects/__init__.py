# SPDX-License-Identifier: Apache-2.0
"""Systems under test as the suite reaches them, one module an interface profile."""
