# SPDX-License-Identifier: Apache-2.0
"""Fingerprints of failures (失败指纹): what differs from one record to the next is left out, so that one cause is one group."""

import hashlib
import re
from typing import Final

_VARYING: Final = (
    re.compile(r"「[^」]*」|“[^”]*”|\"[^\"]*\"|'[^']*'"),
    re.compile(r"[A-Z]{2}_[A-Z]{2}:[^\s,,。;;::)]+(?::\d+)?"),  # a business key
    re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"),
    re.compile(r"(?<![A-Za-z])[A-Z](?![A-Za-z])"),  # a check character
    re.compile(r"[0-9A-Za-z]*\d[0-9A-Za-z-]*"),  # whatever holds a digit: numbers, codes, dates
)
_SPACE: Final = re.compile(r"\s+")


def normalised(message: str) -> str:
    """Return a message without keys, numbers and quoted values.

    >>> normalised('编码 "A1" 不在代码表中, XK_SQ:2025-1:1 第 17 行')
    '编码 # 不在代码表中, # 第 # 行'
    """
    for pattern in _VARYING:
        message = pattern.sub("#", message)
    return _SPACE.sub(" ", message).strip()


def fingerprint(stage: str, rule: str, where: str, message: str) -> str:
    """Return twelve hex digits over stage, rule, where it failed (source or destination) and the normalised message."""
    text = "\n".join((stage, rule, where, normalised(message)))
    return hashlib.sha256(text.encode()).hexdigest()[:12]
