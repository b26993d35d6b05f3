# SPDX-License-Identifier: Apache-2.0
"""Kill tests: ``gateway run`` and a platform die at random moments; a checker that knows neither judges what is left."""
