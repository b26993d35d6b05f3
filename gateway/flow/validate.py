# SPDX-License-Identifier: Apache-2.0
"""Validate (校验): documents of a chunk against the pack: XSD first, then rules on what the XSD lets pass."""

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from itertools import zip_longest

from gateway.documents.faults import Doc, doc_finding
from gateway.documents.guide import Guide, Place
from gateway.documents.private_use import may_hold_private_use, private_use_findings
from gateway.documents.schema import Checked, Schema
from gateway.model.case_record import CaseFacts
from gateway.model.finding import Finding
from gateway.model.record import Level
from gateway.model.words import Words
from gateway.pack import Pack
from gateway.ports import Examined
from gateway.rules import Rules
from gateway.rules.plan import Node


class PackValidator:
    """Checks documents against one pack; safe to share between threads.

    The two halves are separate so that the bench can time them one by one.
    """

    def __init__(self, pack: Pack, schema: Schema, rules: Rules) -> None:
        self._pack = pack
        self._schema = schema
        self._rules = rules
        self.guide = Guide(cache(self.label), cache(self._places), cache(self._advice))
        self._types = {f"{{{pack.namespace}}}{name}": kind.code for name, kind in pack.by_element.items()}

    def check(self, documents: Sequence[bytes], level: Level | None = None, now: str | None = None) -> list[Examined]:
        """Return the findings and facts of each document, in the order given."""
        checked = self.check_schema(documents)
        facts: list[CaseFacts | None] = []
        found = self.check_rules(checked, levels=[level] * len(checked), now=now, facts=facts)
        return list(map(Examined, self._with_private_use(documents, checked, found), facts))

    def check_schema(self, documents: Sequence[bytes]) -> list[Checked]:
        """Parse and validate; a clean document comes with its element."""
        return self._schema.check(documents, self.guide)

    def check_file(
        self, documents: Sequence[bytes], levels: Sequence[str | None] = (), now: str | None = None
    ) -> list[tuple[Checked, tuple[Finding, ...]]]:
        """Check documents of a file that someone has before them: findings with the document's lines.

        Documents of one line each are checked together, which is faster; their findings then need no line. ``levels``
        are those of the documents, one each, ``now`` the time of the check; without them such rules are silent.
        """
        lines = any(b"\n" in document for document in documents)
        if lines:
            checked = [self._schema.check_one(document, self.guide) for document in documents]
        else:
            checked = self._schema.check(documents, self.guide)
        found = self._with_private_use(
            documents, checked, self.check_rules(checked, with_lines=lines, levels=levels, now=now), with_lines=lines
        )
        return list(zip(checked, found, strict=True))

    def check_rules(
        self, checked: Sequence[Checked], *, with_lines: bool = False, levels: Sequence[str | None] = (),
        now: str | None = None, facts: list[CaseFacts | None] | None = None,
    ) -> list[tuple[Finding, ...]]:  # fmt: skip
        """Return the schema's findings of each document or, where there are none, those of the rules.

        ``with_lines`` only where each document was parsed by itself: the line of a chunk is no line of a document.
        ``facts`` takes up those of each document.
        """
        found: list[tuple[Finding, ...]] = [findings for _element, findings in checked]
        kept: list[CaseFacts | None] = [None] * len(checked)
        alike: dict[tuple[str, str | None], list[tuple[int, Node]]] = defaultdict(list)
        for at, ((element, findings), level) in enumerate(zip_longest(checked, levels)):
            if findings or element is None:
                continue
            code = self._types.get(element.tag)
            if code is None:
                name = str(element.tag).rpartition("}")[2]
                found[at] = (doc_finding(Doc.UNKNOWN_ROOT, name, path=name),)
            else:
                alike[code, level].append((at, element))
        for (code, level), held in alike.items():
            elements = [element for _at, element in held]
            examined = self._rules.examine(code, elements, level=level, now=now, with_lines=with_lines)
            for (at, _element), (seen, values) in zip(held, examined, strict=True):
                found[at] = seen
                if facts is not None:
                    kept[at] = self._rules.facts_in(code, values)
        if facts is not None:
            facts.extend(kept)
        return found

    def _with_private_use(
        self, documents: Sequence[bytes], checked: Sequence[Checked], found: list[tuple[Finding, ...]],
        *, with_lines: bool = False,
    ) -> list[tuple[Finding, ...]]:  # fmt: skip
        """Add the warnings about private-use characters; few documents hold any byte that could be one."""
        for at, document in enumerate(documents):
            element = checked[at].element
            if element is not None and may_hold_private_use(document):
                found[at] += tuple(private_use_findings(element, self.guide, with_lines=with_lines))
        return found

    def _advice(self, path: str) -> Words | None:
        """Return the dictionary's hint for an element, with its example."""
        name, _, below = path.partition("/")
        kind = self._pack.by_element.get(name)
        element = self._pack.shape(kind.code).find(below) if kind is not None else None
        field = self._pack.dictionary.field(element) if element is not None else None
        if field is None:
            return None
        zh, en = (f"(例如 {field.example})", f" (such as {field.example})") if field.example else ("", "")
        return Words(field.hint.zh + zh, field.hint.en + en)

    def _places(self, path: str) -> Sequence[Place]:
        """Return the children that an element may have, in their order."""
        name, _, below = path.partition("/")
        kind = self._pack.by_element.get(name)
        if kind is None:
            return ()
        shape = self._pack.shape(kind.code)
        element = shape.find(below)
        children = element.children if element is not None else () if below else shape.children
        return tuple(Place(each.name, each.min, each.max, each.pinyin) for each in children)

    def label(self, path: str) -> Words | None:
        """Return the label of an element path such as ``penaltyDecision/party/name``, or None."""
        name, _, below = path.partition("/")
        kind = self._pack.by_element.get(name)
        if kind is None:
            return None
        if not below:
            return kind.label
        element = self._pack.shape(kind.code).find(below)
        return element.label if element is not None else None
