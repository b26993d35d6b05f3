# SPDX-License-Identifier: Apache-2.0
"""``python -m tests.chaos``: kills at named points and at random, answers lost on their way, and the planted bugs.

``--short`` ends within five minutes: at least 30 kills, more if there is time, and the ten planted bugs. Without it
``--cycles`` days are lived through, each ended by a kill. The last line of stdout is one JSON object of figures; what
was hit, and what anybody objects to, is told on stderr. Exit code 1 where a promise was broken or a bug not found.
"""

import argparse
import json
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.chaos import planted
from tests.chaos.campaign import Campaign, Result, march
from tests.chaos.checker import told
from tests.chaos.points import POINTS

SHORT_KILLS = 32
SHORT_SECONDS = 130.0  # after so long a short run kills no more than SHORT_KILLS
FULL_CYCLES = 1000


def main() -> int:
    options = _options()
    seed = secrets.randbelow(10**9) if options.seed is None else options.seed
    directory = options.dir or Path(tempfile.mkdtemp(prefix="gateway-chaos-")) / "city"
    print(f"seed {seed}, city {directory}", file=sys.stderr, flush=True)
    with _hunting() as hunt:
        result = _march(directory, seed, options)
        found = _found(hunt)
    figures = {**result.figures(), "bugs_planted": len(planted.BUGS), "bugs_found": len(found)}
    _tell(result, directory)
    for bug in sorted(planted.BUGS.keys() - found):
        print(f"not found: {bug}", file=sys.stderr)
    well = not result.objections and len(found) == len(planted.BUGS)
    if well and options.dir is None:
        shutil.rmtree(directory.parent)
    print(json.dumps(figures, separators=(",", ":")), flush=True)
    return 0 if well else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--short", action="store_true", help="five minutes at most")
    parser.add_argument("--cycles", type=int, default=FULL_CYCLES, help=f"how many kills ({FULL_CYCLES})")
    parser.add_argument(
        "--lose", type=float, default=0.3, help="share of answers lost after they were carried out (0.3)"
    )
    parser.add_argument("--seed", type=int, help="replay the choices of this seed")
    parser.add_argument("--dir", type=Path, help="where the city stands; must not exist; kept afterwards")
    return parser.parse_args()


def _march(directory: Path, seed: int, options: argparse.Namespace) -> Result:
    begun = time.monotonic()

    def goes_on(campaign: Campaign) -> bool:
        campaign.losing = options.lose
        if options.short:
            return campaign.kills < SHORT_KILLS or (
                time.monotonic() - begun < SHORT_SECONDS and len(campaign.struck) < len(POINTS)
            )
        return bool(campaign.tally.cycles < options.cycles)

    for each in march(directory, seed, goes_on):
        if isinstance(each, Result):
            print(f", {time.monotonic() - begun:.0f} s", file=sys.stderr)
            return each
        print(f"\r{each.kills} kills, {len(each.journal)} accepted", end="", file=sys.stderr, flush=True)
    raise AssertionError


@contextmanager
def _hunting() -> Iterator[subprocess.Popen[str]]:
    """Hunt the planted bugs in a process of their own, as they spoil the one they are planted into."""
    hunt = subprocess.Popen(
        [sys.executable, "-m", "tests.chaos.hunts"], stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )
    try:
        yield hunt
    finally:
        if hunt.poll() is None:
            hunt.kill()
        hunt.wait()


def _found(hunt: subprocess.Popen[str]) -> set[str]:
    """Return the bugs that were found, by whom is told on stderr."""
    told_by, _nothing = hunt.communicate()
    lines = [json.loads(line) for line in told_by.splitlines()]
    for each in lines:
        print(f"{each['bug']}: {each['found'] or 'NOT FOUND'}".splitlines()[0], file=sys.stderr)
    return {each["bug"] for each in lines if each["found"]}


def _tell(result: Result, directory: Path) -> None:
    campaign = result.campaign
    lost = sum(proxy.struck["lost-answer"] for proxy in campaign.proxies.values())
    print(
        f"{sum(campaign.struck.values())} kills at {len(campaign.struck)} of {len(POINTS)} points (fewest hits"
        f" {min(campaign.struck.get(name, 0) for name in POINTS)}), {campaign.at_random} at random,"
        f" {campaign.tally.platform_kills} of destinations; {campaign.tally.left_open} left a package open;"
        f" {lost} answers lost; {len(result.events)} events; evidence: {result.summary['evidence']['rows']} rows",
        file=sys.stderr,
    )
    if never := [name for name in POINTS if not campaign.struck[name]]:
        print(f"never struck: {', '.join(never)}", file=sys.stderr)
    if result.objections:
        print(told(result.objections), f"the city stands in {directory}", sep="\n", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
