# SPDX-License-Identifier: Apache-2.0
"""Scripted faults: ``faults.json`` in a system's directory, read again whenever it changes.

A rule: ``{"operation": "SubmitPackage", "match": {"every": 3}, "action": "drop-after-store", "times": 5}``. Matches:
``every`` k-th request, ``nth`` list of request numbers (from 1), ``probability`` with ``seed``, ``key`` (a regular
expression searched in the record keys of the package); several together must all hold, none means always. Every rule
counts its own requests; the first that fires is applied.
"""

import json
import random
import re
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

FILE = "faults.json"


class Action(StrEnum):
    """What a rule does to a request."""

    REFUSE = "refuse"
    FAULT = "fault"
    HTTP_503 = "http-503"
    DELAY = "delay"
    DROP_BEFORE_STORE = "drop-before-store"
    DROP_AFTER_STORE = "drop-after-store"
    HALF_ANSWER = "half-answer"
    HTML = "html"
    WRONG_RECEIPT = "wrong-receipt"
    CLOSE = "close"
    HANG = "hang"
    STATUS = "status"
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that is to be applied now; ``keys`` are the record keys its pattern found."""

    rule: int
    action: Action
    options: Mapping[str, Any]
    keys: tuple[str, ...]

    @property
    def after(self) -> bool:
        """Whether it strikes after the request was carried out."""
        always = {Action.DROP_AFTER_STORE, Action.HALF_ANSWER, Action.WRONG_RECEIPT, Action.MALFORMED}
        return self.action in always or self.options.get("when") == "after"

    @property
    def seconds(self) -> float:
        """How long a delay or a hang lasts, seconds."""
        return float(self.options.get("seconds", 300 if self.action is Action.HANG else 1))


class Rule:
    """One rule of a script, counting its own requests."""

    def __init__(self, number: int, entry: Mapping[str, Any]) -> None:
        match = entry.get("match", {})
        self.number = number
        self.operation: str = entry.get("operation", "*")
        self.action = Action(entry["action"])
        self.options = entry
        self._every: int | None = match.get("every")
        self._nth: Sequence[int] | None = match.get("nth")
        self._probability: float | None = match.get("probability")
        self._key = re.compile(match["key"]) if "key" in match else None
        self._random = random.Random(match.get("seed", 0))  # noqa: S311 - a seeded script, not a secret
        self._left: int | None = entry.get("times")
        self._seen = 0

    def fires(self, operation: str, keys: Sequence[str]) -> Fault | None:
        """Count a request and return the fault when the rule's match holds."""
        if self.operation not in {"*", operation}:
            return None
        found = tuple(key for key in keys if self._key.search(key)) if self._key else ()
        if self._key and not found:
            return None
        self._seen += 1
        holds = (
            (self._every is None or self._seen % self._every == 0)
            and (self._nth is None or self._seen in self._nth)
            and (self._probability is None or self._random.random() < self._probability)
            and (self._left is None or self._left > 0)
        )
        return Fault(self.number, self.action, self.options, found) if holds else None

    def spend(self) -> None:
        """Take one from ``times``."""
        if self._left is not None:
            self._left -= 1


class Script:
    """The rules in force; safe to share between threads."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / FILE
        self._lock = threading.Lock()
        self._stamp: tuple[int, int, int] | None = None
        self._rules: list[Rule] = []

    def strike(self, operation: str, keys: Sequence[str]) -> Fault | None:
        """Count a request against every rule; returns the fault to apply, or None."""
        with self._lock:
            self._refresh()
            fired = [(rule, fault) for rule in self._rules if (fault := rule.fires(operation, keys)) is not None]
            if not fired:
                return None
            rule, fault = fired[0]
            rule.spend()
            return fault

    def _refresh(self) -> None:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            self._stamp, self._rules = None, []
            return
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            entries = json.loads(self._path.read_text("utf-8"))
            entries = entries["faults"] if isinstance(entries, dict) else entries
            self._rules = [Rule(number, entry) for number, entry in enumerate(entries, 1)]
        except (ValueError, KeyError, TypeError, AttributeError, re.error) as error:
            # A half-written or wrong script must not stop the system: the rules in force stay, the reason is told.
            sys.stderr.write(f"{self._path}: 故障脚本有误,沿用原规则 / wrong script, the old rules stay: {error}\n")
