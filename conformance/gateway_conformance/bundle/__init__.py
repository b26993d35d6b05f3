# SPDX-License-Identifier: Apache-2.0
"""The vendor's kit (供应商套件): one file that holds everything for a machine without a network."""
