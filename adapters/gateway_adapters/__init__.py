# SPDX-License-Identifier: Apache-2.0
"""Adapters of vendors' products: one module a product, importing nothing of the gateway but ``gateway.sdk``."""
