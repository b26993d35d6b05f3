# SPDX-License-Identifier: Apache-2.0
"""The folder behind the local page: descriptions of systems, runs as processes of their own, a reference system to begin with."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Final

REPORTS: Final = ("report.html", "result.json", "junit.xml", "cases.csv", "evidence.zip")
REQUEST, PROGRESS, SAID, JOURNAL = "request.json", "progress.txt", "said.txt", "journal.sqlite"
REFERENCE: Final = "reference"
_LAST_WORDS: Final = 4000


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for: the description relative to the folder, and how to run."""

    sut: str
    profile: str = ""
    only: tuple[str, ...] = ()
    seed: int = 1
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Run:
    """One run: ``state`` is running, done or cut; verdicts as they fell, the result once it is there."""

    number: str
    request: Request
    state: str
    verdicts: tuple[tuple[str, str], ...]
    result: dict[str, Any] | None
    said: str
    files: tuple[str, ...] = ()


@dataclass
class Workshop:
    """The folder; processes that it starts end with it."""

    folder: Path
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _references: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def systems(self) -> list[str]:
        """Return the descriptions in the folder and one level below it, relative to it."""
        found = [*self.folder.glob("*.toml"), *self.folder.glob("*/sut.toml")]
        return sorted(path.relative_to(self.folder).as_posix() for path in found if path.is_file())

    def begin(self, request: Request) -> str:
        """Start a run and return its number; raises ValueError for a description that is not in the folder."""
        if request.sut not in self.systems():
            raise ValueError(request.sut)
        with self._lock:
            taken = [int(path.name) for path in self._runs().iterdir() if path.name.isdecimal()]
            number = f"{max(taken, default=0) + 1:04d}"
            place = self._runs() / number
            place.mkdir()
        (place / REQUEST).write_text(json.dumps(asdict(request), ensure_ascii=False), "utf-8")
        self._start(number, request)
        return number

    def again(self, number: str) -> None:
        """Go on with a run that was cut, from its journal; one that runs goes on as it is. Raises KeyError."""
        run = self.run(number)
        if run.state == "cut":
            self._start(number, run.request)

    def stop(self, number: str) -> None:
        """Stop a run; its journal stays, so that it can go on."""
        process = self._running.get(number)
        if process is not None and process.poll() is None:
            process.terminate()
            process.wait()

    def run(self, number: str) -> Run:
        """Return a run as it stands; raises KeyError for one that was never begun."""
        place = self._runs() / number
        if not number.isdecimal() or not (place / REQUEST).is_file():
            raise KeyError(number)
        held = json.loads((place / REQUEST).read_text("utf-8"))
        process = self._running.get(number)
        result = json.loads((place / "result.json").read_bytes()) if (place / "result.json").is_file() else None
        running = process is not None and process.poll() is None
        state = "running" if running else "done" if result is not None else "cut"
        progress = _text(place / PROGRESS)
        files = tuple(name for name in REPORTS if (place / name).is_file())
        request = Request(held["sut"], held["profile"], tuple(held["only"]), held["seed"], held["scale"])
        return Run(number, request, state, _verdicts(progress), result, _said(place, progress), files)

    def runs(self) -> list[Run]:
        """Return all runs, the newest first."""
        numbers = sorted((path.name for path in self._runs().iterdir() if path.name.isdecimal()), reverse=True)
        return [self.run(number) for number in numbers]

    def report(self, number: str, name: str) -> Path:
        """Return a report of a run; raises KeyError for anything else."""
        if name not in self.run(number).files:
            raise KeyError(name)
        return self._runs() / number / name

    def begin_reference(self, profile: str) -> None:
        """Start the reference department of a profile, to make a first run against; one that runs already goes on."""
        if self.reference(profile) == "off":
            place = self.folder / reference_of(profile)
            place.mkdir(exist_ok=True)
            (place / "ready.json").unlink(missing_ok=True)
            arguments = (
                "reference",
                "department",
                "--profile",
                profile,
                "--dir",
                str(place),
                "--ready-file",
                str(place / "ready.json"),
            )
            with (place / "log.txt").open("wb") as log:
                self._references[profile] = _program(arguments, log, log)

    def reference(self, profile: str) -> str:
        """Return whether the reference department of a profile is off, starting or ready."""
        process = self._references.get(profile)
        if process is None or process.poll() is not None:
            return "off"
        return "ready" if (self.folder / reference_of(profile) / "ready.json").is_file() else "starting"

    def close(self) -> None:
        """End every process that was started here."""
        for process in [*self._running.values(), *self._references.values()]:
            if process.poll() is None:
                process.terminate()
                process.wait()

    def _runs(self) -> Path:
        place = self.folder / "runs"
        place.mkdir(parents=True, exist_ok=True)
        return place

    def _start(self, number: str, request: Request) -> None:
        place = self._runs() / number
        arguments = ["conformance", "run", "--sut", str(self.folder / request.sut), "--out", str(place)]
        arguments += [
            "--journal",
            str(place / JOURNAL),
            "--seed",
            str(request.seed),
            "--time-scale",
            str(request.scale),
        ]
        arguments += ["--profile", request.profile] if request.profile else []
        for each in request.only:
            arguments += ["--only", each]
        with self._lock, (place / PROGRESS).open("ab") as progress, (place / SAID).open("wb") as said:
            self._running[number] = _program(arguments, said, progress)


def reference_of(profile: str) -> str:
    """Return the folder of the reference department of a profile, relative to the workshop's."""
    return f"{REFERENCE}-{profile.lower()}"


def _program(arguments: Sequence[str], out: IO[bytes], err: IO[bytes]) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONUTF8": "1"}
    return subprocess.Popen(  # noqa: S603 # our own program, words that were checked
        [sys.executable, "-m", "gateway", *arguments], stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=environment
    )


def _text(path: Path) -> str:
    return path.read_text("utf-8", "replace") if path.is_file() else ""


def _verdicts(progress: str) -> tuple[tuple[str, str], ...]:
    """Return the last verdict of each case, in the order in which they fell."""
    found: dict[str, str] = {}
    for line in progress.splitlines():
        id_, _, verdict = line.partition(" ")
        if len(id_) == 6 and id_[3:4] == "-" and verdict.replace("_", "").replace("/", "").isalpha():
            found[id_] = verdict
    return tuple(found.items())


def _said(place: Path, progress: str) -> str:
    """Return what the run said that is no verdict: notes, and why it ended."""
    notes = [line for line in progress.splitlines() if not _verdicts(line)]
    return "\n".join([*notes, _text(place / SAID)])[-_LAST_WORDS:].strip()
