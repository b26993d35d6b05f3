# SPDX-License-Identifier: Apache-2.0
"""One YAML file as values whose places are known (YAML 1.2, UTF-8; a key twice is a fault)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from gateway.config.faults import Fault
from gateway.model.words import Words

_LARGEST = 1_000_000


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read: its name within the configuration directory, and its top-level mapping."""

    file: str
    values: CommentedMap

    def place(self, path: Sequence[str | int], *, of_key: bool = False) -> tuple[int, int]:
        """Return line and column, from 1, of the value at ``path``, or of the nearest thing above it that is there."""
        node: Any = self.values
        at = (node.lc.line or 0, node.lc.col or 0)
        for step in path:
            if isinstance(node, CommentedMap) and step in node:
                at = node.lc.key(step) if of_key and step == path[-1] else node.lc.value(step)
                node = node[step]
            elif isinstance(node, CommentedSeq) and isinstance(step, int) and step < len(node):
                at, node = node.lc.item(step), node[step]
            else:
                break
        return at[0] + 1, at[1] + 1

    def fault(self, path: Sequence[str | int], message: Words, *, of_key: bool = False, waiting: bool = False) -> Fault:
        """Return a fault at ``path``."""
        line, column = self.place(path, of_key=of_key)
        return Fault(self.file, line, column, ".".join(map(str, path)), message, waiting)


def read(path: Path, root: Path) -> Document | Fault:
    """Read one file; what can't be read comes back as a fault."""
    name = path.relative_to(root).as_posix()
    try:
        raw = path.read_bytes()
    except OSError as fault:
        why = fault.strerror or type(fault).__name__
        return Fault(name, 1, 1, "", Words(f"文件无法读取:{why}", f"can't be read: {why}"))
    if len(raw) > _LARGEST:
        return Fault(name, 1, 1, "", Words("文件超过 1 MB,不是配置文件", "is over 1 MB, hardly a configuration file"))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = raw.count(b"\n", 0, fault.start) + 1
        column = fault.start - (raw.rfind(b"\n", 0, fault.start) + 1) + 1
        return Fault(name, line, column, "", Words("不是 UTF-8 编码;请另存为 UTF-8", "is not UTF-8; save it as UTF-8"))
    return _parsed(text, name)


def _parsed(text: str, name: str) -> Document | Fault:
    try:
        values = YAML(typ="rt", pure=True).load(text)
    except MarkedYAMLError as fault:
        mark = fault.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        problem = (fault.problem or "").split("\n")[0]
        return Fault(name, line, column, "", _yaml_words(problem))
    except (YAMLError, ValueError) as fault:
        problem = str(fault).split("\n", maxsplit=1)[0]
        return Fault(name, 1, 1, "", Words(f"不是合法的 YAML:{problem}", f"is no YAML: {problem}"))
    if not isinstance(values, CommentedMap):
        return Fault(name, 1, 1, "", Words("应为键值对(key: value)", "must be key: value pairs"))
    return Document(name, values)


def _yaml_words(problem: str) -> Words:
    if problem.startswith("found duplicate key"):
        return Words("同一个键写了两次;请删去一个", "has one key twice; remove one")
    if "found character" in problem and "\\t" in problem:
        return Words("缩进用了制表符;请改用空格", "is indented by a tab; use spaces")
    return Words(f"不是合法的 YAML:{problem}", f"is no YAML: {problem}")


def plain(value: Any) -> Any:
    """Return the value without its places, as plain dicts and lists."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value
