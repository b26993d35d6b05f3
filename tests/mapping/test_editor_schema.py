# SPDX-License-Identifier: Apache-2.0
"""The JSON Schema for editors knows the same words as the loader, and the reference page explains them."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from gateway.mapping import load, load_items, load_records, load_steps, load_unpack, load_values
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
    assert set(definitions["each"]["properties"]) == {*load_items.KEYS, "key"}
    assert set(definitions["packing"]["properties"]) == set(load_unpack._KEYS)
    assert set(definitions["record"]["properties"]) == set(load_records.RECORD)
    assert definitions["unit"]["enum"] == list(UNITS)
    assert definitions["spec"]["properties"]["mask"]["enum"] == list(load_steps.MASKS)
    assert definitions["spec"]["properties"]["as"]["enum"] == list(load_values.KINDS)


FILES = sorted(path for path in (ROOT / "mappings").glob("*/*.yaml") if not path.name.endswith(".examples.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_the_loader_takes_the_schema_takes(path: Path) -> None:
    jsonschema.validate(
        json.loads(json.dumps(YAML(typ="safe").load(path.read_text(encoding="utf-8")), default=str)), SCHEMA
    )


def test_the_reference_page_explains_every_key_and_code() -> None:
    for word in (*load._TOP, *load_values.SOURCES, *load_values.STEPS, *load_records._PLURAL, *UNITS):
        assert f"`{word}" in PAGE or f"{word}:" in PAGE, word
    for code in FINDINGS:
        assert code in PAGE, code
