# SPDX-License-Identifier: Apache-2.0
"""Numbers that the ledger allocates (ledger.md B8): what to ask for, and the text made of the answer."""

import json
from collections.abc import Callable
from typing import TypeAlias

from gateway.mapping.compile_values import ValueCompiler
from gateway.mapping.findings import Faulty, finding
from gateway.mapping.model import FormNumber, SequenceNumber, Value
from gateway.mapping.work import Get, Work
from gateway.ports import AllocationRequest

Ask: TypeAlias = Callable[[Work], AllocationRequest]

FORM = "form"
"""All forms share one allocator: a number is unique in its form's text, whichever mapping declared it."""
SEQUENCE = "sequence"

_encode = json.JSONEncoder(ensure_ascii=False).encode


def form_request(number: FormNumber, compiler: ValueCompiler, source: str) -> Ask:
    """Return the closure that names the number of a form: its scope is the text around the counter."""
    parts = [part if isinstance(part, str) else _part(number, part, compiler) for part in number.parts]
    before, after = parts[: number.counter_at], parts[number.counter_at :]
    subject = _subject(number, compiler, source)

    name = number.name

    def ask(work: Work) -> AllocationRequest:
        known = work.asked.get(name)  # several records of a row ask for the same number
        if known is None:
            scope = f"{_written(before, work)}*{_written(after, work)}"
            known = work.asked[name] = AllocationRequest(FORM, scope, subject(work))
        return known

    return ask


def form_text(number: FormNumber, ask: Ask) -> Get:
    """Return the closure of the form's text."""

    def text(work: Work) -> str:
        request = ask(work)
        counter = work.numbers.get(request)
        digits = "" if counter is None else str(counter).zfill(number.digits)
        if not digits or len(digits) > number.digits:
            raise Faulty(finding("MAP-005", number.name, wanted=number.name))
        before, _, after = request.scope.partition("*")
        return f"{before}{digits}{after}"

    return text


def sequence_request(
    number: SequenceNumber, compiler: ValueCompiler, source: str, record: str, scope: Callable[[Work], str]
) -> Ask:
    """Return the closure that names a sequence number within ``scope``: per row and record unless a subject is declared."""
    declared = _subject(number, compiler, source) if number.subject else None
    owner = _owner(number, source)

    def ask(work: Work) -> AllocationRequest:
        subject = declared(work) if declared else _encode([owner, record, work.row.row_id, *work.item_key])
        return AllocationRequest(SEQUENCE, scope(work), subject)

    return ask


def sequence_text(number: SequenceNumber, ask: Ask) -> Get:
    """Return the closure of the sequence number's text."""

    def text(work: Work) -> str:
        counter = work.numbers.get(ask(work))
        if counter is None:
            raise Faulty(finding("MAP-005", number.name, wanted=number.name))
        return str(counter)

    return text


def _owner(number: FormNumber | SequenceNumber, source: str) -> str:
    return f"shared:{number.shared}" if number.shared else f"source:{source}"


def _subject(number: FormNumber | SequenceNumber, compiler: ValueCompiler, source: str) -> Callable[[Work], str]:
    gets = [(compiler.value(value), value) for value in number.subject]
    owner = _owner(number, source)

    def subject(work: Work) -> str:
        texts = [owner]
        for get, value in gets:
            texts.append(_present(get(work), number, value))
        return _encode(texts)

    return subject


def _present(text: str | None, number: FormNumber | SequenceNumber, value: Value) -> str:
    if text is None:
        raise Faulty(finding("MAP-005", value.origin, wanted=number.name))
    return text


def _part(number: FormNumber, part: tuple[str, str], compiler: ValueCompiler) -> Get:
    name, transform = part
    get = compiler.named(name)

    def written(work: Work) -> str:
        text = transformed(get(work), transform)
        if text is None:
            raise Faulty(finding("MAP-005", name, wanted=number.name))
        return text

    return written


def transformed(text: str | None, transform: str) -> str | None:
    """Return characters 9-17 of a USCC (``org9``), the year of a date (``year``), or the text; None where it has none."""
    if text is None or transform == "":
        return text
    if transform == "year":
        return text[:4] if len(text) >= 4 and text[:4].isdigit() else None
    return {9: text, 18: text[8:17]}.get(len(text))


def _written(parts: list[str | Get], work: Work) -> str:
    return "".join([part if isinstance(part, str) else part(work) or "" for part in parts])
