# SPDX-License-Identifier: Apache-2.0
"""The stand-alone verifier of attestations: this one file needs nothing but Python and ``cryptography``.

    python verifier.py attestation.dsse.json trust.json [--version V] [--fingerprint HEX] [--at 2026-12-01T00:00:00+08:00]

It prints every reason for refusal and ends with 0 (accepted), 1 (refused) or 2 (usage). The trust file names the keys with
their roles, the revoked keys and serials, and for each registry digest which cases a profile must hold and which gate.
"""

import base64
import binascii
import json
import sys
from datetime import datetime
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

REASONS = {
    "malformed": ("不是合法的证明文件", "this is no attestation"),
    "signature": (
        "签名不成立:内容被改动,或不是该密钥所签",
        "a signature does not hold: altered, or not signed by that key",
    ),
    "no-center": ("没有信息中心的有效签名", "there is no valid signature of the Information Center"),
    "unknown-key": ("签名密钥不在信任文件中", "a signing key is not in the trust file"),
    "revoked-key": ("签名密钥已吊销", "a signing key is revoked"),
    "self-report": ("这是自测报告,不能打开门禁", "this is a self-report: it does not open the gate"),
    "revoked": ("证明已吊销", "the attestation is revoked"),
    "not-yet": ("证明尚未生效", "the attestation is not valid yet"),
    "expired": ("证明已过期", "the attestation has expired"),
    "registry": ("要求登记不在信任文件中", "its registry is not in the trust file"),
    "dropped-case": ("缺少应有的用例", "cases that must be there are missing"),
    "open-blocker": ("有未通过的阻断用例", "a case that gates is not passed"),
    "waiver": ("豁免无效或已过期", "a waiver is missing, not whole or expired"),
    "version": ("系统版本与证明不符", "the system has another version than attested"),
    "fingerprint": ("接口指纹与证明不符", "the interface has another fingerprint than attested"),
    "system": ("不是该系统的证明", "the attestation is of another system"),
}


def encode(payload: bytes, payload_type: str = PAYLOAD_TYPE) -> bytes:
    """Return what is signed: the DSSE pre-authentication encoding."""
    return b"DSSEv1 %d %b %d %b" % (len(payload_type), payload_type.encode(), len(payload), payload)


def verify(
    envelope: bytes, trust: dict[str, Any], now: datetime, *, system: str | None = None, version: str | None = None,
    fingerprint: str | None = None,
) -> list[str]:  # fmt: skip
    """Return the reasons for refusal, keys of ``REASONS``; an empty list means that the attestation holds."""
    try:
        held = json.loads(envelope)
        payload = base64.b64decode(held["payload"], validate=True)
        signatures = [(str(each["keyid"]), base64.b64decode(each["sig"], validate=True)) for each in held["signatures"]]
        if held["payloadType"] != PAYLOAD_TYPE:
            return ["malformed"]
    except (ValueError, KeyError, TypeError, binascii.Error):
        return ["malformed"]
    refused = _signatures(payload, signatures, trust)
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
    except (ValueError, KeyError, TypeError, AttributeError):
        refused.append("malformed")
    return list(dict.fromkeys(refused))


def _signatures(payload: bytes, signatures: list[tuple[str, bytes]], trust: dict[str, Any]) -> list[str]:
    """Check every signature; one that does not hold spoils the envelope, and the Center must be among the rest."""
    refused, roles = [], set()
    keys = {str(key["keyid"]): key for key in trust["keys"]}
    for keyid, signature in signatures:
        known = keys.get(keyid)
        if known is None:
            refused.append("unknown-key")
            continue
        if not _holds(str(known["public"]).encode(), signature, payload):
            return ["signature"]
        if known.get("revoked"):
            refused.append("revoked-key")
        else:
            roles.add(known["role"])
    return refused if CENTER in roles else [*refused, "no-center"]


def _holds(public_pem: bytes, signature: bytes, payload: bytes) -> bool:
    public = load_pem_public_key(public_pem)
    if not isinstance(public, Ed25519PublicKey):
        return False
    try:
        public.verify(signature, encode(payload))
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
        if verdict == "WAIVED" and not _waives(waived.get(id_), held["system"]["id"], now):
            refused.append("waiver")
    return refused


def _waives(waiver: dict[str, Any] | None, system: str, now: datetime) -> bool:
    whole = waiver is not None and all(waiver.get(name) for name in ("scope", "reason", "approver", "expires"))
    return (
        waiver is not None and whole and waiver["scope"] == system and now < datetime.fromisoformat(waiver["expires"])
    )


def main(arguments: list[str]) -> int:
    """Verify from the command line."""
    given = dict(zip(arguments[2::2], arguments[3::2], strict=False))
    if len(arguments) < 2 or len(arguments) % 2 or set(given) - {"--version", "--fingerprint", "--system", "--at"}:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    now = datetime.fromisoformat(given["--at"]) if "--at" in given else datetime.now().astimezone()  # noqa: TID251 - stands alone
    refused = verify(
        Path(arguments[0]).read_bytes(), json.loads(Path(arguments[1]).read_text("utf-8")), now,
        system=given.get("--system"), version=given.get("--version"), fingerprint=given.get("--fingerprint"),
    )  # fmt: skip
    for reason in refused:
        sys.stdout.write(f"{reason}: {' / '.join(REASONS[reason])}\n")
    sys.stdout.write("refused\n" if refused else "accepted\n")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
