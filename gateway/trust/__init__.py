# SPDX-License-Identifier: Apache-2.0
"""Trust: signatures over heads, digests, certificates, and the masking of personal data."""
