# SPDX-License-Identifier: Apache-2.0
"""Fills templates with the content of documents, as a clerk would: the way back that the product does not have."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lxml import etree
from openpyxl import Workbook

from gateway.dictionary.layout import Layout, layouts
from gateway.dictionary.sheets import sheets
from gateway.pack import Pack

Tables = dict[str, list[list[Any]]]


def fill(pack: Pack, code: str, documents: Iterable["etree._Element"], *, pinyin: bool = False) -> Tables:
    """Return the rows of every table of a record type by title (by name with ``pinyin``), headers first."""
    tables: Tables = {}
    for sheet, layout in zip(sheets(pack, code), layouts(pack, code), strict=True):
        heads = [
            (each.column.name if each.column is not None else ("HH" if each.header == "行号" else "上级行号"))
            if pinyin
            else each.header
            for each in sheet.headings
        ]
        rows = [row for document in documents for row in _rows(pack, layout, document)]
        tables[sheet.name if pinyin else sheet.title.replace("/", "-")] = [heads, *rows]
    return tables


def _rows(pack: Pack, layout: Layout, document: "etree._Element") -> Iterable[list[Any]]:
    space = f"{{{pack.namespace}}}"
    if layout.parent is None:
        yield [_text(document, column.described.element.path, space) for column in layout.columns]
        return
    key = [_text(document, column.described.element.path, space) for column in layout.key]
    for lines, node in _nodes(pack, layout, document, space):
        depth = layout.path.count("/") + 1
        texts = [
            _text(node, "/".join(column.described.element.path.split("/")[depth:]), space) for column in layout.columns
        ]
        yield [*key, *lines, *texts]


def _nodes(
    pack: Pack, layout: Layout, document: "etree._Element", space: str
) -> Iterable[tuple[list[int], "etree._Element"]]:
    shape = next(pack.shape(code) for code in pack.types if f"{space}{pack.types[code].element}" == document.tag)
    found: list[tuple[list[int], etree._Element]] = [([], document)]
    walked = ""
    for name in layout.path.split("/"):
        walked = f"{walked}/{name}" if walked else name
        below: list[tuple[list[int], etree._Element]] = []
        for lines, node in found:
            like = node.findall(f"{space}{name}")
            if shape.by_path[walked].max == 1:
                below += [(lines, each) for each in like]
            else:
                below += [([*lines, number], each) for number, each in enumerate(like, 1)]
        found = below
    return found


def _text(node: "etree._Element", path: str, space: str) -> str | None:
    if not path:
        return node.text
    return node.findtext("/".join(f"{space}{step}" for step in path.split("/")))


def write_xlsx(path: Path, tables: Mapping[str, list[list[Any]]]) -> Path:
    """Write a workbook; strings are text cells, numbers and dates what they are."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for title, rows in tables.items():
        page = book.create_sheet(title)
        for row in rows:
            page.append(row)
    book.save(path)
    return path


def write_csv(folder: Path, tables: Mapping[str, list[list[Any]]], encoding: str = "utf-8-sig") -> Path:
    """Write one CSV file a table into ``folder`` and return the first."""
    paths = []
    for name, rows in tables.items():
        paths.append(folder / f"{name}.csv")
        with paths[-1].open("w", encoding=encoding, newline="") as file:
            csv.writer(file).writerows(rows)
    return paths[0]
