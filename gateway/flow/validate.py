# SPDX-License-Identifier: Apache-2.0
"""Validate (校验): documents of a chunk against the pack: XSD first, then rules on what the XSD lets pass."""

from collections.abc import Sequence

from gateway.documents.faults import Doc, doc_finding
from gateway.documents.schema import Checked, Schema
from gateway.model.finding import Finding
from gateway.model.words import Words
from gateway.pack import Pack
from gateway.rules import Rules


class PackValidator:
    """Checks documents against one pack; safe to share between threads.

    The two halves are separate so that the bench can time them one by one.
    """

    def __init__(self, pack: Pack, schema: Schema, rules: Rules) -> None:
        self._pack = pack
        self._schema = schema
        self._rules = rules
        self._types = {f"{{{pack.namespace}}}{name}": kind.code for name, kind in pack.by_element.items()}

    def check(self, documents: Sequence[bytes]) -> list[tuple[Finding, ...]]:
        """Return the findings of each document, in the order given."""
        return self.check_rules(self.check_schema(documents))

    def check_schema(self, documents: Sequence[bytes]) -> list[Checked]:
        """Parse and validate; a clean document comes with its element."""
        return self._schema.check(documents, self.label)

    def check_file(self, documents: Sequence[bytes]) -> list[tuple[Checked, tuple[Finding, ...]]]:
        """Check documents of a file that someone has before them: one by one, findings with the document's lines."""
        checked = [self._schema.check_one(document, self.label) for document in documents]
        return list(zip(checked, self.check_rules(checked, with_lines=True), strict=True))

    def check_rules(self, checked: Sequence[Checked], *, with_lines: bool = False) -> list[tuple[Finding, ...]]:
        """Return the schema's findings of each document or, where there are none, those of the rules.

        ``with_lines`` only where each document was parsed by itself: the line of a chunk is no line of a document.
        """
        types, rules = self._types, self._rules.check
        found: list[tuple[Finding, ...]] = []
        for element, findings in checked:
            if findings or element is None:
                found.append(findings)
                continue
            code = types.get(element.tag)
            if code is None:
                name = str(element.tag).rpartition("}")[2]
                found.append((doc_finding(Doc.UNKNOWN_ROOT, name, path=name),))
            else:
                found.append(rules(code, element, with_lines=with_lines))
        return found

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
