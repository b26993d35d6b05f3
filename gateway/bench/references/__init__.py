# SPDX-License-Identifier: Apache-2.0
"""Other ways to do the same work on the same rows: what the product is compared with, never used by it."""
