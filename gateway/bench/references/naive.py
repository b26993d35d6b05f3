# SPDX-License-Identifier: Apache-2.0
"""The script that a vendor would write: xmlschema validates, zeep calls, one record per request and per commit.

It is given what flatters it: the WSDL and the schema are compiled before the clock starts, and its connections are
kept alive.
"""

import sqlite3
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import zeep.transports
from lxml import etree
from zeep.plugins import Plugin

from gateway.bench.failure import BenchFailure
from gateway.bench.meter import serve
from gateway.bench.references.closures import Made, builders
from gateway.bench.references.exchange import (
    Answered,
    Body,
    Document,
    Peer,
    make_body,
    pages,
    peers,
    session_with,
    source_of,
)
from gateway.bench.references.plan import SYSTEMS
from gateway.config import Configuration, load
from gateway.documents import safexml
from gateway.documents.package import SIGNATURE
from gateway.documents.render import NAMESPACE
from gateway.pack import load_pack

_NS: Final = f"{{{NAMESPACE}}}"
_TABLES: Final = """
CREATE TABLE record (id INTEGER PRIMARY KEY, type TEXT NOT NULL, key TEXT NOT NULL UNIQUE, digest BLOB NOT NULL,
  payload BLOB NOT NULL);
CREATE TABLE delivery (destination TEXT NOT NULL, record_id INTEGER NOT NULL, code TEXT, receipt_no INTEGER,
  PRIMARY KEY (destination, record_id)) WITHOUT ROWID;
"""


class _Seal(Plugin):
    """Signs what zeep is about to send and verifies what it has got."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self.body: Body | None = None
        self.answered: Answered | None = None

    def taken(self) -> Answered:
        """Return the receipt that came last. Raises BenchFailure when none came."""
        if self.answered is None:
            raise BenchFailure("no receipt")
        return self.answered

    def egress(self, envelope: Any, http_headers: Any, _operation: Any, _options: Any) -> tuple[Any, Any]:
        """Put the signature in the place that was kept for it."""
        head, placeholder = envelope.find(f".//{_NS}Head"), envelope.find(f".//{SIGNATURE}")
        signature = safexml.parse(self._peer.signer.sign(safexml.canonical(head)))
        placeholder.getparent().replace(placeholder, signature)
        return envelope, http_headers

    def ingress(self, envelope: Any, http_headers: Any, _operation: Any) -> tuple[Any, Any]:
        """Verify the receipt."""
        receipt = envelope.find(f".//{_NS}Receipt")
        if receipt is None or self.body is None:
            raise BenchFailure(etree.tostring(envelope, encoding="unicode")[:500])
        self.answered = self._peer.verified(receipt, self.body)
        return envelope, http_headers


class Caller:
    """Calls SubmitPackage of one destination through zeep."""

    def __init__(self, peer: Peer, wsdl: Path) -> None:
        self._peer = peer
        self._seal = _Seal(peer)
        made: Any = zeep  # it ships no types
        client = made.Client(
            str(wsdl), transport=made.transports.Transport(session=session_with(peer)), plugins=[self._seal]
        )
        client.set_ns_prefix(None, NAMESPACE)
        self._service = client.create_service(f"{_NS}PowerExchangeSoap11", peer.settings.url)

    def submit(self, tree: "etree._Element", body: Body) -> Answered:
        """Send one record and return its verified receipt."""
        head, _canonical = self._peer.signed_head(body)
        record = body.records[0]
        self._seal.body, self._seal.answered = body, None
        called = self._service.SubmitPackage
        called(
            Package={
                "Head": {
                    "Id": f"h-{head.package_id}",
                    "packageId": head.package_id,
                    "standardVersion": head.standard_version,
                    "senderCode": head.sender_code,
                    "receiverCode": head.receiver_code,
                    "createdAt": head.created_at,
                    "purpose": head.purpose.value,
                    "recordCount": 1,
                    "bodyDigest": head.body_digest,
                    "codeListVersion": head.code_list_version,
                    "streamId": head.stream_id,
                    "packageSeq": head.package_seq,
                },
                "Body": {
                    "Record": {
                        "recordId": record.record_id,
                        "key": record.key,
                        "version": 1,
                        "contentDigest": record.digest,
                        "_value_1": tree,
                    }
                },
                "_value_1": etree.Element(SIGNATURE),
            }
        )
        return self._seal.taken()


class Run:
    """One run over the first records of one department database."""

    def __init__(self, configuration: Configuration, build: Any, schema: Any, limit: int) -> None:
        pack = load_pack()
        self._source = source_of(configuration)
        self._callers = {each.settings.name: Caller(each, pack.wsdl_path) for each in peers(configuration)}
        self._build = build
        self._schema = schema
        self._limit = limit
        self._ledger = sqlite3.connect(configuration.root / "naive.db")
        for setting in ("journal_mode=WAL", "synchronous=FULL"):
            self._ledger.execute(f"PRAGMA {setting}")
        self._ledger.executescript(_TABLES)
        self._records = 0
        self._commits = 0

    def __call__(self) -> dict[str, Any]:
        """Do everything, record by record, and return what was counted."""
        for system in SYSTEMS:
            half = self._limit // len(SYSTEMS)
            for row in next(pages(self._source, system, half), []):
                self._one(self._build(system.table, dict(zip(system.columns, row, strict=True))))
        return {"records": self._records, "commits": self._commits}

    def _one(self, made: Made) -> None:
        self._schema.validate(made.tree)
        content = etree.tostring(made.tree, encoding="unicode").encode()
        digest = sha256(content).digest()
        self._records += 1
        with self._ledger:
            self._ledger.execute(
                "INSERT INTO record VALUES (?, ?, ?, ?, ?)", (self._records, made.type, made.key, digest, content)
            )
        self._commits += 1
        body = make_body([Document(made.type, made.key, content)], [digest])
        for name, caller in self._callers.items():
            answered = caller.submit(made.tree, body)
            with self._ledger:
                self._ledger.execute(
                    "INSERT INTO delivery VALUES (?, ?, ?, ?)", (name, self._records, answered.codes[0], answered.receipt_no)
                )  # fmt: skip
            self._commits += 1


def main() -> None:
    """Warm up over a few records, then measure over as many as the third argument says."""
    configuration, warm = (load(Path(each)) for each in sys.argv[1:3])
    pack = load_pack()
    schema, build = safexml.load_explainer(pack.schema_path), builders()
    Run(warm, build, schema, 20)()
    serve(Run(configuration, build, schema, int(sys.argv[3])))


if __name__ == "__main__":
    main()
