# SPDX-License-Identifier: Apache-2.0
"""What people make of rows that are gone: withdrawn by two, dismissed by one, held sources released (ledger.md B7, T4)."""

from collections.abc import Iterator

import pytest
from lxml import etree
from sqlalchemy import select

from gateway.documents import safexml
from gateway.documents.render import NAMESPACE
from gateway.documents.safexml import load_schema
from gateway.errors import SourceHeld
from gateway.ledger import absences, approvals, withdrawals
from gateway.ledger.approvals import NotOpen, SamePerson
from gateway.ledger.audit import Act
from gateway.ledger.tables import record, record_key
from gateway.model.person import Actor, Role
from gateway.pack import load_pack
from tests.sources.conftest import Department
from tests.sources.test_modes import Bureau

ASKER = Actor("张三", Role.OPERATOR, "password")
APPROVER = Actor("李四", Role.SECURITY, "password")


@pytest.fixture
def bureau(tmp_path) -> Iterator[Bureau]:  # type: ignore[no-untyped-def]
    made = Bureau(Department("sqlite", f"sqlite:///{tmp_path / 'department.db'}", tmp_path))
    made.plain((1, "甲"), (2, "乙"), (3, "丙"))
    pull(made)
    yield made
    made.keeping.ledger.close()


def pull(bureau: Bureau, times: int = 1) -> None:
    for _ in range(times):
        bureau.pull(mode="snapshot")


def gone(bureau: Bureau) -> None:
    bureau.run("DELETE FROM AJ WHERE ID = 2")
    pull(bureau, 2)
    assert bureau.proposed() == ["2"]


def ask(bureau: Bureau, reason: str = "部门已确认删除") -> int:
    ledger = bureau.keeping.ledger
    with ledger.reading() as connection:
        found = withdrawals.proposed(connection, "test", "2")
    with ledger.begin() as connection:
        told = Act(withdrawals.WITHDRAW, "source:test:2", reason=reason)
        return approvals.propose(connection, ASKER, told, {"refusals": [each.number for each in found]}, ledger.now())


def approve(bureau: Bureau, number: int, actor: Actor = APPROVER) -> None:
    ledger = bureau.keeping.ledger
    with ledger.begin() as connection:
        approvals.decide(connection, actor, number, True, "同意", ledger.now())


def versions(bureau: Bureau, key: str) -> list[tuple[int, str]]:
    with bureau.keeping.ledger.reading() as connection:
        of = select(record.c.version, record.c.type).where(record.c.key == key).order_by(record.c.version)
        return [(row.version, row.type) for row in connection.execute(of)]


def document(bureau: Bureau, key: str) -> bytes:
    ledger = bureau.keeping.ledger
    with ledger.reading() as connection:
        number = connection.execute(select(record_key.c.record_id).where(record_key.c.key == key)).scalar_one()
    return ledger.documents([number])[0]


def test_t4_two_people_withdraw_and_the_next_run_makes_the_record(bureau: Bureau) -> None:
    gone(bureau)
    number = ask(bureau)
    with pytest.raises(SamePerson):
        approve(bureau, number, Actor("张三", Role.SECURITY, "password"))
    approve(bureau, number)
    assert versions(bureau, "SX:2") == [(1, "SX")], "only the run of the source makes versions of its keys (B5)"
    pull(bureau)
    assert versions(bureau, "SX:2") == [(1, "SX"), (2, "GG_CH")]
    assert "SX:2" not in bureau.keeping.heads()
    pull(bureau, 3)
    assert versions(bureau, "SX:2") == [(1, "SX"), (2, "GG_CH")]
    assert bureau.proposed() == []
    root = safexml.parse(document(bureau, "SX:2"))
    said = {etree.QName(each).localname: each.text for each in root}
    assert root.tag == f"{{{NAMESPACE}}}withdrawal"
    assert (said["targetKey"], said["targetVersion"], said["version"], said["operation"]) == ("SX:2", "1", "2", "U")
    assert (said["reason"], said["approver"], said["targetType"]) == ("部门已确认删除", "李四", "SX")


def test_t4_a_row_that_returns_after_its_withdrawal_is_the_next_version(bureau: Bureau) -> None:
    gone(bureau)
    approve(bureau, ask(bureau))
    pull(bureau)
    bureau.run("INSERT INTO AJ (ID, MC) VALUES (2, '乙')")
    pull(bureau)
    assert versions(bureau, "SX:2") == [(1, "SX"), (2, "GG_CH"), (3, "SX")]
    bureau.run("DELETE FROM AJ WHERE ID = 2")
    pull(bureau, 2)
    assert bureau.proposed() == ["2"], "and may be gone once more"


def test_t4_a_row_that_returns_before_approval_or_before_the_run_is_not_withdrawn(bureau: Bureau) -> None:
    gone(bureau)
    number = ask(bureau)
    bureau.run("INSERT INTO AJ (ID, MC) VALUES (2, '乙')")
    pull(bureau)
    with pytest.raises(NotOpen):
        approve(bureau, number)
    assert versions(bureau, "SX:2") == [(1, "SX")]


def test_t4_a_dismissed_proposal_comes_again_only_after_the_row_was_back(bureau: Bureau) -> None:
    gone(bureau)
    ledger = bureau.keeping.ledger
    with ledger.reading() as connection:
        numbers = [each.number for each in withdrawals.proposed(connection)]
    with ledger.begin() as connection:
        assert withdrawals.dismiss(connection, numbers) == 1
    with pytest.raises(NotOpen), ledger.begin() as connection:
        withdrawals.dismiss(connection, numbers)
    pull(bureau, 3)
    assert bureau.proposed() == []
    assert "SX:2" in bureau.keeping.heads()
    bureau.run("INSERT INTO AJ (ID, MC) VALUES (2, '乙')")
    pull(bureau)
    bureau.run("DELETE FROM AJ WHERE ID = 2")
    pull(bureau, 2)
    assert bureau.proposed() == ["2"]


def test_t4_a_released_source_proposes_as_many_as_the_department_confirmed(bureau: Bureau) -> None:
    bureau.run(*(f"INSERT INTO AJ (ID, MC) VALUES ({i}, 'x')" for i in range(100, 140)))
    pull(bureau)
    bureau.run("DELETE FROM AJ WHERE ID >= 100")
    with pytest.raises(SourceHeld):
        pull(bureau)
    ledger = bureau.keeping.ledger
    with ledger.begin() as connection:
        assert absences.release(connection, "test")
    with pytest.raises(SourceHeld):
        pull(bureau)
    with ledger.begin() as connection:
        assert absences.release(connection, "test", 40)
    pull(bureau, 2)
    assert len(bureau.proposed()) == 40
    bureau.run("DELETE FROM AJ")
    pull(bureau, 2)
    assert len(bureau.proposed()) == 43
    with ledger.reading() as connection:
        number = connection.execute(select(record_key.c.source_id)).scalar()
        assert absences.allowed(connection, number) == 0, "the permission is used up"


def test_the_withdrawal_is_valid_by_the_schema_of_the_pack() -> None:
    from gateway.flow.withdraw import WithdrawalForm
    from gateway.ledger.withdrawals import Decided

    pack = load_pack()
    made = WithdrawalForm.of(pack).draft(
        Decided(
            1, "2", "CF_JD:MA0000015-2022-CF-00000001:7", "CF_JD", None, "MA0000015", "核实<后>删除", "李四", 10**15
        )
    )
    load_schema(pack.schema_path, pack.root).assertValid(safexml.parse(made.document(3, 2)))
