# SPDX-License-Identifier: Apache-2.0
"""The stand-alone verifier of attestations: this one file needs nothing but Python and ``cryptography``.

    python verifier.py attestation.dsse.json trust.json [--version V] [--fingerprint HEX] [--at 2026-12-01T00:00:00+08:00]
        [--revocations list.dsse.json] [--algorithm sm2=MODULE]

It prints every reason for refusal and ends with 0 (accepted), 1 (refused) or 2 (usage). The trust file names the keys with
their roles, the revoked keys and serials, and for each registry digest which cases a profile must hold and which gate; it may
say who may waive what for how long: ``"waivers": {"gating": {"approvers": [...], "days": 30}, "other": {...}}``.
The revocation list is a file of its own, signed by the Center and carried by hand.

Ed25519 is built in. A key whose entry in the trust file says ``"algorithm": "sm2"`` is asked of a plug-in: a module with
``verify(public_pem: bytes, signature: bytes, message: bytes) -> bool``; without it such a signature is refused.
"""

import base64
import binascii
import hashlib
import importlib
import json
import sys
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:jx:conformance:attestation:1"
OPEN = frozenset({"PASS", "WARN", "N/A", "WAIVED"})
CENTER = "center"
REVOCATIONS_TYPE = "application/vnd.jx.revocations+json"
REVOCATIONS_FORM = "urn:jx:conformance:revocations:1"

Verify = Callable[[bytes, bytes, bytes], bool]
"""Tells whether a signature holds: public key (PEM), signature, message."""

REASONS = {
    "malformed": ("不是合法的证明文件", "this is no attestation"),
    "signature": (
        "签名不成立:内容被改动,或不是该密钥所签",
        "a signature does not hold: altered, or not signed by that key",
    ),
    "no-center": ("没有信息中心的有效签名", "there is no valid signature of the Information Center"),
    "unknown-key": ("签名密钥不在信任文件中", "a signing key is not in the trust file"),
    "revoked-key": ("签名密钥已吊销", "a signing key is revoked"),
    "algorithm": ("没有该签名算法的插件", "there is no plug-in for the algorithm of a signature"),
    "revocations": (
        "吊销清单无效:不是信息中心所签或被改动",
        "the revocation list is not valid: altered, or not signed by the Center",
    ),
    "self-report": ("这是自测报告,不能打开门禁", "this is a self-report: it does not open the gate"),
    "revoked": ("证明已吊销", "the attestation is revoked"),
    "not-yet": ("证明尚未生效", "the attestation is not valid yet"),
    "expired": ("证明已过期", "the attestation has expired"),
    "registry": ("要求登记不在信任文件中", "its registry is not in the trust file"),
    "dropped-case": ("缺少应有的用例", "cases that must be there are missing"),
    "open-blocker": ("有未通过的阻断用例", "a case that gates is not passed"),
    "waiver": ("豁免无效或已过期", "a waiver is missing, not whole or expired"),
    "waiver-policy": (
        "豁免不合信任文件中的规定:批准人无权,或期限过长",
        "a waiver is outside the policy of the trust file: its approver may not, or it lasts too long",
    ),
    "version": ("系统版本与证明不符", "the system has another version than attested"),
    "fingerprint": ("接口指纹与证明不符", "the interface has another fingerprint than attested"),
    "system": ("不是该系统的证明", "the attestation is of another system"),
}


def encode(payload: bytes, payload_type: str = PAYLOAD_TYPE) -> bytes:
    """Return what is signed: the DSSE pre-authentication encoding."""
    return b"DSSEv1 %d %b %d %b" % (len(payload_type), payload_type.encode(), len(payload), payload)


class Refused(Exception):
    """A signed file cannot be believed; ``reasons`` are keys of ``REASONS``."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = reasons


def verify(
    envelope: bytes, trust: dict[str, Any], now: datetime, *, system: str | None = None, version: str | None = None,
    fingerprint: str | None = None, revocations: bytes | None = None, algorithms: Mapping[str, Verify] | None = None,
) -> list[str]:  # fmt: skip
    """Return the reasons for refusal, keys of ``REASONS``; an empty list means that the attestation holds.

    ``revocations`` is the signed list as it lies in its file, ``algorithms`` are plug-ins by name.
    """
    refused: list[str] = []
    if revocations is not None:
        try:
            trust = with_revocations(trust, revocations, algorithms)
        except Refused:
            return ["revocations"]
    try:
        payload, signatures = opened(envelope, PAYLOAD_TYPE)
    except (ValueError, KeyError, TypeError, binascii.Error):
        return ["malformed"]
    refused += _signatures(signatures, trust, algorithms or {})
    if "signature" in refused:
        return refused  # nothing inside is to be believed
    try:
        statement = json.loads(payload)
        if statement["_type"] != STATEMENT_TYPE or statement["predicateType"] != PREDICATE_TYPE:
            return [*refused, "malformed"]
        held = statement["predicate"]
        refused += _window(held, trust, now)
        refused += _cases(held, trust, now)
        asked = (("system", system, held["system"]["id"]), ("version", version, held["system"]["version"]))
        refused += [name for name, wanted, found in asked if wanted is not None and wanted != found]
        if fingerprint is not None and fingerprint != held["interface_fingerprint"]:
            refused.append("fingerprint")
        if held.get("interface") is not None and _digest(held["interface"]) != held["interface_fingerprint"]:
            refused.append("fingerprint")
    except (ValueError, KeyError, TypeError, AttributeError):
        refused.append("malformed")
    return list(dict.fromkeys(refused))


def with_revocations(
    trust: dict[str, Any], revocations: bytes, algorithms: Mapping[str, Verify] | None = None
) -> dict[str, Any]:
    """Return the trust file with what the signed list revokes; raises Refused where the list itself does not hold."""
    try:
        payload, signatures = opened(revocations, REVOCATIONS_TYPE)
        refused = _signatures(signatures, trust, algorithms or {})
        held = json.loads(payload)
        if refused or held["form"] != REVOCATIONS_FORM:
            raise Refused(refused or ["malformed"])
        serials = [str(each["serial"]) for each in held["serials"]]
        keys = {str(each["keyid"]) for each in held["keys"]}
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        raise Refused(["malformed"]) from error
    return {
        **trust,
        "keys": [{**key, "revoked": True} if str(key["keyid"]) in keys else key for key in trust["keys"]],
        "revoked_serials": [*trust.get("revoked_serials", []), *serials],
    }


def opened(envelope: bytes, payload_type: str) -> tuple[bytes, list[tuple[str, bytes, bytes]]]:
    """Return payload and signatures (key id, signature, what it signs) of an envelope; raises ValueError and its like."""
    held = json.loads(envelope)
    if held["payloadType"] != payload_type:
        raise ValueError(payload_type)
    payload = base64.b64decode(held["payload"], validate=True)
    signed = encode(payload, payload_type)
    return payload, [
        (str(each["keyid"]), base64.b64decode(each["sig"], validate=True), signed) for each in held["signatures"]
    ]


def _digest(interface: Any) -> str:
    text = json.dumps(interface, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _signatures(
    signatures: list[tuple[str, bytes, bytes]], trust: dict[str, Any], algorithms: Mapping[str, Verify]
) -> list[str]:
    """Check every signature; one that does not hold spoils the envelope, and the Center must be among the rest."""
    refused, roles = [], set()
    keys = {str(key["keyid"]): key for key in trust["keys"]}
    for keyid, signature, signed in signatures:
        known = keys.get(keyid)
        if known is None:
            refused.append("unknown-key")
            continue
        algorithm = str(known.get("algorithm", "ed25519"))
        holds = _holds if algorithm == "ed25519" else algorithms.get(algorithm)
        if holds is None:
            refused.append("algorithm")
            continue
        if not holds(str(known["public"]).encode(), signature, signed):
            return ["signature"]
        if known.get("revoked"):
            refused.append("revoked-key")
        else:
            roles.add(known["role"])
    return refused if CENTER in roles else [*refused, "no-center"]


def _holds(public_pem: bytes, signature: bytes, signed: bytes) -> bool:
    public = load_pem_public_key(public_pem)
    if not isinstance(public, Ed25519PublicKey):
        return False
    try:
        public.verify(signature, signed)
    except InvalidSignature:
        return False
    return True


def _window(held: dict[str, Any], trust: dict[str, Any], now: datetime) -> list[str]:
    refused = []
    if held["kind"] != "acceptance":
        refused.append("self-report")
    if held["serial"] in trust.get("revoked_serials", []):
        refused.append("revoked")
    if now < datetime.fromisoformat(held["not_before"]):
        refused.append("not-yet")
    if now >= datetime.fromisoformat(held["expires"]):
        refused.append("expired")
    return refused


def _cases(held: dict[str, Any], trust: dict[str, Any], now: datetime) -> list[str]:
    listed = trust["registries"].get(held["suite"]["registry"], {}).get(held["profile"])
    if listed is None:
        return ["registry"]
    verdicts = {case["id"]: case["verdict"] for case in held["cases"]}
    refused = [] if set(listed["expected"]) <= set(verdicts) else ["dropped-case"]
    if any(verdicts.get(id_) not in OPEN for id_ in listed["gating"]) or "ERROR" in verdicts.values():
        refused.append("open-blocker")
    waived = {waiver["id"]: waiver for waiver in held["waivers"]}
    for id_, verdict in verdicts.items():
        if verdict != "WAIVED":
            continue
        if not _waives(waived.get(id_), held["system"]["id"], now):
            refused.append("waiver")
        elif not _allowed(waived[id_], held, trust.get("waivers"), "gating" if id_ in listed["gating"] else "other"):
            refused.append("waiver-policy")
    return refused


def _allowed(waiver: dict[str, Any], held: dict[str, Any], policy: dict[str, Any] | None, level: str) -> bool:
    """Tell whether the policy lets this approver waive cases of this level (gating, other) for so long; without one all may."""
    if policy is None:
        return True
    rule = policy.get(level)
    if rule is None or waiver["approver"] not in rule["approvers"]:
        return False
    lasts = datetime.fromisoformat(waiver["expires"]) - datetime.fromisoformat(held["not_before"])
    return lasts <= timedelta(days=int(rule["days"]))


def _waives(waiver: dict[str, Any] | None, system: str, now: datetime) -> bool:
    whole = waiver is not None and all(waiver.get(name) for name in ("scope", "reason", "approver", "expires"))
    return (
        waiver is not None and whole and waiver["scope"] == system and now < datetime.fromisoformat(waiver["expires"])
    )


_OPTIONS = {"--version", "--fingerprint", "--system", "--at", "--revocations", "--algorithm"}


def main(arguments: list[str]) -> int:
    """Verify from the command line."""
    given = dict(zip(arguments[2::2], arguments[3::2], strict=False))
    if len(arguments) < 2 or len(arguments) % 2 or set(given) - _OPTIONS:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    now = datetime.fromisoformat(given["--at"]) if "--at" in given else datetime.now().astimezone()  # noqa: TID251 - stands alone
    name, _, module = given.get("--algorithm", "").partition("=")
    algorithms = {name: importlib.import_module(module).verify} if module else {}
    listed = given.get("--revocations")
    refused = verify(
        Path(arguments[0]).read_bytes(), json.loads(Path(arguments[1]).read_text("utf-8")), now,
        system=given.get("--system"), version=given.get("--version"), fingerprint=given.get("--fingerprint"),
        revocations=Path(listed).read_bytes() if listed else None, algorithms=algorithms,
    )  # fmt: skip
    for reason in refused:
        sys.stdout.write(f"{reason}: {' / '.join(REASONS[reason])}\n")
    sys.stdout.write("refused\n" if refused else "accepted\n")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
