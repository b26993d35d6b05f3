# SPDX-License-Identifier: Apache-2.0
"""How bytes travel: to destinations over SOAP and TLS, from department systems over SQL."""
