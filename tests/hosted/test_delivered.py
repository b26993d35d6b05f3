# SPDX-License-Identifier: Apache-2.0
"""What a clerk fills in goes to every destination, while the gateway runs beside."""

from collections.abc import Iterator

import pytest

from tests.chaos.systems import serving
from tests.flow.town import Town, town
from tests.hosted.conftest import CASE, ITEM, ORG, SOURCE, TYPES, Office, column

pytestmark = pytest.mark.service


class InTown(Office):
    """The office of a hosted department at a gateway with destinations."""

    def __init__(self, place: Town) -> None:
        super().__init__(place.directory / "office")
        self.site = place.folder
        told = SOURCE.format(org=ORG, item=ITEM, types=", ".join(TYPES))
        (self.site / "sources.d" / "archives.yaml").write_text(told, "utf-8")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with town(tmp_path_factory.mktemp("hosted")) as made:
        yield made


def test_uploads_beside_a_running_gateway_are_delivered_and_corrected(place: Town) -> None:
    """B28: a workbook is taken while the service holds the ledger; a correction follows as the next version."""
    office = InTown(place)
    book = office.book(1, 2)
    with serving(place.folder) as service:
        told = office.upload(office.save(book))
        assert (told["accepted"], told["refused"]) == (4, 0)
        book["申请"].cell(2, column(book, "申请", "申请人.联系人"), "李示例")
        assert office.upload(office.save(book))["unchanged"] == 3
        service.live(8)
        assert service.end() == 0
    keys = [
        f"{code}:{CASE.format(number)}:{sequence}"
        for code, sequence in (("XK_SQ", 1), ("XK_JD", 8))
        for number in (1, 2)
    ]
    for name in place.systems:
        held = place.held(name)
        assert [held[key] for key in keys] == [2, 1, 1, 1]


def test_a_gateway_with_hosted_departments_reconciles_without_them(place: Town) -> None:
    office = InTown(place)
    office.upload(office.save(office.book(3)))
    summary = place.run(reconcile=True)
    assert summary.failures == {}
    assert summary.differences == []
