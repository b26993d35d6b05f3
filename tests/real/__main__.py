# SPDX-License-Identifier: Apache-2.0
"""``python -m tests.real``: three real sets through the whole gateway, each twice, one JSON line a pass."""

import argparse
import json
import os
import shutil
import sys
import time
from pathlib import Path

from tests.real.passes import Pass, run
from tests.real.sets import DATA, SETS, RealSet
from tests.real.verdict import complaints

MARK = ".made-by-tests-real"


def main(arguments: list[str] | None = None) -> int:
    """Run every set that is there; exit 1 when a promise is broken or, in CI, when a set is absent."""
    parser = argparse.ArgumentParser(prog="python -m tests.real", description=__doc__)
    parser.add_argument("--dir", type=Path, default=Path("gateway-real"), help="emptied first (default: gateway-real)")
    parser.add_argument("--set", action="append", choices=[each.name for each in SETS], help="this set alone")
    parser.add_argument("--data", type=Path, default=DATA, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    wanted = [each for each in SETS if options.set is None or each.name in options.set]
    present = [each for each in wanted if each.present(options.data)]
    for each in wanted:
        if each not in present:
            talk(f"没有真实数据,跳过 / {each.name}: the data are absent, nothing to run: {options.data / each.folder}")
    absent = len(present) < len(wanted) and os.environ.get("CI", "").lower() == "true"
    directory = options.dir.resolve()
    if present and not emptied(directory):
        talk(f"{directory} 不是本命令建立的目录,未动 / not a directory of this command, left alone")
        return 2
    broken = [fault for each in present for fault in told(each, directory / each.name, options.data)]
    return 1 if broken or absent else 0


def told(chosen: RealSet, directory: Path, data: Path) -> list[str]:
    """Run one set in a directory of its own, print its lines, and return the promises that it broke."""
    directory.mkdir()
    passes: list[Pass] = []
    started = time.monotonic()
    for each in run(directory, data, chosen):
        print(json.dumps(each.line, ensure_ascii=False), flush=True)
        reasons = ", ".join(f"{reason} ×{count}" for reason, count in each.reasons.items()) or "0"
        seconds = time.monotonic() - started
        talk(f"{chosen.name}, pass {each.line['pass']}: {seconds:.1f} s; 拒绝原因 / reasons of refusals: {reasons}")
        passes.append(each)
    faults = complaints(chosen, passes, directory)
    for fault in faults:
        talk(f"✗ {chosen.name}: {fault}")
    return faults


def emptied(directory: Path) -> bool:
    """Make ``directory`` anew; False when it holds something that an earlier run did not make."""
    if directory.exists() and any(directory.iterdir()):
        if not (directory / MARK).exists():
            return False
        shutil.rmtree(directory)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / MARK).touch()
    return True


def talk(sentence: str) -> None:
    """Say something that is not a result."""
    print(sentence, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
