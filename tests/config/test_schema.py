# SPDX-License-Identifier: Apache-2.0
"""JSON Schemas for editors say the same as the models."""

import pytest

from gateway.config import json_schema
from gateway.config.schema import FILES


@pytest.mark.parametrize("kind", sorted(FILES))
def test_every_key_of_the_model_is_in_its_schema_and_no_other_is_allowed(kind: str) -> None:
    schema = json_schema(kind)
    assert set(schema["properties"]) == set(FILES[kind].model_fields)
    assert schema["additionalProperties"] is False


def test_the_name_of_a_source_may_be_left_to_its_file() -> None:
    assert "name" not in json_schema("source")["required"]
    assert "kind" in json_schema("source")["required"]
