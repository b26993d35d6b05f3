# SPDX-License-Identifier: Apache-2.0
"""The interface of a drop, as the go-live lock sees it: the layout, and the columns of the file that comes next."""

from tests.files.conftest import Office


def test_the_interface_is_the_layout_and_the_columns_of_the_next_file_and_nothing_is_claimed(office: Office) -> None:
    before = office.source().interface()
    assert before is not None
    assert before.parts["layout:format"] == "auto"
    assert "layout:columns" not in before.parts
    office.put("a.csv", "ID,MC\n1,甲\n", 1)
    office.put("b.csv", "ID,MC,BZ\n1,甲,x\n", 2)
    first = office.source().interface()
    assert first is not None
    assert first.parts["layout:columns"] == '["ID","MC"]'
    assert [name for name in office.names(".") if name.endswith(".csv")] == ["a.csv", "b.csv"]
    assert first.changes(before) == (), "with no file there is nothing to compare columns with"
    assert office.pull().accepted == 2
    office.put("c.csv", "ID,MC,BZ\n2,乙,x\n", 3)
    changed = office.source().interface()
    assert changed is not None
    assert [each.part for each in first.changes(changed)] == ["layout:columns"]
    other = office.source(encoding="gb18030").interface()
    assert other is not None
    assert "layout:encoding" in [each.part for each in first.changes(other)]


def test_a_file_that_cannot_be_read_leaves_the_columns_out(here: Office) -> None:
    here.put("a.csv", b"ID,MC\n1,\xff\xfe\n", 1)
    here.put("b.xyz", "ID,MC\n1,a\n", 0)
    shown = here.source().interface()
    assert shown is not None
    assert "layout:columns" not in shown.parts
