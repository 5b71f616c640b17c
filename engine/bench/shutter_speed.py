"""How soon the shutter stops a head at full speed: `script/measure shutter`.

In real time, on a mocked pin and a simulated head under the product's own switch,
wire, axis loop and thread. The edge comes the way lgpio brings it: another process
(there a thread of its C library) notes the time and writes to a pipe, on which a Python
thread of ours waits. Counted from that note until the first braking set-point is
commanded, and until the head stands still; so waking up, and waiting for Python's
lock, count. Idle; with more busy processes than there are cores; with a busy thread
in the engine's own process beside them; and, for comparison, without a priority of
its own, and by way of the axis loop's thread.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import struct
import subprocess
import sys
import tempfile
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
from engine.urgent import hurry, switch_often, urgent_threads

TRIALS = 300
COMPARED = 100
"""Closings where nothing is promised."""
PIN = 17
DEBOUNCE = 0.01  # s; opening is not what is measured
FULL_SPEED = 178.0  # deg/s
STANDING = 2.0  # deg/s
LONGEST = 5.0  # s that a head may take to get to full speed on a busy computer
WATCHED = 0.35  # s after the edge; braking takes 0.12
BURNERS = 2  # busy processes a core
AS_A_SERVICE = -5  # Nice of script/heliotrope.service

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


BURNER = """
import os, sys
os.setpriority(os.PRIO_PROCESS, 0, 0)
while os.getppid() == int(sys.argv[1]):
    for _ in range(100_000):
        pass
"""
"""A process at everybody's priority, whatever ours is; it ends when we were killed."""


@contextlib.contextmanager
def burners(count: int) -> Iterator[None]:
    """So many processes that never rest, for as long as this one lives."""
    program = [sys.executable, "-c", BURNER, str(os.getpid())]
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


WIRE = """
import os, struct, sys, time
from engine.urgent import hurry
if sys.argv[1] == "urgent":
    hurry()
for line in sys.stdin:
    time.sleep(float(line))
    os.write(1, struct.pack("d", time.monotonic()))
"""
"""A process that is told when to close, and says when it did."""


class Wire:
    """Brings edges to `pin` from another process, to a thread that waits for them."""

    def __init__(self, pin: Any, *, urgent: bool) -> None:
        self._pin = pin
        self.edge = 0.0
        self.came = threading.Event()
        self._process = subprocess.Popen(
            [sys.executable, "-u", "-c", WIRE, "urgent" if urgent else "as it is"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        self._thread = threading.Thread(target=self._listen, name="edges", daemon=True)
        with urgent_threads() if urgent else contextlib.nullcontext():
            self._thread.start()

    def close_in(self, seconds: float) -> None:
        """Have the pin change so much later."""
        assert self._process.stdin is not None
        self.came.clear()
        self._process.stdin.write(f"{seconds}\n".encode())

    def _listen(self) -> None:
        assert self._process.stdout is not None
        while note := os.read(self._process.stdout.fileno(), 8):
            (self.edge,) = struct.unpack("d", note)
            self._pin.drive_high()
            self.came.set()

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        self._thread.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


@dataclass
class Rig:
    """A head, its loop and its shutter; `through_the_loop` leaves the braking to the thread."""

    through_the_loop: bool = False
    urgent: bool = True

    def __post_init__(self) -> None:
        config, clock = AxisConfig(), MonotonicClock()
        self.axis = Watched(clock=clock.now)
        # No rest after opening: where nothing may start, nothing is to be braked.
        self.control = AxisControl(self.axis, config, rest=0.0)
        factory = MockFactory()
        self.pin = factory.pin(PIN)
        self.shutter = GpioShutter(PIN, debounce=DEBOUNCE, pin_factory=factory)
        first: Callable[[], object] = hurry if self.urgent else bool
        self.runner = AxisRunner(self.control, clock, config.rate_hz, lambda _: None, first)
        if self.through_the_loop:
            self.shutter.listen(self._tell_the_loop)
        else:
            wire(self.shutter, Gate(), self.control, lambda _: None, clock)
        self.edges = Wire(self.pin, urgent=self.urgent)
        self.runner.start()

    def _tell_the_loop(self, state: ShutterState) -> None:
        if state is ShutterState.OPEN:
            self.control.permit()
        else:
            self.control.forbid("closed")

    def close(self) -> None:
        self.edges.end()
        self.runner.stop()
        self.shutter.close()

    def trial(self, way: float, chance: random.Random) -> tuple[float, float] | None:
        """Seconds to the brake and to standstill; None where full speed was not reached."""
        self.pin.drive_low()
        until = time.monotonic() + LONGEST
        while self.shutter.state is not ShutterState.OPEN:
            time.sleep(DEBOUNCE)
        self.control.move_to(MoveTo(way * 170.0, Pace.BRISK, "bench"))
        while abs(self.axis.true_velocity) < FULL_SPEED:
            if time.monotonic() > until:
                return None
            time.sleep(0.002)
        self.axis.told.clear()
        self.axis.speeds.clear()
        self.edges.close_in(chance.uniform(0.0, 0.1))
        if not self.edges.came.wait(LONGEST):
            return None
        edge = self.edges.edge
        time.sleep(WATCHED)
        self.axis.read()
        full = abs(next((v for t, v in self.axis.speeds if t >= edge - 0.01), 0.0))
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


def trials(count: int, progress: Progress, **rig: bool) -> dict[str, Any]:
    """Milliseconds over `count` closings at full speed; `rig` is of a `Rig`."""
    chance, found = random.Random(1), []
    made = Rig(**rig)
    try:
        for n in range(count):
            progress(f"closing {n + 1} of {count}")
            timed = made.trial(1.0 if n % 2 else -1.0, chance)
            if timed is not None:
                found.append(timed)
    finally:
        made.close()
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


def allowed() -> bool:
    """Whether this user may have what the service has; without it the figures are of less."""
    with urgent_threads():
        return os.sched_getscheduler(0) != os.SCHED_OTHER


def measure(_data: Path | None, progress: Progress) -> dict[str, Any]:
    """Some twenty minutes; what was finished is kept until all is, should it be interrupted."""
    loaded = BURNERS * (os.cpu_count() or 1)
    plan: dict[str, tuple[int, int, bool, dict[str, bool]]] = {
        "full_load": (TRIALS, loaded, False, {}),
        "full_load_and_a_busy_thread": (TRIALS, loaded, True, {}),
        "idle": (COMPARED, 0, False, {}),
        "full_load_without_priority": (COMPARED, loaded, False, {"urgent": False}),
        "full_load_through_the_loop": (COMPARED, loaded, False, {"through_the_loop": True}),
    }
    kept = Path(tempfile.gettempdir()) / "heliotrope-measure-shutter.json"
    figures: dict[str, Any] = json.loads(kept.read_text()) if kept.exists() else {}
    switch_often()
    ordinary = os.getpriority(os.PRIO_PROCESS, 0)
    for name, (count, processes, busy, rig) in plan.items():
        if name in figures:
            continue
        tell = lambda text, name=name: progress(f"{name}, {text}")  # noqa: E731
        # As the service has it, but where that is what is left out.
        with contextlib.suppress(OSError):
            nice = AS_A_SERVICE if rig.get("urgent", True) else ordinary
            os.setpriority(os.PRIO_PROCESS, 0, nice)
        with burners(processes), busy_thread() if busy else contextlib.nullcontext():
            figures[name] = trials(count, tell, **rig)
        kept.write_text(json.dumps(figures))
    kept.unlink()
    return {"busy_processes": loaded, "priority_allowed": allowed(), **figures}
