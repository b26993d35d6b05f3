# SPDX-License-Identifier: Apache-2.0
"""Connector between department systems and the power-running platforms of a city (行政权力网上公开透明运行)."""

__version__ = "0.1.0"
