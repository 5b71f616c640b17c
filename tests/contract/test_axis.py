"""What every axis driver must do, whatever turns behind it. Add a driver to DRIVERS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from fake_servo import FakeServo, Shortcut

from engine.hardware.dynamixel import DynamixelAxis
from engine.hardware.electronic_pan import ElectronicPan
from engine.ports import Axis
from engine.sim.axis import SimulatedAxis


@dataclass
class Rig:
    """A driver, and how time passes for it."""

    axis: Axis
    wait: Callable[[float], None]


def simulated() -> Rig:
    now = [0.0]

    def wait(seconds: float) -> None:
        now[0] += seconds

    return Rig(SimulatedAxis(seed=3, clock=lambda: now[0]), wait)


def electronic() -> Rig:
    return Rig(ElectronicPan((-60.0, 60.0)), lambda seconds: None)


def dynamixel() -> Rig:
    now = [0.0]

    def wait(seconds: float) -> None:
        now[0] += seconds

    return Rig(DynamixelAxis(Shortcut(FakeServo(clock=lambda: now[0]))), wait)


DRIVERS = {"simulated": simulated, "electronic": electronic, "dynamixel": dynamixel}


@pytest.fixture(params=DRIVERS.values(), ids=DRIVERS.keys())
def rig(request: pytest.FixtureRequest) -> Rig:
    built: Rig = request.param()
    return built


def turn(rig: Rig, to: float, seconds: float = 1.0) -> None:
    """Lead the axis there in a straight line, then let it settle."""
    start = rig.axis.read().heading
    steps = round(seconds * 100)
    for k in range(1, steps + 1):
        rig.axis.command(start + (to - start) * k / steps, (to - start) / seconds)
        rig.wait(0.01)
    for _ in range(30):
        rig.axis.command(to, 0.0)
        rig.wait(0.01)


def test_it_is_an_axis(rig: Rig) -> None:
    assert isinstance(rig.axis, Axis)


def test_it_reads_before_it_is_energised(rig: Rig) -> None:
    reading = rig.axis.read()
    assert reading.heading == pytest.approx(0.0, abs=0.5)
    assert (reading.torque is not None) == rig.axis.abilities.can_sense_contact


def test_energising_moves_nothing(rig: Rig) -> None:
    rig.axis.energise()
    turn(rig, 20.0)
    rig.axis.release()
    before = rig.axis.read().heading
    rig.axis.energise()
    rig.wait(0.5)
    assert rig.axis.read().heading == pytest.approx(before, abs=0.2)


def test_it_follows_set_points(rig: Rig) -> None:
    rig.axis.energise()
    for target in (30.0, -25.0):
        turn(rig, target)
        assert rig.axis.read().heading == pytest.approx(target, abs=0.3)


def test_a_released_axis_obeys_no_set_point(rig: Rig) -> None:
    rig.axis.energise()
    turn(rig, 10.0)
    rig.axis.release()
    turn(rig, 40.0)
    assert rig.axis.read().heading == pytest.approx(10.0, abs=0.5)


def test_releasing_and_closing_are_safe_at_any_time(rig: Rig) -> None:
    rig.axis.release()
    rig.axis.energise()
    rig.axis.release()
    rig.axis.release()
    rig.axis.close()
    rig.axis.close()
