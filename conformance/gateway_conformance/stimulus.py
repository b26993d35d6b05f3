# SPDX-License-Identifier: Apache-2.0
"""Stimuli: how a case makes the system do something. The hook: POST ``{"verb","args"}`` → ``{"ok","keys"}``."""

import http.client
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from gateway_conformance.verdict import Inconclusive

SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the system said it did: the keys it touched, and whatever else it told."""

    keys: tuple[str, ...] = ()
    told: dict[str, Any] = field(default_factory=dict)


class NoStimulus:
    """mode = observe: nothing can be triggered."""

    def drive(self, verb: str, **_args: Any) -> Answer:
        """Raise Inconclusive."""
        raise Inconclusive(f"没有触发手段:动作 {verb} 需要 hook 或 prompt", f"no stimulus: {verb} needs hook or prompt")

    def offers(self, _verb: str) -> bool:
        """Tell that nothing can be driven."""
        return False


class Prompt:
    """mode = prompt: a person is told what to do and answers with the keys, separated by blanks."""

    def __init__(self, ask: Callable[[str], str]) -> None:
        self._ask = ask

    def drive(self, verb: str, **args: Any) -> Answer:
        """Tell the person and wait."""
        given = json.dumps(args, ensure_ascii=False)
        told = self._ask(f"请在系统中完成动作 {verb} {given},再输入涉及的业务主键(空格分隔;做不到则输入 -)")
        if told.strip() == "-":
            raise Inconclusive(f"操作人员没有完成动作 {verb}", f"nobody could carry out {verb}")
        return Answer(tuple(told.split()))

    def offers(self, verb: str) -> bool:
        """Tell that a person can be asked; the clock of a person is not scaled."""
        return verb not in {"clock", "reset"}


class Hook:
    """mode = hook: the vendor's small HTTP service; a verb it does not know leaves the case inconclusive."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)
        self._unknown: set[str] = set()

    def drive(self, verb: str, **args: Any) -> Answer:
        """Post a verb; raises Inconclusive where the hook does not do it."""
        told = self._post(json.dumps({"verb": verb, "args": args}, ensure_ascii=False).encode())
        if not told.get("ok"):
            self._unknown.add(verb)
            why = str(told.get("error", "ok=false"))
            raise Inconclusive(f"hook 没有完成动作 {verb}:{why}", f"the hook did not carry out {verb}: {why}")
        return Answer(tuple(map(str, told.get("keys") or ())), told)

    def offers(self, verb: str) -> bool:
        """Tell whether the verb has not been refused before."""
        return verb not in self._unknown

    def _post(self, body: bytes) -> dict[str, Any]:
        kind = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(self._parts.hostname or "", self._parts.port, timeout=SECONDS)
        try:
            connection.request("POST", self._parts.path or "/", body, {"Content-Type": "application/json"})
            told = json.loads(connection.getresponse().read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Inconclusive(f"hook 无法使用:{error}", f"the hook cannot be used: {error}") from error
        finally:
            connection.close()
        return told if isinstance(told, dict) else {}
