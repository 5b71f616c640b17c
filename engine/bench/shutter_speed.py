"""How soon the shutter stops a head at full speed: `script/measure shutter`.

In real time, on a mocked pin and a simulated head under the product's own switch,
wire, axis loop and thread. Counted from the moment at which the pin changes:
until the first braking set-point is commanded, and until the head stands still.
Idle; with more busy processes than there are cores; and with a busy thread in
the engine's own process beside them. The way through the loop's thread, which
knows of the edge as soon as it wakes, stands beside ours.
"""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gpiozero.pins.mock import MockFactory

from engine.config import AxisConfig
from engine.core.types import MoveTo, Pace, ShutterState
from engine.hardware.clock import MonotonicClock
from engine.hardware.shutter import GpioShutter
from engine.loops.axis import AxisControl
from engine.loops.axis_runner import AxisRunner
from engine.loops.gate import Gate, wire
from engine.sim.axis import SimulatedAxis

TRIALS = 300
PIN = 17
DEBOUNCE = 0.01  # s; opening is not what is measured
FULL_SPEED = 178.0  # deg/s
STANDING = 2.0  # deg/s
LONGEST = 5.0  # s that a head may take to get to full speed on a busy computer
WATCHED = 0.6  # s after the edge
BURNERS = 2  # busy processes a core

Progress = Callable[[str], None]


@dataclass
class Watched(SimulatedAxis):
    """Remembers when it was told what, and how fast it truly was."""

    told: list[tuple[float, float]] = field(default_factory=list)
    speeds: list[tuple[float, float]] = field(default_factory=list)

    def command(self, heading: float, velocity: float) -> None:
        self.told.append((time.monotonic(), velocity))
        super().command(heading, velocity)

    def _integrate(self) -> None:
        super()._integrate()
        self.speeds.append((self.now, self.true_velocity))


@contextlib.contextmanager
def burners(count: int) -> Iterator[None]:
    """So many processes that never rest."""
    program = [sys.executable, "-c", "while True: pass"]
    busy = [subprocess.Popen(program) for _ in range(count)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


@contextlib.contextmanager
def busy_thread() -> Iterator[None]:
    """Pure Python that never waits, in this process: whoever wants to run asks for the lock."""
    over = threading.Event()

    def burn() -> None:
        while not over.is_set():
            sum(range(1000))

    thread = threading.Thread(target=burn, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@dataclass
class Rig:
    """A head, its loop and its shutter; `through_the_loop` leaves the braking to the thread."""

    through_the_loop: bool = False

    def __post_init__(self) -> None:
        config, clock = AxisConfig(), MonotonicClock()
        self.axis = Watched(clock=clock.now)
        self.control = AxisControl(self.axis, config)
        factory = MockFactory()
        self.pin = factory.pin(PIN)
        self.shutter = GpioShutter(PIN, debounce=DEBOUNCE, pin_factory=factory)
        self.runner = AxisRunner(self.control, clock, config.rate_hz, lambda _: None)
        if self.through_the_loop:
            self.shutter.listen(self._tell_the_loop)
        else:
            wire(self.shutter, Gate(), self.control, lambda _: None, clock)
        self.runner.start()

    def _tell_the_loop(self, state: ShutterState) -> None:
        if state is ShutterState.OPEN:
            self.control.permit()
        else:
            self.control.forbid("closed")

    def close(self) -> None:
        self.runner.stop()
        self.shutter.close()

    def trial(self, way: float, chance: random.Random) -> tuple[float, float] | None:
        """Seconds to the brake and to standstill; None where full speed was not reached."""
        self.pin.drive_low()
        until = time.monotonic() + LONGEST
        while self.shutter.state is not ShutterState.OPEN:
            time.sleep(DEBOUNCE)
        # Past the two seconds in which an opened shutter lets nothing start: they are not measured.
        self.control._rest_until = -1.0
        self.control.move_to(MoveTo(way * 170.0, Pace.BRISK, "bench"))
        while abs(self.axis.true_velocity) < FULL_SPEED:
            if time.monotonic() > until:
                return None
            time.sleep(0.002)
        time.sleep(chance.uniform(0.0, 0.1))
        self.axis.told.clear()
        self.axis.speeds.clear()
        edge = time.monotonic()
        self.pin.drive_high()
        time.sleep(WATCHED)
        self.axis.read()
        full = abs(next(v for t, v in self.axis.speeds if t >= edge - 0.01))
        if full < FULL_SPEED - 5.0:
            return None  # it was on its way down already
        braked = next((t for t, v in self.axis.told if t >= edge and abs(v) < full - 5.0), None)
        moving = [t for t, v in self.axis.speeds if t >= edge and abs(v) > STANDING]
        if braked is None:
            return None
        return braked - edge, moving[-1] - edge


def share(values: list[float], q: float) -> float:
    ordered = sorted(values)
    return round(1000.0 * ordered[min(len(ordered) - 1, int(q * len(ordered)))], 2)


def trials(count: int, progress: Progress, *, through_the_loop: bool = False) -> dict[str, Any]:
    """Milliseconds over `count` closings at full speed."""
    chance, found = random.Random(1), []
    rig = Rig(through_the_loop)
    try:
        for n in range(count):
            progress(f"closing {n + 1} of {count}")
            timed = rig.trial(1.0 if n % 2 else -1.0, chance)
            if timed is not None:
                found.append(timed)
    finally:
        rig.close()
    if not found:
        return {"closings": 0}
    brakes, stops = [b for b, _ in found], [s for _, s in found]
    return {
        "closings": len(found),
        "brake_ms": {
            "p50": share(brakes, 0.5),
            "p99": share(brakes, 0.99),
            "max": share(brakes, 1),
        },
        "stop_ms": {"p50": share(stops, 0.5), "p99": share(stops, 0.99), "max": share(stops, 1)},
    }


def measure(_data: Path | None, progress: Progress, count: int = TRIALS) -> dict[str, Any]:
    """Idle, under load, and with a thread of the engine's own that never rests."""
    cores = os.cpu_count() or 1
    figures: dict[str, Any] = {"idle": trials(count, progress)}
    with burners(BURNERS * cores):
        figures["busy_processes"] = BURNERS * cores
        figures["full_load"] = trials(count, progress)
        figures["full_load_through_the_loop"] = trials(count, progress, through_the_loop=True)
        with busy_thread():
            figures["full_load_and_a_busy_thread"] = trials(count, progress)
    return figures
