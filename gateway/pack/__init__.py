# SPDX-License-Identifier: Apache-2.0
"""The standard pack (标准包): record types, shapes and code lists as data; no other module knows a field's name."""

from gateway.pack.code_list import CodeList, Entry
from gateway.pack.dictionary import LEVELS, Dictionary, Field, Level
from gateway.pack.pack import Pack, load_pack, pack_named
from gateway.pack.pack_set import PackSet, load_packs
from gateway.pack.shape import Element, Shape

__all__ = [
    "LEVELS", "CodeList", "Dictionary", "Element", "Entry", "Field", "Level", "Pack", "PackSet", "Shape",
    "load_pack", "load_packs", "pack_named",
]  # fmt: skip
