# SPDX-License-Identifier: Apache-2.0
"""A sender for the tests: raw bytes over HTTPS, signed with xmlsec (the servers verify with signxml)."""

import hashlib
import http.client
import ssl
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import xmlsec
from lxml import etree

NS = "urn:jx:power-exchange:1.0"
DS = "http://www.w3.org/2000/09/xmldsig#"
SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
RECORD_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, NS)
ORG = "990000017"
ITEM = f"CF-{ORG}-0001"


def case_no(number: int) -> str:
    return f"{ORG}-2020-CF-{number:08d}"


OPERATOR = "<operatorName>李示例</operatorName><operatorPost>执法岗</operatorPost><operatorId>A001</operatorId>"


def filing(
    case: str, *, sequence: int = 1, version: int = 1, fact: str = "无照经营", org: str = ORG, day: str = "2020-06-01"
) -> bytes:
    operation = "C" if version == 1 else "U"
    return (
        f'<penaltyFiling xmlns="{NS}"><caseNo>{case}</caseNo><itemCode>{ITEM}</itemCode><itemVersion>1</itemVersion>'
        f"<orgCode>{org}</orgCode><regionCode>360102</regionCode><sequence>{sequence}</sequence>"
        f"<version>{version}</version><operation>{operation}</operation><occurredAt>{day}T09:00:00+08:00</occurredAt>"
        f"{OPERATOR}<procedure>2</procedure><party><kind>2</kind><name>某甲</name><idKind>统一社会信用代码</idKind>"
        "<idNo>91360100MA00000234</idNo><legalRepresentative>王示例</legalRepresentative></party>"
        f"<caseSource>检查发现</caseSource><allegedFact>{fact}</allegedFact>"
        f"<filedAt>{day}T09:00:00+08:00</filedAt><approver>吴示例</approver></penaltyFiling>"
    ).encode()


def withdrawal(key: str, version: int, target_version: int, day: str = "2020-06-02") -> bytes:
    return (
        f'<withdrawal xmlns="{NS}"><targetType>{key.split(":")[0]}</targetType><targetKey>{key}</targetKey>'
        f"<targetVersion>{target_version}</targetVersion><orgCode>{ORG}</orgCode><version>{version}</version>"
        f"<operation>U</operation><occurredAt>{day}T09:00:00+08:00</occurredAt><reason>录入错误</reason>"
        "</withdrawal>"
    ).encode()


def organization(version: int = 1) -> bytes:
    return (
        f'<organization xmlns="{NS}"><orgCode>{ORG}</orgCode><version>{version}</version><operation>C</operation>'
        f"<occurredAt>2020-01-01T00:00:00+08:00</occurredAt><name>某局</name><regionCode>360102</regionCode>"
        "</organization>"
    ).encode()


@dataclass
class Sent:
    """One record as the sender means it; change a field to send something wrong."""

    type: str
    key: str
    version: int
    payload: bytes
    digest: str = ""
    record_id: str = ""

    def __post_init__(self) -> None:
        self.digest = self.digest or hashlib.sha256(self.payload).hexdigest()
        if not self.record_id:
            named = f"{self.type}|{self.key}|{self.version}|{self.digest}"
            self.record_id = str(uuid.uuid5(RECORD_NAMESPACE, named))

    def xml(self) -> bytes:
        return (
            (
                f"<Record><recordId>{self.record_id}</recordId><key>{self.key}</key><version>{self.version}</version>"
                f"<contentDigest>{self.digest}</contentDigest>"
            ).encode()
            + self.payload
            + b"</Record>"
        )


def file_case(number: int, **changes: Any) -> Sent:
    payload = filing(case_no(number), **changes)
    return Sent("CF_LA", f"CF_LA:{case_no(number)}:{changes.get('sequence', 1)}", changes.get("version", 1), payload)


def withdraw(number: int, version: int) -> Sent:
    key = f"CF_LA:{case_no(number)}:1"
    return Sent("GG_CH", key, version, withdrawal(key, version, version - 1))


@dataclass
class Reply:
    """An answer over HTTP, read with lxml alone."""

    status: int
    headers: dict[str, str]
    body: bytes
    root: etree._Element | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        if self.headers.get("content-type", "").partition(";")[0].endswith("xml"):
            self.root = etree.fromstring(self.body)

    def first(self, local: str) -> str | None:
        assert self.root is not None
        return self.root.findtext(f".//{{{NS}}}{local}")

    @property
    def fault(self) -> str | None:
        assert self.root is not None
        return self.root.findtext(f".//{{{NS}}}ExchangeFault/{{{NS}}}code")

    @property
    def receipt(self) -> etree._Element:
        assert self.root is not None, self.body
        found = self.root.find(f".//{{{NS}}}Receipt")
        assert found is not None, self.body.decode()
        return found

    @property
    def codes(self) -> list[str]:
        return [code.text or "" for code in self.receipt.iterfind(f"{{{NS}}}Results/{{{NS}}}Result/{{{NS}}}code")]

    @property
    def receipt_no(self) -> int:
        return int(self.receipt.findtext(f"{{{NS}}}Head/{{{NS}}}receiptNo") or 0)


class Sender:
    """Speaks the wire in raw bytes over one kept connection."""

    def __init__(self, url: str, city: dict[str, Any], system: str, sender: dict[str, Any] | None = None) -> None:
        self.city, self.me = city, sender or city["sender"]
        self.receiver = city["systems"][system]["code"]
        self.receipt_certificate = Path(city["systems"][system]["receipt_certificate"])
        self.url = url
        self.context = ssl.create_default_context(cafile=city["ca"])
        self.context.load_cert_chain(self.me["client_certificate"], self.me["client_key"])
        self.key = xmlsec.Key.from_file(self.me["signing_key"], xmlsec.KeyFormat.PEM)
        self.method = xmlsec.Transform.ECDSA_SHA256
        self._connection: http.client.HTTPSConnection | None = None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Reply:
        if self._connection is None:
            port = int(self.url.split(":")[2].split("/")[0])
            self._connection = http.client.HTTPSConnection("127.0.0.1", port, context=self.context, timeout=30)
        try:
            self._connection.request(method, path, body, headers or {})
            answer = self._connection.getresponse()
            return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        except BaseException:
            self.close()
            raise

    def post(self, content: bytes, *, soap12: bool = False, headers: dict[str, str] | None = None) -> Reply:
        envelope = b'<s:Envelope xmlns:s="%b"><s:Body>%b</s:Body></s:Envelope>' % (
            (SOAP12 if soap12 else SOAP11).encode(),
            content,
        )
        kind = "application/soap+xml; charset=utf-8" if soap12 else "text/xml; charset=utf-8"
        return self.request("POST", "/exchange", envelope, {"Content-Type": kind, **(headers or {})})

    def call(self, operation: str, inner: str = "", **options: Any) -> Reply:
        return self.post(f'<{operation} xmlns="{NS}">{inner}</{operation}>'.encode(), **options)

    def submit(self, records: Sequence[Sent], **options: Any) -> Reply:
        soap12 = options.pop("soap12", False)
        return self.post(
            b'<SubmitPackage xmlns="%b">%b</SubmitPackage>' % (NS.encode(), self.package(records, **options)),
            soap12=soap12,
        )

    def query(self, *, package_id: str | None = None, record_id: str | None = None) -> Reply:
        inner = f"<packageId>{package_id}</packageId>" if package_id else f"<recordId>{record_id}</recordId>"
        return self.call("QueryReceipt", inner)

    def package(
        self, records: Sequence[Sent], *, package_id: str | None = None, body: bytes | None = None, **changes: Any
    ) -> bytes:
        """Return a signed package; keyword arguments replace values of its Head."""
        package_id = package_id or str(uuid.uuid4())
        lines = "".join(f"{r.record_id}|{r.key}|{r.version}|{r.digest}\n" for r in records)
        values: dict[str, Any] = {
            "packageId": package_id,
            "standardVersion": "1.0",
            "senderCode": self.me["code"],
            "receiverCode": self.receiver,
            "createdAt": "2026-01-02T03:04:05+08:00",
            "purpose": "business",
            "recordCount": len(records),
            "bodyDigest": hashlib.sha256(lines.encode()).hexdigest(),
            "codeListVersion": "1.0",
            "streamId": str(uuid.uuid4()),
            "packageSeq": 1,
        }
        values.update(changes)
        head = (
            f'<Head xmlns="{NS}" Id="h-{package_id}">'
            + "".join(f"<{name}>{value}</{name}>" for name, value in values.items())
            + "</Head>"
        )
        signature = self.sign(head.encode(), f"h-{package_id}")
        content = body if body is not None else b"\n".join(record.xml() for record in records)
        return b'<Package xmlns="%b">%b<Body>\n%b</Body>%b</Package>' % (NS.encode(), head.encode(), content, signature)

    def sign(self, head: bytes, reference: str, key: Any = None) -> bytes:
        """Sign a Head as the standard says, with xmlsec."""
        root = etree.fromstring(b'<Package xmlns="%b">%b</Package>' % (NS.encode(), head))
        signature = xmlsec.template.create(root, xmlsec.Transform.EXCL_C14N, self.method, ns="ds")
        part = xmlsec.template.add_reference(signature, xmlsec.Transform.SHA256, uri=f"#{reference}")
        xmlsec.template.add_transform(part, xmlsec.Transform.EXCL_C14N)
        root.append(signature)
        xmlsec.tree.add_ids(root, ["Id"])
        context = xmlsec.SignatureContext()
        context.key = key or self.key
        context.sign(signature)
        return etree.tostring(signature, with_tail=False)

    def require_genuine(self, receipt: etree._Element) -> None:
        """Verify a receipt with xmlsec and the pinned certificate, and its resultDigest."""
        document = etree.fromstring(etree.tostring(receipt, with_tail=False))
        head, results, signature = document
        digest = hashlib.sha256(etree.tostring(results, method="c14n", exclusive=True)).hexdigest()
        assert digest == head.findtext(f"{{{NS}}}resultDigest")
        assert len(results) == int(head.findtext(f"{{{NS}}}recordCount") or -1)
        xmlsec.tree.add_ids(document, ["Id"])
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_file(str(self.receipt_certificate), xmlsec.KeyFormat.CERT_PEM)
        context.verify(signature)
        reference = signature.find(f"{{{DS}}}SignedInfo/{{{DS}}}Reference")
        assert reference is not None
        assert reference.get("URI") == f"#{head.get('Id')}"
