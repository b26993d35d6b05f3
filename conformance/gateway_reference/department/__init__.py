# SPDX-License-Identifier: Apache-2.0
"""A reference department system: right by itself, wrong in one named way as a mutant, different but right as a twin."""
