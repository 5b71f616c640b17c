"""script/install in a real Debian: install, use, upgrade, roll back, uninstall.

The Debian is a folder that debootstrap made; commands run in it by chroot, so there is no
systemd and the script must say what to do instead. Nothing outside the folder changes.
"""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from debian import CHECKOUT, Debian, copy_of_checkout, unpacked

INSTALLED = "/opt/heliotrope/current/bin/heliotrope"

pytestmark = [pytest.mark.xdist_group("install"), pytest.mark.timeout(900)]


class Machine(Debian):
    """A Debian with a checkout in /src, and what its script/install makes of it."""

    def install(self, *arguments: str, code: int = 0) -> str:
        return self.run("/src/script/install", *arguments, code=code)

    def current(self) -> str:
        return os.readlink(self.path("/opt/heliotrope/current"))

    def as_service(self, *words: str) -> str:
        setting = "HELIOTROPE_STATE_DIR=/var/lib/heliotrope"
        return self.run("runuser", "-u", "heliotrope", "--", "env", setting, INSTALLED, *words)


@pytest.fixture
def debian(part: Callable[[str], str | Path], tmp_path: Path) -> Iterator[Machine]:
    part("debootstrap")
    with unpacked(tmp_path / "debian") as plain:
        copy_of_checkout(plain.folder / "src")
        yield Machine(plain.folder)


def test_install_upgrade_rollback_uninstall(debian: Machine) -> None:
    debian.run("groupadd", "--system", "gpio")
    dry = debian.install("--dry-run")
    assert "would: python3 -m venv /opt/heliotrope/0." in dry
    assert not debian.path("/opt/heliotrope").exists()

    said = debian.install()
    first = debian.current()
    assert "No systemd is running here" in said
    assert {"video", "audio", "gpio"} <= set(debian.run("id", "-nG", "heliotrope").split())
    config = debian.path("/etc/heliotrope/config.yaml")
    assert stat.S_IMODE(config.stat().st_mode) == 0o640
    assert debian.run("stat", "-c", "%U:%G", "/etc/heliotrope/config.yaml") == "root:heliotrope\n"
    assert debian.run("stat", "-c", "%U %a", "/var/lib/heliotrope") == "heliotrope 700\n"
    assert (
        "SupplementaryGroups=video audio gpio"
        in debian.path("/etc/systemd/system/heliotrope.service").read_text()
    )
    debian.run("heliotrope", "--help")
    debian.as_service("check", "--config", "/etc/heliotrope/config.yaml")

    # Again: nothing to do, nothing changed, own settings kept.
    config.write_text(config.read_text() + "device:\n  name: Hall\n")
    debian.install()
    assert debian.current() == first
    assert "name: Hall" in config.read_text()

    assert "no version before this one" in debian.install("--rollback", code=2)

    version = debian.path("/src/engine/__init__.py")
    version.write_text(version.read_text().replace('__version__ = "', '__version__ = "9.'))
    assert "--upgrade" in debian.install(code=2)
    debian.install("--upgrade")
    second = debian.current()
    assert second.startswith("9.")
    assert debian.path(f"/opt/heliotrope/{first}/.complete").exists()
    assert "name: Hall" in config.read_text()

    debian.install("--rollback")
    assert debian.current() == first
    debian.as_service("--help")

    (debian.path("/var/lib/heliotrope") / "identity").write_text("mine")
    assert "kept: /etc/heliotrope" in debian.install("--uninstall")
    assert not debian.path("/opt/heliotrope").exists()
    assert not debian.path("/etc/systemd/system/heliotrope.service").exists()
    assert not debian.path("/usr/local/bin/heliotrope").is_symlink()
    assert debian.path("/var/lib/heliotrope/identity").exists()
    debian.install("--uninstall", "--remove-state")
    assert not config.parent.exists()
    assert not debian.path("/var/lib/heliotrope").exists()
    debian.run("id", "heliotrope", code=1)


@pytest.mark.needs("systemd")
def test_the_unit_is_one_that_systemd_understands(tmp_path: Path) -> None:
    template = (CHECKOUT / "script" / "heliotrope.service").read_text()
    program = tmp_path / "heliotrope"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    # The user, the groups and the program of the real unit are not on this machine.
    unit = template.replace("@GROUPS@", "").replace(INSTALLED, str(program))
    unit = unit.replace("User=heliotrope", "User=daemon").replace(
        "Group=heliotrope", "Group=daemon"
    )
    unit = unit.replace("file:/opt/heliotrope/current/README.md", "https://example.org")
    file = tmp_path / "heliotrope.service"
    file.write_text(unit)
    done = subprocess.run(
        ["systemd-analyze", "verify", file], capture_output=True, text=True, check=False
    )
    about_ours = [line for line in done.stderr.splitlines() if "heliotrope.service" in line]
    assert about_ours == []


def test_below_another_root_only_that_folder_changes(tmp_path: Path) -> None:
    """Rehearsed with --dry-run: --root has no users, packages or services to touch."""
    done = subprocess.run(
        [CHECKOUT / "script" / "install", "--dry-run", "--root", tmp_path],
        capture_output=True,
        text=True,
        check=True,
    )
    changes = [line for line in done.stdout.splitlines() if line.startswith("would: ")]
    assert changes
    assert all(str(tmp_path) in line for line in changes)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_argument_is_the_callers_mistake() -> None:
    done = subprocess.run(
        [CHECKOUT / "script" / "install", "--upgarde"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == "install: unknown argument --upgarde; see --help\n"
