# SPDX-License-Identifier: Apache-2.0
"""YAML with positions: every node knows its file, line and column; faults are gathered, not thrown one by one."""

import difflib
import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.scalarstring import ScalarString

from gateway import i18n
from gateway.errors import ConfigurationError
from gateway.model.words import Words


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a file; ``line`` and ``column`` count from 1."""

    file: str
    line: int
    column: int
    words: Words

    def spoken(self, language: str) -> str:
        """Return ``file:line:column: what`` in ``language``."""
        return f"{self.file}:{self.line}:{self.column}: {self.words.spoken(language)}"


class MappingFaults(ConfigurationError):
    """A mapping is wrong; ``faults`` lists every place."""

    code = "GW-102"
    summary = Words("映射有误", "the mapping is wrong")
    advice = Words("按提示逐条修改后运行 gateway mapping test", "mend each line and run gateway mapping test")

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n" + "\n".join(fault.spoken(i18n.language()) for fault in faults) + "\n")
        self.faults = faults


@dataclass(slots=True)
class Faults:
    """Gathers faults of one load."""

    found: list[Fault] = field(default_factory=list)

    def add(self, node: "Node", zh: str, en: str, column: int = 0, line: int = 0) -> None:
        """Note a fault at ``node``, ``line`` and ``column`` further on."""
        self.found.append(Fault(node.file, node.line + line, node.column + column, Words(zh, en)))

    def settle(self) -> None:
        """Raise MappingFaults when there is any, in the order of the text."""
        if self.found:
            unique = sorted(set(self.found), key=lambda fault: (fault.file, fault.line, fault.column, fault.words))
            raise MappingFaults(tuple(unique))


@dataclass(frozen=True, slots=True)
class Node:
    """A value in a YAML file with its place; ``value`` is what the YAML library made of it."""

    value: Any
    file: str
    line: int
    column: int
    faults: Faults

    @property
    def is_map(self) -> bool:
        """Tell whether this is a mapping."""
        return isinstance(self.value, CommentedMap)

    @property
    def is_list(self) -> bool:
        """Tell whether this is a list."""
        return isinstance(self.value, CommentedSeq)

    @property
    def quoted(self) -> bool:
        """Tell whether this is a text in quotes."""
        return isinstance(self.value, ScalarString)

    def fault(self, zh: str, en: str, column: int = 0, line: int = 0) -> None:
        """Note a fault here."""
        self.faults.add(self, zh, en, column, line)

    def items(self) -> Iterator[tuple["Node", "Node"]]:
        """Yield key and value nodes; a node that is no mapping is a fault and yields nothing."""
        if not self.is_map:
            self.fault("这里应当写成 键: 值", "a mapping (key: value) is wanted here")
            return
        for key, value in self.value.items():
            at = self.value.lc.key(key)
            # YAML reads the key `null` as nothing; in a mapping it is the name of the null tokens.
            name = Node("null" if key is None else key, self.file, at[0] + 1, at[1] + 1, self.faults)
            if not isinstance(name.value, str):
                name.fault(f'键必须是文本,请加引号:"{key}"', f'keys are text, quote it: "{key}"')
                continue
            at = self.value.lc.value(key)
            yield name, Node(value, self.file, at[0] + 1, at[1] + 1, self.faults)

    def keys(self, allowed: Collection[str], required: Collection[str] = ()) -> dict[str, "Node"]:
        """Return the values by key; unknown and missing keys are faults."""
        found: dict[str, Node] = {}
        for name, node in self.items():
            if name.value in allowed:
                found[name.value] = node
            else:
                near = difflib.get_close_matches(name.value, allowed, 1)
                zh = f",是否应为 {near[0]}" if near else f",可用的键:{' '.join(sorted(allowed))}"
                en = f", did you mean {near[0]}" if near else f"; allowed: {' '.join(sorted(allowed))}"
                name.fault(f"不认识的键 {name.value}{zh}", f"unknown key {name.value}{en}")
        for key in required:
            if key not in found and self.is_map:
                self.fault(f"缺少 {key}:", f"{key}: is missing")
        return found

    def list(self) -> list["Node"]:
        """Return the members; a node that is no list is a fault."""
        if not self.is_list:
            self.fault("这里应当写成列表 […]", "a list […] is wanted here")
            return []
        places = [self.value.lc.item(index) for index in range(len(self.value))]
        return [
            Node(value, self.file, at[0] + 1, at[1] + 1, self.faults)
            for value, at in zip(self.value, places, strict=True)
        ]

    def text(self) -> str:
        """Return the text; anything else is a fault that says how to write it. Unquoted dates are taken as text."""
        if isinstance(self.value, str):
            return str(self.value)
        if isinstance(self.value, date) and not isinstance(self.value, datetime):
            return self.value.isoformat()
        if self.is_map or self.is_list or self.value is None:
            self.fault("这里应当是文本", "a text is wanted here")
        else:
            shown = str(self.value).lower() if isinstance(self.value, bool) else str(self.value)
            self.fault(f'代码和文本须加引号,以免丢失前导零:"{shown}"', f'quote codes and texts: "{shown}"')
        return ""

    def texts(self) -> tuple[str, ...]:
        """Return a list of texts."""
        return tuple(node.text() for node in self.list())

    def flag(self) -> bool:
        """Return true or false; anything else is a fault."""
        if not isinstance(self.value, bool):
            self.fault("应为 true 或 false", "true or false is wanted")
        return self.value is True

    def one_of(self, allowed: Collection[str]) -> str:
        """Return the text, which must be among ``allowed``."""
        text = self.text()
        if text and text not in allowed:
            choices = " ".join(sorted(allowed))
            self.fault(f"{text} 不可用,应为:{choices}", f"{text} is not possible; one of: {choices}")
            return ""
        return text


def unknown_word(zh: str, en: str, word: str, known: Collection[str]) -> tuple[str, str]:
    """Return both sentences, with the nearest known words where any is near."""
    by_case = [each for each in known if each.lower() == word.lower()]
    if by_case:
        return f"{zh},大小写不同:{by_case[0]}", f"{en}, its case differs: {by_case[0]}"
    near = " ".join(difflib.get_close_matches(word, known, 3))
    return (f"{zh},是否应为 {near}", f"{en}, did you mean {near}") if near else (zh, en)


def undeclared(name: str, columns: Collection[str]) -> tuple[str, str]:
    """Return what is said of a source column that is not declared."""
    zh, en = f"没有声明的源列 {name}", f"column {name} is not declared under columns"
    said = unknown_word(zh, en, name, columns)
    return said if said != (zh, en) else (f"{zh},请加到 columns", en)


def read(path: Path, faults: Faults, shown: str | None = None) -> Node:
    """Read a YAML 1.2 file; raises MappingFaults when it can't be read at all. ``shown`` names it in faults."""
    name = shown or str(path)
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    try:
        text = path.read_text(encoding="utf-8-sig")
        tree = yaml.load(text)
    except OSError as fault:
        raise MappingFaults(
            (Fault(name, 1, 1, Words(f"文件读不到:{fault.strerror}", f"can't be read: {fault.strerror}")),)
        ) from None
    except UnicodeDecodeError as fault:
        words = Words(f"不是 UTF-8 编码(第 {fault.start + 1} 字节)", f"not UTF-8 (byte {fault.start + 1})")
        raise MappingFaults((Fault(name, 1, 1, words),)) from None
    except MarkedYAMLError as fault:
        mark = fault.problem_mark or fault.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        words = Words(f"YAML 语法错误:{fault.problem}", f"YAML syntax: {fault.problem}")
        raise MappingFaults((Fault(name, line, column, words),)) from None
    except YAMLError as fault:
        raise MappingFaults((Fault(name, 1, 1, Words(f"YAML 语法错误:{fault}", f"YAML syntax: {fault}")),)) from None
    return Node(tree, name, 1, 1, faults)


def digest_of(files: list[tuple[str, bytes]]) -> str:
    """Return SHA-256 hex over the names and bytes of ``files``."""
    total = hashlib.sha256()
    for name, content in files:
        total.update(f"{name}\0{len(content)}\0".encode())
        total.update(content)
    return total.hexdigest()
