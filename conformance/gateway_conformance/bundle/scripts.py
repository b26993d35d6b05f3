# SPDX-License-Identifier: Apache-2.0
"""Scripts of the kit: install without a network and start the local page, for Linux and Windows."""

from typing import Final

_INSTALL_SH: Final = """\
#!/bin/sh
# 离线安装到本目录的 venv;不访问网络。Installs into venv beside this file, without a network.
set -e
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python@PYTHON@}
"$python" -c 'import sys; sys.exit(sys.version_info[:2] != (@MAJOR@, @MINOR@))' 2>/dev/null || {
  echo "需要 Python @PYTHON@:用 PYTHON=/path/to/python@PYTHON@ sh install.sh 指定 / Python @PYTHON@ is needed" >&2
  exit 1
}
(cd "$here" && sha256sum --quiet -c SHA256SUMS) || { echo "文件不完整 / files are damaged" >&2; exit 1; }
"$python" -m venv "$here/venv"
"$here/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-index --no-deps --require-hashes \\
  --find-links "$here/wheels" --requirement "$here/requirements-linux.txt"
"$here/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-index --no-deps "$here/@WHEEL@"
"$here/venv/bin/gateway" conformance list --family CON >/dev/null
echo "已安装 installed: $here/venv/bin/gateway · 下一步 next: sh start.sh"
"""

_INSTALL_CMD: Final = """\
@echo off
rem 离线安装到本目录的 venv;不访问网络。 Installs into venv beside this file, without a network.
chcp 65001 >nul
setlocal
set "here=%~dp0"
if "%PYTHON%"=="" set "PYTHON=py -@PYTHON@"
%PYTHON% -c "import sys; sys.exit(sys.version_info[:2] != (@MAJOR@, @MINOR@))" || (
  echo 需要 Python @PYTHON@: set PYTHON=C:\\path\\python.exe
  exit /b 1
)
%PYTHON% -m venv "%here%venv" || exit /b 1
"%here%venv\\Scripts\\python.exe" -m pip install --quiet --disable-pip-version-check --no-index --no-deps --require-hashes ^
  --find-links "%here%wheels" --requirement "%here%requirements-windows.txt" || exit /b 1
"%here%venv\\Scripts\\python.exe" -m pip install --quiet --disable-pip-version-check --no-index --no-deps "%here%@WINWHEEL@" || exit /b 1
"%here%venv\\Scripts\\gateway.exe" conformance list --family CON >nul || exit /b 1
echo 已安装 installed: %here%venv\\Scripts\\gateway.exe
"""

_START_SH: Final = """\
#!/bin/sh
# 在 127.0.0.1 打开本地页面。Opens the local page on 127.0.0.1.
here=$(cd "$(dirname "$0")" && pwd)
exec "$here/venv/bin/gateway" conformance serve --dir "$here/work" "$@"
"""

_START_CMD: Final = """\
@echo off
chcp 65001 >nul
"%~dp0venv\\Scripts\\gateway.exe" conformance serve --dir "%~dp0work" %*
"""


def scripts(python: str, wheel: str, platforms: tuple[str, ...]) -> dict[str, bytes]:
    """Return the scripts by name; those of Windows have its line ends."""
    major, minor = python.split(".")
    known = {
        "@PYTHON@": python, "@MAJOR@": major, "@MINOR@": minor, "@WHEEL@": wheel, "@WINWHEEL@": wheel.replace("/", "\\"),
    }  # fmt: skip

    def filled(text: str) -> str:
        for mark, value in known.items():
            text = text.replace(mark, value)
        return text

    made: dict[str, bytes] = {}
    if "linux" in platforms:
        made |= {"install.sh": filled(_INSTALL_SH).encode(), "start.sh": _START_SH.encode()}
    if "windows" in platforms:
        made |= {
            "install.cmd": filled(_INSTALL_CMD).replace("\n", "\r\n").encode(),
            "start.cmd": _START_CMD.replace("\n", "\r\n").encode(),
        }
    return made
