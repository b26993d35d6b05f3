# SPDX-License-Identifier: Apache-2.0
"""What the cases of profiles P and F share: the subject as one who sends, records on their way, rules of faults for them."""

import re
from collections.abc import Sequence
from typing import Any

from gateway_conformance.bench import Bench
from gateway_conformance.standin.log import Call
from gateway_conformance.subjects.arrivals import Arrivals
from gateway_conformance.subjects.push import PushSubject
from gateway_conformance.verdict import Inconclusive

NO_RECORD = ("没有收到 records.add 写入的记录", "what records.add wrote never came")


def client(bench: Bench) -> PushSubject:
    """Return the subject of profile P."""
    if not isinstance(bench.subject, PushSubject):
        raise TypeError("profile P has a PushSubject")
    return bench.subject


def sender(bench: Bench) -> Arrivals:
    """Return the subject of a profile in which the system sends: P or F."""
    if not isinstance(bench.subject, Arrivals):
        raise TypeError("profiles P and F have Arrivals")
    return bench.subject


def rule(action: str, keys: Sequence[str] = (), *, operation: str = "SubmitPackage", **options: Any) -> dict[str, Any]:
    """Return a rule of faults for packages that hold any of these keys; none means every package."""
    match = {"key": "^(?:" + "|".join(re.escape(key) for key in keys) + ")$"} if keys else {}
    return {"operation": operation, "match": match, "action": action, **options}


def added(bench: Bench, count: int = 1) -> tuple[str, ...]:
    """Let the system write applications; returns their keys."""
    keys = bench.drive("records.add", count=count).keys
    if len(keys) < count:
        raise Inconclusive(f"records.add 只返回 {len(keys)} 个主键", f"records.add returned {len(keys)} keys only")
    return keys


def calls_with(bench: Bench, key: str, after: int) -> list[Call]:
    """Return the SubmitPackage calls that carried a key after a call's number."""
    return sender(bench).log.submissions(key, after=after)


def came(bench: Bench, key: str, after: int, times: int = 1) -> list[Call]:
    """Wait until a key came so many times; raises Inconclusive where it never came at all."""
    subject = sender(bench)
    subject.wait(lambda: len(subject.log.submissions(key, after=after)) >= times)
    found = subject.log.submissions(key, after=after)
    if not found:
        raise Inconclusive(*NO_RECORD)
    return found


def accepted(bench: Bench, keys: Sequence[str], after: int) -> bool:
    """Wait until every key has been taken; returns whether all were."""
    subject = sender(bench)
    return subject.wait(lambda: not missing(bench, keys, after))


def missing(bench: Bench, keys: Sequence[str], after: int) -> list[str]:
    """Return the keys that have not been taken since a call's number."""
    taken = {
        record.key
        for call in sender(bench).log.submissions(after=after)
        if call.package is not None
        for record in call.package.records
        if call.package.answers.get(record.record_id) in {"0000", "0001", "0002"}
    }
    return sorted(set(keys) - taken)


def tasks(bench: Bench) -> set[str]:
    """Return what stands as a task or an alarm before a person; raises Inconclusive where the system does not tell."""
    return set(bench.drive("task.list").keys)
