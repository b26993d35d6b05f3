# SPDX-License-Identifier: Apache-2.0
"""R13: a configuration takes effect whole or not at all, under load, and every record names the mapping that made it.

``GATEWAY_RELOADS`` says how often the configuration changes while the service works; every other change is faulty.
"""

import json
import os
import random
import secrets
import signal
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.systems import Service, serving
from tests.flow.town import TERMS, Town, town

pytestmark = pytest.mark.service

RELOADS = int(os.environ.get("GATEWAY_RELOADS", "8"))
SEED = int(os.environ.get("GATEWAY_RELOAD_SEED", "0")) or secrets.randbelow(10**9)
TAKEN, REFUSED = "新配置已生效", "新配置有错"
CHANNELS = ("网上", "窗口")
_MADE = """SELECT v.mapping, g.payload, r.offset, r.length FROM record r
JOIN versions v ON v.id = r.versions_id JOIN segment g ON g.id = r.segment_id ORDER BY r.id"""
_ACTS = "SELECT outcome, reason, actor FROM act WHERE action = 'config.reload' ORDER BY id"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Town]:
    with town(tmp_path, terms=(*TERMS, "records: 50")) as made:
        made.run()
        yield made


class Files:
    """The files of a site as somebody edits them."""

    def __init__(self, place: Town) -> None:
        self.mapping = place.folder / "mappings" / "applications.yaml"
        self.site = place.folder / "gateway.yaml"
        self.source = place.folder / "sources.d" / "applications.yaml"
        self.sound = {each: each.read_text(encoding="utf-8") for each in (self.mapping, self.site, self.source)}

    def write(self, channel: str) -> None:
        """All sound, with ``channel`` as the constant that tells which mapping made a record."""
        for path, text in self.sound.items():
            path.write_text(text.replace("{const: 网上}", f"{{const: {channel}}}"), encoding="utf-8")

    def spoil(self, chance: random.Random) -> str:
        """Change the mapping and break one file; return what the refusal must name."""
        self.write(chance.choice(CHANNELS))
        path, fault = chance.choice(
            [
                (self.mapping, "  unheard: 1\n"),
                (self.mapping, "records: [\n"),
                (self.site, "unheard: 1\n"),
                (self.source, "shadow: perhaps\n"),
            ]
        )
        path.write_text(path.read_text(encoding="utf-8") + fault, encoding="utf-8")
        return path.name


def test_r13_a_configuration_takes_effect_whole_or_not_at_all(place: Town) -> None:
    chance = random.Random(SEED)
    files = Files(place)
    keys: list[str] = []
    named: list[str | None] = []
    with serving(place.folder) as service:
        for number in range(RELOADS):
            keys += place.apply(chance.randrange(20, 120))
            if number % 2:
                files.write(CHANNELS[number // 2 % 2 - 1])
                named.append(None)
                told = TAKEN
            else:
                named.append(files.spoil(chance))
                told = REFUSED
            reload(service, told)
        files.write(CHANNELS[0])
        keys += place.apply(5)
        reload(service, TAKEN)
        named.append(None)
        assert service.end() == 0
    assert "Traceback" not in "".join(service.told), f"GATEWAY_RELOAD_SEED={SEED}"
    place.run()
    for name in place.systems:
        assert place.states(name, keys) == ["settled"] * len(keys), f"GATEWAY_RELOAD_SEED={SEED}"
    made_by = {channel: versions_of(place, channel) for channel in CHANNELS}
    assert all(len(versions) == 1 for versions in made_by.values()), f"a mixture: {made_by} GATEWAY_RELOAD_SEED={SEED}"
    acts = place.ledger(_ACTS)
    assert [outcome for outcome, _reason, _actor in acts] == ["refused" if each else "done" for each in named]
    assert all(name is None or name in reason for name, (_outcome, reason, _actor) in zip(named, acts, strict=True))
    assert {actor for _outcome, _reason, actor in acts} == {"gateway"}


def reload(service: Service, told: str) -> None:
    assert service.process is not None
    service.process.send_signal(signal.SIGHUP)
    service.until(told)
    if told == TAKEN:
        service.until("网关已启动")


def versions_of(place: Town, channel: str) -> set[str]:
    """Return the mapping versions that stand at the records whose document holds ``channel``."""
    wanted = f"<channel>{channel}</channel>".encode()
    found = place.ledger(_MADE)
    return {
        mapping for mapping, blob, offset, length in found if wanted in zlib.decompress(blob)[offset : offset + length]
    }


def test_a_new_configuration_that_cannot_be_opened_leaves_the_old_one_at_work(place: Town) -> None:
    """Its files are right, but what they name is not there: the intake's address is taken."""
    files = Files(place)
    with serving(place.folder) as service:
        before = files.site.read_text(encoding="utf-8")
        url = json.dumps(f"sqlite:///{place.folder}/nowhere/deep/ledger.db")
        changed = "\n".join(
            f"  url: {url}" if line.strip().startswith("url: sqlite") else line for line in before.splitlines()
        )
        assert changed != before
        files.site.write_text(changed + "\n", encoding="utf-8")
        (place.folder / "nowhere").write_text("a file where a directory should be", encoding="utf-8")
        reload(service, REFUSED)
        service.until("网关已启动")
        keys = place.apply(3)
        files.site.write_text(before, encoding="utf-8")
        reload(service, TAKEN)
        service.live(3)
        assert service.end() == 0
    assert place.states("municipal", keys) == ["settled"] * 3
    assert [outcome for outcome, _reason, _actor in place.ledger(_ACTS)] == ["refused", "done"]
