# SPDX-License-Identifier: Apache-2.0
"""SubmitPackage at an idempotent system: every return code, order, duplicates, receipts."""

import re
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from gateway_reference import pki
from tests.reference.client import ITEM, NS, ORG, Sender, Sent, case_no, file_case, filing, organization, withdraw
from tests.reference.conftest import Running

pytestmark = pytest.mark.service


def test_records_are_stored_and_receipted(platform: Running) -> None:
    records = [file_case(1), file_case(2), Sent("QL_JG", f"QL_JG:{ORG}", 1, organization())]
    reply = platform.sender.submit(records)
    assert reply.status == 200
    assert reply.codes == ["0000"] * 3
    platform.sender.require_genuine(reply.receipt)
    held = platform.held()
    assert [(r["key"], r["version"], r["digest"], r["order"]) for r in held["records"]] == [
        (r.key, r.version, r.digest, number) for number, r in enumerate(records, 1)
    ]
    assert held["records"][0]["case"] == case_no(1)
    assert held["records"][0]["item"] == ITEM
    assert held["records"][0]["day"] == "2020-06-01"
    assert held["packages"] == 1
    assert held["duplicates"] == 0
    assert held["system"]["code"] == platform.sender.receiver


def test_receipt_numbers_are_dense(platform: Running) -> None:
    numbers = [platform.sender.submit([file_case(number)]).receipt_no for number in range(1, 5)]
    assert numbers == [1, 2, 3, 4]


def test_receipt_numbers_are_dense_among_many_senders(platform: Running, keys: dict[str, Any]) -> None:
    def send(worker: int) -> list[int]:
        sender = Sender(platform.server.url, keys, "municipal")
        numbers = [sender.submit([file_case(worker * 10 + turn)]).receipt_no for turn in range(5)]
        sender.close()
        return numbers

    with ThreadPoolExecutor(6) as workers:
        given = list(workers.map(send, range(6)))
    assert sorted(number for numbers in given for number in numbers) == list(range(1, 31))
    assert all(numbers == sorted(numbers) for numbers in given)
    assert [row["receipt_no"] for row in platform.held()["records"]] == list(range(1, 31))


def test_the_same_package_gets_the_original_receipt(platform: Running) -> None:
    package_id = str(uuid.uuid4())
    first = platform.sender.submit([file_case(1)], package_id=package_id)
    again = platform.sender.submit([file_case(1)], package_id=package_id)  # another ECDSA signature, the same body
    assert etree.tostring(again.receipt) == etree.tostring(first.receipt)
    other = platform.sender.submit([file_case(2)], package_id=package_id)
    assert other.fault == "1005"
    assert len(platform.held()["records"]) == 1


def test_a_record_sent_again_is_answered_with_proof(platform: Running) -> None:
    first = platform.sender.submit([file_case(1)])
    reply = platform.sender.submit([file_case(1)])
    assert reply.codes == ["0001"]
    held = reply.receipt.find(f".//{{{NS}}}held")
    assert held is not None
    assert held.findtext(f"{{{NS}}}version") == "1"
    assert held.findtext(f"{{{NS}}}contentDigest") == file_case(1).digest
    assert held.findtext(f"{{{NS}}}receiptNo") == str(first.receipt_no)
    assert held.findtext(f"{{{NS}}}originalReceivedAt") == first.first("receivedAt")
    assert len(platform.held()["records"]) == 1


def test_versions_conflict_go_stale_and_stay_provable(platform: Running) -> None:
    send = platform.sender.submit
    assert send([file_case(1), file_case(1, version=2)]).codes == ["0000", "0000"]
    assert send([file_case(1, version=2, fact="别的内容")]).codes == ["2005"]
    assert send([file_case(1, version=4)]).codes == ["0000"]
    assert send([file_case(1, version=3)]).codes == ["2006"]
    assert send([file_case(1)]).codes == ["0001"]  # an old version that is held is still a duplicate
    rows = platform.held()["records"]
    assert [(row["version"], row["head"]) for row in rows] == [(1, False), (2, False), (4, True)]


def test_a_refused_record_blocks_the_rest_of_its_case_only(platform: Running) -> None:
    broken = file_case(1)
    broken.digest = "0" * 64
    reply = platform.sender.submit([broken, file_case(2), file_case(1, sequence=2), file_case(3)])
    assert reply.codes == ["1005", "0000", "2003", "0000"]
    assert [row["case"] for row in platform.held()["records"]] == [case_no(2), case_no(3)]


def test_record_id_and_digest_are_computed_again(platform: Running) -> None:
    wrong_id = file_case(1)
    wrong_id.record_id = str(uuid.uuid4())
    assert platform.sender.submit([wrong_id]).codes == ["1005"]
    altered = file_case(2)
    altered.payload = altered.payload.replace("某甲".encode(), "某乙".encode())
    assert platform.sender.submit([altered]).codes == ["1005"]


def test_payload_against_the_schema_names_the_element(platform: Running) -> None:
    payload = filing(case_no(1)).replace(b"360102", b"36")
    reply = platform.sender.submit([file_case(2), Sent("CF_LA", f"CF_LA:{case_no(1)}:1", 1, payload)])
    assert reply.codes == ["0000", "1002"]
    assert reply.first("path") == "penaltyFiling/regionCode"
    assert "36<" not in (reply.first("message") or "")


@pytest.mark.parametrize(
    ("payload", "key", "path"),
    [
        (f'<nothing xmlns="{NS}"></nothing>'.encode(), "CF_XX:1", "nothing"),
        (filing(case_no(1)), f"CF_LA:{case_no(2)}:1", "key"),
        (filing(case_no(1), version=2), f"CF_LA:{case_no(1)}:1", "version"),
    ],
)
def test_wrapper_and_payload_must_agree(platform: Running, payload: bytes, key: str, path: str) -> None:
    reply = platform.sender.submit([Sent(key.split(":")[0], key, 1, payload)])
    assert reply.codes == ["1002"]
    assert reply.first("path") == path


def test_organisation_of_another_sender(platform: Running) -> None:
    reply = platform.sender.submit([file_case(1, org="990000025")])
    assert reply.codes == ["2007"]


def test_withdrawal_marks_the_key(platform: Running) -> None:
    assert platform.sender.submit([file_case(1), file_case(2)]).codes == ["0000", "0000"]
    assert platform.sender.submit([withdraw(1, 2)]).codes == ["0000"]
    rows = platform.held()["records"]
    assert [(row["type"], row["withdrawn"], row["head"]) for row in rows] == [
        ("CF_LA", True, False),
        ("CF_LA", False, True),
        ("GG_CH", True, True),
    ]
    assert platform.sender.submit([file_case(1, version=3)]).codes == ["0000"]
    assert not any(row["withdrawn"] for row in platform.held()["records"])


def test_strict_catalogue_wants_the_item_first(start: Callable[..., Running]) -> None:
    strict = start(catalogue="strict")
    assert strict.sender.submit([file_case(1), file_case(1, sequence=2)]).codes == ["2001", "2003"]
    item = Sent("QL_SX", f"QL_SX:{ITEM}", 1, power_item())
    assert strict.sender.submit([item, file_case(1)]).codes == ["0000", "0000"]
    assert strict.sender.submit([file_case(2)]).codes == ["0000"]


def power_item() -> bytes:
    return (
        f'<powerItem xmlns="{NS}"><itemCode>{ITEM}</itemCode><version>1</version><operation>C</operation>'
        f"<occurredAt>2020-01-01T00:00:00+08:00</occurredAt><name>无照经营处罚</name><category>CF</category>"
        "<basis><lawName>某条例</lawName><article>第一条</article></basis><disclosureForm>1</disclosureForm>"
        f"<orgCode>{ORG}</orgCode><internal>false</internal><status>published</status><effectiveFrom>2020-01-01</effectiveFrom></powerItem>"
    ).encode()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"senderCode": "113601009900000258"}, "3002"),
        ({"receiverCode": "113601009900000333"}, "3002"),
        ({"recordCount": 7}, "1002"),
        ({"bodyDigest": "0" * 64}, "1005"),
        ({"standardVersion": "9.9"}, "1002"),
        ({"createdAt": "yesterday"}, "1002"),
    ],
)
def test_head_refuses_the_package_whole(platform: Running, change: dict[str, Any], code: str) -> None:
    reply = platform.sender.submit([file_case(1)], **change)
    assert (reply.status, reply.fault) == (500, code)
    assert platform.held()["records"] == []
    assert platform.sender.submit([file_case(1)]).receipt_no == 1  # a refused package takes no number


def test_limits(platform: Running) -> None:
    assert platform.sender.submit([file_case(n) for n in range(1, 502)]).fault == "1006"
    reply = platform.sender.submit([file_case(n) for n in range(1, 501)])
    assert reply.codes == ["0000"] * 500
    huge = Sent("CF_LA", f"CF_LA:{case_no(1)}:1", 1, filing(case_no(1), fact="长" * 2_900_000))
    assert platform.sender.submit([huge]).fault == "1006"


def spliced(package: bytes, pattern: bytes, replacement: bytes) -> bytes:
    changed, count = re.subn(pattern, replacement, package, count=1, flags=re.DOTALL)
    assert count == 1
    return b'<SubmitPackage xmlns="%b">%b</SubmitPackage>' % (NS.encode(), changed)


@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [
        (b"<packageSeq>1<", b"<packageSeq>2<"),  # the signed Head altered
        (rb"<ds:SignatureValue>.{12}", b"<ds:SignatureValue>AAAAAAAAAAAA"),
        (rb"xmldsig-more#ecdsa-sha256", b"xmldsig-more#hmac-sha256"),
        (rb"</ds:SignedInfo>", b'<ds:Reference URI=""/></ds:SignedInfo>'),
        (
            rb"</ds:Transforms>",
            b'<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/></ds:Transforms>',
        ),
        (rb"</ds:Signature>", b"<ds:Object/></ds:Signature>"),
        (rb"<ds:DigestValue>.{12}", b"<ds:DigestValue>AAAAAAAAAAAA"),
    ],
)
def test_signatures_that_must_not_pass(platform: Running, pattern: bytes, replacement: bytes) -> None:
    package = platform.sender.package([file_case(1)])
    assert platform.sender.post(spliced(package, pattern, replacement)).fault == "1005"
    assert platform.held()["records"] == []


def test_a_signed_head_wrapped_beside_another(platform: Running) -> None:
    """Signature wrapping: the genuine Head moves elsewhere, a forged one stands in its place."""
    package = platform.sender.package([file_case(1)])
    head = re.search(rb"<Head .*?</Head>", package, re.DOTALL)
    assert head is not None
    forged = head[0].replace(b"<purpose>business", b"<purpose>test").replace(b'Id="h-', b'Id="x-')
    moved = package.replace(head[0], forged).replace(
        b"</ds:Signature>", b"<ds:Object>" + head[0] + b"</ds:Object></ds:Signature>"
    )
    assert platform.sender.post(b'<SubmitPackage xmlns="%b">%b</SubmitPackage>' % (NS.encode(), moved)).fault == "1005"
    twice = package.replace(head[0], head[0] + head[0])
    assert platform.sender.post(b'<SubmitPackage xmlns="%b">%b</SubmitPackage>' % (NS.encode(), twice)).fault == "1002"


def test_signed_by_another_key(platform: Running, keys: dict[str, Any]) -> None:
    import xmlsec

    platform.sender.key = xmlsec.Key.from_file(keys["sender"]["client_key"], xmlsec.KeyFormat.PEM)
    assert platform.sender.submit([file_case(1)]).fault == "1005"


def test_expired_signing_certificate(start: Callable[..., Running], keys: dict[str, Any], tmp_path: Path) -> None:
    city = Path(keys["ca"]).parent
    files = pki.add_sender(city, "stale", days=-1)
    platform = start()
    live = {**files, "client_certificate": keys["sender"]["client_certificate"]}
    (platform.directory / "peers.toml").write_text("", "utf-8")
    pki.register(platform.directory, keys["sender"]["code"], live, [ORG])
    again = start(directory=platform.directory)
    sender = Sender(again.server.url, keys, "municipal", {**keys["sender"], "signing_key": files["signing_key"]})
    assert sender.submit([file_case(1)]).fault == "3003"
    sender.close()


def test_rsa_signatures_pass_too(start: Callable[..., Running], keys: dict[str, Any]) -> None:
    import xmlsec

    files = pki.add_sender(Path(keys["ca"]).parent, "rsa", rsa_signing=True)
    platform = start()
    pki.register(platform.directory, "11360100990000041X", files, ["*"])
    again = start(directory=platform.directory)
    sender = Sender(again.server.url, keys, "municipal", {"code": "11360100990000041X", **files})
    sender.method = xmlsec.Transform.RSA_SHA256
    assert sender.submit([file_case(1)]).codes == ["0000"]
    sender.close()


def test_numbers_beyond_reason(platform: Running) -> None:
    assert platform.sender.submit([file_case(1)], packageSeq="9" * 5000).fault == "1002"
    assert platform.sender.submit([file_case(1, version=2**31)]).fault == "1002"
    assert platform.sender.call("GetKeys", f"<size>{'9' * 30}</size>").fault == "1002"


def test_gaps_in_a_stream_are_seen_and_never_refused(platform: Running) -> None:
    stream = str(uuid.uuid4())
    for number, seq in enumerate((1, 4), 1):
        assert platform.sender.submit([file_case(number)], streamId=stream, packageSeq=seq).codes == ["0000"]
    assert platform.held()["streams"] == {stream: {"highest": 4, "missing": [2, 3]}}


def test_unregistered_client(platform: Running, keys: dict[str, Any]) -> None:
    files = pki.add_sender(Path(keys["ca"]).parent, "stranger")
    stranger = Sender(platform.sender.url, keys, "municipal", {"code": "11360100990000041X", **files})
    assert stranger.submit([file_case(1)]).fault == "3001"
    assert stranger.call("Ping").fault == "3001"
    stranger.close()


def test_two_senders_see_only_their_own(start: Callable[..., Running], keys: dict[str, Any]) -> None:
    files = pki.add_sender(Path(keys["ca"]).parent, "county")
    first = start()
    pki.register(first.directory, "11360100990000041X", files, ["*"])
    platform = start(directory=first.directory)
    county = Sender(platform.server.url, keys, "municipal", {"code": "11360100990000041X", **files})
    package_id = str(uuid.uuid4())
    assert platform.sender.submit([file_case(1)], package_id=package_id).codes == ["0000"]
    assert county.query(package_id=package_id).first("status") == "never-received"
    assert county.submit([file_case(2, org="990000025")]).codes == ["0000"]
    assert county.call("GetKeys").body.count(b"<row>") == 1
    county.close()


def test_internal_error_is_5000(
    platform: Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr(platform.server.receiver, "settle", broken)
    reply = platform.sender.submit([file_case(1)])
    assert (reply.status, reply.fault) == (500, "5000")
    assert "planted" not in reply.body.decode()
    assert "planted" in capsys.readouterr().err
    monkeypatch.undo()
    assert platform.sender.submit([file_case(1)]).codes == ["0000"]


def test_not_well_formed_and_foreign_encodings(platform: Running) -> None:
    def raw(body: bytes, kind: str = "text/xml; charset=utf-8") -> str | None:
        return platform.sender.request("POST", "/exchange", body, {"Content-Type": kind}).fault

    assert raw(b"<a>") == "1001"
    assert raw(b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>') == "1001"
    assert raw(b"<a><?evil now?></a>") == "1001"
    assert raw(b"<a/>") == "1002"
    assert raw('<?xml version="1.0" encoding="GBK"?><a>中</a>'.encode("gbk")) == "1003"
    assert raw("<a>中</a>".encode("gbk")) == "1003"
    assert raw(b"<a/>", "text/xml; charset=gbk") == "1003"
    assert raw(b"<a>" * 400 + b"</a>" * 400) == "1001"


def test_a_comment_cannot_hide_text(platform: Running) -> None:
    """C14N drops comments: what is read must be what was digested."""
    record = file_case(1)
    record.payload = record.payload.replace("无照经营".encode(), "无照<!-- x -->经营".encode())
    assert platform.sender.submit([record]).codes == ["0000"]
