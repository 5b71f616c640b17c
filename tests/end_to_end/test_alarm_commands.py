"""`heliotrope arm`, `disarm` and `away` against a real engine, as processes of their own."""

from __future__ import annotations

import os
import pty
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from engine_home import CHECKOUT, PROGRAM, Home

from integrations.http import way_in

pytestmark = pytest.mark.needs("sim")

CODE = "471147"


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
    assert re.match(r"(arming: armed in \d s|armed)\nheliotrope: nothing watches: ", said)
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
