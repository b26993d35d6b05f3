# SPDX-License-Identifier: Apache-2.0
"""Tables in the form of the pack's templates (Excel, CSV) as documents of the standard, each cell with its address."""
