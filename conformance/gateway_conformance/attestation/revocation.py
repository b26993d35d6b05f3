# SPDX-License-Identifier: Apache-2.0
"""The revocation list (吊销清单): attestations and keys that hold no more, one signed file that is carried by hand."""

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from gateway_conformance.attestation.algorithms import Unsignable
from gateway_conformance.attestation.verifier import REVOCATIONS_FORM, REVOCATIONS_TYPE
from gateway_conformance.result import canonical


def revoked(
    before: Mapping[str, Any] | None, *, serials: tuple[str, ...], keys: tuple[str, ...], reason: str, now: datetime
) -> dict[str, Any]:
    """Return the unsigned envelope of the next list: what ``before`` (an envelope) holds, and these; raises Unsignable.

    A list only grows, and its number with it: the gateway refuses one that is older than the last it has seen.
    """
    held: dict[str, Any] = (
        {"form": REVOCATIONS_FORM, "number": 0, "serials": [], "keys": []} if before is None else listed(before)
    )
    known = {each["serial"] for each in held["serials"]} | {each["keyid"] for each in held["keys"]}
    if not (serials or keys) or known & {*serials, *keys}:
        raise Unsignable(
            "写明尚未吊销的编号或密钥 / name serials or keys that are not revoked yet:"
            f" {', '.join(sorted(known & {*serials, *keys})) or '-'}"
        )
    told = {"reason": reason, "at": now.isoformat(timespec="seconds")}
    made = {
        **held,
        "number": int(held["number"]) + 1,
        "issued": told["at"],
        "serials": [*held["serials"], *({"serial": each, **told} for each in serials)],
        "keys": [*held["keys"], *({"keyid": each, **told} for each in keys)],
    }
    payload = base64.b64encode(canonical(made)).decode()
    return {"payload": payload, "payloadType": REVOCATIONS_TYPE, "signatures": []}


def listed(envelope: Mapping[str, Any]) -> dict[str, Any]:
    """Return the list in an envelope, whoever signed it; raises Unsignable for anything else."""
    try:
        held = dict(json.loads(base64.b64decode(envelope["payload"], validate=True)))
        forms = (envelope["payloadType"], held["form"])
    except (ValueError, KeyError, TypeError) as error:
        raise Unsignable(f"不是吊销清单 / no revocation list: {error}") from error
    if forms != (REVOCATIONS_TYPE, REVOCATIONS_FORM):
        raise Unsignable(f"不是吊销清单 / no revocation list: {forms}")
    return held
