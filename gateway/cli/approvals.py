# SPDX-License-Identifier: Apache-2.0
"""``gateway approvals``: acts proposed by one person, approved or rejected by another."""

from pathlib import Path

import click

from gateway.cli.acting import Claim, act_options, gated, resolve
from gateway.cli.exits import ExitCode
from gateway.cli.options import directory_option, json_option
from gateway.cli.output import emit_json, print_table, say
from gateway.clock import moment
from gateway.config import load
from gateway.i18n import _
from gateway.ledger import mappings as _mappings  # noqa: F401 # it carries out what it proposes
from gateway.ledger.approvals import decide, proposals
from gateway.ledger.audit import Act
from gateway.model.person import ALLOWED, Duty
from gateway.parts import read_ledger, write_ledger


@click.group(help="需要两人的操作:批量回放、登记人员等由一人提出,另一人批准;本人批准会被拒绝(退出码 5)。")
def command() -> None:
    """Hold the subcommands."""


@command.command("list", help="列出待批准的操作;--all 连同已决定的。")
@directory_option
@click.option("--all", "everything", is_flag=True, help="连同已决定的")
@json_option
def list_(directory: Path, everything: bool, as_json: bool) -> None:
    """List proposals."""
    with read_ledger(load(directory)) as ledger, ledger.reading() as connection:
        found = proposals(connection, None if everything else "open")
    for each in found:
        for name in ("proposed_at", "decided_at"):
            each[name] = None if each[name] is None else moment(each[name]).isoformat(timespec="seconds")
    if as_json:
        emit_json(found)
        return
    columns = ["id", "action", "subject", "state", "proposed_by", "proposed_at", "reason", "decided_by"]
    heads = [_("编号"), _("操作"), _("对象"), _("状态"), _("提出人"), _("提出时间"), _("原因"), _("决定人")]
    print_table(heads, [[each[name] for name in columns] for each in found])


@command.command(help="批准一项提议并使其生效;提出人自己不能批准。")
@click.argument("number", type=int)
@act_options
def approve(number: int, reason: str, claim: Claim, directory: Path, dry_run: bool) -> int:
    """Approve a proposal."""
    return decide_proposal(directory, claim, number, reason, approve=True, dry_run=dry_run)


@command.command(help="驳回一项提议(提出人可用它收回)。")
@click.argument("number", type=int)
@act_options
def reject(number: int, reason: str, claim: Claim, directory: Path, dry_run: bool) -> int:
    """Reject a proposal."""
    return decide_proposal(directory, claim, number, reason, approve=False, dry_run=dry_run)


def decide_proposal(directory: Path, claim: Claim, number: int, reason: str, *, approve: bool, dry_run: bool) -> int:
    """Approve or reject a proposal as the person that ``claim`` names."""
    action = "approvals.approve" if approve else "approvals.reject"
    with write_ledger(load(directory)) as ledger:
        with ledger.reading() as connection:
            row = next((each for each in proposals(connection) if each["id"] == number), None)
        if row is None:
            raise click.UsageError(_("没有提议 {number}").format(number=number))
        duty = Duty.ADMIT_PEOPLE if row["action"].startswith("users.") else Duty.APPROVE
        wide = duty if approve or row["action"].startswith("users.") else Duty.OPERATE
        actor = resolve(ledger, claim, wide if ALLOWED[wide] else duty, action, str(row["subject"]))
        if dry_run:
            say(_("将决定:{action} {subject}").format(action=row["action"], subject=row["subject"]))
            return ExitCode.OK
        asked = Act(action, str(row["subject"]), reason=reason, detail={"proposal": number})
        with gated(ledger, actor, asked) as connection:
            decide(connection, actor, number, approve, reason, ledger.now())
    say(_("已批准并生效") if approve else _("已驳回"))
    return ExitCode.OK
