# SPDX-License-Identifier: Apache-2.0
"""Why a record waits, told to people: ``status``, ``records list`` and ``records explain``, in both languages."""

from collections.abc import Iterator

import pytest

from tests.chaos.systems import gateway, gateway_json
from tests.flow.town import Town, town

pytestmark = pytest.mark.service


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with town(tmp_path_factory.mktemp("waiting")) as made:
        yield made


def test_why_a_record_waits_is_told_in_both_languages(place: Town) -> None:
    """The site binds everybody to the catalogue, which holds no item yet: what comes waits with 2001, and says so."""
    settings = place.folder / "gateway.yaml"
    settings.write_text(settings.read_text(encoding="utf-8") + "catalogue: required\n", encoding="utf-8")
    (key, *_others) = place.apply(3)
    assert place.run().figures.waiting == 3

    status = gateway_json("status", "-C", place.folder)
    assert status["records"] == {"waiting": 3}
    (reason,) = status["waiting"]
    assert (reason["code"], reason["records"], reason["parked"]) == ("CAT-010", 3, 0)
    assert "职权目录" in reason["message"]["zh"]
    assert "catalogue" in reason["message"]["en"]
    shown = gateway("status", "-C", place.folder).stdout
    assert "等待原因" in shown
    assert "CAT-010" in shown

    (story,) = gateway_json("records", "explain", key, "-C", place.folder)
    assert story["state"] == "waiting"
    (why,) = story["waits_for"]
    assert why["code"] == "CAT-010"
    assert why["hint"]["zh"]
    assert why["hint"]["en"]
    assert "等待的原因" in gateway("records", "explain", key, "-C", place.folder).stdout


def test_a_record_that_waits_for_an_earlier_stage_names_it(place: Town) -> None:
    """No rule speaks here: the gate alone holds it back, and the stages that may come before it are named."""
    from gateway.cli.waiting import waiting_for
    from gateway.pack import load_pack

    (why,) = waiting_for(load_pack(), "CF_GZ", "[]")
    assert why.code == "LDG-010"
    assert "CF_LA 立案" in why.message.zh
    assert "CF_LA" in why.message.en
