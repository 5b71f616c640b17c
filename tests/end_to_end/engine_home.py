"""A real engine without camera and microphones, and somebody at the command line beside it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from integrations.http import way_in
from integrations.http.client import Engine

CHECKOUT = Path(__file__).resolve().parents[2]
HANG = 60.0  # s; a guard against what hangs, not a measure
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
        self.link = ""

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
            if line.startswith("open once"):
                self.link = line.split()[-1]
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
