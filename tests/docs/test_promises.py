# SPDX-License-Identifier: Apache-2.0
"""The page of promises names tests that exist, and every promise has one."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "promises.md"
ROW = re.compile(r"^\| (R\d+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
PROOFS = {number: re.findall(r"`([^`]+)`", proofs) for number, _promise, proofs in ROW.findall(PAGE.read_text("utf-8"))}


@cache
def named_in(path: str) -> frozenset[str]:
    """Return the names of the tests in a file."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name[:5] == "test_")


def test_every_promise_has_a_proof() -> None:
    assert sorted(PROOFS, key=lambda number: int(number[1:])) == [f"R{number}" for number in range(1, 23)]
    assert [number for number, proofs in PROOFS.items() if not proofs] == []


@pytest.mark.parametrize(
    ("number", "proof"), [(number, proof) for number, proofs in PROOFS.items() for proof in proofs]
)
def test_every_proof_is_a_test(number: str, proof: str) -> None:
    path, _, name = proof.partition("::")
    found = named_in(path)
    assert name in found if name else found, f"{number}: {proof}"
