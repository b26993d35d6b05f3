# SPDX-License-Identifier: Apache-2.0
"""A changed mapping that moves amounts by thousands is told before anybody activates it."""

import json
from collections.abc import Callable, Sequence

from gateway.flow.mapping_diff import Difference, Side, compare
from gateway.flow.translate import TrialNumbers
from gateway.ledger.originals import RawHeld
from gateway.ports import Examined
from tests.mapping.conftest import ROW, Bench


class Anything:
    """A validator that has nothing to say: what is compared here is the mapping alone."""

    def check(self, documents: Sequence[bytes], _level: object = None, _now: str | None = None) -> list[Examined]:
        return [Examined((), ()) for _ in documents]


def test_a_changed_unit_shows_as_a_shift_of_magnitude(bench: Callable[..., Bench]) -> None:
    validator = Anything()
    fields = {"kind": "{const: 变更}"}
    old, new = (bench({**fields, "refund": f"{{from: N, unit: {unit}}}"}) for unit in ("元", "万元"))
    rows = [
        RawHeld(str(n), json.dumps({**ROW, "AJ": f"12345678X-2012-CF-0000000{n}", "N": str(n)}).encode())
        for n in range(1, 6)
    ]
    found = Difference()
    give = TrialNumbers().give
    assert sum(compare(rows, Side(old.compiled, validator), Side(new.compiled, validator), give, found)) == 5
    assert list(found.shifts()) == [(("GG_BG", "refund"), "10000", 5)]
    same = Difference()
    list(compare(rows, Side(old.compiled, validator), Side(old.compiled, validator), give, same))
    assert not list(same.shifts())
