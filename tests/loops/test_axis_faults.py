"""The axis loop survives an axis that is lost, and steps that come late."""

from __future__ import annotations

import itertools
import random
import re
from dataclasses import replace

import pytest
from axis_bench import CONFIG, Bench, move
from fake_servo import FakeServo, Shortcut

from engine.config import AxisDriver
from engine.core.contact import STALL
from engine.core.types import AxisFault, Health, Pace, Release
from engine.hardware.dynamixel import TORQUE_ENABLE, DynamixelAxis
from engine.loops.axis import AxisControl
from engine.ports import AxisReading

TORQUE = TORQUE_ENABLE.address


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_lost_axis_is_one_fault_and_comes_back_released(bench: Bench) -> None:
    bench.control.move_to(move(90.0))
    bench.run(0.3)
    bench.axis.unplug(bench.t, 1.0)
    bench.run(4.0)
    news = [event for event in bench.events if isinstance(event, (AxisFault, Health))]
    assert [type(event) for event in news] == [AxisFault, Health]
    assert "unplugged" in str(getattr(news[0], "reason", ""))
    assert not bench.axis.powered
    bench.control.move_to(move(10.0))
    bench.run(1.5)
    assert bench.axis.true_heading == pytest.approx(10.0, abs=0.3)


def unplugged(bench: Bench, seconds: float) -> None:
    """The cable is out, and the port says so of its release, too, as a real one does."""
    until, release = bench.t + seconds, bench.axis.release

    def released() -> None:
        release()
        if bench.t < until:
            raise OSError("the simulated axis is unplugged")

    bench.axis.unplug(bench.t, seconds)
    bench.axis.release = released  # type: ignore[method-assign]


@pytest.mark.parametrize("asked_meanwhile", [False, True])
def test_a_lost_axis_is_tried_again_ever_more_rarely(bench: Bench, asked_meanwhile: bool) -> None:
    bench.control.move_to(move(90.0))
    bench.run(0.3)
    read, tried = bench.axis.read, []

    def tries() -> AxisReading:
        tried.append(bench.t)
        return read()

    bench.axis.read = tries  # type: ignore[method-assign]
    unplugged(bench, 60.0)
    for _ in range(10):
        bench.run(0.5)
        if asked_meanwhile:
            bench.control.release(Release("test"))
    waits = [after - before for before, after in itertools.pairwise(tried)]
    assert waits == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6], abs=0.011)
    assert sum(isinstance(event, AxisFault) for event in bench.events) == 1


def test_a_servo_that_stopped_itself_is_one_fault_until_its_supply_was_off() -> None:
    now = [0.0]
    servo = FakeServo(clock=lambda: now[0])
    control = AxisControl(DynamixelAxis(Shortcut(servo)), CONFIG)
    news: list[AxisFault | Health] = []

    def run(seconds: float) -> None:
        for _ in range(round(seconds / 0.01)):
            now[0] += 0.01
            # Somebody is there to be looked at, all the time.
            control.move_to(move(60.0, Pace.GENTLE))
            news.extend(e for e in control.step(now[0]) if isinstance(e, (AxisFault, Health)))

    run(0.2)
    assert servo.powered
    servo.overload()
    run(30.0)
    assert [type(event) for event in news] == [AxisFault]
    assert "overloaded" in str(getattr(news[0], "reason", ""))
    servo.reboot()
    run(3.0)
    assert [type(event) for event in news] == [AxisFault, Health]
    assert servo.powered


def test_a_servo_that_comes_later_is_found_and_stays_free_while_the_shutter_is_closed() -> None:
    now = [0.0]
    servo = FakeServo(clock=lambda: now[0])
    servo.silent = True
    control = AxisControl(DynamixelAxis(Shortcut(servo)), CONFIG)
    control.forbid("the shutter is closed")
    news: list[AxisFault | Health] = []
    for silent in (True, False):
        servo.silent = silent
        for _ in range(300):
            now[0] += 0.01
            control.move_to(move(60.0))
            news.extend(e for e in control.step(now[0]) if isinstance(e, (AxisFault, Health)))
    assert [type(event) for event in news] == [AxisFault, Health]
    assert not any(value for address, value in servo.written if address == TORQUE)
    assert servo.at == 2048.0


def test_a_fault_before_the_first_sample_has_the_time_at_which_it_is_told(bench: Bench) -> None:
    unplugged(bench, 0.5)
    bench.control.forbid("the shutter is closed", bench.t)
    bench.run(1.0)
    news = [event for event in bench.events if isinstance(event, (AxisFault, Health))]
    assert [type(event) for event in news] == [AxisFault, Health]
    assert news[0].t == pytest.approx(0.01)


def slow_steps(bench: Bench, rng: random.Random, gap: float, seconds: float) -> None:
    end = bench.t + seconds
    while bench.t < end:
        bench.t += gap * rng.uniform(0.9, 1.1)
        bench.axis.advance(bench.t)
        bench.events += bench.control.step(bench.t)


@pytest.mark.parametrize("gap", [0.010, 0.014, 0.016, 0.020, 0.026])
def test_steps_that_are_always_slow_leave_the_head_its_feeling(gap: float) -> None:
    """A servo at the baud rate that it has when new takes about 14 ms a step."""
    rng = random.Random(3)
    for pace in Pace:
        bench = Bench()
        for _ in range(6):
            bench.control.move_to(move(rng.uniform(-20.0, 20.0), pace))
            slow_steps(bench, rng, gap, 0.8)
        assert bench.felt() == []
        bench.axis.obstacle(40.0, 50.0)
        bench.control.move_to(move(100.0, pace))
        while bench.axis.true_heading < 39.9:
            slow_steps(bench, rng, gap, gap)
        slow_steps(bench, rng, gap, 0.3)
        assert bench.felt() == [STALL]


@pytest.mark.parametrize(
    ("driver", "remedy"),
    [
        (AxisDriver.DYNAMIXEL, "ms; raise axis.dynamixel.baud, or lower"),
        (CONFIG.driver, "ms; lower"),
    ],
)
def test_a_rate_that_cannot_be_kept_is_told_once_and_once_when_it_can(
    driver: AxisDriver, remedy: str
) -> None:
    bench = Bench()
    bench.control = AxisControl(bench.axis, replace(CONFIG, driver=driver))
    rng = random.Random(4)
    for gap in (0.010, 0.020, 0.010):
        for k in range(40):
            bench.control.move_to(move(30.0 if k % 2 else -30.0))
            slow_steps(bench, rng, gap, 0.3)
    news = [event for event in bench.events if isinstance(event, Health)]
    assert [(event.part, event.ok) for event in news] == [
        ("axis.rate_hz", False),
        ("axis.rate_hz", True),
    ]
    assert re.search(rf"cannot be kept, a step takes \d+ {remedy}", news[0].detail)


def test_late_steps_never_make_the_head_jump(bench: Bench) -> None:
    rng = random.Random(5)
    bench.control.move_to(move(170.0))
    while bench.t < 12.0:
        before = bench.control.travel_commanded
        bench.t += rng.choice((0.004, 0.01, 0.013, 0.03, 0.2))
        bench.axis.advance(bench.t)
        bench.control.step(bench.t)
        assert bench.control.travel_commanded - before <= 3 * 1.8 + 1e-9
    assert bench.axis.true_heading == pytest.approx(170.0, abs=0.3)
