# SPDX-License-Identifier: Apache-2.0
"""``pytest --jxconf=sut.toml``: the cases of a system as pytest items, for those who live in pytest.

One item a case, its id the case's; the engine carries the whole run out, the plugin tells its verdicts: what leaves the
gate open passes, FAIL, ERROR and an open blocker fail, everything else is skipped with its reason. ``--jxconf-profile``,
``--jxconf-scale``, ``--jxconf-seed`` are the options of ``gateway conformance run``; ``-k`` and ids choose cases.
The result that gates is that of the command: nothing is signed from here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from gateway_conformance.sut import Description


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options; everything else of the suite is imported when they are used."""
    group = parser.getgroup("jxconf", "一致性测试套件 / conformance suite")
    group.addoption("--jxconf", metavar="SUT", help="系统描述 sut.toml / description of the system")
    group.addoption("--jxconf-profile", metavar="P", help="接口形态,默认取第一个 / interface profile")
    group.addoption("--jxconf-scale", type=float, default=1.0, help="等待加快的倍数 / how much faster waits pass")
    group.addoption("--jxconf-seed", type=int, default=1, help="种子 / seed")


class Failed(Exception):
    """A case that did not pass; its text is what a vendor reads."""


def pytest_collection(session: pytest.Session) -> None:
    """Take the system's description in before anything is collected: what is wrong with it ends the session."""
    if session.config.getoption("--jxconf"):
        from gateway_conformance import sut

        try:
            session.config.stash[_DESCRIPTION] = sut.load(Path(session.config.getoption("--jxconf")))
        except sut.BadDescription as error:
            raise pytest.UsageError(str(error)) from error


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> Iterator[None]:
    """Put the cases beside what pytest has found; ``-k`` and marks then choose among all."""
    description = config.stash.get(_DESCRIPTION, None)
    if description is not None:
        items.extend(System.from_parent(session, name=description.path.name, nodeid=description.path.name).collect())
    yield


_DESCRIPTION: pytest.StashKey[Description] = pytest.StashKey()
_RUN: pytest.StashKey[dict[str, Any]] = pytest.StashKey()


class System(pytest.Collector):
    """The system under test: a collector of its cases."""

    def collect(self) -> Iterator[Case]:
        """Return an item for every case of the profile that is in force."""
        from gateway_conformance.engine import expected

        description = self.config.stash[_DESCRIPTION]
        for requirement in expected(self.config.getoption("--jxconf-profile") or description.profiles[0]):
            yield Case.from_parent(self, name=requirement.id)


class Case(pytest.Item):
    """One case; the first item that is run carries the run out, of the chosen cases with their prerequisites."""

    def runtest(self) -> None:
        """Tell the verdict; raises Failed, or skips."""
        from gateway_conformance.verdict import OPEN, Verdict

        held = _run(self.session)[self.name]
        verdict = Verdict(held["verdict"])
        reason = "" if held["reason"] is None else held["reason"]["zh"]
        if verdict is Verdict.NOT_APPLICABLE:
            pytest.skip(reason)
        if verdict in OPEN:
            return
        if verdict in {Verdict.FAIL, Verdict.ERROR} or held["gates"]:
            told = [
                f"{each['code']} {each['message']} {' '.join(each['examples'][:3])}\n    修复 {each['hint']}"
                for each in held["findings"]
            ]
            raise Failed("\n".join([f"{verdict} {held['id']} {reason}".strip(), *told]))
        pytest.skip(f"{verdict}: {reason}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> str:
        """Return what is wrong, without a traceback: it is not the suite that failed."""
        return str(excinfo.value) if isinstance(excinfo.value, Failed) else str(super().repr_failure(excinfo, style))

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return where the case belongs: the description of the system."""
        return self.config.stash[_DESCRIPTION].path, None, self.name


def _run(session: pytest.Session) -> dict[str, Any]:
    """Return the cases of the run by id; carries it out once a session."""
    from gateway_conformance import runner

    config = session.config
    if _RUN not in config.stash:
        chosen = frozenset(item.name for item in session.items if isinstance(item, Case))
        options = runner.Options(
            config.getoption("--jxconf-seed"), config.getoption("--jxconf-scale"), config.getoption("--jxconf-profile"), chosen,
        )  # fmt: skip
        result = runner.run(config.stash[_DESCRIPTION], options)
        config.stash[_RUN] = {each["id"]: each for each in result["cases"]}
    return config.stash[_RUN]
