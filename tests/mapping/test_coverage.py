# SPDX-License-Identifier: Apache-2.0
"""What a mapping leaves out, level by level."""

from pathlib import Path

from gateway import resources
from gateway.mapping.coverage import covered, gaps
from gateway.mapping.load import load_mapping
from gateway.pack import load_pack

PENALTIES = resources.find("mappings") / "environment-penalties" / "penalties.yaml"


def test_levels_ask_for_different_fields() -> None:
    pack = load_pack()
    found = {(gap.record, gap.path, gap.level): gap.need for gap in gaps(load_mapping(PENALTIES, pack), pack)}
    assert found["decision", "fact", "L2"] == "M"
    assert found["decision", "party/kind", "L3"] == "M"
    assert found["decision", "socialInfluence", "L2"] == "C"
    assert not [at for at in found if at[2] == "L1" and found[at] == "M"], (
        "the XSD of L1 is met, else it would not load"
    )
    assert ("decision", "documentNo", "L2") not in found, "it is mapped"
    assert ("decision", "version", "L2") not in found, "the ledger gives it"
    assert ("decision", "disclosure/form", "L2") not in found, "of a group left out only the group is told"


def test_filling_a_field_closes_its_gap(tmp_path: Path) -> None:
    pack = load_pack()
    text = PENALTIES.read_text(encoding="utf-8")
    before = load_mapping(PENALTIES, pack)
    filled = tmp_path / "penalties.yaml"
    filled.write_text(
        text.replace("      documentNo: ", "      fact: {from: TRANSGRESSLAW}\n      documentNo: ", 1), encoding="utf-8"
    )
    after = load_mapping(filled, pack, (PENALTIES.parent,))
    gone = set(gaps(before, pack)) - set(gaps(after, pack))
    assert {(gap.record, gap.path, gap.level) for gap in gone} == {
        ("decision", "fact", "L2"),
        ("decision", "fact", "L3"),
    }
    assert covered(after, pack)[0].filled == covered(before, pack)[0].filled + 1
