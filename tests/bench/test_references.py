# SPDX-License-Identifier: Apache-2.0
"""References do the same work: the very documents that the product makes of the same rows."""

from collections.abc import Iterator
from contextlib import closing

from lxml import etree

from gateway.bench.references.closures import builders
from gateway.bench.references.exchange import Document, make_body, pages, source_of
from gateway.bench.references.generated import writers
from gateway.bench.references.plan import SYSTEMS
from gateway.clock import SystemClock
from gateway.config import Configuration
from gateway.documents.schema import Schema
from gateway.flow.validate import PackValidator
from gateway.model.package import PackedRecord, body_digest
from gateway.model.record import Draft
from gateway.pack import load_pack
from gateway.parts import compile_source_mapping, open_source
from gateway.rules import Rules


def drafts(configuration: Configuration) -> Iterator[Draft]:
    """Yield what the product makes of the rows, in the order that it reads them."""
    pack = load_pack()
    for settings in configuration.sources:
        mapper = compile_source_mapping(configuration, settings, pack)
        with closing(open_source(configuration, settings, SystemClock())) as source:
            window, after, more = source.window(None), None, True
            while more:
                page = source.read(window, after, 50)
                for row in page.rows:
                    mapped = mapper.map(row, {})
                    assert mapped.refused == ()
                    yield from mapped.drafts
                after, more = page.after, page.more


def made(configuration: Configuration) -> list[Document]:
    return [Document(draft.type, draft.key, draft.document()) for draft in drafts(configuration)]


def test_generated_code_writes_what_the_mapping_writes(configuration: Configuration) -> None:
    write = writers()
    written = [
        document
        for system in SYSTEMS
        for rows in pages(source_of(configuration), system, 50)
        for document in write(system.table, rows)
    ]
    assert written == made(configuration)
    assert {each.type for each in written} == {
        "CF_LA", "CF_GZ", "CF_JD", "CF_ZX", "XK_SQ", "XK_SL", "XK_JD", "XK_SD",
    }  # fmt: skip


def test_trees_hold_what_the_mapping_writes(configuration: Configuration) -> None:
    build = builders()
    built = [
        build(system.table, dict(zip(system.columns, row, strict=True)))
        for system in SYSTEMS
        for rows in pages(source_of(configuration), system, 50)
        for row in rows
    ]
    assert [
        Document(each.type, each.key, etree.tostring(each.tree, encoding="unicode").encode()) for each in built
    ] == made(configuration)


def test_every_document_is_clean(configuration: Configuration) -> None:
    pack = load_pack()
    validator = PackValidator(pack, Schema(pack.schema_path), Rules(pack))
    documents = [each.content for each in made(configuration)]
    assert [each for each in validator.check(documents) if each.findings] == []
    assert 1200 < sum(map(len, documents)) / len(documents) < 2700, "bytes of a document, as performance.md assumes"


def test_the_body_of_a_reference_is_named_like_the_products(configuration: Configuration) -> None:
    import hashlib

    documents = made(configuration)[:20]
    digests = [hashlib.sha256(each.content).digest() for each in documents]
    packed = [PackedRecord(0, d.type, d.key, 1, digest) for d, digest in zip(documents, digests, strict=True)]
    body = make_body(documents, digests)
    assert [sent.record_id for sent in body.records] == [record.record_id for record in packed]
    assert body.digest == body_digest(packed)
