# SPDX-License-Identifier: Apache-2.0
"""What tests of the gateway, and of systems around it, can build on: time they own, real components."""
