# SPDX-License-Identifier: Apache-2.0
"""Faults of configuration files: where, what, and what to write instead, in Chinese and English."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from gateway import i18n
from gateway.errors import ConfigurationError
from gateway.model.words import Words


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One fault; ``line`` and ``column`` count from 1, ``file`` is relative to the configuration directory.

    ``waiting`` marks a thing that is only not there yet (a certificate, a secret): well written, not ready to run.
    """

    file: str
    line: int
    column: int
    key: str
    message: Words
    waiting: bool = False

    def spoken(self, language: str) -> str:
        """Return ``file:line:column: key: sentence`` in ``language``."""
        key = f"{self.key}: " if self.key else ""
        return f"{self.file}:{self.line}:{self.column}: {key}{self.message.spoken(language)}"


class ConfigurationFaults(ConfigurationError):
    """The configuration is wrong; ``faults`` holds every fault of every file."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: Final = tuple(sorted(faults))
        super().__init__("\n" + "\n".join(fault.spoken(i18n.language()) for fault in self.faults) + "\n")


class BadValue(ValueError):
    """A value that one of our own checks refuses."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(zh)
        self.words = Words(zh, en)


class Absent(BadValue):
    """A value that is well written but points at something that is not there yet."""


_SENTENCES: Final[Mapping[str, tuple[str, str]]] = {
    "missing": ("缺少这一项;请补写", "is missing; add it"),
    "string_type": (
        '应为文本,而这里是{kind};请加引号,例如 "{given}"',
        'must be text, here it is {kind}; put it in quotes, such as "{given}"',
    ),
    "int_type": ("应为整数,例如 500", "must be a whole number, such as 500"),
    "float_type": ("应为数字,例如 60", "must be a number, such as 60"),
    "bool_type": ("应写 true 或 false", "write true or false"),
    "enum": ("只能是 {expected}", "must be one of {expected}"),
    "literal_error": ("只能是 {expected}", "must be one of {expected}"),
    "tuple_type": ("应为列表,每行一个 - 开头", "must be a list, one item a line after a dash"),
    "model_type": ("应为键值对(key: value)", "must be key: value pairs"),
    "dict_type": ("应为键值对(key: value)", "must be key: value pairs"),
    "mapping_type": ("应为键值对(key: value)", "must be key: value pairs"),
    "greater_than_equal": ("不得小于 {ge}", "must be at least {ge}"),
    "less_than_equal": ("不得大于 {le}", "must be at most {le}"),
    "greater_than": ("必须大于 {gt}", "must be more than {gt}"),
    "string_too_short": ("不能为空", "must not be empty"),
    "string_too_long": ("最多 {max_length} 个字符", "at most {max_length} characters"),
    "too_short": ("至少写 {min_length} 项", "at least {min_length} items"),
    "string_pattern_mismatch": ("写法不对,应符合 {pattern}", "is not well written, it must match {pattern}"),
}
_KINDS: Final = {bool: ("真假值", "true or false"), int: ("数字", "a number"), float: ("数字", "a number")}


def sentence(error: Mapping[str, Any], known: Iterable[str]) -> Words:
    """Return the words for one of pydantic's errors; ``known`` are the keys that could stand beside an unknown one."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown(str(error["loc"][-1]), sorted(known))
    if kind == "value_error":
        return _own(context.get("error"))
    zh, en = _SENTENCES.get(kind, ("{msg}", "{msg}"))
    given = error["input"]
    of_zh, of_en = next(
        (words for of, words in _KINDS.items() if isinstance(given, of)), ("别的类型", "of another type")
    )
    expected = str(context.get("expected", "")).replace("'", "")
    filled = {**context, "msg": error["msg"], "given": given}
    return Words(
        zh.format_map({**filled, "kind": of_zh, "expected": expected.replace(" or ", "、").replace(", ", "、")}),
        en.format_map({**filled, "kind": of_en, "expected": expected}),
    )


def _own(error: object) -> Words:
    if isinstance(error, BadValue):
        return error.words
    zh, _, en = str(error).partition(" / ")
    return Words(zh, en or zh)


def _unknown(key: str, known: list[str]) -> Words:
    near = get_close_matches(key, known, n=1, cutoff=0.6)
    if near:
        return Words(f"没有这个键;是否想写 {near[0]}?", f"is no known key; did you mean {near[0]}?")
    if not known:
        return Words("没有这个键;请删去", "is no known key; remove it")
    return Words(
        f"没有这个键;请删去,或改写为 {'、'.join(known)}", f"is no known key; remove it or write {', '.join(known)}"
    )
