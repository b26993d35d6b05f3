# SPDX-License-Identifier: Apache-2.0
"""Attestations: what holds is accepted, everything else is refused for its own reason, by one file that stands alone."""

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from gateway.clock import BEIJING
from gateway.semantics.interface import of_push
from gateway_conformance import registry
from gateway_conformance.attestation import algorithms, revocation, statement, verifier
from gateway_conformance.attestation.algorithms import Unsignable
from gateway_conformance.command import command
from gateway_conformance.engine import expected

NOW = datetime(2026, 6, 1, 9, 0, tzinfo=BEIJING)
SYSTEM = {
    "id": "3601-CKJ-01",
    "dept": "11360100MA0000015H",
    "name": "示例",
    "vendor": "示例",
    "version": "1.0.0",
    "build_sha256": "0" * 64,
}
WAIVER = {
    "id": "FLW-09",
    "scope": SYSTEM["id"],
    "reason": "网络割接期间",
    "approver": "吴示例",
    "expires": "2026-07-01T00:00:00+08:00",
}


def pair() -> tuple[bytes, bytes]:
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


CENTER, VENDOR, STRANGER = pair(), pair(), pair()


def result(**verdicts: str) -> dict[str, Any]:
    return {
        "partial": False, "profile": "S", "seed": 1, "system": SYSTEM, "items": [], "interface_fingerprint": "a" * 64,
        "standard": {"name": "JX-XZQL", "version": "1.0"}, "suite": {"version": "1", "digest": "b" * 64, "registry": registry.digest()},
        "cases": [
            {"id": each.id, "verdict": verdicts.get(each.id.replace("-", "_"), "PASS"), "findings": [], "examined": 1}
            for each in expected("S")
        ],
    }  # fmt: skip


def attested(
    held: dict[str, Any] | None = None, keys: tuple[bytes, ...] = (VENDOR[0], CENTER[0]), **said: Any
) -> dict[str, Any]:
    options: dict[str, Any] = {"kind": "acceptance", "serial": "2026-0001", "nonce": "n-1", "now": NOW, **said}
    made = statement.envelope(statement.statement(held or result(), **options))
    for key in keys:
        made = statement.sign(made, key)
    return made


def trusted() -> dict[str, Any]:
    return statement.trust([("center", CENTER[1]), ("vendor", VENDOR[1])])


def refused(
    made: dict[str, Any], trust: dict[str, Any] | None = None, now: datetime = NOW + timedelta(days=1), **asked: str
) -> list[str]:
    return verifier.verify(json.dumps(made).encode(), trust or trusted(), now, **asked)


def altered(made: dict[str, Any], change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Return an envelope over changed content, honestly signed by the Center: only its content is wrong."""
    held = json.loads(base64.b64decode(made["payload"]))
    change(held["predicate"])
    return statement.sign(statement.envelope(json.dumps(held).encode()), CENTER[0])


def test_what_holds_is_accepted() -> None:
    assert refused(attested(), system=SYSTEM["id"], version="1.0.0", fingerprint="a" * 64) == []


@pytest.mark.parametrize("seed", range(40))
def test_any_flipped_byte_is_refused(seed: int) -> None:
    import random

    chance = random.Random(seed)
    made = attested()
    payload = bytearray(base64.b64decode(made["payload"]))
    at = chance.randrange(len(payload))
    payload[at] ^= 1 << chance.randrange(8)
    made["payload"] = base64.b64encode(payload).decode()
    assert refused(made) == ["signature"], f"seed {seed}"


def test_a_flipped_byte_of_a_signature_is_refused() -> None:
    made = attested()
    signature = bytearray(base64.b64decode(made["signatures"][1]["sig"]))
    signature[5] ^= 4
    made["signatures"][1]["sig"] = base64.b64encode(signature).decode()
    assert refused(made) == ["signature"]


def test_signatures_of_the_wrong_hands_are_refused() -> None:
    assert refused(attested(keys=(VENDOR[0],))) == ["no-center"]
    assert refused(attested(keys=(STRANGER[0],))) == ["unknown-key", "no-center"]
    assert "unknown-key" in refused(attested(keys=(CENTER[0], STRANGER[0])))
    gone = trusted()
    gone["keys"][0]["revoked"] = True
    assert refused(attested(), gone) == ["revoked-key", "no-center"]
    assert refused(attested(keys=())) == ["no-center"]


def test_a_dropped_case_is_refused() -> None:
    def drop(held: dict[str, Any]) -> None:
        held["cases"] = [case for case in held["cases"] if case["id"] != "ROB-05"]

    assert refused(altered(attested(), drop)) == ["dropped-case"]
    assert refused(altered(attested(), lambda held: held.update(cases=[]))) == ["dropped-case", "open-blocker"]


@pytest.mark.parametrize("verdict", ["FAIL", "INCONCLUSIVE", "NOT_RUN", "ERROR"])
def test_an_open_blocker_is_refused(verdict: str) -> None:
    assert refused(attested(result(INC_02=verdict))) == ["open-blocker"]


def test_windows_serials_and_kinds() -> None:
    assert refused(attested(days=30), now=NOW + timedelta(days=30)) == ["expired"]
    assert refused(attested(), now=NOW - timedelta(seconds=1)) == ["not-yet"]
    assert refused(attested(kind="self-report")) == ["self-report"]
    assert refused(attested(), {**trusted(), "revoked_serials": ["2026-0001"]}) == ["revoked"]
    assert refused(attested(), {**trusted(), "registries": {}}) == ["registry"]


def test_waivers_hold_until_they_expire_and_for_their_system_only() -> None:
    made = attested(result(FLW_09="FAIL"), waivers=[WAIVER])
    assert refused(made) == []
    assert refused(made, now=datetime(2026, 7, 2, tzinfo=BEIJING)) == ["waiver"]
    assert refused(altered(made, lambda held: held.update(waivers=[]))) == ["waiver"]
    assert refused(altered(made, lambda held: held["waivers"][0].update(scope="other"))) == ["waiver"]
    with pytest.raises(Unsignable):
        attested(result(FLW_09="FAIL"), waivers=[{**WAIVER, "approver": ""}])


def test_a_policy_says_who_may_waive_what_for_how_long(tmp_path: Path) -> None:
    made = attested(result(FLW_09="FAIL"), waivers=[WAIVER])  # to 1 July, thirty days
    rule = {"approvers": [WAIVER["approver"]], "days": 30}
    level = "gating" if registry.requirements()["FLW-09"].gates else "other"
    both = {"gating": rule, "other": rule}

    def under(policy: Any) -> list[str]:
        return refused(made, statement.trust([("center", CENTER[1]), ("vendor", VENDOR[1])], policy=policy))

    assert under(both) == []
    assert under({**both, level: {**rule, "days": 29}}) == ["waiver-policy"]
    assert under({**both, level: {**rule, "approvers": ["别人"]}}) == ["waiver-policy"]
    assert under({each: rule for each in both if each != level}) == ["waiver-policy"]
    for wrong in (
        {},
        [],
        {"all": rule},
        {"gating": {"days": 1}},
        {"gating": {**rule, "days": 0}},
        {"gating": {**rule, "approvers": []}},
    ):
        with pytest.raises(Unsignable):
            under(wrong)
    (tmp_path / "center.pub").write_bytes(CENTER[1])
    (tmp_path / "policy.json").write_text(json.dumps(both), "utf-8")
    arguments = ["trust", f"center={tmp_path / 'center.pub'}", "--waiver-policy", str(tmp_path / "policy.json")]
    told = CliRunner().invoke(command, [*arguments, "--out", str(tmp_path / "trust.json")], standalone_mode=False)
    assert told.return_value is None
    assert json.loads((tmp_path / "trust.json").read_bytes())["waivers"] == both


def test_another_version_interface_or_system_is_refused() -> None:
    made = attested()
    assert refused(made, version="1.0.1") == ["version"]
    assert refused(made, fingerprint="c" * 64) == ["fingerprint"]
    assert refused(made, system="other") == ["system"]


@pytest.mark.parametrize(
    "bytes_", [b"", b"{}", b"[]", b"null", b'{"payload":"*","payloadType":"x","signatures":[]}', b"\xff"]
)
def test_what_is_no_attestation_is_refused(bytes_: bytes) -> None:
    assert verifier.verify(bytes_, trusted(), NOW) == ["malformed"]


def test_partial_runs_and_other_keys_are_not_signed() -> None:
    from cryptography.hazmat.primitives.asymmetric import ec

    with pytest.raises(Unsignable):
        attested({**result(), "partial": True})
    with pytest.raises(Unsignable):
        attested(days=181)
    other = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(Unsignable):
        attested(keys=(other,))


def test_the_verifier_stands_alone(tmp_path: Path) -> None:
    """It runs where nothing of the product is installed: as a file, isolated, with ``cryptography`` alone."""
    (tmp_path / "a.json").write_text(json.dumps(attested()), "utf-8")
    (tmp_path / "trust.json").write_text(json.dumps(trusted()), "utf-8")
    alone = tmp_path / "verifier.py"
    alone.write_bytes(Path(verifier.__file__).read_bytes())
    command_ = [
        sys.executable,
        "-I",
        str(alone),
        str(tmp_path / "a.json"),
        str(tmp_path / "trust.json"),
        "--at",
        "2026-06-02T00:00:00+08:00",
    ]
    good = subprocess.run(command_, capture_output=True, check=False, cwd=tmp_path)
    assert (good.returncode, good.stdout) == (0, b"accepted\n")
    bad = subprocess.run([*command_, "--version", "9"], capture_output=True, check=False, cwd=tmp_path)
    assert bad.returncode == 1
    assert bad.stdout.startswith(b"version: ")
    assert "gateway" not in {
        line.split()[1].partition(".")[0]
        for line in alone.read_text("utf-8").splitlines()
        if line.startswith(("import ", "from "))
    }


def test_sign_trust_and_verify_are_commands(tmp_path: Path) -> None:
    for name, (private, public) in (("center", CENTER), ("vendor", VENDOR)):
        (tmp_path / f"{name}.key").write_bytes(private)
        (tmp_path / f"{name}.pub").write_bytes(public)
    (tmp_path / "result.json").write_text(json.dumps(result()), "utf-8")

    def run(*arguments: str) -> Any:
        return CliRunner().invoke(
            command, [each.replace("@", f"{tmp_path}/") for each in arguments], standalone_mode=False
        )

    assert run("trust", "center=@center.pub", "vendor=@vendor.pub", "--out", "@trust.json").return_value is None
    assert run("sign", "@result.json", "--key", "@vendor.key", "--out", "@a.json").exception is None
    told = run("verify", "@a.json", "--trust", "@trust.json", "--json")
    assert told.return_value == 1
    assert json.loads(told.output) == {"accepted": False, "refused": ["no-center", "self-report"]}
    arguments = ("sign", "@result.json", "--key", "@vendor.key", "--out", "@b.json", "--kind", "acceptance")
    assert run(*arguments).exception is not None, "an acceptance needs serial and nonce"
    assert run(*arguments, "--serial", "1", "--nonce", "n", "--dry-run").exception is None
    assert not (tmp_path / "b.json").exists()
    run(*arguments, "--serial", "1", "--nonce", "n")
    run("sign", "@b.json", "--key", "@center.key", "--out", "@b.json")
    assert run("verify", "@b.json", "--trust", "@trust.json", "--system-version", "1.0.0").return_value == 0
    now = datetime.now(BEIJING)
    for at, accepted in ((now + timedelta(minutes=5), True), (now - timedelta(minutes=5), False)):
        naive = at.replace(tzinfo=None).isoformat(timespec="seconds")
        code = run("verify", "@b.json", "--trust", "@trust.json", "--at", naive).return_value
        assert code == (0 if accepted else 1), "without a zone it is +08:00"
    assert run("verify", "@b.json", "--trust", "@trust.json", "--at", "soon").return_value == 3


def listed(*serials: str, keys: tuple[str, ...] = (), by: bytes = CENTER[0]) -> bytes:
    made = revocation.revoked(None, serials=serials, keys=keys, reason="演练", now=NOW)
    return json.dumps(statement.sign(made, by)).encode()


def test_a_revocation_list_refuses_serials_and_keys_and_must_be_the_centers() -> None:
    held = json.dumps(attested()).encode()

    def told(revocations: bytes) -> list[str]:
        return verifier.verify(held, trusted(), NOW + timedelta(days=1), revocations=revocations)

    assert told(listed("2026-0002")) == []
    assert told(listed("2026-0001")) == ["revoked"]
    assert told(listed(keys=(statement.keyid(CENTER[1]),))) == ["revoked-key", "no-center"]
    assert told(listed(keys=(statement.keyid(VENDOR[1]),))) == ["revoked-key"]
    for by in (VENDOR[0], STRANGER[0]):
        assert told(listed("2026-0002", by=by)) == ["revocations"]
    altered_ = json.loads(listed("2026-0002"))
    altered_["payload"] = json.loads(listed("2026-0003"))["payload"]
    assert told(json.dumps(altered_).encode()) == ["revocations"]
    assert told(held) == ["revocations"], "an attestation is no list"
    assert told(b"{}") == ["revocations"]
    assert verifier.verify(listed("x"), trusted(), NOW) == ["malformed"], "a list is no attestation"


def test_a_revocation_list_only_grows() -> None:
    first = revocation.revoked(None, serials=("a",), keys=(), reason="一", now=NOW)
    second = revocation.revoked(first, serials=("b",), keys=("k",), reason="二", now=NOW)
    held = revocation.listed(second)
    assert (held["number"], [each["serial"] for each in held["serials"]], held["keys"][0]["reason"]) == (
        2,
        ["a", "b"],
        "二",
    )
    for wrong in ({"serials": ("a",), "keys": ()}, {"serials": (), "keys": ()}):
        with pytest.raises(Unsignable):
            revocation.revoked(second, reason="三", now=NOW, **wrong)
    with pytest.raises(Unsignable):
        revocation.listed(attested())


def test_another_algorithm_is_asked_of_its_plug_in_and_refused_without(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for SM2: what matters is the slot, the cryptography is the plug-in's."""
    import hashlib
    import hmac

    public = b"-----BEGIN PUBLIC KEY-----\nTUlJQg==\n-----END PUBLIC KEY-----\n"

    class Stand:
        @staticmethod
        def sign(key: bytes, message: bytes) -> tuple[str, bytes]:
            return statement.keyid(public), hmac.new(key, message, hashlib.sha256).digest()

        @staticmethod
        def verify(_public: bytes, signature: bytes, message: bytes) -> bool:
            return hmac.compare_digest(hmac.new(b"secret", message, hashlib.sha256).digest(), signature)

    class Entry:
        name = "sm2"

        @staticmethod
        def load() -> type[Stand]:
            return Stand

    monkeypatch.setattr(
        algorithms,
        "entry_points",
        lambda group, name="sm2": [Entry] if (group, name) == (algorithms.GROUP, "sm2") else [],
    )
    made = statement.sign(attested(keys=()), b"secret", "sm2")
    trust = statement.trust([("center", public)], algorithm="sm2")
    held, at = json.dumps(made).encode(), NOW + timedelta(days=1)
    assert verifier.verify(held, trust, at, algorithms=algorithms.verifying()) == []
    assert verifier.verify(held, trust, at) == ["algorithm", "no-center"]
    wrong = json.dumps(statement.sign(attested(keys=()), b"other", "sm2")).encode()
    assert verifier.verify(wrong, trust, at, algorithms=algorithms.verifying()) == ["signature"]
    with pytest.raises(Unsignable, match="sm9"):
        statement.sign(attested(keys=()), b"secret", "sm9")


def test_the_interface_must_be_the_one_of_the_fingerprint() -> None:
    shown = of_push([("signing", "a" * 64)], "1.0")
    made = attested({**result(), "interface_fingerprint": shown.digest, "interface": shown.as_json()})
    assert refused(made) == []

    def change(held: dict[str, Any]) -> None:
        held["interface"]["parts"]["version:standard"] = "1.1"

    assert refused(altered(made, change)) == ["fingerprint"]


def test_every_reason_of_the_verifier_has_a_test() -> None:
    text = Path(__file__).read_text("utf-8")
    assert {reason for reason in verifier.REASONS if f'"{reason}"' not in text} == set()


def test_revoke_is_a_command(tmp_path: Path) -> None:
    (tmp_path / "center.key").write_bytes(CENTER[0])
    (tmp_path / "a.json").write_text(json.dumps(attested()), "utf-8")
    (tmp_path / "trust.json").write_text(json.dumps(trusted()), "utf-8")

    def run(*arguments: str) -> Any:
        return CliRunner().invoke(
            command, [each.replace("@", f"{tmp_path}/") for each in arguments], standalone_mode=False
        )

    asked = ("revoke", "--serial", "2026-0001", "--reason", "缺陷", "--key", "@center.key", "--out", "@list.json")
    assert run(*asked, "--dry-run").exception is None
    assert not (tmp_path / "list.json").exists()
    assert run(*asked).exception is None
    verify = ("verify", "@a.json", "--trust", "@trust.json", "--at", "2026-06-02T00:00:00")
    assert run(*verify).return_value == 0
    told = run(*verify, "--revocations", "@list.json", "--json")
    assert (told.return_value, json.loads(told.output)["refused"]) == (1, ["revoked"])
    assert run(*asked, "--list", "@list.json").return_value == 3, "it is revoked already"
    assert run("revoke", "--serial", "2026-0002", *asked[3:], "--list", "@list.json").exception is None
    assert revocation.listed(json.loads((tmp_path / "list.json").read_bytes()))["number"] == 2
    assert run(*asked[:-4], "--key", "@trust.json", "--out", "@x.json").return_value == 3
