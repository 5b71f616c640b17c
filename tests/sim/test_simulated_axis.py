"""The simulated axis obeys mechanics, and only mechanics."""

from __future__ import annotations

import math
import time

import pytest

from engine.sim.axis import SimulatedAxis


def run(axis: SimulatedAxis, seconds: float, heading: float | None = None) -> None:
    end = axis.now + seconds
    while axis.now < end - 1e-6:
        if heading is not None:
            axis.command(heading, 0.0)
        axis.advance(axis.now + 0.01)


def test_the_same_calls_give_the_same_motion() -> None:
    def trace(seed: int) -> list[tuple[float, float, float | None]]:
        axis = SimulatedAxis(seed=seed)
        axis.scroll(0.1)
        axis.push(0.5, 0.5, 0.5)
        axis.energise()
        readings = []
        for k in range(1, 150):
            axis.advance(k * 0.01)
            axis.command(k * 0.2, 20.0)
            reading = axis.read()
            readings.append((reading.heading, reading.velocity, reading.torque))
        return readings

    assert trace(4) == trace(4)
    assert trace(4) != trace(5)


def test_how_often_time_is_advanced_does_not_matter() -> None:
    coarse, fine = SimulatedAxis(), SimulatedAxis()
    for axis in (coarse, fine):
        axis.push(0.1, 0.6, 0.5)
    coarse.advance(2.0)
    for k in range(1, 2001):
        fine.advance(k * 0.001)
    assert coarse.true_heading == fine.true_heading


def test_a_free_head_coasts_to_a_stop_by_friction() -> None:
    axis = SimulatedAxis()
    axis.push(0.0, 0.8, 0.4)
    run(axis, 0.4)
    heading, omega = axis.true_heading, math.radians(axis.true_velocity)
    run(axis, 3.0)
    assert axis.true_velocity == 0.0
    coasted = math.radians(axis.true_heading - heading)
    # The whole kinetic energy went into dry friction, but for the little the viscous took.
    dry = axis.rotor.inertia * omega**2 / (2.0 * axis.rotor.coulomb)
    assert 0.6 * dry < coasted < dry


def test_dry_friction_holds_a_light_touch() -> None:
    axis = SimulatedAxis()
    axis.push(0.0, 0.05, 1.0)
    run(axis, 1.5)
    assert axis.true_heading == 0.0


def test_a_hand_stronger_than_the_motor_wins_and_a_weaker_one_does_not() -> None:
    for torque, moves in ((0.5, False), (1.6, True)):
        axis = SimulatedAxis()
        axis.energise()
        axis.push(0.1, torque, 0.8)
        run(axis, 0.7, heading=0.0)
        assert (axis.true_heading > 5.0) is moves


def test_nothing_passes_an_end_stop_or_an_obstacle() -> None:
    axis = SimulatedAxis(stops=(-50.0, 50.0))
    axis.push(0.0, 1.5, 3.0)
    run(axis, 3.5)
    assert axis.true_heading == pytest.approx(50.0)
    axis = SimulatedAxis()
    axis.obstacle(-40.0, -20.0, start=0.0, end=5.0)
    axis.push(0.0, -1.5, 3.0)
    axis.push(6.0, -1.5, 1.0)
    run(axis, 4.0)
    assert axis.true_heading == pytest.approx(-20.0)
    run(axis, 4.0)
    assert axis.true_heading < -40.0


def test_the_motor_never_exceeds_its_torque() -> None:
    axis = SimulatedAxis()
    axis.energise()
    axis.command(170.0, 0.0)
    for _ in range(300):
        axis.advance(axis.now + 0.001)
        assert abs(axis.true_torque) <= axis.rotor.torque_limit


def test_an_unplugged_axis_raises_and_comes_back() -> None:
    axis = SimulatedAxis()
    axis.unplug(0.5, 0.5)
    axis.read()
    axis.advance(0.7)
    for call in (axis.read, axis.energise, lambda: axis.command(0.0, 0.0)):
        with pytest.raises(OSError, match="unplugged"):
            call()
    axis.advance(1.1)
    axis.read()


def test_a_minute_takes_no_more_than_seconds() -> None:
    axis = SimulatedAxis()
    axis.energise()
    begun = time.process_time()
    run(axis, 60.0, heading=30.0)
    assert time.process_time() - begun < 10.0
