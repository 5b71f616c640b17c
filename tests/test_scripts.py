"""What script/run does before the engine starts, with a stand-in for Python and pip.

The stand-in answers the questions that the script asks an interpreter; `-m pip` only notes that
it was called, and puts a `heliotrope` there that echoes its arguments.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent

TOOLS = ("sh", "ls", "cat", "sed", "tail", "sleep", "mkdir", "cp", "mv", "rm", "chmod", "dirname")
TOOLS += ("env", "flock")

STAND_IN = """#!/bin/sh
case "$*" in
*version_info*) exit {too_old} ;;
*python_version*) echo 3.12.0 ;;
*"import ensurepip"*) exit {no_venv} ;;
"-m venv"*) mkdir -p "$4/bin" && cp "$0" "$4/bin/python" ;;
"-m pip"*)
    echo call >>"{folder}/pip-calls"
    sleep {pip_seconds}
    printf '#!/bin/sh\\necho "heliotrope $*"\\n' >"${{0%/*}}/heliotrope"
    chmod +x "${{0%/*}}/heliotrope"
    exit {pip_code} ;;
"- "*) exec "{real}" "$@" ;;
esac
"""


class Machine:
    """A copy of the scripts beside a stand-in for the only Python on the PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clone = folder / "clone"
        shutil.copytree(CHECKOUT / "script", self.clone / "script")
        shutil.copy(CHECKOUT / "pyproject.toml", self.clone)
        self.bin = folder / "bin"
        self.bin.mkdir()
        # Only what the scripts need: the real interpreters must not be found.
        for name in TOOLS:
            if found := shutil.which(name):
                (self.bin / name).symlink_to(found)

    def python(self, **traits: int) -> None:
        settings = {"too_old": 0, "no_venv": 0, "pip_seconds": 0, "pip_code": 0} | traits
        file = self.bin / "python3"
        file.write_text(STAND_IN.format(folder=self.folder, real=sys.executable, **settings))
        file.chmod(0o755)

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.clone / "script" / "run", *words],
            env={"PATH": str(self.bin), "HOME": str(self.folder)},
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            # As from a terminal, even where these tests themselves run in the background of a
            # script, whose children are born deaf to an interrupt.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def run(self, *words: str) -> tuple[int, str, str]:
        process = self.start(*words)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    @property
    def pip_calls(self) -> int:
        file = self.folder / "pip-calls"
        return len(file.read_text().splitlines()) if file.exists() else 0


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def last_line(text: str) -> str:
    return text.strip().splitlines()[-1]


def test_a_fresh_clone_installs_and_passes_its_arguments_on(machine: Machine) -> None:
    machine.python()
    code, out, _ = machine.run("--camera", "my clip.mp4")
    assert (code, out) == (0, "heliotrope run --camera my clip.mp4\n")


def test_a_second_start_installs_nothing(machine: Machine) -> None:
    machine.python()
    machine.run()
    code, out, err = machine.run()
    assert (code, out, err) == (0, "heliotrope run\n", "")
    assert machine.pip_calls == 1


def test_a_changed_project_file_is_installed_anew(machine: Machine) -> None:
    machine.python()
    machine.run()
    with (machine.clone / "pyproject.toml").open("a") as file:
        file.write("# another dependency\n")
    machine.run()
    assert machine.pip_calls == 2


def test_no_python_is_one_line_with_the_remedy(machine: Machine) -> None:
    code, _, err = machine.run()
    assert code == 2
    assert err.count("\n") == 1
    assert "no Python 3.11 or newer on the PATH; install one" in err


def test_too_old_a_python_is_no_python(machine: Machine) -> None:
    machine.python(too_old=1)
    code, _, err = machine.run()
    assert code == 2
    assert "no Python 3.11 or newer" in err


def test_a_missing_venv_package_is_named(machine: Machine) -> None:
    machine.python(no_venv=1)
    code, _, err = machine.run()
    assert code == 2
    assert "apt install python3-venv" in last_line(err)
    assert not (machine.clone / ".venv").exists()


def test_a_failed_install_leaves_nothing_and_says_so(machine: Machine) -> None:
    machine.python(pip_code=1)
    code, out, err = machine.run()
    assert (code, out) == (1, "")
    assert "run this again" in last_line(err)
    assert not (machine.clone / ".venv").exists()
    machine.python()
    assert machine.run()[0] == 0


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_install_is_done_again(machine: Machine, how: signal.Signals) -> None:
    machine.python(pip_seconds=30)
    process = machine.start()
    give_up = time.monotonic() + 30
    while not machine.pip_calls and time.monotonic() < give_up:
        time.sleep(0.05)
    # As a terminal does it: to the whole group.
    os.killpg(process.pid, how)
    process.communicate(timeout=30)
    assert process.returncode != 0
    if how is not signal.SIGKILL:
        assert not (machine.clone / ".venv").exists()
    machine.python()
    code, out, _ = machine.run()
    assert (code, out) == (0, "heliotrope run\n")
