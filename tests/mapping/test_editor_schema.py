# SPDX-License-Identifier: Apache-2.0
"""The JSON Schema for editors knows the same words as the loader, and the reference page explains them."""

import json
from pathlib import Path
from typing import Any

from gateway.mapping import load, load_records, load_steps, load_values
from gateway.mapping.amounts import UNITS
from gateway.mapping.findings import FINDINGS

ROOT = Path(__file__).resolve().parents[2]
SCHEMA: dict[str, Any] = json.loads((ROOT / "mappings/mapping.schema.json").read_text(encoding="utf-8"))
PAGE = (ROOT / "docs/reference/mapping.md").read_text(encoding="utf-8")


def test_schema_and_loader_know_the_same_keys() -> None:
    definitions = SCHEMA["$defs"]
    assert set(SCHEMA["properties"]) == set(load._TOP)
    assert set(definitions["spec"]["properties"]) == {*load_values.SOURCES, *load_values.STEPS}
    assert set(definitions["repeat"]["properties"]) == set(load_records._PLURAL)
    assert definitions["unit"]["enum"] == list(UNITS)
    assert definitions["spec"]["properties"]["mask"]["enum"] == list(load_steps.MASKS)
    assert definitions["spec"]["properties"]["as"]["enum"] == list(load_values.KINDS)


def test_the_reference_page_explains_every_key_and_code() -> None:
    for word in (*load._TOP, *load_values.SOURCES, *load_values.STEPS, *load_records._PLURAL, *UNITS):
        assert f"`{word}" in PAGE or f"{word}:" in PAGE, word
    for code in FINDINGS:
        assert code in PAGE, code
