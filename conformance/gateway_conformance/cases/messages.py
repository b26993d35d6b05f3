# SPDX-License-Identifier: Apache-2.0
"""SCH for profile S: well-formed, in the declared encoding, in the right namespace, without DOCTYPE; texts survive."""

import re

from gateway.documents import safexml
from gateway.documents.faults import RefusedDocument
from gateway_conformance.bench import Bench
from gateway_conformance.case import case
from gateway_conformance.cases.records import answered_for, say
from gateway_conformance.cases.service import Mark, by_key, service
from gateway_conformance.subjects.wire import EXCHANGE, NS

RARE = "㙍𬭊䶮·示例"
CONTROLS = re.compile(
    rb"(?<!^)\xef\xbb\xbf|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]|&#(?:x0*(?:[0-8bcef]|1[0-9a-f]|7f);|0*(?:[0-8]|1[124-9]|2\d|3[01]|127);)"
)
ENCODING = frozenset({"DOC-003", "DOC-004", "DOC-005"})
DOCTYPE = frozenset({"DOC-002", "DOC-014"})


def _refused(bench: Bench) -> list[tuple[str, str, bytes]]:
    found = []
    for message in bench.subject.sweep():
        bench.examined()
        try:
            safexml.parse(message)
        except RefusedDocument as refused:
            found.append((refused.finding.code, refused.finding.message.zh, message))
    return found


@case("SCH-01")
def well_formed(bench: Bench) -> None:
    """Every message is well-formed."""
    for code, why, message in _refused(bench):
        if code not in ENCODING | DOCTYPE and code != "DOC-006" and not CONTROLS.search(message):
            bench.fail("a", f"不是合法 XML:{why}", "a message is not well-formed", expected=code)
            return


@case("SCH-04")
def control_characters(bench: Bench) -> None:
    """No control characters and no BOM inside a message, raw or as references."""
    for message in bench.subject.sweep():
        bench.examined()
        found = CONTROLS.search(message)
        if found:
            where = re.findall(rb"<(?:[\w.-]+:)?key>([^<]*)</", message[: found.start()])
            bench.fail("a", "报文含控制符或中间的 BOM", "a control character or a byte order mark inside a message",
                       received=found.group(0).hex(), examples=[each.decode("utf-8", "replace") for each in where[-1:]])  # fmt: skip
            return
    say(bench, answered_for(bench.capture, "SCH-04"))


@case("SCH-03", "S")
def declared_encoding(bench: Bench) -> None:
    """The bytes are in the encoding that XML declaration and HTTP header declare."""
    for code, why, _message in _refused(bench):
        if code in ENCODING:
            bench.fail("a", f"声明的编码与实际不符:{why}", "the declared encoding is not the real one", expected=code)
            return
    reply = service(bench).call("Ping")
    header = re.search(r"charset=\"?([\w-]+)", reply.headers.get("content-type", ""))
    inside = re.match(rb"<\?xml[^>]*encoding=[\"']([\w-]+)", reply.body)
    names = [header.group(1).lower() if header else "", inside.group(1).decode().lower() if inside else ""]
    if all(names) and names[0] != names[1]:
        bench.fail("b", f"HTTP 头声明 {names[0]},XML 声明 {names[1]}", "HTTP header and XML declaration differ")


@case("SCH-11")
def no_doctype(bench: Bench) -> None:
    """No DOCTYPE and no entity in what the service sends."""
    for message in bench.subject.sweep():
        bench.examined()
        if re.search(rb"<!DOCTYPE|<!ENTITY", message, re.IGNORECASE):
            bench.fail("a", "报文含 DOCTYPE", "a message holds a DOCTYPE")
            return


@case("SCH-06", "S")
def namespaces(bench: Bench) -> None:
    """Responses, packages and payloads stand in the namespaces of this version; Head says the version."""
    for message in bench.capture.messages:
        bench.examined()
        strange = sorted(
            {
                name.decode("utf-8", "replace")
                for tag in re.findall(rb"<[^!?/][^>]*>", message)
                for name in re.findall(rb"\sxmlns(?::[\w.-]+)?\s*=\s*[\"']([^\"']*)[\"']", tag)
            }
            - {EXCHANGE, NS, "http://www.w3.org/2000/09/xmldsig#", "http://schemas.xmlsoap.org/soap/envelope/"}
        )
        wrong = [name for name in strange if name.startswith("urn:jx:")]
        if wrong:
            bench.fail(
                "a", f"命名空间 {wrong[0]},应为 {EXCHANGE}", "another namespace", expected=EXCHANGE, received=wrong
            )
            return
        versions = set(re.findall(rb"<(?:\w+:)?standardVersion>([^<]*)<", message))
        if versions - {bench.description.text("standard", "version").encode()}:
            bench.fail("b", "报文头的标准版本与声明不符", "Head names another version of the standard")
            return


def _survives(bench: Bench, letter: str, element: str, text: str, zh: str, en: str) -> None:
    mark = Mark(bench)
    answer = bench.drive("text.put", element=element, text=text)
    for record in by_key(mark.changes(), answer.keys):
        bench.examined()
        root = safexml.parse(record.document)
        got = root.findtext(f".//{{{EXCHANGE}}}{element}") or ""
        if got != text:
            bench.fail(letter, zh, en, place=element, expected=text[:60], received=got[:60], examples=[record.key])


@case("SCH-05")
def rare_characters(bench: Bench) -> None:
    """Rare characters come back as the same code points."""
    _survives(bench, "a", "projectName", RARE, "生僻字没有原样返回", "rare characters did not come back whole")


@case("SCH-09")
def long_texts(bench: Bench) -> None:
    """A text of the greatest length in Chinese characters comes back whole."""
    _survives(bench, "a", "matter", "示" * 1000, "长文本被截断", "a long text was cut")


@case("ROB-06")
def markup_is_text(bench: Bench) -> None:
    """Markup in a text field is carried as text."""
    text = '<script>alert(1)</script> & ]]> "示例"'
    _survives(
        bench, "a", "projectName", text, "含标记的文本被截断或转义两次", "markup in a text was cut or escaped twice"
    )
