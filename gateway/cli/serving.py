# SPDX-License-Identifier: Apache-2.0
"""A gateway that serves until SIGTERM, and takes up a changed configuration on SIGHUP: whole, or not at all (R13).

A new configuration is examined first, every file, mapping and destination of it. Only one without faults ends what is
running, in order, and starts it anew from the new files; a faulty one changes nothing, is told with its places, and
both stand in the audit. Whatever was under way is finished under the configuration it was begun with.
"""

import signal
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path
from typing import Final, NamedTuple, Protocol

import structlog

from gateway import i18n
from gateway.app import Gateway
from gateway.cli.config import examined
from gateway.cli.exits import ExitCode
from gateway.cli.output import say
from gateway.cli.signals import Signals, listening
from gateway.config import Configuration
from gateway.errors import GatewayError, LedgerError
from gateway.exchange.intake import Intake
from gateway.i18n import _
from gateway.ledger.audit import DONE, REFUSED, Act, record_act
from gateway.model.person import ITSELF

_LISTEN = 0.5
RELOAD: Final = "config.reload"
_MOST_OF_A_REASON: Final = 2000

log = structlog.get_logger(__name__)


class Serving(Protocol):
    """What runs until it is told to stop."""

    ended: threading.Event
    fault: BaseException | None

    def start(self) -> None:
        """Start."""

    def stop(self) -> None:
        """Finish what is in hand and end."""


class Running(NamedTuple):
    """A gateway at work: what serves, and its intake, if it has one."""

    gateway: Gateway
    service: Serving
    intake: Intake | None = None


Open = Callable[[Configuration], AbstractContextManager[Running]]
"""Opens a gateway of a configuration, not yet started; leaving the block closes it."""


def serve(directory: Path, configuration: Configuration, opened: Open) -> int:
    """Serve until SIGTERM or SIGINT; an unforeseen fault ends the process, so that its keeper starts it anew."""
    with listening(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as told:
        with opened(configuration) as running:
            after = _serve(running, told, directory)
        while after is not None:
            before, configuration = configuration, after
            configuration, after = _taken_up(before, configuration, opened, told, directory)
    return ExitCode.OK


def _taken_up(
    before: Configuration, new: Configuration, opened: Open, told: Signals, directory: Path
) -> tuple[Configuration, Configuration | None]:
    """Serve the new configuration, or the one before where the new one can't be opened; return what served and what is next."""
    with ExitStack() as at_work:
        try:
            running = at_work.enter_context(opened(new))
        except GatewayError as fault:
            served, running = before, at_work.enter_context(opened(before))
            _refused(running.gateway, fault.spoken(i18n.language()))
        else:
            served = new
            _note(running.gateway, Act(RELOAD, str(directory), DONE, detail=_named(new)))
            i18n.prefer(new.site.language)
            say(_("新配置已生效"))
        return served, _serve(running, told, directory)


def _serve(running: Running, told: Signals, directory: Path) -> Configuration | None:
    """Serve until told to end, or until another configuration that holds is to be taken up, which is returned."""
    service, intake = running.service, running.intake
    service.start()
    if intake is not None:
        intake.start()
        say(_("收报服务:https://{host}:{port}/exchange").format(host=intake.address[0], port=intake.address[1]))
    say(_("网关已启动,按 Ctrl-C 或发送 SIGTERM 停止"))
    after = None
    while not told.end and not service.ended.is_set() and not (intake is not None and intake.broken):
        told.wait(_LISTEN)
        if told.reload:
            told.reload = False
            after = _next(running.gateway, directory)
            if after is not None:
                break
    broken = intake is not None and intake.broken
    if intake is not None:
        intake.stop()
    service.stop()
    if service.fault is not None:
        raise service.fault
    if broken:
        raise RuntimeError("the intake's server has ended by itself")
    return None if told.end else after


def _next(gateway: Gateway, directory: Path) -> Configuration | None:
    """Return the configuration of the directory as it is now, or None where it has faults: then all stays as it is."""
    try:
        found = examined(directory)
    except GatewayError as fault:
        _refused(gateway, fault.spoken(i18n.language()))
        return None
    if found.configuration is None or found.lines:
        _refused(gateway, "\n".join(found.lines))
        return None
    return found.configuration


def _refused(gateway: Gateway, why: str) -> None:
    log.error("configuration-refused", why=why)
    say(_("新配置有错,继续使用原来的配置:"))
    say(why)
    _note(gateway, Act(RELOAD, str(gateway.configuration.root), REFUSED, why[:_MOST_OF_A_REASON]))


def _note(gateway: Gateway, done: Act) -> None:
    ledger = gateway.place.ledger
    with suppress(LedgerError):  # a ledger that is away is told of by everything else
        ledger.again(lambda connection: record_act(connection, ITSELF, done, ledger.now()))


def _named(configuration: Configuration) -> dict[str, object]:
    return {
        "sources": [each.name for each in configuration.sources],
        "destinations": [each.name for each in configuration.destinations],
    }
