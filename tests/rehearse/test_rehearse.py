# SPDX-License-Identifier: Apache-2.0
"""Rehearsal of a new pack over stored originals: newly refused, newly passing, by department and rule."""

import json
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, insert

from gateway.cli import standard_rehearse
from gateway.clock import SystemClock, SystemIds
from gateway.documents.safexml import canonical, parse
from gateway.flow.rehearse_pack import PackTrial, Rehearsal, lines
from gateway.ledger import originals as stored
from gateway.ledger.findings import to_json
from gateway.ledger.originals import Asked, Held, originals
from gateway.ledger.segments import SegmentWriter
from gateway.ledger.store import Ledger, open_ledger
from gateway.ledger.tables import record, refusal, source
from gateway.model.finding import Finding, Stage
from gateway.model.words import Words
from gateway.pack import Pack, load_pack

PACK = load_pack()
SAMPLE = re.sub(r">\s+<", "><", canonical(parse((PACK.root / "samples" / "valid" / "CF_LA.xml").read_bytes())).decode())
DIGEST = b"0" * 32
DOCUMENT = SAMPLE.encode()


@pytest.fixture(scope="module")
def stricter(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    """A pack that allows names of four characters at most, and any registration number."""
    folder = tmp_path_factory.mktemp("packs") / "jiangxi-strict"
    shutil.copytree(PACK.root, folder)
    common = folder / "xsd" / "common.xsd"
    text = common.read_text("utf-8")
    common.write_text(re.sub(r'(<xs:simpleType name="Text200">.*?maxLength value=)"200"', r'\1"1"', text), "utf-8")
    return load_pack(folder.name, folder.parent)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    url = f"sqlite:///{tmp_path}/ledger.db"
    open_ledger(url, SystemClock(), SystemIds(), PACK.types).close()
    fill(url)
    return open_ledger(url, SystemClock(), SystemIds(), PACK.types, read_only=True)


def fill(url: str) -> None:
    """Store five records of two departments, and one refusal for a rule that PACK does not have any more."""
    with create_engine(url).begin() as connection:
        connection.execute(
            insert(source),
            [{"id": n, "name": f"s{n}", "kind": "state", "level": "L1", "waiting_limit": 0} for n in (1, 2)],
        )
        writer = SegmentWriter("document")
        places = [writer.add(DOCUMENT) for _ in range(6)]
        segment = writer.write(connection, 1)
        shared = {
            "row_id": "r", "run_id": 1, "raw_segment_id": 1, "raw_offset": 0, "raw_length": 1, "segment_id": segment,
            "type": "CF_LA", "case_no": "c",
        }  # fmt: skip
        for number, (offset, length) in enumerate(places[:5], 1):
            connection.execute(
                insert(record).values(
                    **shared, key=f"CF_LA:c{number}:1", version=1, content_digest=DIGEST, identity=DIGEST, lane="c",
                    state="accepted", order_key="", org_code="A" if number < 4 else "B", source_id=1 if number < 4 else 2,
                    occurred_at=f"2022-04-0{number}T09:00:00+08:00", accepted_at=number, offset=offset, length=length,
                    versions_id=1,
                )
            )  # fmt: skip
        words = Words("旧", "old")
        connection.execute(
            insert(refusal).values(
                **shared, source_id=1, outcome="refused", key="CF_LA:c9:1", stage="validate", code="OLD-001", at=9, fingerprint="f",
                findings=to_json([Finding("OLD-001", Stage.VALIDATE, "", words, words)]), offset=places[5][0],
                length=places[5][1],
            )
        )  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (Asked(), "123459"),
        (Asked(source="s2"), "45"),
        (Asked(since=4), "459"),
        (Asked(day="2022-04-02"), "2"),
        (Asked(source="none"), ""),
    ],
)
def test_originals_are_read_page_by_page(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, asked: Asked, expected: str
) -> None:
    monkeypatch.setattr(stored, "_PAGE", 2)
    with ledger, ledger.reading() as connection:
        found = list(originals(connection, asked))
    assert "".join(re.findall(r"c(\d)", " ".join(held.key for held in found))) == expected
    assert {held.document for held in found} <= {DOCUMENT}


def rehearsed(pack: Pack, held: list[Held]) -> Rehearsal:
    found = Rehearsal()
    for part in PackTrial(pack).run(held):
        found.merge(part)
    return found


def test_the_same_pack_refuses_nothing() -> None:
    found = rehearsed(PACK, [Held("A", "CF_LA", "k", DOCUMENT)] * 1200)
    assert (found.looked_at, found.newly_refused, found.newly_passing) == (1200, 0, 0)


def test_a_stricter_pack_by_department_and_rule(stricter: Pack) -> None:
    held = [Held("B", "CF_LA", "k1", DOCUMENT), *[Held("A", "CF_LA", f"k{n}", DOCUMENT) for n in range(5)]]
    found = rehearsed(stricter, held)
    assert (found.newly_refused, found.newly_passing) == (6, 0)
    assert [(line.organisation, line.rule, line.records, len(line.examples)) for line in lines(found.refused)] == [
        ("A", "XSD-010", 5, 3),
        ("B", "XSD-010", 1, 1),
    ]


def test_what_was_refused_and_passes_now_counts_for_its_own_department(stricter: Pack) -> None:
    held = Held("", "CF_LA", "k", DOCUMENT, frozenset({"OLD-001"}))
    found = rehearsed(PACK, [held])
    assert [(line.organisation, line.rule) for line in lines(found.passing)] == [("11360100MA0000015H", "OLD-001")]
    again = rehearsed(stricter, [held])
    assert (again.newly_refused, again.newly_passing) == (0, 0)


CASE = "MA0000015-2022-CF-00000001"


def penalty(*types: str, refused_for: frozenset[str] | None = None, org: str = "A") -> list[Held]:
    """Return records of one whole penalty case as a source of every stage holds them."""
    root = parse((PACK.root / "samples" / "valid" / "full-life-penalty.xml").read_bytes())
    held = []
    for element in root:
        kind = PACK.by_element[str(element.tag).rpartition("}")[2]]
        if kind.code in types:
            sequence = element.findtext(f"{{{PACK.namespace}}}sequence")
            at = element.findtext(f"{{{PACK.namespace}}}occurredAt")
            own = element.findtext(f"{{{PACK.namespace}}}itemCode") or element.findtext(f"{{{PACK.namespace}}}orgCode")
            key = f"{kind.code}:{CASE}:{sequence}" if kind.lane == "case" else f"{kind.code}:{own}"
            held.append(
                Held(
                    org, kind.code, key, canonical(element), refused_for, 1, CASE if kind.lane == "case" else None,
                    "CF-MA0000015-0001", str(at), "L2",
                )
            )  # fmt: skip
    return held


def test_rules_of_cases_are_rehearsed_over_the_whole_case() -> None:
    found = rehearsed(PACK, penalty("CF_LA", "CF_DC", "CF_GZ", "CF_TZ", "CF_JD"))
    assert (found.looked_at, found.newly_refused) == (5, 0)
    found = rehearsed(PACK, penalty("CF_LA", "CF_JD"))
    (line,) = lines(found.refused)
    assert (line.rule, line.records, line.waits, line.examples) == ("CAS-009", 1, True, [f"CF_JD:{CASE}:7"])


def test_what_waits_for_a_rule_of_its_case_passes_once_the_rule_is_gone_and_not_before() -> None:
    waiting = penalty("CF_JD", refused_for=frozenset({"CAS-009"}))
    held = penalty("CF_LA", "CF_DC")
    assert rehearsed(PACK, [*held, *waiting]).newly_passing == 0
    found = rehearsed(PACK, [*held, *penalty("CF_GZ"), *waiting])
    assert [(line.rule, line.records) for line in lines(found.passing)] == [("CAS-009", 1)]


def test_part_of_the_originals_is_judged_beside_the_rest_of_their_cases() -> None:
    trial = PackTrial(PACK, rest=lambda cases: penalty("CF_LA", "CF_GZ", "CF_JD") if cases == [CASE] else [])
    found = Rehearsal()
    for part in trial.run(penalty("CF_JD")):
        found.merge(part)
    assert (found.looked_at, found.newly_refused) == (1, 0)


def test_the_catalogue_held_binds_its_bodies() -> None:
    own = "11360100MA0000015H"
    master = [each._replace(organisation=own) for each in penalty("QL_SX", "QL_LC", "QL_JG")]
    held = [each._replace(item="CF-MA0000015-0009") for each in penalty("CF_LA", org=own)]
    known = Rehearsal()
    for part in PackTrial(PACK, master=master).run(held):
        known.merge(part)
    assert [line.rule for line in lines(known.refused)] == ["CAT-010"]
    assert rehearsed(PACK, held).newly_refused == 0


def test_the_command(ledger: Ledger, stricter: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standard_rehearse, "load", lambda _: SimpleNamespace(site=SimpleNamespace(catalogue="held")))
    monkeypatch.setattr(standard_rehearse, "read_ledger", lambda _: ledger)

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(standard_rehearse.command, list(arguments), standalone_mode=False)
        assert done.exception is None, done.exception
        return int(done.return_value), done.stdout

    code, out = run("--pack", str(stricter.root), "--json")
    told = json.loads(out)
    assert code == 1
    assert (told["records"], told["newly_refused"], told["newly_passing"]) == (6, 5, 0)
    assert told["departments"] == {"11360100MA0000015H": 1, "A": 3, "B": 2}
    assert {(line["department"], line["rule"], line["records"]) for line in told["refused"]} == {
        ("A", "XSD-010", 3), ("B", "XSD-010", 2),
    }  # fmt: skip
    code, out = run("--pack", PACK.name, "--json", "--source", "s1", "--since", "2020-01-01")
    assert (code, json.loads(out)["records"]) == (0, 0)
    code, out = run("--pack", PACK.name)
    assert code == 0
    assert "OLD-001" in out
