# SPDX-License-Identifier: Apache-2.0
"""From the site's configuration and the pack to what the intake is made of."""

from collections.abc import Sequence

from gateway.config.models import IntakeSettings, SenderSettings, Site
from gateway.errors import ConfigurationError
from gateway.exchange.intake import Settings
from gateway.exchange.office import Standing
from gateway.exchange.server import Listening
from gateway.flow.receive import Judging, Sender
from gateway.ledger.intake import Versions
from gateway.model.finding import Finding
from gateway.pack import Pack
from gateway.ports import Validator
from gateway.rules import Rules
from gateway.rules.return_codes import ReturnCodes
from gateway.trust.signing import Signer, Verifier, certificate_fingerprint

_OPENAPI = "openapi/power-exchange.json"


def intake_settings(
    site: Site, pack: Pack, rules: Rules, signer: Signer, validator: Validator, versions: Versions
) -> Settings:
    """Return the intake's parts; raises ConfigurationError for certificates that can't be read or stand twice."""
    settings = site.intake
    if settings is None:
        raise ConfigurationError("gateway.yaml: intake")
    codes = ReturnCodes(pack)

    def code_of(findings: Sequence[Finding]) -> str:
        return codes.answer(findings)

    judging = Judging(
        receiver=site.organisation,
        standard_version=pack.version,
        code_list_version=pack.code_list_version,
        by_element=pack.by_element,
        namespace=pack.namespace,
        verifier=Verifier({each.code: _read(each) for each in settings.senders}),
        signer=signer,
        validator=validator,
        code_of=code_of,
        versions=versions,
        discards=frozenset(code for code, rule in rules.catalogue.items() if rule.discards),
    )
    return Settings(
        listening=_listening(settings),
        senders=tuple(_sender(each) for each in settings.senders),
        certificates=_fingerprints(settings),
        judging=judging,
        standing=Standing(site.organisation, (pack.version,), (pack.code_list_version,)),
        wsdl=pack.wsdl_path,
        schemas=pack.schema_path.parent,
        openapi=pack.root / _OPENAPI,
        notices=frozenset(each.code for each in pack.types.values() if each.notice),
        code_of=lambda finding: codes.of(finding.code),
    )


def _listening(settings: IntakeSettings) -> Listening:
    host, port = settings.address
    required = settings.client_certificates == "required"
    return Listening(host, port, settings.certificate, settings.key, settings.client_ca, required)


def _sender(settings: SenderSettings) -> Sender:
    allowed = settings.organisations
    organisations = None if allowed == "all" else frozenset(allowed or (settings.code,))
    return Sender(
        settings.name, settings.code, organisations, settings.level, settings.waiting_limit, settings.in_flight,
        settings.rate,
    )  # fmt: skip


def _read(settings: SenderSettings) -> list[bytes]:
    return [path.read_bytes() for path in settings.signing_certificates]


def _fingerprints(settings: IntakeSettings) -> dict[str, str]:
    """Return the senders' codes by the fingerprint of their client certificates; one certificate is one sender's."""
    found: dict[str, str] = {}
    for sender in settings.senders:
        for path in sender.client_certificates:
            other = found.setdefault(certificate_fingerprint(path.read_bytes()), sender.code)
            if other != sender.code:
                raise ConfigurationError(f"{path}: 同一证书登记给了两个报送方 / one certificate for two senders")
    return found
