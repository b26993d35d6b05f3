# SPDX-License-Identifier: Apache-2.0
"""The vendor's kit with its wheels: both platforms resolved, the Linux one installed and run where there is no route."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway_conformance.bundle.wheels import requirements
from gateway_conformance.command import command

pytestmark = pytest.mark.packaging
PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
UP = """
import fcntl, socket, struct, subprocess, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held:  # a namespace begins with its loopback down
    fcntl.ioctl(held, 0x8914, struct.pack("16sH14x", b"lo", 0x1 | 0x40))
try:
    socket.create_connection(("192.0.2.1", 80), timeout=2)
    sys.exit("there is a route")
except OSError:
    sys.exit(subprocess.run(sys.argv[1:]).returncode)
"""
FIRST_RUN = """
set -e
gateway=venv/bin/gateway
$gateway reference department --profile S --dir dept --ready-file ready.json >dept.log 2>&1 &
department=$!
for _ in $(seq 100); do [ -f ready.json ] && break; sleep 0.2; done
$gateway conformance doctor --sut dept/sut.toml
$gateway conformance run --sut dept/sut.toml --time-scale 600 --out report || { kill $department; exit 1; }
kill $department
"""


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the kit for both platforms and unpack it."""
    place = tmp_path_factory.mktemp("kit")
    made = CliRunner().invoke(
        command, ["kit", "--out", str(place / "kit.zip"), "--python", PYTHON], standalone_mode=False
    )
    if made.return_value == 4:
        pytest.skip(f"package index: {made.output.strip()[-200:]}")
    assert made.exception is None, made.output
    with zipfile.ZipFile(place / "kit.zip") as archive:
        archive.extractall(place)
    (place / "kit.zip").unlink()
    return place / "conformance-kit"


def test_every_requirement_of_both_platforms_has_its_wheel(kit: Path) -> None:
    wheels = [path.name for path in (kit / "wheels").iterdir()]
    assert all(name.endswith(".whl") for name in wheels)
    for platform, sign in (("linux", "manylinux"), ("windows", "win_amd64")):
        held = (kit / f"requirements-{platform}.txt").read_text("utf-8")
        assert held == requirements(platform)
        for line in held.splitlines():
            if "==" not in line or line.startswith((" ", "#")):
                continue
            name, _, version = line.split()[0].partition("==")
            start = f"{name.replace('-', '_').lower()}-{version}-"
            fitting = [each for each in wheels if each.lower().replace(".", "_").startswith(start.replace(".", "_"))]
            assert any("-any.whl" in each or sign in each for each in fitting), f"{platform}: {line}"
    assert not [each for each in wheels if "macosx" in each]


def test_it_installs_and_passes_a_first_run_without_a_route(kit: Path) -> None:
    unshare = shutil.which("unshare")
    alone = [str(unshare), "--map-root-user", "--net"]
    if unshare is None or subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
        pytest.skip("unshare: no network namespace can be made here")
    environment = {"PATH": os.environ.get("PATH", ""), "PYTHON": sys.executable, "HOME": str(kit), "PYTHONUTF8": "1"}
    offline = [*alone, sys.executable, "-c", UP]
    done = subprocess.run(
        [*offline, "sh", "install.sh"], cwd=kit, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    run = subprocess.run(
        [*offline, "sh", "-c", FIRST_RUN], cwd=kit, env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr[-2000:]
    assert "gate: open" in run.stdout
    assert (kit / "report" / "report.html").is_file()
    damaged = kit / "wheels" / sorted(path.name for path in (kit / "wheels").iterdir())[0]
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"x")
    again = subprocess.run(
        [*offline, "sh", "install.sh"], cwd=kit, env=environment, capture_output=True, text=True, check=False
    )
    assert (again.returncode, "damaged" in again.stderr) == (1, True)
