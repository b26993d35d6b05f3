# SPDX-License-Identifier: Apache-2.0
"""Wiring of the go-live lock: configuration, trust file and the suite's verifier become a lock, a watch and proofs."""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.clock import SystemClock, microseconds, moment
from gateway.config import Configuration
from gateway.config.models import SenderSettings, SourceSettings
from gateway.errors import ConfigurationError
from gateway.flow.golive import Watch, interface_of
from gateway.ledger.golive import Lock, accept_revocations
from gateway.ledger.golive_acts import NotProven, Proof
from gateway.ledger.store import Ledger
from gateway.pack import load_pack
from gateway.parts import open_source
from gateway.ports import Looking
from gateway.semantics.interface import PROFILES, Change, Interface, of_push

_SELF_REPORT = {"self-report", "no-center", "unknown-key"}
"""What may be wrong with a self-report: nobody of the Center has signed it."""


def lock_of(configuration: Configuration) -> Lock | None:
    """Return the lock of a site; None where it is off."""
    settings = configuration.site.golive
    if not settings.lock:
        return None
    return Lock(None if settings.sources is None else frozenset(settings.sources))


def watch_of(configuration: Configuration) -> Watch | None:
    """Return the watch over the lock of a site; None where it is off. Raises ConfigurationError."""
    lock = lock_of(configuration)
    if lock is None:
        return None
    proofs = Proofs.of(configuration)
    return Watch(
        lock, configuration.site.golive.drift == "flag", proofs.checked, cases_to_rerun, _senders(configuration)
    )


def take_revocations(configuration: Configuration, ledger: Ledger) -> None:
    """Refuse a revocation list that is older than the last one seen. Raises ConfigurationError."""
    path = configuration.site.golive.revocations
    if path is None or not configuration.site.golive.lock:
        return
    try:
        number = int(json.loads(base64.b64decode(json.loads(path.read_bytes())["payload"]))["number"])
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise ConfigurationError(f"gateway.yaml: golive.revocations: {path.name}: {fault}") from fault
    seen = ledger.again(lambda connection: accept_revocations(connection, number))
    if seen > number:
        raise ConfigurationError(
            f"gateway.yaml: golive.revocations: {path.name}: 编号 {number},已用过 {seen}:清单被换成了旧的"
            f" / number {number}, but {seen} was seen: an older list was put back"
        )


def cases_to_rerun(changes: Sequence[Change]) -> Sequence[str]:
    """Return the cases whose requirements touch what changed of an interface. Raises ConfigurationError without the suite."""
    cases: Callable[[str, list[str]], Sequence[str]] = _of_suite("cases")
    kinds = {each.part.partition(":")[0] for each in changes}
    profile = "V" if "column" in kinds else "F" if "layout" in kinds else "P" if kinds == {"certificate"} else "S"
    return cases(profile, [each.part for each in changes])


def _of_suite(name: str) -> Any:
    for entry in entry_points(group="gateway.golive", name=name):
        return entry.load()
    raise ConfigurationError("gateway.yaml: golive: 没有安装一致性测试套件 / the conformance suite is not installed")


def _senders(configuration: Configuration) -> dict[str, Interface]:
    intake = configuration.site.intake
    version = load_pack(configuration.site.pack).version
    return {} if intake is None else {each.name: _sender(each, version) for each in intake.senders}


def _sender(settings: SenderSettings, version: str) -> Interface:
    """Return the interface of a client that pushes: the certificates that are pinned for it, and the version it declares."""
    pins = [("signing", _pin(path)) for path in settings.signing_certificates]
    pins += [("client", _pin(path)) for path in settings.client_certificates]
    return of_push(pins, version)


def _pin(path: Path) -> str:
    try:
        der = x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(Encoding.DER)
    except (OSError, ValueError) as fault:
        raise ConfigurationError(f"gateway.yaml: intake.senders: {path.name}: {fault}") from fault
    return hashlib.sha256(der).hexdigest()


@dataclass(frozen=True, slots=True)
class Proofs:
    """Attestations as this site believes them; trust file and revocation list are read anew each time."""

    configuration: Configuration

    @classmethod
    def of(cls, configuration: Configuration) -> "Proofs":
        """Return them; raises ConfigurationError where the trust file or the suite is missing."""
        proofs = cls(configuration)
        proofs._trust()
        _of_suite("verify")
        return proofs

    def _trust(self) -> dict[str, Any]:
        path = self.configuration.site.golive.trust
        try:
            held = {} if path is None else json.loads(path.read_bytes())
        except (OSError, ValueError) as fault:
            raise ConfigurationError(f"gateway.yaml: golive.trust: {fault}") from fault
        if not isinstance(held, dict) or not {"keys", "registries"} <= set(held):
            raise ConfigurationError("gateway.yaml: golive.trust: keys, registries")
        return held

    def party(self, name: str) -> SourceSettings | SenderSettings:
        """Return the source or the sender of that name. Raises ConfigurationError."""
        intake = self.configuration.site.intake
        senders: tuple[SenderSettings, ...] = () if intake is None else intake.senders
        parties: list[SourceSettings | SenderSettings] = [*self.configuration.sources, *senders]
        found = [each for each in parties if each.name == name]
        if not found:
            raise ConfigurationError(f"没有数据源或报送方 {name} / there is no source or sender {name}")
        return found[0]

    def checked(self, name: str, envelope: bytes, now: int) -> list[str]:
        """Return why an attestation does not hold for a source, as the verifier says it; of one not configured any more nothing."""
        try:
            party = self.party(name)
        except ConfigurationError:
            return []
        listed = self.configuration.site.golive.revocations
        system = party.system
        return list(
            _of_suite("verify")(
                envelope, self._trust(), moment(now),
                system=None if system is None else system.id, version=None if system is None else system.version,
                revocations=None if listed is None else _read(listed), algorithms=_of_suite("algorithms")(),
            )
        )  # fmt: skip

    def proof(self, name: str, envelope: bytes, seen: Interface | None, now: int) -> Proof:
        """Return an attestation that holds for a source whose interface is ``seen``. Raises NotProven, ConfigurationError."""
        party = self.party(name)
        if party.system is None:
            raise ConfigurationError(
                f"{name}: 写明被验收的系统 system: {{id, version}} / say which system is attested: system: {{id, version}}"
            )
        refused = self.checked(name, envelope, now)
        if "malformed" in refused or "signature" in refused:
            raise NotProven(f"{name}: {' '.join(refused)}")
        said = json.loads(base64.b64decode(json.loads(envelope)["payload"]))["predicate"]
        acceptance = said["kind"] == "acceptance"
        refused = [each for each in refused if acceptance or each not in _SELF_REPORT]
        body = party.org if isinstance(party, SourceSettings) else party.code
        if said["system"]["dept"] != body:
            refused.append("department")
        if refused:
            raise NotProven(f"{name}: {' '.join(refused)}")
        if seen is None:
            raise NotProven(f"{name}: 该数据源不能出示接口 / this source cannot show its interface")
        changes = _attested(said, seen).changes(seen)
        if changes:
            raise NotProven(f"{name}: fingerprint: {' '.join(each.part for each in changes)}")
        valid_until = microseconds(datetime.fromisoformat(said["expires"]))
        return Proof(
            hashlib.sha256(envelope).hexdigest(), envelope, said["serial"], acceptance, tuple(said["items"]), valid_until,
            _attested(said, seen),
        )  # fmt: skip


def _attested(said: Mapping[str, Any], seen: Interface) -> Interface:
    """Return the attested interface; one that only its digest is told of is the seen one or another."""
    if PROFILES[said["profile"]] != seen.kind:
        return Interface(PROFILES[said["profile"]], {})
    if said.get("interface") is not None:
        return Interface.of_json(said["interface"])
    return (
        seen
        if seen.digest == said["interface_fingerprint"]
        else Interface(seen.kind, {"fingerprint": str(said["interface_fingerprint"])})
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        raise ConfigurationError(f"gateway.yaml: golive.revocations: {fault}") from fault


def shown_interface(configuration: Configuration, name: str) -> Interface | None:
    """Return the interface of a source or sender as it is now; a source is only looked at. Raises SourceError."""
    settings = configuration.source(name)
    if settings is None:
        return _senders(configuration).get(name)
    with closing(open_source(configuration, settings, SystemClock())) as source:
        if isinstance(source, Looking):
            source.look()
        return interface_of(source)
