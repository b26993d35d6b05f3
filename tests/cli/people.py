# SPDX-License-Identifier: Apache-2.0
"""A site without sources or destinations, and people who act on it from the command line."""

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from gateway.cli import shell

PASSWORD = "correct horse battery"
SITE = """\
organisation: "11360100DEM0001107"
name: 检验用网关(虚构站点)
ledger:
  url: {url}
trust:
  key: file:signing.key
  certificate: signing.pem
"""


class Site:
    """A configuration directory with a ledger."""

    def __init__(self, folder: Path, url: str = "sqlite:///var/ledger.db") -> None:
        self.folder = folder
        if (folder / "gateway.yaml").exists():  # somebody else's site
            return
        for name in ("sources.d", "destinations.d", "var"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        for name in ("signing.key", "signing.pem"):
            (folder / name).write_text("-", encoding="utf-8")
            (folder / name).chmod(0o600)
        (folder / "gateway.yaml").write_text(SITE.format(url=url), encoding="utf-8")

    def run(self, *arguments: str, by: str | None = None, password: str = PASSWORD) -> Result:
        """Run a command of this site as ``by``."""
        environment = {"GATEWAY_PASSWORD": password, "GATEWAY_AS": by, "GATEWAY_KEY": None}
        return CliRunner().invoke(shell, [*arguments, "-C", str(self.folder)], env=environment)

    def json(self, *arguments: str, by: str | None = None) -> Any:
        """Run a command with --json and return what it said."""
        result = self.run(*arguments, "--json", by=by)
        assert result.exit_code in (0, 1), result.output
        return json.loads(result.stdout)

    def found(self) -> None:
        """Name a system and a security administrator, and two operators admitted by them."""
        assert self.run("users", "add", "sys", "--role", "system-admin", "--reason", "建站").exit_code == 0
        made = self.run("users", "add", "sec", "--role", "security-admin", "--reason", "建站", by="sys")
        assert made.exit_code == 0, made.output
        for name in ("wang", "li"):
            number = self.json("users", "add", name, "--role", "operator", "--reason", "值班", by="sys")["proposal"]
            admitted = self.run("approvals", "approve", str(number), "--reason", "同意", by="sec")
            assert admitted.exit_code == 0, admitted.output
