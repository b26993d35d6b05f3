# SPDX-License-Identifier: Apache-2.0
"""Making attestations: an in-toto Statement of a result, its DSSE envelope, signatures, and the trust file."""

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from gateway_conformance import registry
from gateway_conformance.attestation.algorithms import ED25519, Unsignable, plugged
from gateway_conformance.attestation.verifier import PAYLOAD_TYPE, PREDICATE_TYPE, STATEMENT_TYPE, encode
from gateway_conformance.engine import expected
from gateway_conformance.result import canonical
from gateway_conformance.verdict import OPEN

LONGEST: Final = 180
LEVELS: Final = ("gating", "other")
KINDS: Final = ("self-report", "acceptance")
_WAIVER: Final = ("id", "scope", "reason", "approver", "expires")


def statement(
    result: dict[str, Any], *, kind: str, serial: str, nonce: str, now: datetime, days: int = LONGEST,
    waivers: Sequence[dict[str, str]] = (),
) -> bytes:  # fmt: skip
    """Return the statement of a whole run; raises Unsignable."""
    if result.get("partial") or kind not in KINDS or not 0 < days <= LONGEST:
        raise Unsignable(f"只能证明完整的运行,有效期最长 {LONGEST} 天 / only whole runs, for {LONGEST} days at most")
    for waiver in waivers:
        lacking = [name for name in _WAIVER if not waiver.get(name)]
        if lacking or waiver["scope"] != result["system"]["id"]:
            raise Unsignable(
                f"豁免不完整或不属于该系统 / a waiver is not whole or of another system: {', '.join(lacking) or waiver['scope']}"
            )
    waived = {waiver["id"] for waiver in waivers}
    cases = [
        {
            "id": case["id"],
            "verdict": "WAIVED" if case["id"] in waived and case["verdict"] == "FAIL" else case["verdict"],
            "codes": sorted({finding["code"] for finding in case["findings"]}),
            "examined": case["examined"],
        }
        for case in result["cases"]
    ]
    by = {verdict: [case["id"] for case in cases if case["verdict"] == verdict] for verdict in ("PASS", "WARN", "FAIL")}
    predicate = {
        "result": "PASSED" if _opens(cases) else "FAILED",
        "configuration": [{"name": "registry", "digest": {"sha256": result["suite"]["registry"]}}],
        "passedTests": by["PASS"],
        "warnedTests": by["WARN"],
        "failedTests": by["FAIL"],
        "kind": kind,
        "serial": serial,
        "nonce": nonce,
        "not_before": now.isoformat(timespec="seconds"),
        "expires": (now + timedelta(days=days)).isoformat(timespec="seconds"),
        "system": result["system"],
        "interface_fingerprint": result["interface_fingerprint"],
        "interface": result.get("interface"),
        "profile": result["profile"],
        "items": result["items"],
        "standard": result["standard"],
        "suite": result["suite"],
        "seed": result["seed"],
        "cases": cases,
        "waivers": list(waivers),
        "result_sha256": hashlib.sha256(canonical(result)).hexdigest(),
    }
    subject = {"name": result["system"]["id"], "digest": {"sha256": result["system"].get("build_sha256") or ""}}
    return canonical(
        {"_type": STATEMENT_TYPE, "subject": [subject], "predicateType": PREDICATE_TYPE, "predicate": predicate}
    )


def _opens(cases: Sequence[dict[str, Any]]) -> bool:
    known = registry.requirements()
    return all(case["verdict"] in OPEN for case in cases if known[case["id"]].gates)


def envelope(payload: bytes) -> dict[str, Any]:
    """Return an envelope that nobody has signed yet."""
    return {"payload": base64.b64encode(payload).decode(), "payloadType": PAYLOAD_TYPE, "signatures": []}


def sign(held: dict[str, Any], key: bytes, algorithm: str = ED25519) -> dict[str, Any]:
    """Return the envelope with one more signature; raises Unsignable where the key does not fit the algorithm.

    ``algorithm`` other than Ed25519 is asked of its plug-in (``algorithms``).
    """
    signed = encode(base64.b64decode(held["payload"]), held["payloadType"])
    identity, signature = _ed25519(key, signed) if algorithm == ED25519 else plugged(algorithm).sign(key, signed)
    others = [each for each in held["signatures"] if each["keyid"] != identity]
    return {
        **held,
        "signatures": [*others, {"keyid": identity, "sig": base64.b64encode(signature).decode()}],
    }


def _ed25519(key: bytes, signed: bytes) -> tuple[str, bytes]:
    try:
        private = load_pem_private_key(key, None)
    except (ValueError, TypeError) as error:
        raise Unsignable(f"不是可用的私钥 / not a usable private key: {error}") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise Unsignable("不是 Ed25519 私钥;其他算法用 --algorithm / no Ed25519 key; others need --algorithm")
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return keyid(public), private.sign(signed)


def keyid(public: bytes) -> str:
    """Return the id of a public key: SHA-256, hex, of its DER form (what stands between the PEM lines); raises Unsignable."""
    body = re.search(rb"-----BEGIN PUBLIC KEY-----(.+?)-----END PUBLIC KEY-----", public, re.DOTALL)
    try:
        der = base64.b64decode(b"".join(body.group(1).split()), validate=True) if body else b""
    except ValueError:
        der = b""
    if not der:
        raise Unsignable("不是公钥(PEM) / not a public key in PEM")
    return hashlib.sha256(der).hexdigest()


def trust(
    keys: Sequence[tuple[str, bytes]], profiles: Sequence[str] = registry.PROFILES, algorithm: str = ED25519,
    policy: Any = None,
) -> dict[str, Any]:  # fmt: skip
    """Return a trust file for this suite's registry: pairs of role and public key in PEM, all of one algorithm.

    ``policy`` says who may waive what for how long (``waiver_policy``); without one any waiver that is whole holds. Raises Unsignable.
    """
    return {
        **({} if policy is None else {"waivers": waiver_policy(policy)}),
        "keys": [
            {"keyid": keyid(public), "role": role, "algorithm": algorithm, "public": public.decode()}
            for role, public in keys
        ],
        "revoked_serials": [],
        "registries": {
            registry.digest(): {
                profile: {
                    "expected": [each.id for each in expected(profile)],
                    "gating": [each.id for each in expected(profile) if each.gates],
                }
                for profile in profiles
            }
        },
    }


def waiver_policy(given: Any) -> dict[str, Any]:
    """Return a policy of waivers as the trust file holds it; raises Unsignable where it is none.

    By level (``gating``: cases that the gate depends on; ``other``): ``approvers``, a list of names, and ``days``, the longest time.
    """
    if not isinstance(given, dict) or not given or set(given) - set(LEVELS):
        raise Unsignable(f"豁免规定须按级别写 / a waiver policy has levels: {', '.join(LEVELS)}")
    for level, rule in given.items():
        names = rule.get("approvers") if isinstance(rule, dict) and set(rule) == {"approvers", "days"} else None
        named = isinstance(names, list) and bool(names) and all(isinstance(name, str) and name for name in names)
        if not named or type(rule["days"]) is not int or not 0 < rule["days"] <= LONGEST:
            raise Unsignable(
                f"{level}: 须写批准人 approvers 和天数 days(1-{LONGEST}) / approvers and days (1-{LONGEST}) are needed"
            )
    return given


def text(value: dict[str, Any]) -> str:
    """Return JSON for a file."""
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"
