# SPDX-License-Identifier: Apache-2.0
"""``gateway source golive``: the go-live lock, where each item of a source stands and what people do about it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection

from gateway.cli.acting import Claim, act_options, audited, gated, resolve
from gateway.cli.options import directory_option, json_option
from gateway.cli.output import emit_json, print_table, progress, say, spoken
from gateway.cli.shown import shown_act, shown_time
from gateway.config import Configuration, load
from gateway.errors import ConfigurationError
from gateway.golive import Proofs, lock_of, shown_interface
from gateway.i18n import _
from gateway.ledger import golive, golive_acts
from gateway.ledger.approvals import propose
from gateway.ledger.audit import Act, acts
from gateway.ledger.destinations import known_routes
from gateway.ledger.golive import Item, Lock
from gateway.ledger.golive_acts import OVERRIDE, NotYet, Told
from gateway.ledger.store import Ledger
from gateway.model.destination import Terms
from gateway.model.person import Duty
from gateway.parts import read_ledger, terms_of, write_ledger
from gateway.semantics.golive import EVERY_ITEM, OVERRIDE_DAYS, STAGES, Stage, days_left

item_option = click.option("--item", metavar="CODE", help="只对这个事项;不写则对该数据源的全部事项")


@click.group(
    "golive",
    help="""上线锁:draft 草稿 → self-tested 已自测 → attested 已验收 → trial 试运行 → live 正式运行;suspended 已暂停。
    不是 live 的数据源照常采集、映射、校验,记录留在台账中不投递。在 gateway.yaml 的 golive 中启用。""",
)
def command() -> None:
    """Group of commands on the go-live lock."""


@command.command("show", help="显示各数据源各事项的上线状态、还缺什么、扣留的记录;只读。")
@click.argument("name", required=False)
@directory_option
@json_option
def show(name: str | None, directory: Path, as_json: bool) -> None:
    """Show the lock."""
    configuration = load(directory)
    shown = _shown(configuration, name)
    if as_json:
        emit_json(shown)
        return
    if not shown["lock"]:
        say(_("上线锁没有启用(gateway.yaml 中 golive.lock)"))
    print_table(
        [_("数据源"), _("事项"), _("状态"), _("自"), _("证明有效至"), _("剩余天数"), _("投递"), _("扣留"), _("还缺")],
        [
            [
                each["source"], each["item"], spoken(STAGES[Stage(each["stage"])]), each["since"], each["valid_until"],
                each["days_left"], _("是") if each["delivers"] else _("否"), each["held"], " ".join(each["lacks"]),
            ]
            for each in shown["items"]
        ],
    )  # fmt: skip
    for each in shown["items"]:
        for change in each["drift"]:
            say(
                f"{each['source']}/{each['item']} {change['part']}: {change['attested'] or '-'} → {change['seen'] or '-'}"
            )
    if name is not None:
        print_table(
            [_("时间"), _("操作人"), _("操作"), _("原因"), _("说明")],
            [[each["at"], each["actor"], each["action"], each["reason"], each["detail"]] for each in shown["acts"]],
        )


@command.command("attest", help="提交证明(DSSE 文件):自测报告使草稿成为已自测,信息中心加签的验收证明使其成为已验收。")
@click.argument("name")
@click.argument("attestation", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--item", "chosen", metavar="CODE", multiple=True, help="只对这些事项,可重复;不写则对证明中的全部事项")
@act_options
def attest(
    name: str, attestation: Path, chosen: tuple[str, ...], reason: str, claim: Claim, directory: Path, dry_run: bool
) -> None:
    """Present an attestation."""
    configuration = _locked(directory)
    envelope = attestation.read_bytes()
    with write_ledger(configuration) as ledger:
        actor = resolve(ledger, claim, Duty.OPERATE, "golive.attest", golive.subject(name, EVERY_ITEM))
        asked = Act("golive.attest", golive.subject(name, EVERY_ITEM), reason=reason, detail={"file": attestation.name})
        with gated(ledger, actor, asked):
            proof = Proofs.of(configuration).proof(name, envelope, shown_interface(configuration, name), ledger.now())
            strange = sorted(set(chosen) - set(proof.items))
            if strange or not proof.items:
                raise golive_acts.NotProven(f"{name}: items: {' '.join(strange) or '-'}")
        items = chosen or proof.items
        if dry_run:
            say(
                _("试运行,未写入:{name} 的 {n} 个事项可用证明 {serial}").format(
                    name=name, n=len(items), serial=proof.serial or "-"
                )
            )
            return
        told = Told(actor.name, reason, ledger.now())
        detail = {"serial": proof.serial, "digest": proof.digest, "items": list(items)}
        with audited(ledger, actor, Act(asked.action, asked.subject, reason=reason, detail=detail)) as connection:
            rows = golive_acts.attest(connection, name, proof, items, told)
    for row in rows:
        say(f"{name}/{row.item}: {row.standing.stage.value}")


@command.command(
    "promote", help="进入下一阶段:已验收 → 试运行;试运行满天数且对账零差异 → 正式运行,同时投递试运行期间扣留的记录。"
)
@click.argument("name")
@item_option
@act_options
def promote(name: str, item: str | None, reason: str, claim: Claim, directory: Path, dry_run: bool) -> None:
    """Take items to their next stage."""
    configuration = _locked(directory)
    days = configuration.site.golive.trial_days

    def act(connection: Connection, row: Item, told: Told) -> Item:
        _unchanged(configuration, row, told.at)
        return golive_acts.promote(connection, row, told, days)

    rows = _move(configuration, name, item, (claim, reason, "golive.promote"), act, dry_run=dry_run)
    if any(row.standing.stage is Stage.LIVE for row in rows) and not dry_run:
        _release(configuration, name, item)


@command.command("suspend", help="暂停上线:此后的记录留在台账中,不投递。")
@click.argument("name")
@item_option
@act_options
def suspend(name: str, item: str | None, reason: str, claim: Claim, directory: Path, dry_run: bool) -> None:
    """Suspend items."""
    act = golive_acts.suspend
    _move(_locked(directory), name, item, (claim, reason, "golive.suspend"), act, dry_run=dry_run)


@command.command("resume", help="恢复到暂停前的阶段;证明须有效,接口须与验收时一致。扣留的记录用 release 投递。")
@click.argument("name")
@item_option
@act_options
def resume(name: str, item: str | None, reason: str, claim: Claim, directory: Path, dry_run: bool) -> None:
    """Take suspended items back."""
    configuration = _locked(directory)

    def act(connection: Connection, row: Item, told: Told) -> Item:
        _unchanged(configuration, row, told.at)
        return golive_acts.resume(connection, row, told)

    _move(configuration, name, item, (claim, reason, "golive.resume"), act, dry_run=dry_run)


@command.command("release", help="投递扣留的记录(数据源须已可投递);映射要重做的先用 gateway replay,再放行。")
@click.argument("name")
@item_option
@act_options
def release(name: str, item: str | None, reason: str, claim: Claim, directory: Path, dry_run: bool) -> None:
    """Give held records to their lanes."""
    configuration = _locked(directory)
    subject = golive.subject(name, item or EVERY_ITEM)
    if dry_run:
        with read_ledger(configuration) as ledger, ledger.reading() as connection:
            waiting = [each for each in golive.held(connection, name) if item is None or each["item"] == item]
        say(_("试运行,未写入:扣留 {n} 条").format(n=sum(each["records"] for each in waiting)))
        return
    with write_ledger(configuration) as ledger:
        actor = resolve(ledger, claim, Duty.OPERATE, "golive.release", subject)
        with audited(ledger, actor, Act("golive.release", subject, reason=reason)):
            pass  # what is released goes in steps of their own; the order stands before them
    _release(configuration, name, item)


@command.command(
    "override",
    help="紧急放行:由一人提出,另一人用 gateway approvals approve 批准,最多 7 天;--end 提前结束。",
)
@click.argument("name")
@item_option
@click.option("--days", type=click.IntRange(1, OVERRIDE_DAYS), default=1, show_default=True, help="天数")
@click.option("--end", "ends", is_flag=True, help="提前结束")
@act_options
def override(
    name: str, item: str | None, days: int, ends: bool, reason: str, claim: Claim, directory: Path, dry_run: bool
) -> None:
    """Propose an emergency override, or end one."""
    configuration = _locked(directory)
    Proofs.of(configuration).party(name)
    if ends:
        _move(
            configuration,
            name,
            item or EVERY_ITEM,
            (claim, reason, "golive.override-end"),
            golive_acts.end_override,
            dry_run=dry_run,
        )
        return
    subject = golive.subject(name, item or EVERY_ITEM)
    with write_ledger(configuration) as ledger:
        actor = resolve(ledger, claim, Duty.OPERATE, OVERRIDE, subject)
        if dry_run:
            say(_("试运行,未写入:将提出 {subject} 紧急放行 {days} 天").format(subject=subject, days=days))
            return
        asked = Act(OVERRIDE, subject, reason=reason, detail={"days": days})
        payload = {"source": name, "item": item or EVERY_ITEM, "days": days}
        with gated(ledger, actor, asked) as connection:
            number = propose(connection, actor, asked, payload, ledger.now())
    say(_("已提出,待另一人批准:gateway approvals approve {number}").format(number=number))


# -- shared ------------------------------------------------------------------------------------------------------


def _locked(directory: Path) -> Configuration:
    configuration = load(directory)
    if lock_of(configuration) is None:
        raise ConfigurationError(_("上线锁没有启用:gateway.yaml 中写 golive: {{lock: true, trust: …}}").format())
    return configuration


def _unchanged(configuration: Configuration, row: Item, now: int) -> None:
    """Refuse where the attestation does not hold any more, or the interface is not the attested one now. Raises NotYet."""
    with read_ledger(configuration) as ledger, ledger.reading() as connection:
        envelope = golive.envelope(connection, row.attestation or "")
    refused = Proofs.of(configuration).checked(row.source, envelope or b"", now)
    seen = shown_interface(configuration, row.source)
    changes = row.interface.changes(seen) if row.interface is not None and seen is not None else ()
    why = [*refused, *(each.part for each in changes)]
    if why or seen is None:
        raise NotYet(f"{row.source}/{row.item}: {' '.join(why) or 'interface'}")


def _move(
    configuration: Configuration, name: str, item: str | None, said: tuple[Claim, str, str],
    act: Callable[[Connection, Item, Told], Item], *, dry_run: bool,
) -> list[Item]:  # fmt: skip
    """Move the items of a source in one transaction, all or none, each with its act in the audit."""
    claim, reason, action = said
    subject = golive.subject(name, item or EVERY_ITEM)
    with write_ledger(configuration) as ledger:
        actor = resolve(ledger, claim, Duty.OPERATE, action, subject)
        detail: dict[str, Any] = {}
        asked = Act(action, subject, reason=reason, detail=detail)
        told = Told(actor.name, reason, ledger.now())
        if dry_run:
            with ledger.attempt(keep=False) as connection:
                rows = [act(connection, row, told) for row in golive_acts.chosen_items(connection, name, item)]
        else:
            with audited(ledger, actor, asked) as connection:
                rows = [act(connection, row, told) for row in golive_acts.chosen_items(connection, name, item)]
                detail["stages"] = {row.item: row.standing.stage.value for row in rows}
    for row in rows:
        done = f"{row.source}/{row.item}: {row.standing.stage.value}"
        say(_("试运行,未写入:{what}").format(what=done) if dry_run else done)
    return rows


def _release(configuration: Configuration, name: str, item: str | None) -> None:
    lock = lock_of(configuration) or Lock()
    terms = {each.name: terms_of(each) for each in configuration.destinations}
    released, stay, after = 0, 0, ""
    with write_ledger(configuration) as ledger, progress(_("投递扣留的记录")) as bar:
        while True:
            step = _step(ledger, lock, terms, (name, item, after))
            released, stay = released + step.released, stay + step.stay
            bar.advance(step.released)
            if step.more is None:
                break
            after = step.more
    say(_("已放行 {released} 条,仍扣留 {stay} 条").format(released=released, stay=stay))


def _step(ledger: Ledger, lock: Lock, terms: Mapping[str, Terms], what: tuple[str, str | None, str]) -> golive.Release:
    name, item, after = what
    return ledger.again(
        lambda connection: golive.release(
            connection, lock, known_routes(connection, terms), name, item, ledger.now(), after=after
        )
    )


def _shown(configuration: Configuration, name: str | None) -> dict[str, Any]:
    lock = lock_of(configuration)
    intake = configuration.site.intake
    senders = () if intake is None else intake.senders
    everybody = [*(each.name for each in configuration.sources), *(each.name for each in senders)]
    configured = [each for each in everybody if name in (None, each)]
    if not configured and name is not None:
        Proofs(configuration).party(name)
    with read_ledger(configuration) as ledger, ledger.reading() as connection:
        now = ledger.now()
        rows = golive.items(connection, set(configured))
        held = golive.held(connection, name)
        shown = [_item(connection, row, held, now, configuration.site.golive.trial_days) for row in rows]
        known = {row.source for row in rows}
        drafts = [
            {
                "source": each, "item": EVERY_ITEM, "stage": Stage.DRAFT.value, "since": None, "told_by": None, "told_reason": None,
                "attestation": None, "valid_until": None, "days_left": None, "override_until": None, "override_by": None,
                "delivers": lock is None or not lock.covers(each), "flagged": False, "drift": [], "lacks": ["attestation"],
                "held": sum(of["records"] for of in held if of["source"] == each),
            }
            for each in configured
            if each not in known
        ]  # fmt: skip
        story = (
            []
            if name is None
            else [each for each in acts(connection, limit=500) if each["subject"].startswith(f"golive:{name}/")]
        )
    return {
        "lock": lock is not None,
        "drift": configuration.site.golive.drift,
        "items": sorted([*shown, *drafts], key=lambda each: (each["source"], each["item"])),
        "held": [{**each, "first_at": shown_time(each["first_at"])} for each in held],
        "acts": [shown_act(each) for each in story],
    }


def _item(connection: Connection, row: Item, held: list[dict[str, Any]], now: int, trial_days: int) -> dict[str, Any]:
    standing = row.standing
    lacking = []
    if standing.stage in (Stage.DRAFT, Stage.SELF_TESTED) or now >= standing.valid_until:
        lacking.append("attestation")
    if standing.stage is Stage.TRIAL:
        lacking += golive_acts.lacks(connection, row, now, trial_days)
    return {
        "source": row.source, "item": row.item, "stage": standing.stage.value, "since": shown_time(row.since),
        "told_by": row.told_by, "told_reason": row.told_reason, "attestation": row.attestation,
        "valid_until": shown_time(standing.valid_until), "days_left": days_left(standing, now) if standing.valid_until else None,
        "override_until": shown_time(standing.override_until), "override_by": row.override_by,
        "delivers": standing.delivers(now), "flagged": standing.flagged,
        "drift": [each._asdict() for each in standing.drift], "lacks": lacking,
        "held": sum(of["records"] for of in held if (of["source"], of["item"]) == (row.source, row.item)),
    }  # fmt: skip
