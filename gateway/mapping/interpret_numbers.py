# SPDX-License-Identifier: Apache-2.0
"""Allocated numbers as the interpreter makes them."""

import json
import re
from collections.abc import Iterator, Mapping

from gateway.mapping import model
from gateway.mapping.findings import Faulty, finding
from gateway.mapping.interpret_values import State, evaluate
from gateway.mapping.model import FormNumber, FromNumber, RecordRule, SequenceNumber, Value
from gateway.ports import AllocationRequest


class Numbers:
    """The numbers of one record of one row."""

    def __init__(
        self, state: State, rule: RecordRule, case_path: str, source: str, numbers: Mapping[AllocationRequest, int]
    ) -> None:
        self._state = state
        self._rule = rule
        self._case_path = case_path
        self._source = source
        self._numbers = numbers

    def text(self, name: str) -> str:
        """Return the text of the number ``name``; raises Faulty."""
        number = self._state.mapping.numbers[name]
        request = self._request(number)
        if request not in self._numbers:
            raise Faulty(finding("MAP-005", name, wanted=name))
        counter = str(self._numbers[request])
        if isinstance(number, SequenceNumber):
            return counter
        if len(counter) > number.digits:
            raise Faulty(finding("MAP-005", name, wanted=name))
        return request.scope.replace("*", "0" * (number.digits - len(counter)) + counter, 1)

    def _request(self, number: model.Number) -> AllocationRequest:
        owner = "shared:" + number.shared if number.shared else "source:" + self._source
        if isinstance(number, FormNumber):
            texts = [part if isinstance(part, str) else self._part(number, *part) for part in number.parts]
            texts.insert(number.counter_at, "*")
            return AllocationRequest("form", "".join(texts), self._subject(number, owner))
        scope = self._scope(number)
        if number.subject:
            return AllocationRequest("sequence", scope, self._subject(number, owner))
        told = [owner, self._rule.name, self._state.row.row_id, *self._state.item_key]
        subject = json.dumps(told, ensure_ascii=False)
        return AllocationRequest("sequence", scope, subject)

    def _subject(self, number: model.Number, owner: str) -> str:
        subject = [owner]
        for value in number.subject:
            text = evaluate(value, self._state)
            if text is None:
                raise Faulty(finding("MAP-005", value.origin, wanted=number.name))
            subject.append(text)
        return json.dumps(subject, ensure_ascii=False)

    def _part(self, number: FormNumber, name: str, transform: str) -> str:
        text = evaluate(self._state.mapping.values[name], self._state)
        if text is not None and transform == "org9":
            text = text if len(text) == 9 else text[-10:-1] if len(text) == 18 else None
        if text is not None and transform == "year":
            year = text[:4]
            text = year if re.fullmatch(r"\d{4}", year) else None
        if text is None:
            raise Faulty(finding("MAP-005", name, wanted=number.name))
        return text

    def _scope(self, number: SequenceNumber) -> str:
        case = self._rule.fields.get(self._case_path)
        if not isinstance(case, Value):
            return self._rule.type
        names = list(_numbers_in(case))
        if names:
            request = self._request(self._state.mapping.numbers[names[0]])
            return f"{self._rule.type}:{request.scope}:{request.subject}"
        text = evaluate(case, self._state)
        if text is None:
            raise Faulty(finding("MAP-005", case.origin, wanted=number.name))
        return f"{self._rule.type}:{text}"


def _numbers_in(value: Value) -> Iterator[str]:
    if isinstance(value.source, FromNumber):
        yield value.source.name
    elif isinstance(value.source, model.Concat | model.First):
        for part in value.source.parts:
            yield from _numbers_in(part)
