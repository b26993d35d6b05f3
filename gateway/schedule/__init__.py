# SPDX-License-Identifier: Apache-2.0
"""When things run: one round to the end, or a service that fires by the clock."""
