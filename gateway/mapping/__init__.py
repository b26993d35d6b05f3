# SPDX-License-Identifier: Apache-2.0
"""Mappings (映射): what a vendor's rows say, in the words of the standard. Format: docs/reference/mapping.md."""
