# SPDX-License-Identifier: Apache-2.0
"""Files as grids of cells (CSV, fixed columns, Excel, DBF), read strictly: every fault has its row, column and hint."""
