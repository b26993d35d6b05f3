# SPDX-License-Identifier: Apache-2.0
"""The only door to the XML libraries: what comes in is capped, has no DOCTYPE and reaches neither network nor files.

A hardened parser alone would let an external entity vanish silently from the text, so any DOCTYPE is refused before
anything is read (measured; standard.md §1 "text").
"""

import re
import threading
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias
from urllib.parse import urlsplit

from lxml import etree

from gateway.documents import gb18030
from gateway.documents.faults import SYNTAX, Doc, RefusedDocument, doc_finding
from gateway.errors import ConfigurationError
from gateway.model.finding import Finding
from gateway.model.words import Words

if TYPE_CHECKING:
    import xmlschema

XS: Final = "{http://www.w3.org/2001/XMLSchema}"


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps of one document: bytes as received, nesting, elements, attributes, characters of one text."""

    size: int = 8 * 1024 * 1024
    depth: int = 64
    elements: int = 250_000
    attributes: int = 20_000
    text: int = 1_000_000


DEFAULT: Final = Limits()

Element: TypeAlias = etree._Element
"""A parsed element, for stages that don't name the library."""

_DECLARATION = re.compile(rb"<\?xml\s[^>]*?\bencoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_PROLOG = re.compile(rb"(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
_CONTROLS = re.compile(rb"\xc2[\x80-\x9f]|\x7f")
_REFERENCE = re.compile(rb"&#")
_CONTROL_TEXT = re.compile("[\x7f-\x9f]")
_HTML = re.compile(rb"\s*(?:<!doctype\s+html|<html[\s>])", re.IGNORECASE)
_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_ERRORS = etree.ErrorTypes
_LIBXML2_DEPTH: Final = 256  # the parser's own cap without huge_tree
_RESOURCE_LIMIT: Final = 114  # XML_ERR_RESOURCE_LIMIT, which lxml 6.1 does not name


class _Parsers(threading.local):
    """One parser a thread: a shared one would make threads wait for each other."""

    def __init__(self) -> None:
        self.utf8 = etree.XMLParser(
            encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False,
            huge_tree=False, remove_comments=False, remove_pis=False, collect_ids=False,
        )  # fmt: skip


_parsers = _Parsers()


def parse(data: bytes, limits: Limits = DEFAULT) -> "etree._Element":
    """Parse one document strictly and return its root.

    UTF-8, UTF-16 with a mark, and GB 18030 (also when declared GB2312 or GBK) are read; a wrong byte is never
    replaced. Raises RefusedDocument, a MalformedDocument whose ``finding`` has code, line and column.
    """
    if len(data) > limits.size:
        raise RefusedDocument(doc_finding(Doc.TOO_LARGE, str(limits.size)))
    text = as_utf8(data)
    _refuse_doctype(text)
    try:
        root = etree.fromstring(text, _parsers.utf8)
    except etree.XMLSyntaxError as error:
        said = Said(getattr(error, "code", 0), str(error.msg), error.lineno or 1, error.offset or 0)
        raise RefusedDocument(syntax_finding(said, text)) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise RefusedDocument(doc_finding(Doc.DOCTYPE))
    _refuse_controls(root, text)
    _check_caps(root, text, limits)
    return root


def pull_parser() -> "etree.XMLPullParser":
    """Return a hardened parser that is fed UTF-8 in pieces and tells where elements begin and end.

    Whoever feeds it has refused a DOCTYPE in the prolog before, and caps what is between two events.
    """
    return etree.XMLPullParser(
        ("start", "end"), encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False,
        dtd_validation=False, huge_tree=False, remove_comments=True, remove_pis=True, collect_ids=False,
    )  # fmt: skip


def canonical(element: "etree._Element") -> bytes:
    """Return the exclusive canonical form (exclusive C14N, without comments) of ``element`` as UTF-8."""
    data: bytes = etree.tostring(element, method="c14n", exclusive=True, with_comments=False)
    return data


def line_of(element: Element) -> int:
    """Return the line of the document where ``element`` begins, from 1; 1 for an element that was never parsed."""
    line: object = element.sourceline  # the stubs give it no type
    return line if isinstance(line, int) else 1


def as_utf8(data: bytes) -> bytes:
    """Return the document as UTF-8 bytes with lines and columns unchanged; the parser ignores the declaration."""
    codec = encoding_of(data)
    if codec == "utf-16":
        return _decoded(data, codec, "UTF-16").encode()
    body = data.removeprefix(_UTF8_MARK)
    return body if codec == "utf-8" else _decoded(body, codec, _declared(body)).encode()


def encoding_of(data: bytes) -> str:
    """Return how a document, or its beginning, says it is encoded: utf-8, utf-16, ascii or gb18030.

    Declared, never guessed. Raises RefusedDocument where it is empty, where mark and declaration contradict each other,
    and for an encoding that is not read.
    """
    if data[:2] in _UTF16_MARKS:
        return _utf16(data)
    marked = data.startswith(_UTF8_MARK)
    body = data[3:] if marked else data
    if not body or body.isspace():  # stops at the first other byte
        raise RefusedDocument(doc_finding(Doc.EMPTY))
    if b"\x00" in body[:4]:
        raise RefusedDocument(doc_finding(Doc.ENCODING_UNKNOWN, "UTF-16 / UTF-32 (no BOM)", line=1, column=1))
    declared = _declared(body)
    name = declared.lower()
    if name in ("utf-8", "utf8"):
        return "utf-8"
    if marked or name.startswith(("utf-16", "ucs-2")):
        raise RefusedDocument(doc_finding(Doc.ENCODING_CONTRADICTED, declared, line=1, column=1))
    if name in ("us-ascii", "ascii"):
        return "ascii"
    if name in gb18030.NAMES:
        return "gb18030"
    raise RefusedDocument(doc_finding(Doc.ENCODING_UNKNOWN, declared, line=1, column=1))


def _declared(body: bytes) -> str:
    found = _DECLARATION.match(body)
    return found.group(1).decode("ascii") if found else "UTF-8"


def _utf16(data: bytes) -> str:
    little = data[:2] == _UTF16_MARKS[0]
    head = data[2:402].decode("utf-16-le" if little else "utf-16-be", "replace")
    found = _DECLARATION.match(head.encode("utf-8", "replace"))
    if found and found.group(1).lower() not in (b"utf-16", b"utf-16le" if little else b"utf-16be"):
        declared = found.group(1).decode("ascii")
        raise RefusedDocument(doc_finding(Doc.ENCODING_CONTRADICTED, declared, line=1, column=1))
    return "utf-16"


def _decoded(data: bytes, codec: str, declared: str) -> str:
    try:
        return gb18030.decoder(codec)(data)
    except UnicodeDecodeError as error:
        line, column = _place(data, error.start)
        raise RefusedDocument(doc_finding(Doc.WRONG_BYTES, declared, line=line, column=column)) from None


def _refuse_doctype(text: bytes) -> None:
    """Refuse a DOCTYPE before libxml2 reads a single declaration; HTML gets its own word."""
    if _HTML.match(text):
        raise RefusedDocument(doc_finding(Doc.HTML, line=1, column=1))
    prolog = _PROLOG.match(text)
    start = prolog.end() if prolog else 0
    if text[start : start + 9].lower() == b"<!doctype":
        line, column = _place(text, start)
        raise RefusedDocument(doc_finding(Doc.DOCTYPE, line=line, column=column))


def root_begins(text: bytes) -> bool:
    """Tell whether the root element begins in the first bytes (UTF-8) of a document; raises RefusedDocument as ``parse``."""
    _refuse_doctype(text)
    prolog = _PROLOG.match(text)
    rest = text[prolog.end() if prolog else 0 :]
    return len(rest) > 9 and not rest.startswith((b"<!--", b"<?"))


def _place(data: bytes, at: int) -> tuple[int, int]:
    """Return line and column of a byte, both from 1; columns count bytes."""
    return data.count(b"\n", 0, at) + 1, at - data.rfind(b"\n", 0, at)


def _refuse_controls(root: "etree._Element", text: bytes) -> None:
    """Refuse DEL and the C1 controls, which XML 1.0 lets pass; the first two tests cost next to nothing."""
    found = _CONTROLS.search(text) if b"\xc2" in text or b"\x7f" in text else None
    if found:
        line, column = _place(text, found.start())
        raise RefusedDocument(doc_finding(Doc.CONTROL_CHARACTER, line=line, column=column))
    if b"&" in text and _REFERENCE.search(text) and any(_CONTROL_TEXT.search(str(piece)) for piece in root.itertext()):
        raise RefusedDocument(doc_finding(Doc.CONTROL_CHARACTER))


class Said(NamedTuple):
    """A syntax error in the parser's own words."""

    number: int
    message: str
    line: int
    column: int


def syntax_finding(error: Said, text: bytes) -> Finding:
    """Return what a syntax error of ``text``, a document or a piece of one, is to its sender."""
    try:
        text.decode()
    except UnicodeDecodeError as wrong:  # libxml2 calls some of these a character that is not allowed
        line, column = _place(text, wrong.start)
        return doc_finding(Doc.WRONG_BYTES, "UTF-8", line=line, column=column)
    number, line, column = error.number, error.line, error.column + 1
    said = re.sub(r", line \d+, column \d+.*$", "", error.message)
    if number == _ERRORS.ERR_INVALID_CHAR:
        return doc_finding(Doc.CONTROL_CHARACTER, line=line, column=column)
    if number == _ERRORS.ERR_UNDECLARED_ENTITY:
        return doc_finding(Doc.ENTITY, said.split("'")[1] if "'" in said else said, line=line, column=column)
    if number == _RESOURCE_LIMIT and "depth" in said:
        return doc_finding(Doc.TOO_DEEP, str(_LIBXML2_DEPTH), line=line, column=column)
    if number == _RESOURCE_LIMIT:
        return doc_finding(Doc.TEXT_TOO_LONG, "10000000", line=line, column=column)
    detail = SYNTAX.get(number, Words(said, said))
    return doc_finding(Doc.NOT_WELL_FORMED, detail, line=line, column=column)


def _check_caps(root: "etree._Element", text: bytes, limits: Limits) -> None:
    """Hold the tree to the caps; counting starts only where the bytes could hold so many (``<a/>``, `` a=""``)."""
    if len(text) > 4 * limits.elements and _number(root, "count(//*)") > limits.elements:
        raise RefusedDocument(doc_finding(Doc.TOO_MANY_ELEMENTS, str(limits.elements)))
    if len(text) > 5 * limits.attributes and _number(root, "count(//@*)") > limits.attributes:
        raise RefusedDocument(doc_finding(Doc.TOO_MANY_ATTRIBUTES, str(limits.attributes)))
    if len(text) > limits.text and root.xpath(f"boolean(//text()[string-length(.) > {limits.text}])"):
        raise RefusedDocument(doc_finding(Doc.TEXT_TOO_LONG, str(limits.text)))
    if limits.depth < _LIBXML2_DEPTH and _deeper_than(limits.depth)(root):
        raise RefusedDocument(doc_finding(Doc.TOO_DEEP, str(limits.depth)))


def _number(root: "etree._Element", expression: str) -> float:
    counted = root.xpath(expression)
    return counted if isinstance(counted, float) else 0.0


@lru_cache(maxsize=8)
def _deeper_than(depth: int) -> "etree.XPath":
    return etree.XPath("boolean(" + "/*" * (depth + 1) + ")")


def load_schema(path: Path, root: Path) -> "etree.XMLSchema":
    """Compile an XSD whose includes and imports all lie inside ``root``; raises ConfigurationError otherwise."""
    check_schema_files(path, root)
    try:
        return etree.XMLSchema(file=str(path.resolve()))
    except etree.XMLSchemaParseError as error:
        raise ConfigurationError(f"{path.name}: {error}") from None


def load_explainer(path: Path, root: Path | None = None) -> "xmlschema.XMLSchema":
    """Compile the same XSD with xmlschema, which explains errors well and is far too slow for every record.

    Never reads outside the folder ``root`` (that of ``path`` by default); imported on first use since it costs half a
    second. Raises ConfigurationError.
    """
    import xmlschema

    folder = root or path.parent
    check_schema_files(path, folder)
    try:
        return xmlschema.XMLSchema(str(path.resolve()), allow="local", defuse="always", base_url=str(folder.resolve()))
    except xmlschema.XMLSchemaException as error:
        raise ConfigurationError(f"{path.name}: {error}") from None


def check_schema_files(path: Path, root: Path) -> tuple[Path, ...]:
    """Return every file that an XSD or WSDL pulls in; raises ConfigurationError where one lies outside ``root``."""
    inside = root.resolve()
    seen: dict[Path, None] = {}
    waiting = [path.resolve()]
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        if not file.is_relative_to(inside) or not file.is_file():
            raise ConfigurationError(f"{path.name}: {file.name} 不在标准包目录内 / is not a file of the pack")
        seen[file] = None
        try:
            tree = parse(file.read_bytes())
        except RefusedDocument as error:
            raise ConfigurationError(f"{file.name}: {error.finding.message.zh} / {error.finding.message.en}") from None
        waiting.extend(_referred(tree, file))
    return tuple(seen)


def _referred(tree: "etree._Element", file: Path) -> list[Path]:
    found = []
    for element in tree.iter(
        f"{XS}include", f"{XS}import", f"{XS}redefine", f"{XS}override", "{http://schemas.xmlsoap.org/wsdl/}import"
    ):
        location = element.get("schemaLocation") or element.get("location")
        if location is None:
            continue
        parts = urlsplit(location)
        if parts.scheme or parts.netloc or Path(parts.path).is_absolute():
            raise ConfigurationError(
                f"{file.name}:{element.sourceline}: {location} 不是标准包内的相对路径 / is not a relative path"
            )
        found.append((file.parent / parts.path).resolve())
    return found
