# SPDX-License-Identifier: Apache-2.0
"""``gateway conformance sign | trust | verify | revoke``."""

import json
from pathlib import Path

import click

from gateway_conformance.printing import BAD_DESCRIPTION, CLOSED, JSON, emit

ALGORITHM = click.option(
    "--algorithm",
    default="ed25519",
    show_default=True,
    help="签名算法;ed25519 之外的由插件提供 / others come as plug-ins",
)


@click.command()
@click.argument("source", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--key",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    help="Ed25519 私钥(PEM) / private key",
)
@click.option(
    "--kind",
    type=click.Choice(["self-report", "acceptance"]),
    default="self-report",
    show_default=True,
    help="自测或验收 / kind",
)
@click.option("--serial", default="", help="证明编号,验收时必填 / serial, needed for an acceptance")
@click.option(
    "--nonce", default="", help="中心事先给出的随机数,验收时必填 / the Center's challenge, needed for an acceptance"
)
@click.option("--days", type=click.IntRange(1, 180), default=180, show_default=True, help="有效天数 / days of validity")
@click.option(
    "--waivers",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="豁免文件(JSON 列表) / waivers as a JSON list",
)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="写入的 DSSE 文件 / file to write"
)
@ALGORITHM
@click.option("--dry-run", is_flag=True, help="只显示将签署的内容 / only show what would be signed")
def sign(
    source: Path,
    key: Path,
    kind: str,
    serial: str,
    nonce: str,
    days: int,
    waivers: Path | None,
    out: Path,
    algorithm: str,
    *,
    dry_run: bool,
) -> int | None:
    """签署 result.json;给出 DSSE 文件则加签 / sign a result.json, or add a signature to an envelope."""
    from gateway.clock import SystemClock
    from gateway_conformance.attestation import statement as attest
    from gateway_conformance.attestation.algorithms import Unsignable

    if kind == "acceptance" and not (serial and nonce):
        raise click.UsageError("验收证明须给出 --serial 和 --nonce / an acceptance needs --serial and --nonce")
    try:
        held = json.loads(source.read_bytes())
        if "payload" not in held:
            listed = json.loads(waivers.read_bytes()) if waivers else []
            now = SystemClock().now()
            payload = attest.statement(held, kind=kind, serial=serial, nonce=nonce, now=now, days=days, waivers=listed)
            held = attest.envelope(payload)
            if dry_run:
                click.echo(payload.decode())
                return None
        signed = attest.sign(held, key.read_bytes(), algorithm)
    except (Unsignable, ValueError, KeyError, TypeError) as error:
        click.echo(f"不能签署 / cannot be signed: {error}", err=True)
        return BAD_DESCRIPTION
    if not dry_run:
        out.write_text(attest.text(signed), "utf-8")
    click.echo(f"{out}\t{len(signed['signatures'])}")
    return None


@click.command()
@click.argument("keys", nargs=-1, required=True, metavar="ROLE=PUBLIC.pem…")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="写入的信任文件 / file to write"
)
@click.option(
    "--waiver-policy",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="豁免规定(JSON):谁可豁免哪一级、最长几天 / who may waive what, and for how long",
)
@ALGORITHM
@click.option("--dry-run", is_flag=True, help="只显示 / only show")
def trust(keys: tuple[str, ...], out: Path, waiver_policy: Path | None, algorithm: str, *, dry_run: bool) -> int | None:
    """生成信任文件:角色(center、vendor、supervision)与公钥 / make a trust file from roles and public keys."""
    from gateway_conformance.attestation import statement as attest
    from gateway_conformance.attestation.algorithms import Unsignable

    try:
        pairs = [(role, Path(file).read_bytes()) for role, _, file in (each.partition("=") for each in keys)]
        policy = None if waiver_policy is None else json.loads(waiver_policy.read_bytes())
        made = attest.text(attest.trust(pairs, algorithm=algorithm, policy=policy))
    except (Unsignable, OSError, ValueError) as error:
        click.echo(str(error), err=True)
        return BAD_DESCRIPTION
    if dry_run:
        click.echo(made)
    else:
        out.write_text(made, "utf-8")
    return None


@click.command()
@click.argument("attestation", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--trust",
    "trusted",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    help="信任文件 / trust file",
)
@click.option("--system", help="应为此系统 / the system that it must be of")
@click.option("--system-version", help="应为此版本 / the version that it must be of")
@click.option("--fingerprint", help="应为此接口指纹 / the fingerprint that it must be of")
@click.option(
    "--at", help="按此时刻核验(ISO,未写时区按 +08:00) / verify as of this moment, +08:00 where no zone is written"
)
@click.option(
    "--revocations",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="中心签署的吊销清单 / the revocation list that the Center signed",
)
@JSON
def verify(
    attestation: Path, trusted: Path, system: str | None, system_version: str | None, fingerprint: str | None, at: str | None,
    revocations: Path | None, *, as_json: bool,
) -> int:  # fmt: skip
    """离线核验证明 / verify an attestation offline: 0 accepted, 1 refused."""
    from datetime import datetime

    from gateway.clock import BEIJING, SystemClock
    from gateway_conformance.attestation import verifier
    from gateway_conformance.attestation.algorithms import verifying

    try:
        moment = datetime.fromisoformat(at) if at else SystemClock().now()
        now = moment if moment.tzinfo else moment.replace(tzinfo=BEIJING)
        held = json.loads(trusted.read_bytes())
        refused = verifier.verify(
            attestation.read_bytes(), held, now, system=system, version=system_version, fingerprint=fingerprint,
            revocations=None if revocations is None else revocations.read_bytes(), algorithms=verifying(),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError) as error:
        click.echo(f"信任文件或时刻有误 / the trust file or the moment is wrong: {error}", err=True)
        return BAD_DESCRIPTION
    if as_json:
        emit({"accepted": not refused, "refused": refused})
    else:
        for reason in refused:
            click.echo(f"{reason}\t{' / '.join(verifier.REASONS[reason])}")
        click.echo("拒绝 refused" if refused else "有效 accepted")
    return CLOSED if refused else 0


@click.command()
@click.option(
    "--list",
    "current",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="现有的吊销清单;没有则从头开始 / the list so far, none to begin with",
)
@click.option("--serial", "serials", multiple=True, help="要吊销的证明编号,可重复 / serials of attestations")
@click.option("--keyid", "keys", multiple=True, help="要吊销的密钥编号,可重复 / ids of keys")
@click.option("--reason", required=True, help="原因 / why")
@click.option(
    "--key",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    help="信息中心的私钥 / the Center's private key",
)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="写入的吊销清单 / file to write"
)
@ALGORITHM
@click.option("--dry-run", is_flag=True, help="只显示 / only show")
def revoke(
    current: Path | None, serials: tuple[str, ...], keys: tuple[str, ...], reason: str, key: Path, out: Path, algorithm: str,
    *, dry_run: bool,
) -> int | None:  # fmt: skip
    """吊销证明或密钥:写出新的、由中心签署的吊销清单 / revoke attestations or keys: the next list, signed by the Center."""
    from gateway.clock import SystemClock
    from gateway_conformance.attestation import revocation
    from gateway_conformance.attestation import statement as attest
    from gateway_conformance.attestation.algorithms import Unsignable

    try:
        before = None if current is None else json.loads(current.read_bytes())
        made = revocation.revoked(before, serials=serials, keys=keys, reason=reason, now=SystemClock().now())
        signed = attest.sign(made, key.read_bytes(), algorithm)
    except (Unsignable, ValueError) as error:
        click.echo(f"不能吊销 / cannot be revoked: {error}", err=True)
        return BAD_DESCRIPTION
    held = revocation.listed(signed)
    if not dry_run:
        out.write_text(attest.text(signed), "utf-8")
    click.echo(f"{out}\t#{held['number']}\t{len(held['serials'])} + {len(held['keys'])}")
    return None
