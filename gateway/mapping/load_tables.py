# SPDX-License-Identifier: Apache-2.0
"""Read crosswalks: rows in the mapping itself or a csv file, with dates."""

import csv
import io
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Final

from gateway.documents.render import composed
from gateway.mapping.model import FOREVER, Crosswalk, TableRow
from gateway.mapping.reading import Faults, Node, unknown_word

_HEADER: Final = ("source", "code", "from", "to")


class TableReader:
    """Reads crosswalks; remembers the files it read, for the version of the mapping."""

    def __init__(self, search: Sequence[Path]) -> None:
        """Look for table files in ``search``, the site's own folders first."""
        self._search = search
        self.files: list[tuple[str, bytes]] = []

    def read(self, name: str, node: Node) -> Crosswalk:
        """Read ``{rows: …}``, ``{file: …}`` or a reference table, ``{file: …, key: …}``."""
        keys = node.keys(("rows", "file", "key", "from", "to"))
        if len({"rows", "file"} & set(keys)) != 1 and node.is_map:
            node.fault("对照表要写 rows 或 file 之一", "a crosswalk has either rows or file")
        if "key" in keys:
            return self._reference(name, keys)
        for key in ("from", "to"):
            if key in keys:
                keys[key].fault(f"{key} 要和 key 一起写", f"{key} goes with key")
        if "file" in keys:
            return self._settle(name, keys["file"], self._file(keys["file"]))
        if "rows" not in keys:
            return Crosswalk(name, {}, dated=False)
        rows = keys["rows"]
        return self._settle(name, rows, _listed(rows) if rows.is_list else _short(rows))

    def inline(self, name: str, node: Node) -> Crosswalk:
        """Read ``{source: code}`` written at the field itself."""
        return self._settle(name, node, _short(node))

    def _settle(self, name: str, node: Node, rows: list[TableRow]) -> Crosswalk:
        by_source: dict[str, tuple[TableRow, ...]] = {}
        for row in rows:
            by_source[row.source] = (*by_source.get(row.source, ()), row)
        for source, same in by_source.items():
            ordered = sorted(same, key=lambda row: row.valid_from)
            if any(a.valid_to >= b.valid_from for a, b in pairwise(ordered)):
                node.fault(
                    f"源值 {source} 的生效期重叠或重复", f"source value {source}: rows overlap in time or repeat"
                )
        dated = any(row.valid_from or row.valid_to != FOREVER for row in rows)
        return Crosswalk(name, by_source, dated)

    def _reference(self, name: str, keys: dict[str, Node]) -> Crosswalk:
        """Read a table of any columns: every column but the key and the dates is a crosswalk of its own."""
        if "file" not in keys:
            keys["key"].fault("key 要和 file 一起写", "key goes with file")
            return Crosswalk(name, {}, dated=False)
        reader = self._opened(keys["file"])
        header = list(reader.fieldnames or []) if reader else []
        ends = {end: keys[end].text() if end in keys else "" for end in ("from", "to")}
        key = keys["key"].text()
        for node, column in ((keys["key"], key), *((keys[end], ends[end]) for end in ends if end in keys)):
            if reader and column not in header:
                node.fault(*unknown_word(f"表头里没有 {column}", f"the header has no {column}", column, header))
        if reader is None or any(column not in header for column in (key, *filter(None, ends.values()))):
            return Crosswalk(name, {}, dated=False)
        rows = [(Node(row, keys["file"].text(), reader.line_num, 1, keys["file"].faults), row) for row in reader]
        columns: dict[str, Crosswalk] = {}
        for column in header:
            if column not in (key, *ends.values()):
                found = []
                for node, row in rows:
                    cells: dict[str, str | None] = {"source": row[key], "code": (row[column] or "").strip() or None}
                    cells |= {end: (row[given] or "").strip() or None for end, given in ends.items() if given}
                    place = node if not columns else Node(None, node.file, node.line, 1, Faults())
                    found.append(_checked(place, cells))
                where = keys["file"] if not columns else Node(None, "", 1, 1, Faults())
                columns[column] = self._settle(f"{name}.{column}", where, found)
        return Crosswalk(name, {}, any(each.dated for each in columns.values()), columns)

    def _file(self, node: Node) -> list[TableRow]:
        reader = self._opened(node)
        header = (reader.fieldnames or []) if reader else []
        if reader is None:
            return []
        if not {"source", "code"} <= set(header) <= set(_HEADER):
            Node(None, node.text(), 1, 1, node.faults).fault(
                "表头应为 source,code[,from,to];别的表头请写 key: 列名",
                "header must be source,code[,from,to]; of any other table name its key: COLUMN",
            )
            return []
        return [_checked(Node(row, node.text(), reader.line_num, 1, node.faults), row) for row in reader]

    def _opened(self, node: Node) -> "csv.DictReader[str] | None":
        name = node.text()
        path = next((folder / name for folder in self._search if name and (folder / name).is_file()), None)
        if path is None:
            node.fault(f"找不到文件 {name}", f"file {name} not found")
            return None
        content = path.read_bytes()
        self.files.append((name, content))
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            node.fault(f"{name} 不是 UTF-8 编码", f"{name} is not UTF-8")
            return None
        return csv.DictReader(io.StringIO(text))


def _short(node: Node) -> list[TableRow]:
    return [
        TableRow(composed(source.value.strip()), None if code.value is None else code.text())
        for source, code in node.items()
    ]


def _listed(node: Node) -> list[TableRow]:
    rows = []
    for entry in node.list():
        keys = entry.keys(_HEADER, ("source", "code"))
        code = keys.get("code")
        cells: dict[str, str | None] = {key: keys[key].text() for key in ("source", "from", "to") if key in keys}
        cells["code"] = None if code is None or code.value is None else code.text()
        rows.append(_checked(entry, cells))
    return rows


def _checked(node: Node, cells: "dict[str, str | None]") -> TableRow:
    start, end = cells.get("from") or "", cells.get("to") or FOREVER
    for day in (start, end):
        if day and not _is_day(day):
            node.fault(f"{day} 不是日期,应为 yyyy-MM-dd", f"{day} is no date; yyyy-MM-dd")
    if start > end:
        node.fault("from 晚于 to", "from is later than to")
    return TableRow(composed((cells.get("source") or "").strip()), cells.get("code") or None, start, end)


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
