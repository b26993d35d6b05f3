# SPDX-License-Identifier: Apache-2.0
"""Two packs live: each document is judged by the pack in force on the day of its event."""

import shutil
from collections.abc import Sequence

import pytest

from gateway.flow.dated import DatedValidator
from gateway.flow.inspect import Inspector
from gateway.flow.validate import PackValidator
from gateway.model.finding import Finding, Stage
from gateway.model.words import Words
from gateway.pack import Pack, PackSet, load_pack, load_packs
from gateway.parts import judging_packs, validator_for
from gateway.ports import Examined

TERMS = """
[[packs]]
name = "jiangxi-1.0"
valid_to = 2026-12-31

[[packs]]
name = "jiangxi-1.1"
valid_from = 2027-01-01
"""
LONG = 600  # characters: too long by the first pack, not by the second


@pytest.fixture(scope="module")
def packs(tmp_path_factory: pytest.TempPathFactory) -> PackSet:
    """Return the shipped pack to the end of 2026 and, from 2027, one that lets remarks be 1,000 characters long."""
    schemas, shipped = tmp_path_factory.mktemp("schemas"), load_pack()
    for name in ("jiangxi-1.0", "jiangxi-1.1"):
        shutil.copytree(shipped.root, schemas / name, ignore=shutil.ignore_patterns("samples"))
    shared = schemas / "jiangxi-1.1" / "xsd" / "common.xsd"
    text = shared.read_text(encoding="utf-8")
    shared.write_text(text.replace('name="remark" type="Text500"', 'name="remark" type="Text1000"'), encoding="utf-8")
    about = schemas / "jiangxi-1.1" / "pack.toml"
    about.write_text(about.read_text(encoding="utf-8").replace('"jiangxi-1.0"', '"jiangxi-1.1"'), encoding="utf-8")
    (schemas / "packs.toml").write_text(TERMS, encoding="utf-8")
    return load_packs(schemas)


def _document(day: str) -> bytes:
    return (
        '<permitStep xmlns="urn:jx:power-exchange:1.0"><caseNo>MA0000015-2026-XK-00000001</caseNo>'
        "<itemCode>XK-MA0000015-0001</itemCode><itemVersion>1</itemVersion><orgCode>11360100MA0000015H</orgCode>"
        "<regionCode>360100</regionCode><sequence>4</sequence><version>1</version><operation>C</operation>"
        f"<occurredAt>{day}T09:00:00+08:00</occurredAt><remark>{'备' * LONG}</remark><stepCode>S2</stepCode>"
        "<stepName>审查</stepName>"
        f"<startedAt>{day}T08:00:00+08:00</startedAt><finishedAt>{day}T09:00:00+08:00</finishedAt>"
        "<outcome>通过</outcome><discloses>true</discloses></permitStep>"
    ).encode()


def _paths(found: Sequence[Examined]) -> list[list[str]]:
    return [[finding.path for finding in each.findings if finding.refuses] for each in found]


def test_each_document_is_judged_by_the_pack_of_its_day(packs: PackSet) -> None:
    days = ("2027-01-01", "2026-12-31", "2026-06-01", "2030-03-01")
    found = validator_for(packs).check([_document(day) for day in days])
    refused = ["permitStep/remark"]
    assert _paths(found) == [[], refused, refused, []]


def test_validate_judges_each_record_of_a_file_by_the_pack_of_its_day(packs: PackSet) -> None:
    lines = [_document(day) for day in ("2026-12-31", "2027-01-01", "2026-06-01")]
    found = list(Inspector(packs).inspect(b"\n".join(lines)))
    assert [(each.finding.path, each.finding.line) for each in found if each.finding.refuses] == [
        ("permitStep/remark", 1), ("permitStep/remark", 3),
    ]  # fmt: skip
    of_newest = [each.finding.path for each in Inspector(packs.newest).inspect(b"\n".join(lines))]
    assert "permitStep/remark" not in of_newest


def test_records_of_one_case_on_both_sides_of_a_change_are_history_to_each_other(packs: PackSet) -> None:
    """The decision of 2027 is judged by the second pack, the step after it by the first: it is still after it."""
    shipped = load_pack().root / "samples"
    text = (shipped / "invalid" / "CAS-003-two-decisions.xml").read_text(encoding="utf-8")
    again = text.rfind("<decidedAt>")
    late = text[:again] + text[again:].replace("2022-03-16", "2027-03-16")
    when = late.rfind("<occurredAt>", 0, again)
    late = late[:when] + late[when:].replace("2022-03-16", "2027-03-16", 1)
    codes = {each.finding.code for each in Inspector(packs).inspect(late.encode())}
    assert "CAS-003" in codes


class _Named:
    """A validator that tells its pack's name and what it was given."""

    def __init__(self, pack: Pack) -> None:
        self.name = pack.name

    def check(self, documents: Sequence[bytes], level: object = None, now: object = None) -> list[Examined]:
        said = Words(self.name, self.name)
        return [Examined((Finding("ABC-001", Stage.VALIDATE, each.decode(), said, said),)) for each in documents]


@pytest.mark.parametrize("text", ["<a></a>", "<occurredAt>2026-13-45</occurredAt>", "<occurredAt></occurredAt>", ""])
def test_a_document_without_a_day_goes_to_the_newest(packs: PackSet, text: str) -> None:
    (((finding,), _facts),) = DatedValidator(packs, _Named).check([text.encode()])
    assert finding.message.zh == "jiangxi-1.1"


def test_results_keep_the_order_of_the_documents(packs: PackSet) -> None:
    days = ["2026-01-01", "2027-05-05", "2025-12-31", "2028-02-29"]
    documents = [f"<x><occurredAt>{day}T00:00:00+08:00</occurredAt></x>" for day in days]
    found = DatedValidator(packs, _Named).check([each.encode() for each in documents])
    assert [each.findings[0].path for each in found] == documents
    assert [each.findings[0].message.zh[-1] for each in found] == ["0", "1", "0", "1"]


def test_one_pack_is_asked_without_detour(packs: PackSet) -> None:
    shipped = load_pack()
    assert isinstance(validator_for(judging_packs(shipped, load_packs())), PackValidator)
    alone = judging_packs(packs.newest, load_packs())
    assert [pack.root for pack in alone] == [packs.newest.root]
    assert judging_packs(shipped, packs) is packs
