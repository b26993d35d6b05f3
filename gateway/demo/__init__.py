# SPDX-License-Identifier: Apache-2.0
"""A demo city (演示城市): made-up departments, reference systems and one run over them, all on this machine."""
