# SPDX-License-Identifier: Apache-2.0
"""Exit codes (architecture.md §6) and which error ends with which."""

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ended."""

    OK = 0
    FINDINGS = 1  # findings, or records that failed
    USAGE = 2
    CONFIGURATION = 3
    UNREACHABLE = 4
    GATE = 5
    INTERRUPTED = 130
