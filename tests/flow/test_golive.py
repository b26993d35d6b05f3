# SPDX-License-Identifier: Apache-2.0
"""The go-live lock from an empty site to deliveries, drift, expiry, revocation and an emergency override, by the commands."""

import base64
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from gateway.clock import BEIJING
from gateway.config import load
from gateway.golive import shown_interface
from gateway_conformance import registry
from gateway_conformance.attestation import revocation, statement
from gateway_conformance.engine import expected
from tests.cli.people import Site
from tests.flow.town import ITEM, Town, town

KEY = Ed25519PrivateKey.generate()
VENDOR = Ed25519PrivateKey.generate()
LOCK = """\
golive:
  lock: true
  trust: trust.json
  revocations: revocations.json
  trial_days: 1
  drift: {drift}
"""


def private(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


class Locked:
    """A town under the lock, with people, a Center and a vendor."""

    def __init__(self, place: Town) -> None:
        self.place = place
        self.people = Site(place.folder)
        self.people.found()
        trust = statement.trust([("center", public(KEY)), ("vendor", public(VENDOR))])
        (place.folder / "trust.json").write_text(statement.text(trust), "utf-8")
        self.revoke("nothing", out="revocations.json")
        self.plain = (place.folder / "gateway.yaml").read_text("utf-8")
        self.lock()
        path = place.folder / "sources.d" / "applications.yaml"
        path.write_text(path.read_text("utf-8") + "system: {id: 3601-CKJ-01, version: 1.0.0}\n", "utf-8")

    def lock(self, drift: str = "quarantine") -> None:
        (self.place.folder / "gateway.yaml").write_text(self.plain + LOCK.format(drift=drift), "utf-8")

    def revoke(self, *serials: str, out: str, before: str | None = None) -> None:
        path = self.place.folder / out
        held = json.loads((self.place.folder / before).read_bytes()) if before else None
        made = revocation.revoked(held, serials=serials, keys=(), reason="试", now=datetime.now(BEIJING))
        path.write_text(statement.text(statement.sign(made, private(KEY))), "utf-8")

    def attestation(self, name: str, *, days: int = 180, kind: str = "acceptance", **changes: Any) -> Path:
        """Write an attestation of the town's source as it is now."""
        shown = shown_interface(load(self.place.folder), "applications")
        assert shown is not None
        system = {"id": "3601-CKJ-01", "dept": ITEM.owner.code, "name": "示例", "vendor": "示例", "version": "1.0.0"}
        result = {
            "partial": False, "profile": "V", "seed": 1, "system": {**system, **changes}, "items": [ITEM.code],
            "interface_fingerprint": shown.digest, "interface": shown.as_json(),
            "standard": {"name": "JX-XZQL", "version": "1.0"},
            "suite": {"version": "1", "digest": "b" * 64, "registry": registry.digest()},
            "cases": [{"id": each.id, "verdict": "PASS", "findings": [], "examined": 1} for each in expected("V")],
        }  # fmt: skip
        now = datetime.now(BEIJING) - timedelta(seconds=2)
        made = statement.envelope(statement.statement(result, kind=kind, serial=name, nonce="n", now=now, days=days))
        for key in (VENDOR, KEY) if kind == "acceptance" else (VENDOR,):
            made = statement.sign(made, private(key))
        path = self.place.directory / f"{name}.json"
        path.write_text(statement.text(made), "utf-8")
        return path

    def do(self, *arguments: str, by: str = "wang", code: int = 0) -> str:
        told = self.people.run("source", "golive", *arguments, "--reason", "验收通过", by=by)
        assert told.exit_code == code, told.output
        return str(told.output)

    def item(self) -> dict[str, Any]:
        shown = self.people.json("source", "golive", "show", "applications")
        found = {each["item"]: each for each in shown["items"]}
        return dict(found.get(ITEM.code) or found["*"])

    def notes(self) -> list[dict[str, Any]]:
        return list(self.people.json("status")["go_live"])

    def explained(self, key: str) -> dict[str, Any]:
        return dict(self.people.json("records", "explain", key)[0]["go_live"])

    def lamps(self) -> list[str]:
        told = json.loads(self.people.run("doctor", "--json").output)
        return [each["detail"]["zh"] for each in told["lamps"] if each["name"] == "go-live"]

    def stage(self) -> str:
        return str(self.item()["stage"])

    def forward(self, days: float) -> None:
        """Let everything the lock rests on be ``days`` older: nobody can wait that long."""
        import sqlite3

        back = int(days * 86_400_000_000)
        with sqlite3.connect(self.place.folder / "var" / "ledger.db") as connection:
            connection.execute("UPDATE go_live SET valid_until = valid_until - ? WHERE valid_until > 0", (back,))
            connection.execute(
                "UPDATE go_live SET override_until = override_until - ? WHERE override_until > 0", (back,)
            )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Locked]:
    with town(tmp_path_factory.mktemp("golive")) as made:
        yield Locked(made)


def test_a_source_from_draft_to_live_through_drift_expiry_revocation_and_override(site: Locked) -> None:
    place = site.place
    first = place.apply(3)
    assert place.run(patience=2).figures.accepted == 3, "collected, mapped, judged and held"
    assert place.held("municipal") == {}
    assert (site.stage(), site.item()["held"], site.item()["lacks"]) == ("draft", 3, ["attestation"])

    assert [(each["source"], each["item"], each["stage"], each["held"]) for each in site.notes()] == [
        ("applications", ITEM.code, "draft", 3)
    ]
    told = site.explained(first[0])
    assert (told["state"], told["stage"], told["hint"]["zh"].endswith("golive attest")) == ("held", "draft", True)
    assert "上线锁扣留" in site.people.run("records", "explain", first[0]).output
    assert "紧急放行至" in site.people.run("status").output

    # what does not hold opens nothing
    for name, changes, why in (
        ("v", {"version": "9"}, "version"), ("i", {"id": "other"}, "system"), ("d", {"dept": "11360100MA0000015H"}, "department"),
    ):  # fmt: skip
        assert why in site.do("attest", "applications", str(site.attestation(name, **changes)), code=5)
    flipped = json.loads(site.attestation("flip").read_bytes())
    body = bytearray(base64.b64decode(flipped["payload"]))
    body[len(body) // 2] ^= 1
    flipped["payload"] = base64.b64encode(body).decode()
    (place.directory / "flip.json").write_text(json.dumps(flipped), "utf-8")
    assert "signature" in site.do("attest", "applications", str(place.directory / "flip.json"), code=5)
    good = site.attestation("A1")
    site.do("attest", "applications", str(good), "--item", "XK-000000000-0000", code=5)
    site.do("promote", "applications", code=5)

    # self-tested, attested, trial, live
    site.do("attest", "applications", str(site.attestation("S1", kind="self-report")))
    assert site.stage() == "self-tested"
    site.do("attest", "applications", str(good), "--dry-run")
    assert site.stage() == "self-tested"
    site.do("attest", "applications", str(good))
    assert site.stage() == "attested"
    site.do("promote", "applications")
    assert site.stage() == "trial"
    assert place.run(patience=2).figures.accepted == 0
    assert site.item()["lacks"], "not reconciled yet"
    site.do("promote", "applications", code=5)
    assert site.people.run("reconcile", "--source", "applications").exit_code in (0, 1)
    assert site.item()["lacks"] == []
    assert "3" in site.do("promote", "applications")
    assert (site.stage(), site.item()["held"], site.item()["delivers"]) == ("live", 0, True)
    place.run()
    assert sorted(place.held("municipal")) == sorted(first)
    second = place.apply(2)
    place.run()
    assert sorted(place.held("municipal")) == sorted([*first, *second])

    # drift: suspended, quarantined, what changed and which cases to run again
    third = place.apply(1)
    with place.writing() as connection:
        connection.execute('ALTER TABLE application ADD COLUMN "XZ" TEXT')
    assert place.run(patience=2).figures.accepted == 1
    assert site.stage() == "suspended"
    assert site.item()["drift"] == [{"part": "column:application.xz", "attested": None, "seen": "TEXT"}]
    assert not set(third) & set(place.held("municipal"))
    story = site.people.json("source", "golive", "show", "applications")["acts"]
    drifted = next(each for each in story if each["action"] == "golive.drift")
    assert {"CON-02", "SCH-04"} <= set(drifted["detail"]["cases"])
    (note,) = site.notes()
    assert (note["stage"], note["held"], note["drift"][0]["seen"]) == ("suspended", 1, "TEXT")
    assert note["cases"] == drifted["detail"]["cases"] == site.explained(third[0])["cases"]
    assert any("column:application.xz" in each for each in site.lamps())
    assert "column:application.xz" in site.do("resume", "applications", code=5)
    with place.writing() as connection:
        connection.execute('ALTER TABLE application DROP COLUMN "XZ"')
    site.do("resume", "applications")
    assert (site.stage(), site.item()["held"]) == ("live", 1)
    assert "1" in site.do("release", "applications", "--dry-run")
    site.do("release", "applications")
    place.run()
    assert set(third) <= set(place.held("municipal"))

    # the other policy: it goes, with a flag
    site.lock("flag")
    fourth = place.apply(1)
    with place.writing() as connection:
        connection.execute('ALTER TABLE application ADD COLUMN "XZ" TEXT')
    place.run()
    assert (site.stage(), site.item()["flagged"]) == ("suspended", True)
    assert set(fourth) <= set(place.held("municipal"))
    assert place.ledger("SELECT count(*) FROM go_live_record WHERE state = 'flagged'") == [(1,)]
    with place.writing() as connection:
        connection.execute('ALTER TABLE application DROP COLUMN "XZ"')
    site.do("resume", "applications")
    site.lock()

    # an end: warned of, then back to trial
    site.do("attest", "applications", str(site.attestation("A2", days=40)))
    assert site.stage() == "live"
    for days, left in ((11, 29), (16, 13), (11, 2)):
        site.forward(days)
        place.run(patience=2)
        warned = site.people.json("source", "golive", "show", "applications")["acts"][0]
        assert (warned["action"], warned["detail"]["what"]) == ("golive.expires-soon", str(left))
    site.forward(3)
    fifth = place.apply(1)
    place.run(patience=2)
    assert site.stage() == "trial"
    assert not set(fifth) & set(place.held("municipal"))

    # an emergency: two people, and an end
    site.do("override", "applications", "--days", "8", code=2)
    site.do("override", "applications", "--days", "2")
    assert [each["override_until"] for each in site.notes()] == [None], "nobody has approved it"
    (number,) = [each["id"] for each in site.people.json("approvals", "list") if each["action"] == "golive.override"]
    alone = site.people.run("approvals", "approve", str(number), "--reason", "急", by="wang")
    assert (alone.exit_code, "GW-713" in alone.output) == (5, True)
    assert site.people.run("approvals", "approve", str(number), "--reason", "急", by="li").exit_code == 0
    assert [each["override_by"] for each in site.notes() if each["override_until"]] == ["wang + li"]
    assert any("wang + li" in each for each in site.lamps())
    site.do("release", "applications")
    sixth = place.apply(1)
    place.run()
    assert {*fifth, *sixth} <= set(place.held("municipal"))
    site.forward(2.1)
    place.run(patience=2)
    assert any(each["action"] == "golive.override-ended" for each in site.people.json("audit", "list"))
    seventh = place.apply(1)
    place.run(patience=2)
    assert not set(seventh) & set(place.held("municipal"))

    # a revoked attestation suspends, and the list cannot be put back
    site.do("attest", "applications", str(site.attestation("A3")))
    site.revoke("A3", out="revocations.json", before="revocations.json")
    place.run(patience=2)
    assert site.stage() == "suspended"
    assert "revoked" in site.do("resume", "applications", code=5)
    assert "revoked" in site.do("attest", "applications", str(site.attestation("A3")), code=5)
    site.revoke("nothing", out="revocations.json")
    with pytest.raises(Exception, match="revocations"):
        place.run(patience=2)


def test_without_the_lock_the_commands_say_so(tmp_path: Path) -> None:
    made = Site(tmp_path / "site")
    told = made.run("source", "golive", "promote", "x", "--reason", "试")
    assert (told.exit_code, "golive" in told.output) == (3, True)
