# SPDX-License-Identifier: Apache-2.0
"""SubmitPackage and QueryReceipt on the gateway's own face (standard.md §4; ledger.md B3, B6, B7, B16; R11, R22)."""

import uuid
from collections.abc import Callable

import pytest

from tests.exchange.town import Town
from tests.reference.client import ITEM, NS, OPERATOR, ORG, Sent, case_no, file_case, organization, withdraw


def test_accepted_records_are_held_and_receipted(town: Town) -> None:
    """R22: the receipt verifies with the receiver's public key alone, by another library than the one that signed."""
    sender = town.sender()
    reply = sender.submit([file_case(1), file_case(2)])
    assert (reply.status, reply.codes) == (200, ["0000", "0000"]), reply.body
    sender.require_genuine(reply.receipt)
    assert reply.receipt_no == 1
    assert town.one("SELECT count(*) FROM record WHERE state = 'accepted'") == 2
    assert town.grown == [2]


def test_an_altered_receipt_does_not_verify(town: Town) -> None:
    """R22: one byte changed is found."""
    sender = town.sender()
    receipt = sender.submit([file_case(1)]).receipt
    receipt[0].find(f"{{{NS}}}receiptNo").text = "2"  # type: ignore[union-attr]
    with pytest.raises(Exception):  # noqa: B017, PT011 - xmlsec's own
        sender.require_genuine(receipt)


def test_the_same_package_again_gets_the_same_receipt(town: Town) -> None:
    """R11: byte for byte, in whatever version of SOAP it comes again."""
    sender = town.sender()
    package_id = str(uuid.uuid4())
    first = sender.submit([file_case(1)], package_id=package_id)
    again = sender.submit([file_case(1)], package_id=package_id, soap12=True)
    cut = lambda reply: reply.body[reply.body.index(b"<Receipt") : reply.body.index(b"</Receipt>")]  # noqa: E731
    assert cut(first) == cut(again)
    assert town.one("SELECT count(*) FROM received_package") == 1


def test_one_package_id_for_two_bodies_is_refused(town: Town) -> None:
    sender = town.sender()
    package_id = str(uuid.uuid4())
    sender.submit([file_case(1)], package_id=package_id)
    assert sender.submit([file_case(2)], package_id=package_id).fault == "1005"


def test_the_same_record_in_another_package_is_a_duplicate_with_proof(town: Town) -> None:
    """R11, B18: 0001 names the version held, its digest, and the receipt that first took it."""
    sender = town.sender()
    record = file_case(1)
    sender.submit([file_case(9)])
    first = sender.submit([record])
    again = sender.submit([record])
    assert again.codes == ["0001"]
    held = again.receipt.find(f".//{{{NS}}}held")
    assert held is not None
    assert held.findtext(f"{{{NS}}}contentDigest") == record.digest
    assert int(held.findtext(f"{{{NS}}}receiptNo") or 0) == first.receipt_no == 2
    assert held.findtext(f"{{{NS}}}originalReceivedAt") is not None
    assert again.receipt_no == 3


def test_other_content_under_the_same_version_is_a_conflict_and_kept(town: Town) -> None:
    """R11: 2005, and both are kept as evidence."""
    sender = town.sender()
    sender.submit([file_case(1)])
    reply = sender.submit([file_case(1, fact="超出经营范围")])
    assert reply.codes == ["2005"]
    assert town.rows("SELECT outcome, code FROM refusal") == [("conflict", "LDG-001")]
    assert town.one("SELECT count(*) FROM record") == 1


def test_b07_a_correction_may_come_first_and_the_late_original_is_stale(town: Town) -> None:
    """B7: version 2 without version 1 is accepted with a warning; version 1 is then 2006, with proof of what is held."""
    sender = town.sender()
    assert sender.submit([file_case(1, version=2)]).codes == ["0000"]
    assert "LDG-008" in town.one("SELECT warnings FROM record")
    late = sender.submit([file_case(1, version=1)])
    assert late.codes == ["2006"]
    assert late.first("version") == "2"


def test_b07_a_refused_withdrawal_reserves_its_version(town: Town) -> None:
    """B7: what is withdrawn was never held: refused, and the late original is stale, not resurrected."""
    sender = town.sender()
    assert sender.submit([withdraw(1, 2)]).codes == ["2002"]
    assert sender.submit([file_case(1, version=1)]).codes == ["2006"]
    assert sender.submit([file_case(1, version=3)]).codes == ["0000"]


def test_a_withdrawal_takes_the_next_version_and_a_higher_one_brings_the_key_back(town: Town) -> None:
    sender = town.sender()
    assert sender.submit([file_case(1)]).codes == ["0000"]
    assert sender.submit([withdraw(1, 2)]).codes == ["0000"]
    assert town.one("SELECT withdrawn FROM record_key")
    assert sender.submit([file_case(1, version=3, fact="重新立案")]).codes == ["0000"]
    assert not town.one("SELECT withdrawn FROM record_key")


def test_a_refused_record_blocks_its_case_and_no_other(town: Town) -> None:
    """Body order: behind 1005 the rest of the case is 2003 and not stored; the other case goes on."""
    sender = town.sender()
    wrong = file_case(1)
    wrong.digest = "0" * 64
    wrong.record_id = str(uuid.uuid4())
    follower = file_case(1, sequence=2)
    reply = sender.submit([wrong, follower, file_case(2)])
    assert reply.codes == ["1005", "2003", "0000"]
    assert town.one("SELECT count(*) FROM record") == 1


def test_a_record_against_the_schema_is_told_with_its_path(town: Town) -> None:
    sender = town.sender()
    broken = Sent(
        "CF_LA", file_case(1).key, 1, file_case(1).payload.replace(b"2020-06-01T09:00:00", b"2020-06-31T09:00:00")
    )
    reply = sender.submit([broken])
    assert reply.codes == ["1002"]
    assert reply.first("path") is not None
    assert town.rows("SELECT outcome, key FROM refusal") == [("refused", broken.key)]


def test_key_and_version_must_fit_the_payload(town: Town) -> None:
    sender = town.sender()
    assert sender.submit([Sent("CF_LA", file_case(2).key, 1, file_case(1).payload)]).codes == ["1002"]
    assert sender.submit([Sent("CF_LA", file_case(1).key, 2, file_case(1).payload)]).codes == ["1002"]


def test_records_of_another_organisation_are_2007(town: Town) -> None:
    """S1: the organisation in the body must be one of the sender's."""
    other = "990000025"
    reply = town.sender().submit([file_case(1, org=other)])
    assert reply.codes == ["2007"]
    assert town.one("SELECT count(*) FROM record") == 0


def test_b06_a_key_belongs_to_the_sender_that_sent_it_first(build: Callable[..., Town]) -> None:
    """B6: the same content from another is a duplicate, other content a conflict, never a new version."""
    town = build(senders=2, options={"organisations": "all"})
    assert town.sender("s0").submit([file_case(1)]).codes == ["0000"]
    assert town.sender("s1").submit([file_case(1)]).codes == ["0001"]
    assert town.sender("s1").submit([file_case(1, version=2)]).codes == ["2005"]
    assert town.rows("SELECT code FROM refusal") == [("LDG-002",)]


def test_b09_a_record_waits_for_its_predecessor_and_the_receipt_is_renewed(build: Callable[..., Town]) -> None:
    """B9 at L2: 0002 is not final; QueryReceipt tells when the record is accepted. Lanes of master data never wait."""
    town = build(level="L2")
    sender = town.sender()
    notice = penalty_notice(1)
    package_id = str(uuid.uuid4())
    assert sender.submit([notice], package_id=package_id).codes == ["0002"], town.rows("SELECT findings FROM refusal")
    assert sender.query(package_id=package_id).codes == ["0002"]
    assert sender.submit([notice]).codes == ["0002"]
    assert sender.submit([file_case(1)]).codes == ["0000"]
    renewed = sender.query(package_id=package_id)
    assert renewed.codes == ["0000"]
    sender.require_genuine(renewed.receipt)
    assert renewed.receipt_no == 1


def test_query_receipt_finds_by_package_and_by_record(town: Town) -> None:
    sender = town.sender()
    record, package_id = file_case(1), str(uuid.uuid4())
    sender.submit([record], package_id=package_id)
    assert sender.query(package_id=package_id).receipt_no == 1
    assert sender.query(record_id=record.record_id).receipt_no == 1
    assert sender.query(package_id=str(uuid.uuid4())).first("status") == "never-received"


def test_a_sender_sees_only_its_own_receipts(build: Callable[..., Town]) -> None:
    town = build(senders=2)
    package_id = str(uuid.uuid4())
    town.sender("s0").submit([file_case(1)], package_id=package_id)
    assert town.sender("s1").query(package_id=package_id).first("status") == "never-received"


def test_master_data_goes_the_same_way(town: Town) -> None:
    record = Sent("QL_JG", f"QL_JG:{ORG}", 1, organization())
    assert town.sender().submit([record]).codes == ["0000"]


def penalty_notice(number: int) -> Sent:
    case = case_no(number)
    payload = (
        f'<penaltyNotice xmlns="{NS}"><caseNo>{case}</caseNo><itemCode>{ITEM}</itemCode><itemVersion>1</itemVersion>'
        f"<orgCode>{ORG}</orgCode><regionCode>360102</regionCode><sequence>1</sequence><version>1</version>"
        f"<operation>C</operation><occurredAt>2020-06-02T09:00:00+08:00</occurredAt>{OPERATOR}<noticeNo>示例告〔2020〕1号</noticeNo>"
        "<facts>未按示例规定经营</facts><grounds>违反示例法</grounds><basis><lawName>中华人民共和国示例法</lawName>"
        "<article>第十条</article><text>示例条文。</text><level>法律</level></basis>"
        "<intendedPenalty>罚款 1000 元</intendedPenalty><rights>可以陈述申辩</rights>"
        "<hearingOffered>false</hearingOffered><deliveredAt>2020-06-02T09:00:00+08:00</deliveredAt></penaltyNotice>"
    ).encode()
    return Sent("CF_GZ", f"CF_GZ:{case}:1", 1, payload)
