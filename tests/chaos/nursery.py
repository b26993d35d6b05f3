# SPDX-License-Identifier: Apache-2.0
"""A nursery of gateway processes: everything is imported once, each gateway is a fork of it, a process of its own.

A start from nothing costs seconds of imports; a thousand kills would spend them on nothing but starting. Used as
``python -m tests.chaos.nursery``: one JSON line in (``args``, ``env``, ``log``), one out (``pid``); ``{"wait": PID}``
gives ``{"code": N}``.
"""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self


@dataclass
class Child:
    """A gateway that the nursery has brought up; its talk goes to ``log``."""

    nursery: "Nursery"
    pid: int
    log: Path
    _code: int | None = None
    _read: int = 0
    _watch: int = field(default=-1)

    def __post_init__(self) -> None:
        self._watch = os.pidfd_open(self.pid)

    def ended(self, seconds: float) -> bool:
        """Wait so many seconds at most for its end, whoever brings it about."""
        if self._code is None and select.select([self._watch], [], [], seconds)[0]:
            self._code = int(self.nursery.ask({"wait": self.pid})["code"])
            os.close(self._watch)
        return self._code is not None

    @property
    def code(self) -> int | None:
        return self._code

    def signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._watch, number)

    def kill(self) -> None:
        if self._code is None:
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGKILL)
            assert self.ended(30.0)

    def told(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def until(self, words: str, seconds: float = 60.0) -> bool:
        """Wait until it has said ``words``; False when it ended before (a crash point may lie earlier)."""
        for _ in range(int(seconds / 0.02)):
            if words in self.told():
                return True
            if self.ended(0.02):
                return words in self.told()
        raise AssertionError(f"nothing of {words!r} in {seconds} s: {self.told()[-2000:]}")


class Nursery:
    """Use as a context manager; children still alive at the end are killed."""

    def __init__(self, *preload: str) -> None:
        self._preload = preload
        self._children: list[Child] = []

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.nursery", *self._preload],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8",
        )  # fmt: skip
        assert self._answer() == {"ready": True}
        return self

    def __exit__(self, *_: object) -> None:
        for child in self._children:
            child.kill()
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)

    def spawn(self, args: Sequence[str | Path], log: Path, env: Mapping[str, str] | None = None) -> Child:
        """Bring up ``gateway ARGS`` with ``env`` on top of the environment."""
        log.write_bytes(b"")
        answer = self.ask({"args": [str(each) for each in args], "env": dict(env or {}), "log": str(log)})
        child = Child(self, answer["pid"], log)
        self._children = [each for each in self._children if each.code is None]
        self._children.append(child)
        return child

    def ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError(f"the nursery ended with {self._process.wait(10)}")
        answer: dict[str, Any] = json.loads(line)
        return answer


def _serve() -> None:
    """Fork a gateway for every line that asks for one."""
    from gateway import i18n
    from gateway.cli import run, sync  # noqa: F401 # what the children need
    from gateway.pack import load_pack, load_packs
    from gateway.schedule import service  # noqa: F401
    from tests.chaos import entry

    load_packs()
    load_pack()
    i18n.speak("zh")
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a child prints must not be taken for an answer
    print('{"ready": true}', file=out, flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        if "wait" in asked:
            _pid, status = os.waitpid(asked["wait"], 0)
            answer = {"code": os.waitstatus_to_exitcode(status)}
        else:
            pid = os.fork()
            if pid == 0:
                _be_gateway(entry, asked)
            answer = {"pid": pid}
        print(json.dumps(answer), file=out, flush=True)


def _be_gateway(entry: Any, asked: Mapping[str, Any]) -> None:
    """Become a gateway: own log, own environment, own signals; never returns."""
    log = os.open(asked["log"], os.O_WRONLY | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for mine, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(mine, target)
    os.closerange(3, 64)
    os.environ.update(asked["env"])
    sys.argv = ["gateway", *asked["args"]]
    code = 70
    try:
        entry.main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:  # noqa: BLE001 # told in the child's log
        import traceback

        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()
