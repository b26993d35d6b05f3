# SPDX-License-Identifier: Apache-2.0
"""End to end: department databases, the whole gateway, and reference systems as real servers that misbehave on cue."""
