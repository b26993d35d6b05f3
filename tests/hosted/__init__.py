# SPDX-License-Identifier: Apache-2.0
"""Departments without a system, and the workbooks that their clerks fill in."""
