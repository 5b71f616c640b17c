"""The axis loop on a thread of its own: in real time, and where the thread wakes late."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence

import pytest

from engine.config import AxisConfig
from engine.core.types import AxisFault, AxisMoved, ContactFelt, Event, Health, MoveTo, Pace
from engine.loops.axis import AxisControl
from engine.loops.axis_runner import AxisRunner
from engine.ports import AxisReading
from engine.sim.axis import SimulatedAxis
from engine.sim.hands import a_push

CONFIG = AxisConfig()


def move(heading: float, pace: Pace = Pace.BRISK) -> MoveTo:
    return MoveTo(heading, pace, "test")


class Monotonic:
    def now(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("the axis thread never awaits")


def test_the_thread_moves_brakes_on_the_shutter_and_releases_at_the_end() -> None:
    axis = SimulatedAxis(clock=time.monotonic)
    control = AxisControl(axis, CONFIG)
    moving = threading.Event()
    heard: list[Event] = []

    def tell(events: Sequence[Event]) -> None:
        heard.extend(events)
        if any(isinstance(e, AxisMoved) and e.velocity > 20.0 for e in events):
            moving.set()

    runner = AxisRunner(control, Monotonic(), CONFIG.rate_hz, tell)
    control.move_to(move(170.0))
    runner.start()
    try:
        assert moving.wait(10.0)
        control.forbid("the shutter is closed")
        deadline = time.monotonic() + 10.0
        while control.powered and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not axis.powered
        control.permit()
        control.move_to(move(0.0))
        while not axis.powered and time.monotonic() < deadline:
            time.sleep(0.01)
    finally:
        runner.stop()
    runner.stop()
    assert not axis.powered
    assert control.commanded_while_forbidden == 0.0


def test_a_runner_that_never_ran_still_closes_its_axis() -> None:
    axis = SimulatedAxis()
    runner = AxisRunner(AxisControl(axis, CONFIG), Monotonic(), 100.0, lambda events: None)
    axis.energise()
    runner.stop()
    assert not axis.powered


class Unplugged(SimulatedAxis):
    """Gone by the time that it is closed."""

    def close(self) -> None:
        raise OSError("no such device")


def test_the_log_names_what_an_axis_lacks_and_that_it_is_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    told, back = threading.Event(), threading.Event()

    class Loose(SimulatedAxis):
        def read(self) -> AxisReading:
            if not told.is_set():
                raise OSError("the cable is loose")
            return super().read()

    def tell(events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event, AxisFault):
                told.set()
            elif isinstance(event, Health):
                back.set()

    axis = Loose(clock=time.monotonic)
    runner = AxisRunner(AxisControl(axis, CONFIG), Monotonic(), CONFIG.rate_hz, tell)
    runner.start()
    assert back.wait(30.0)
    runner.stop()
    assert "the axis is lost: the cable is loose" in caplog.text
    assert "axis: well again" in caplog.text


@pytest.mark.parametrize("ran", [False, True])
def test_an_axis_that_is_gone_at_the_end_is_told_and_hinders_nothing(
    ran: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    control = AxisControl(Unplugged(clock=time.monotonic), CONFIG)
    runner = AxisRunner(control, Monotonic(), CONFIG.rate_hz, lambda events: None)
    if ran:
        runner.start()
    runner.stop()
    runner.stop()
    assert "may still hold its torque (no such device)" in caplog.text
    assert "the axis is released" not in caplog.text


# ------------------------------------------------- a thread that wakes when it can


class Busy:
    """A control whose thread shares its processor with others: steps come beside their time."""

    # Seconds between two steps as they were found on a loaded machine, and how often.
    GAPS = (0.010, 0.014, 0.006, 0.011, 0.020, 0.002, 0.018, 0.023, 0.016, 0.024, 0.039, 0.070)
    SHARES = (30.0, 15.0, 15.0, 10.0, 5.0, 5.0, 4.0, 3.0, 3.0, 2.0, 0.8, 0.2)

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.t = self.last = 0.0
        self.axis = SimulatedAxis(seed=seed, clock=lambda: self.t, patience=0.02)
        self.control = AxisControl(self.axis, CONFIG)
        self.felt: list[tuple[float, str]] = []

    def run(self, seconds: float) -> None:
        end = self.t + seconds
        while self.t < end:
            self.t += self.rng.choices(self.GAPS, self.SHARES)[0] + self.rng.uniform(0.0, 0.001)
            events = self.control.step(self.t)
            self.felt += [(e.t, e.kind) for e in events if isinstance(e, ContactFelt)]


@pytest.mark.parametrize("seed", range(4))
def test_a_thread_that_wakes_late_is_no_hand(seed: int) -> None:
    busy = Busy(seed)
    for _ in range(40):
        pace = busy.rng.choice(tuple(Pace))
        busy.control.move_to(move(busy.rng.uniform(-170.0, 170.0), pace))
        busy.run(busy.rng.uniform(0.3, 2.0))
    assert busy.felt == []
    assert busy.axis.powered


def test_a_hand_is_felt_by_a_thread_that_wakes_late() -> None:
    yielded = []
    for seed in range(100):
        busy = Busy(seed)
        busy.control.move_to(move(busy.rng.uniform(-60.0, 60.0)))
        busy.run(2.5)
        assert busy.felt == []
        start = busy.axis.now
        busy.axis.add(a_push(busy.rng, start))
        # In the room's time, which stands still where the program does.
        while busy.axis.powered and busy.axis.now < start + 0.5:
            busy.run(0.001)
        yielded.append(busy.axis.now - start)
    assert sum(after > 0.25 for after in yielded) <= 5
    assert max(yielded) < 0.5
