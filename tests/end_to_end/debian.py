"""A real Debian in a folder, made by debootstrap, for tests that install something into it.

Commands run in it by chroot, so there is no systemd; nothing outside the folder changes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


def copy_of_checkout(folder: Path) -> None:
    """What a clone would hold: tracked and new files, nothing that is ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT,
        check=True,
        capture_output=True,
    ).stdout
    for name in filter(None, listed.decode().split("\0")):
        source, target = CHECKOUT / name, folder / name
        if source.is_file() and not name.startswith("tests/"):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)


def pip_settings() -> dict[str, str]:
    """The index that this machine's pip uses, so that the same one serves inside."""
    found = {name: value for name, value in os.environ.items() if name in ("PIP_INDEX_URL",)}
    asked = subprocess.run(
        ["python3", "-m", "pip", "config", "get", "global.index-url"],
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode == 0:
        found.setdefault("PIP_INDEX_URL", asked.stdout.strip())
    return found


class Debian:
    """A Debian in a folder; `run` runs a command in it as root."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
            "LANG": "C.UTF-8",
            **pip_settings(),
        }

    def path(self, name: str) -> Path:
        return self.folder / name.lstrip("/")

    def run(self, *words: str, code: int = 0, more: Mapping[str, str] | None = None) -> str:
        """What it printed; `more` are further variables of its environment."""
        done = subprocess.run(
            ["chroot", self.folder, *words],
            env={**self.environment, **(more or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=800,
            check=False,
        )
        assert done.returncode == code, f"{words} gave {done.returncode}:\n{done.stdout[-3000:]}"
        return done.stdout


@contextmanager
def unpacked(folder: Path) -> Iterator[Debian]:
    """A fresh Debian in `folder`, which is gone afterwards."""
    archive = subprocess.run(
        [CHECKOUT / "script" / "get-debian"], check=True, capture_output=True, text=True
    ).stdout.strip()
    folder.mkdir()
    subprocess.run(["tar", "-C", folder, "-xf", archive], check=True)
    # Names and certificates as on this machine, or nothing could be fetched from inside.
    for name in ("/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs/ca-certificates.crt"):
        if Path(name).exists():
            shutil.copyfile(name, folder / name.lstrip("/"))
    yield Debian(folder)
    shutil.rmtree(folder, ignore_errors=True)
