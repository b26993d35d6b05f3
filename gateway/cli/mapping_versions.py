# SPDX-License-Identifier: Apache-2.0
"""``gateway mapping plan | approve | activate | history | rollback``: a mapping is put to use by two people, and put back."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.acting import Claim, act_options, audited, gated, resolve
from gateway.cli.exits import ExitCode
from gateway.cli.options import directory_option, json_option
from gateway.cli.output import emit_json, print_table, progress, say
from gateway.i18n import _

if TYPE_CHECKING:
    from gateway.config import Configuration, SourceSettings
    from gateway.flow.mapping_diff import Difference
    from gateway.ledger.mappings import Version
    from gateway.ledger.store import Ledger
    from gateway.mapping.model import Mapping
    from gateway.pack import Pack

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_SOURCE = click.argument("source", metavar="数据源")


@click.command(
    "plan",
    help="提出启用映射:用台账里该数据源的原始行比较现行版本和新版本,列出每类记录有多少条变化、新增拒绝,"
    "留存新版本的文件,等另一人批准。FILE 不写则取数据源配置的映射文件。--dry-run 只比较",
)
@_SOURCE
@click.argument("file", type=_FILE, required=False)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="最多看这么多原始行(默认全部)")
@click.option("--reveal", is_flag=True, help="显示个人信息(默认遮盖)")
@act_options
@json_option
def plan(
    source: str, file: Path | None, limit: int | None, reason: str, claim: Claim, directory: Path, *, reveal: bool,
    dry_run: bool, as_json: bool,
) -> int:  # fmt: skip
    """Show what a mapping would change, keep it, and propose it."""
    from gateway.approved import files_of
    from gateway.cli.mapping_diff import as_data, print_difference
    from gateway.config import load
    from gateway.ledger import mappings
    from gateway.ledger.audit import Act
    from gateway.ledger.mappings import ACTIVATE, PLANNED, Version
    from gateway.model.person import Duty
    from gateway.pack import load_pack
    from gateway.parts import write_ledger

    configuration = load(directory)
    pack = load_pack(configuration.site.pack)
    settings = _settings(configuration, source)
    new = _loaded(configuration, settings, file, pack)
    with write_ledger(configuration) as ledger:
        present = _present(configuration, settings, ledger, pack)
        found = _compared(ledger, source, present, new, pack, limit)
        effect = {**as_data(found, pack, reveal=False), "from": present.version if present else None}
        if not as_json:
            print_difference(found, pack, reveal=reveal)
        actor = resolve(ledger, claim, Duty.OPERATE, ACTIVATE, source)
        if dry_run:
            emit_json({**effect, "digest": new.version}) if as_json else say(_("只比较,没有提出"))
            return ExitCode.FINDINGS if found.refused else ExitCode.OK
        version = Version(0, source, new.version, PLANNED, files_of(new))
        asked = Act(ACTIVATE, f"{source} {new.version[:12]}", reason=reason)
        with gated(ledger, actor, asked) as connection:
            number, proposal = mappings.plan(connection, actor, version, new.title.zh, effect, reason, ledger.now())
    if as_json:
        emit_json({**effect, "digest": new.version, "version": number, "proposal": proposal})
    else:
        say(
            _("已提出版本 {digest},待批准:gateway mapping approve {proposal}").format(
                digest=new.version[:12], proposal=proposal
            )
        )
    return ExitCode.OK


@click.command("approve", help="批准启用一个映射版本(同 gateway approvals approve);提出人自己不能批准")
@click.argument("number", type=int)
@act_options
def approve(number: int, reason: str, claim: Claim, directory: Path, *, dry_run: bool) -> int:
    """Approve a proposed version."""
    from gateway.cli.approvals import decide_proposal

    return decide_proposal(directory, claim, number, reason, approve=True, dry_run=dry_run)


@click.command(
    "activate",
    help="启用已批准的映射版本:写入站点的映射文件夹,并记入台账;运行中的网关在下一次采集前换上,不必重启",
)
@_SOURCE
@click.option("--version", "digest", default="", metavar="DIGEST", help="版本号的开头(默认最近批准的)")
@act_options
def activate(source: str, digest: str, reason: str, claim: Claim, directory: Path, *, dry_run: bool) -> int:
    """Put an approved version to use."""
    from gateway.ledger import mappings

    return _put_to_use(
        source, digest, reason, claim, directory, mappings.approved, "mapping.activated", dry_run=dry_run
    )


@click.command("rollback", help="换回先前启用过的映射版本(它早已批准,一人即可);不写 --version 则是上一个")
@_SOURCE
@click.option("--version", "digest", default="", metavar="DIGEST", help="版本号的开头")
@act_options
def rollback(source: str, digest: str, reason: str, claim: Claim, directory: Path, *, dry_run: bool) -> int:
    """Put an earlier version back."""
    from gateway.ledger import mappings

    return _put_to_use(
        source, digest, reason, claim, directory, mappings.former, "mapping.rolled-back", dry_run=dry_run
    )


def _put_to_use(
    source: str, digest: str, reason: str, claim: Claim, directory: Path, choose: Any, action: str, *, dry_run: bool
) -> int:
    from gateway.approved import install
    from gateway.config import load
    from gateway.ledger import mappings
    from gateway.ledger.approvals import NotOpen
    from gateway.ledger.audit import Act
    from gateway.model.person import Duty
    from gateway.pack import load_pack
    from gateway.parts import load_source_mapping, write_ledger

    configuration = load(directory)
    settings = _settings(configuration, source)
    with write_ledger(configuration) as ledger:
        with ledger.reading() as connection:
            version: Version | None = choose(connection, source, digest)
            refused = mappings.refused_rows(connection, source)
        if version is None:
            raise NotOpen(f"{source} {digest or '-'}")
        actor = resolve(ledger, claim, Duty.OPERATE, action, source)
        if dry_run:
            say(_("将启用 {source} 的版本 {digest}").format(source=source, digest=version.digest[:12]))
            return ExitCode.OK
        written = install(configuration, settings, version)
        if load_source_mapping(configuration, settings, load_pack(configuration.site.pack)).version != version.digest:
            raise click.UsageError(_("写入后装载的仍是另一个版本:别的映射文件夹里有同名的对照表"))
        detail = {"version": version.id, "digest": version.digest, "files": [path.name for path in written]}
        done = Act(action, f"{source} {version.digest[:12]}", reason=reason, detail=detail)
        with audited(ledger, actor, done) as connection:
            mappings.activate(connection, actor, version, ledger.now())
    for path in written:
        click.echo(path)
    say(_("已启用 {source} 的版本 {digest}").format(source=source, digest=version.digest[:12]))
    if refused:
        say(
            _("有 {n} 行先前被拒绝;用新映射重试:gateway replay plan --source {source} --mode raw").format(
                n=refused, source=source
            )
        )
    return ExitCode.OK


@click.command("history", help="列出映射的各个版本:谁提出、谁批准、何时启用、做了多少条记录")
@click.argument("source", metavar="数据源", required=False)
@directory_option
@json_option
def history(source: str | None, directory: Path, *, as_json: bool) -> None:
    """List the versions of mappings."""
    from gateway.clock import moment
    from gateway.config import load
    from gateway.ledger import mappings
    from gateway.parts import read_ledger

    with read_ledger(load(directory)) as ledger, ledger.reading() as connection:
        found = mappings.history(connection, source)
    for each in found:
        for name in ("planned_at", "approved_at", "activated_at"):
            each[name] = None if each[name] is None else moment(each[name]).isoformat(timespec="seconds")
    if as_json:
        emit_json(found)
        return
    heads = [_("数据源"), _("版本"), _("状态"), _("记录"), _("提出"), _("批准"), _("启用"), _("启用时间"), _("原因")]
    print_table(heads, [_line(each) for each in found])


def _line(each: dict[str, Any]) -> Sequence[Any]:
    names = ("planned_by", "approved_by", "activated_by", "activated_at", "reason")
    return [each["source"], each["digest"][:12], each["state"], each["records"], *(each[name] for name in names)]


def _settings(configuration: "Configuration", source: str) -> "SourceSettings":
    settings = next((each for each in configuration.sources if each.name == source), None)
    if settings is None:
        raise click.UsageError(_("没有数据源 {name}").format(name=source))
    return settings


def _loaded(configuration: "Configuration", settings: "SourceSettings", file: Path | None, pack: "Pack") -> "Mapping":
    """Load the new version; another file takes the name of the source's mapping, as it will have it once installed."""
    from gateway.mapping.load import load_mapping
    from gateway.parts import locate_mapping, mapping_of

    path, search = locate_mapping(configuration, settings)
    if file is None:
        return load_mapping(path, pack, search)
    return load_mapping(file, pack, (file.parent, *search), shown=str(file), name=Path(mapping_of(settings)).name)


def _present(
    configuration: "Configuration", settings: "SourceSettings", ledger: "Ledger", pack: "Pack"
) -> "Mapping | None":
    """Return the version in use: the active one; before any was activated, the configured file."""
    from gateway.approved import stored
    from gateway.ledger import mappings
    from gateway.parts import load_source_mapping, mapping_of

    with ledger.reading() as connection:
        version = mappings.active(connection, settings.name)
    if version is not None:
        return stored(version, Path(mapping_of(settings)).name, pack)
    return load_source_mapping(configuration, settings, pack)


def _compared(
    ledger: "Ledger", source: str, old: "Mapping | None", new: "Mapping", pack: "Pack", limit: int | None
) -> "Difference":
    from itertools import islice

    from gateway.flow.mapping_diff import Difference, Side, compare
    from gateway.ledger.originals import raw_rows
    from gateway.mapping.compile import compile_mapping
    from gateway.pack import load_packs
    from gateway.parts import judging_packs, validator_for

    validator = validator_for(judging_packs(pack, load_packs()))
    sides = [Side(compile_mapping(each or new, pack, source), validator) for each in (old, new)]
    found = Difference()
    with ledger.reading() as connection, progress(_("比较")) as bar:
        rows = islice(raw_rows(connection, source, None), limit)
        for count in compare(rows, sides[0], sides[1], ledger.numbers, found):
            bar.advance(count)
    return found
