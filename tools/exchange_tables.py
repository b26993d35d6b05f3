# SPDX-License-Identifier: Apache-2.0
"""Write the exchange tables of the data dictionary as data for the reference departments, which import nothing of the gateway.

``--check`` fails where the file is not current. One line a table: name, record type, parent, line columns, key, columns.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from gateway.dictionary import Column, layouts
from gateway.pack import Pack, load_pack

FILE = (
    Path(__file__).resolve().parent.parent / "conformance" / "gateway_reference" / "department" / "exchange_tables.json"
)


def content(pack: Pack) -> str:
    """Return the tables of every record type, one a line."""
    lines = []
    for code in pack.types:
        for each in layouts(pack, code):
            table = {
                "name": each.name, "type": code, "element": pack.types[code].element, "title": each.title, "parent": each.parent,
                "path": each.path, "lines": list(each.lines), "key": [_column(column) for column in each.key],
                "columns": [_column(column) for column in each.columns],
            }  # fmt: skip
            lines.append(json.dumps(table, ensure_ascii=False))
    return "[\n" + ",\n".join(lines) + "\n]\n"


def _column(column: Column) -> dict[str, Any]:
    element = column.described.element
    return {
        "name": column.name, "header": column.header, "path": element.path, "kind": element.kind,
        "length": column.described.field.length, "required": column.required,
    }  # fmt: skip


def main() -> int:
    """Write the file, or say that it is not current."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    wanted = content(load_pack())
    if parser.parse_args().check:
        current = FILE.is_file() and FILE.read_text("utf-8") == wanted
        print("current" if current else f"{FILE} is not current: run tools/exchange_tables.py")
        return 0 if current else 1
    FILE.write_text(wanted, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
