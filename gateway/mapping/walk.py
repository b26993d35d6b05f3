# SPDX-License-Identifier: Apache-2.0
"""Walks over a loaded mapping: what a value is made of, and every value of a record."""

from collections.abc import Iterator
from collections.abc import Mapping as AnyMapping

from gateway.mapping.model import (
    Concat,
    Fields,
    First,
    Found,
    FromColumn,
    FromNamed,
    FromNumber,
    Group,
    Listed,
    NumberedColumns,
    Repeat,
    Rows,
    Split,
    Value,
)


def uses_numbers(value: Value) -> list[str]:
    """Return the names of the numbers that ``value`` is made of."""
    match value.source:
        case FromNumber(name):
            return [name]
        case Concat(parts) | First(parts):
            return [name for part in parts for name in uses_numbers(part)]
        case _:
            return []


def columns_of(spec: object, values: AnyMapping[str, Value]) -> set[str]:
    """Return the source columns that a field is made of, conditions left out."""
    match spec:
        case Value():
            return _columns_of_value(spec, values)
        case Repeat(items=NumberedColumns(rows), body=body):
            return {column for row in rows for _, column in row} | columns_of(body, values)
        case Repeat(items=Split() | Found() | Rows() as items, body=body):
            return columns_of(items.value, values) | columns_of(body, values)
        case Listed(items=listed):
            return set().union(*(columns_of(item, values) for item in listed))
        case Group(fields=fields):
            return columns_of(fields, values)
        case AnyMapping():
            return set().union(*(columns_of(inner, values) for inner in spec.values()))
        case _:
            return set()


def _columns_of_value(value: Value, values: AnyMapping[str, Value]) -> set[str]:
    match value.source:
        case FromColumn(name):
            return {name}
        case FromNamed(name) if name in values:
            return columns_of(values[name], values)
        case Concat(parts) | First(parts):
            return set().union(*(columns_of(part, values) for part in parts))
        case _:
            return set()


def leaves(fields: Fields) -> Iterator[Value]:
    """Yield every value among fields, repeated ones included."""
    for spec in fields.values():
        match spec:
            case Value():
                yield spec
            case Repeat(items=items, body=body):
                if not isinstance(items, NumberedColumns):
                    yield items.value
                if isinstance(body, Value):
                    yield body
                else:
                    yield from leaves(body)
            case Listed(items=listed):
                for item in listed:
                    if isinstance(item, Value):
                        yield item
                    else:
                        yield from leaves(item.fields)
