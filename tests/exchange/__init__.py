# SPDX-License-Identifier: Apache-2.0
"""The gateway's own face: PowerExchange over SOAP and REST."""
