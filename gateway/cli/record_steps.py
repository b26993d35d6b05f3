# SPDX-License-Identifier: Apache-2.0
"""Steps of ``records explain``: raw column, what the mapping made of it, the checks of the element, and findings."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from gateway.cli import masked
from gateway.mapping.interpret import Step
from gateway.model.finding import Finding, Stage
from gateway.model.words import Words
from gateway.pack import Element, Pack
from gateway.trust.masking import mask

STAGES: Final = {
    "source": Words("原值", "raw"),
    "clean": Words("清洗", "clean"),
    "null": Words("视为空", "counts as empty"),
    "extract": Words("提取", "extract"),
    "codes": Words("对照", "crosswalk"),
    "const": Words("常量", "constant"),
    "default": Words("默认值", "default"),
    "concat": Words("拼接", "join"),
    "item": Words("分项", "item"),
    "number": Words("编号", "number"),
    "key_of": Words("引用主键", "key of"),
    "date": Words("转为日期", "to a date"),
    "dateTime": Words("转为日期时间", "to a date and time"),
    "decimal": Words("转为金额", "to an amount"),
    "integer": Words("转为整数", "to a whole number"),
    "boolean": Words("转为是否", "to true or false"),
}
"""Names of mapping steps for people."""

_NUMBER: Final = re.compile(r"\[\d+\]")


def label_of(pack: Pack, type_code: str | None, path: str) -> Words | None:
    """Return the label of an element path below the payload element, or None."""
    element = _element(pack, type_code, path)
    return element.label if element is not None else None


class StepTeller:
    """Makes steps ready to be shown; personal values hidden unless asked for."""

    def __init__(self, pack: Pack, findings: Sequence[Finding], hidden: Mapping[str, str], *, unmasked: bool) -> None:
        self._pack = pack
        self._findings = findings
        self._hidden = hidden
        self._unmasked = unmasked

    def tell(self, step: Step) -> dict[str, Any]:
        """Return one step: element, column, stages, value, checks and the codes of what was found wrong with it."""
        element = _element(self._pack, step.type, step.path)
        return {
            "record": step.record,
            "type": step.type,
            "path": step.path,
            "label": element.label if element is not None else None,
            "pinyin": element.pinyin if element is not None else "",
            "column": step.origin,
            "steps": [{"step": name, "value": self._cover(text, element)} for name, text in step.stages],
            "value": self._cover(step.text, element),
            "checks": self._checks(step, element),
            "findings": self._found(step),
        }

    def _cover(self, text: str | None, element: Element | None) -> str | None:
        if text is None or self._unmasked:
            return text
        if text in self._hidden:
            return self._hidden[text]
        return mask(text, element.personal) if element is not None else masked.hide(text, self._hidden)

    def _checks(self, step: Step, element: Element | None) -> list[str]:
        """Return what the element is held to: its schema type and its code list."""
        if element is None:
            return []
        codes = self._pack.code_list_of(step.type, step.path)
        return [each for each in (element.type.removeprefix("xs:"), codes.name if codes is not None else "") if each]

    def _found(self, step: Step) -> list[str]:
        own = {step.finding.code} if step.finding is not None else set()
        name = self._pack.types[step.type].element
        for finding in self._findings:
            path = _NUMBER.sub("", finding.path)
            if path == (f"{name}/{step.path}" if finding.stage is not Stage.TRANSLATE else step.origin):
                own.add(finding.code)
        return sorted(own)


def _element(pack: Pack, type_code: str | None, path: str) -> Element | None:
    shape = pack.shape(type_code) if type_code is not None and type_code in pack.types else None
    return shape.find(_NUMBER.sub("", path)) if shape is not None else None
