# SPDX-License-Identifier: Apache-2.0
"""``python -m tests.real``: the real penalties through the whole gateway, twice, one JSON line a pass."""

import argparse
import json
import os
import shutil
import sys
import time
from pathlib import Path

from tests.real import loader
from tests.real.passes import Pass, run
from tests.real.verdict import complaints

MARK = ".made-by-tests-real"


def main(arguments: list[str] | None = None) -> int:
    """Run both passes; exit 1 when a promise is broken or, in CI, when the data are absent."""
    parser = argparse.ArgumentParser(prog="python -m tests.real", description=__doc__)
    parser.add_argument("--dir", type=Path, default=Path("gateway-real"), help="emptied first (default: gateway-real)")
    parser.add_argument("--data", type=Path, default=loader.DATA, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if not loader.present(options.data):
        talk(f"没有真实数据,跳过 / the environmental penalties are absent, nothing to run: {options.data}")
        return 1 if os.environ.get("CI", "").lower() == "true" else 0
    directory = options.dir.resolve()
    if not emptied(directory):
        talk(f"{directory} 不是本命令建立的目录,未动 / not a directory of this command, left alone")
        return 2
    passes: list[Pass] = []
    started = time.monotonic()
    for each in run(directory, options.data):
        print(json.dumps(each.line, ensure_ascii=False), flush=True)
        refusals = ", ".join(f"{code} ×{count}" for code, count in sorted(each.refusals.items())) or "0"
        talk(f"pass {each.line['pass']}: {time.monotonic() - started:.1f} s; 台账中的拒绝 / refusals held: {refusals}")
        passes.append(each)
    faults = complaints(passes, directory)
    for fault in faults:
        talk(f"✗ {fault}")
    return 1 if faults else 0


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
