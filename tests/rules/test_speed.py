# SPDX-License-Identifier: Apache-2.0
"""Budget of the rules: 60 µs a record on an idle machine, held here by counting calls, which every machine makes alike."""

import sys
from functools import partial
from types import FrameType
from typing import Any

from gateway.documents import safexml
from gateway.legal import LegalClock
from gateway.pack import load_pack
from gateway.rules import Rules

PACK = load_pack()
TYPES = ("CF_JD", "CF_LA", "XK_SQ", "XK_SL", "XK_HJ", "XK_JD")


def _calls(run: Any) -> int:
    """Return how many functions are called, written in Python or in C."""
    made = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal made
        made += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        run()
    finally:
        sys.setprofile(None)
    return made


def test_record_rules_call_few_functions_for_each_element() -> None:
    """Each element is looked at once and its value compared once or twice; a rule that walks on its own shows here."""
    rules = Rules(PACK, LegalClock(PACK).calendar())
    for code in TYPES:
        element = safexml.parse((PACK.root / "samples" / "valid" / f"{code}.xml").read_bytes())
        examine = partial(rules.examine, code, [element], level="L2", with_lines=False)
        examine()  # what is compiled at first use
        elements = sum(1 for _ in element.iter())
        calls = _calls(examine)
        assert calls <= 8 * elements, (code, calls, elements)
