# SPDX-License-Identifier: Apache-2.0
"""``python -m tests.chaos --cycles N --seed S``: as many kills as you have time for."""

import argparse
import json
import secrets
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from tests.chaos.checker import told
from tests.chaos.drill import Drill


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--cycles", type=int, default=200, help="how many kills (200)")
    parser.add_argument("--seed", type=int, help="replay the drill of this seed")
    parser.add_argument("--dir", type=Path, help="where the city stands; must not exist; kept afterwards")
    options = parser.parse_args()
    seed = secrets.randbelow(10**9) if options.seed is None else options.seed
    directory = options.dir or Path(tempfile.mkdtemp(prefix="gateway-chaos-")) / "city"
    print(f"seed {seed}, city {directory}", file=sys.stderr, flush=True)
    drill = Drill(directory, seed)
    try:
        drill.open()
        for number in range(1, options.cycles + 1):
            drill.cycle()
            print(
                f"\rcycle {number} of {options.cycles}, {len(drill.journal)} accepted",
                end="",
                file=sys.stderr,
                flush=True,
            )
        summary = drill.finish()
        objections, events, receipts, _dumps = drill.verdict()
    finally:
        drill.close()
    print(file=sys.stderr)
    result = {
        "seed": seed, "events": len(events), "accepted": len(receipts.records), "objections": len(objections),
        **asdict(drill.tally),
    }  # fmt: skip
    print(json.dumps({**result, "destinations": summary["destinations"]}, ensure_ascii=False))
    if objections:
        print(told(objections), f"the city stands in {directory}", sep="\n", file=sys.stderr)
    elif options.dir is None:
        shutil.rmtree(directory.parent)
    return bool(objections)


if __name__ == "__main__":
    sys.exit(main())
