"""`heliotrope arm`, `disarm` and `away` against a real engine, as processes of their own."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from integrations.http import way_in
from integrations.http.client import Engine

pytestmark = pytest.mark.needs("sim")

CHECKOUT = Path(__file__).resolve().parents[2]
HANG = 60.0  # s; a guard against what hangs, not a measure
CODE = "471147"
PROGRAM = (sys.executable, "-m", "engine")


class Home:
    """A state directory, the engine on it, and somebody at the command line beside it."""

    def __init__(self, state: Path) -> None:
        self.state = state
        clean = {k: v for k, v in os.environ.items() if not k.startswith("HELIOTROPE_")}
        mine = {
            "HELIOTROPE_STATE_DIR": str(state),
            "HELIOTROPE_HTTP__PORT": "0",
            "HELIOTROPE_AWAY__EXIT_DELAY": "3",
        }
        self.environment = clean | mine
        self.process: subprocess.Popen[str] | None = None

    def start(self, microphones: str = "none") -> None:
        words = ("run", "--camera", "none", "--microphones", microphones, "--quiet")
        self.process = subprocess.Popen(
            (*PROGRAM[:1], "-u", *PROGRAM[1:], *words),
            cwd=CHECKOUT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("Ctrl-C"):
                return
        raise AssertionError("the engine ended")

    def end(self, number: int = signal.SIGINT) -> None:
        if self.process is None:
            return
        self.process.send_signal(number)
        self.process.wait(HANG)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.process = None

    def type(self, *words: str, stdin: str = "") -> tuple[int, str]:
        done = subprocess.run(
            (*PROGRAM, *words),
            cwd=CHECKOUT,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=HANG,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def alarm(self) -> dict[str, Any]:
        code, said = self.type("away", "status", "--json")
        assert code == 0, said
        found: dict[str, Any] = json.loads(said)
        return found

    def until(self, done: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        over = time.monotonic() + HANG
        while not done(alarm := self.alarm()):
            assert time.monotonic() < over, alarm
        return alarm

    def tell(self, name: str, **arguments: object) -> str:
        way = way_in.find(self.state)
        assert way is not None
        return Engine(way).tell(name, arguments)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    living = Home(tmp_path / "state")
    living.start()
    yield living
    living.end(signal.SIGKILL)


def on_a_terminal(home: Home, answer: str, *words: str) -> tuple[int, str]:
    """The exit code and all that a person saw on a terminal of their own."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(CHECKOUT)
        os.execve(PROGRAM[0], [*PROGRAM, *words], home.environment)
    shown, told = b"", False
    while True:
        try:
            read = os.read(terminal, 4096)
        except OSError:  # what Linux says where the other end has been closed
            read = b""
        shown += read
        if not told and shown.endswith(b"Code: "):
            os.write(terminal, f"{answer}\n".encode())
            told = True
        if not read:
            break
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()


def test_armed_over_a_power_cut_and_disarmed_with_the_code(home: Home) -> None:
    assert home.alarm()["alarm"] == "disarmed"
    code, said = home.type("arm")
    assert code == 0
    assert re.match(r"(arming: armed in \d s|armed)$", said)
    home.until(lambda now: now["alarm"] == "armed_away")
    assert home.type("code", stdin=f"{CODE}\n")[0] == 0
    home.end(signal.SIGKILL)
    code, said = home.type("disarm", stdin=f"{CODE}\n")
    assert (code, "no engine answers" in said) == (1, True)
    home.start()
    assert home.alarm()["alarm"] == "armed_away"
    code, said = on_a_terminal(home, "999999", "disarm")
    assert (code, "the code is wrong" in said) == (1, True)
    assert home.alarm()["alarm"] == "armed_away"
    code, said = on_a_terminal(home, CODE, "disarm")
    assert code == 0, said
    assert said.split() == ["Code:", "disarmed"]
    assert home.alarm()["alarm"] == "disarmed"


def test_the_shutter_refuses_with_its_reason_and_the_night_is_armed_at_once(home: Home) -> None:
    home.end()
    home.start(microphones="simulated")  # only in a simulated room is the shutter a command
    home.tell("shutter", state="closed")
    home.until(lambda now: now["shutter"] == "closed")
    code, said = home.type("arm")
    assert code == 1
    assert said == "heliotrope: not armed: the privacy shutter is closed; open it, and arm again\n"
    home.tell("shutter", state="open")
    home.until(lambda now: now["shutter"] == "open")
    assert home.type("arm", "--night", "--delay", "0") == (0, "armed for the night\n")
    assert home.type("arm", "--night") == (0, "armed already\n")
    assert home.alarm()["alarm"] == "armed_night"


def test_the_way_in_ends_with_the_engine(home: Home) -> None:
    assert way_in.find(home.state) is not None
    home.end()
    assert way_in.find(home.state) is None
    code, said = home.type("away")
    assert (code, "no engine runs on" in said) == (2, True)
