"""The axis loop: moves, obeys the shutter, yields to hands."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import pytest
from axis_bench import CONFIG, Bench, move

from engine.core.types import (
    AxisFault,
    AxisMoved,
    Pace,
    Release,
    SetRange,
    Stop,
)
from engine.loops.axis import AxisControl
from engine.ports import AxisAbilities
from engine.sim.axis import SimulatedAxis
from engine.sim.hands import a_knock, a_push


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_it_goes_where_it_is_told(bench: Bench) -> None:
    bench.control.move_to(move(90.0))
    bench.run(0.5)
    assert bench.control.target == 90.0
    bench.run(1.0)
    assert bench.control.target is None
    assert bench.axis.true_heading == pytest.approx(90.0, abs=0.2)
    assert bench.felt() == []


def test_the_torque_stays_off_until_the_first_move(bench: Bench) -> None:
    bench.run(0.5)
    assert not bench.axis.powered
    assert bench.axis.commands == 0


def test_energising_pins_to_the_pose_of_the_moment(bench: Bench) -> None:
    bench.axis.push(0.1, 0.6, 0.6)
    bench.run(2.0)
    turned = bench.axis.true_heading
    assert turned > 10.0
    bench.control.move_to(move(turned))
    bench.run(0.5)
    assert bench.axis.true_heading == pytest.approx(turned, abs=0.2)


def test_a_finished_move_is_reported(bench: Bench) -> None:
    bench.control.move_to(move(30.0))
    bench.run(1.5)
    moved = [event for event in bench.events if isinstance(event, AxisMoved)]
    assert [kind for kind, _ in itertools.groupby(event.moving for event in moved)] == [True, False]
    assert not moved[-1].moving
    assert moved[-1].heading == pytest.approx(30.0, abs=0.3)


def test_the_heading_is_known_from_the_first_reading_on() -> None:
    axis = SimulatedAxis(heading=12.0)
    control = AxisControl(axis, CONFIG)
    assert control.heading_at(0.0) is None
    control.step(1.0)
    for t in (0.0, 1.0, 5.0):
        assert control.heading_at(t) == pytest.approx(12.0, abs=0.1)


def test_the_heading_of_the_recent_past_is_interpolated(bench: Bench) -> None:
    assert bench.control.heading_at(0.0) is None
    bench.control.move_to(move(90.0))
    truth: dict[float, float] = {}
    bench.run(1.0, lambda: truth.update({bench.t: bench.axis.true_heading}))
    for t, heading in truth.items():
        assert bench.control.heading_at(t) == pytest.approx(heading, abs=0.1)
    between = bench.control.heading_at(0.505)
    assert between is not None
    assert truth[min(truth)] < between < 90.0


# --------------------------------------------------------------- the shutter


@pytest.mark.parametrize("after", [0.05, 0.2, 0.4, 0.6, 0.9])
def test_the_shutter_stops_a_move_within_150_ms_and_then_nothing_is_commanded(
    bench: Bench, after: float
) -> None:
    bench.control.move_to(move(170.0))
    bench.run(after)
    bench.control.forbid("the shutter is closed")
    bench.run(0.15)
    assert not bench.axis.powered
    assert abs(bench.axis.true_velocity) < 2.0
    commands, heading = bench.axis.commands, bench.axis.true_heading
    bench.control.move_to(move(0.0))
    bench.run(2.0)
    assert bench.axis.commands == commands
    assert bench.control.commanded_while_forbidden == 0.0
    assert bench.control.refused == 1
    assert bench.axis.true_heading == pytest.approx(heading, abs=0.5)


def test_the_edge_itself_brakes_without_waiting_for_the_loop(bench: Bench) -> None:
    told: list[tuple[float, float]] = []
    plain = bench.axis.command
    bench.axis.command = lambda h, v: (told.append((h, v)), plain(h, v))[1]  # type: ignore[func-returns-value,method-assign]
    bench.control.move_to(move(170.0))
    bench.run(0.8)
    fast = told[-1]
    told.clear()
    bench.control.forbid("the shutter is closed", bench.t + 0.004)
    ((heading, velocity),) = told
    assert fast[0] <= heading < fast[0] + 0.015 * fast[1]
    assert velocity == pytest.approx(fast[1] - 15.0, abs=1.5)
    bench.run(0.15)
    assert not bench.axis.powered
    assert abs(bench.axis.true_velocity) < 2.0
    assert bench.control.commanded_while_forbidden == 0.0


@pytest.mark.parametrize("late", [0.03, 0.06, 0.1])
def test_a_loop_that_is_held_up_while_braking_does_not_speed_the_head_up_again(
    bench: Bench, late: float
) -> None:
    bench.control.move_to(move(170.0))
    bench.run(0.8)
    bench.control.forbid("the shutter is closed", bench.t)
    bench.run(0.02)
    bench.t += late
    told: list[float] = []
    plain = bench.axis.command
    bench.axis.command = lambda h, v: (told.append(abs(v)), plain(h, v))[1]  # type: ignore[func-returns-value,method-assign]
    bench.run(0.15)
    assert not bench.axis.powered
    assert told == sorted(told, reverse=True)


def test_no_move_starts_within_two_seconds_of_an_opening(bench: Bench) -> None:
    bench.control.forbid("the shutter is closed", bench.t)
    bench.run(0.5)
    bench.control.permit(bench.t)
    bench.control.move_to(move(20.0))
    bench.run(1.95)
    assert not bench.axis.powered
    bench.run(1.5)
    assert bench.axis.true_heading == pytest.approx(20.0, abs=0.3)


def test_without_a_rest_a_move_starts_as_soon_as_the_shutter_is_open() -> None:
    bench = Bench(rest=0.0)
    bench.control.forbid("the shutter is closed", bench.t)
    bench.run(0.5)
    bench.control.permit(bench.t)
    bench.control.move_to(move(20.0))
    bench.run(1.5)
    assert bench.axis.true_heading == pytest.approx(20.0, abs=0.3)


def test_a_target_that_comes_while_braking_waits_for_the_end_of_it(bench: Bench) -> None:
    bench.control.move_to(move(170.0))
    bench.run(0.8)
    bench.control.forbid("the shutter is closed", bench.t)
    bench.control.permit(bench.t)
    bench.control.move_to(move(170.0))
    bench.run(0.2)
    assert not bench.axis.powered
    assert abs(bench.axis.true_velocity) < 2.0


def test_a_servo_that_fails_at_the_edge_is_a_fault_and_no_exception(bench: Bench) -> None:
    bench.control.move_to(move(170.0))
    bench.run(0.5)
    bench.axis.unplug(bench.t, 0.3)
    bench.control.forbid("the shutter is closed", bench.t)
    bench.run(0.2)
    assert any(isinstance(e, AxisFault) for e in bench.events)
    bench.run(0.5)
    assert not bench.axis.powered


def test_opening_the_shutter_moves_nothing_by_itself(bench: Bench) -> None:
    bench.control.move_to(move(90.0))
    bench.run(0.3)
    bench.control.forbid("the shutter is closed")
    bench.run(1.0)
    bench.control.permit()
    heading = bench.axis.true_heading
    bench.run(1.0)
    assert bench.axis.true_heading == pytest.approx(heading, abs=0.01)
    bench.control.move_to(move(20.0))
    bench.run(1.5)
    assert bench.axis.true_heading == pytest.approx(20.0, abs=0.3)


def test_a_driver_that_cannot_brake_loses_its_torque_at_once(bench: Bench) -> None:
    bench.axis.abilities = replace(bench.axis.abilities, can_brake=False)
    bench.control.move_to(move(90.0))
    bench.run(0.3)
    bench.control.forbid("the shutter is closed")
    assert not bench.axis.powered


def test_a_normal_stop_holds_and_an_emergency_stop_lets_go(bench: Bench) -> None:
    bench.control.move_to(move(150.0))
    bench.run(0.5)
    bench.control.stop(Stop("test"))
    bench.run(1.0)
    assert bench.axis.powered
    assert abs(bench.axis.true_velocity) < 0.5
    bench.control.stop(Stop("test", emergency=True))
    bench.run(0.1)
    assert not bench.axis.powered


# ------------------------------------------------------------------- contact


@pytest.mark.parametrize("seed", range(25))
def test_a_push_is_recognised_yields_within_250_ms_and_is_never_fought(seed: int) -> None:
    rng = random.Random(seed)
    bench = Bench(seed=seed)
    bench.control.move_to(move(rng.uniform(-60.0, 60.0)))
    bench.run(2.0)
    on_glass = bool(seed % 2)
    hand = a_push(rng, bench.t, on_glass=on_glass)
    bench.axis.add(hand)
    if on_glass:
        bench.control.touched(bench.t, True)
    bench.run(0.25)
    assert bench.felt() == ["push"]
    assert not bench.axis.powered
    left_at: list[float] = []
    bench.run(3.0, lambda: left_at.append(bench.axis.true_torque))
    assert set(left_at) == {0.0}


@pytest.mark.parametrize("seed", range(10))
def test_a_push_against_a_move_is_recognised_too(seed: int) -> None:
    rng = random.Random(seed)
    bench = Bench(seed=seed)
    hand = a_push(rng, 0.3)
    bench.control.move_to(move(-100.0 if hand.torque > 0 else 100.0))
    bench.axis.add(hand)
    bench.run(0.55)
    assert "push" in bench.felt()
    assert not bench.axis.powered


def test_a_move_waits_until_the_hand_lets_go(bench: Bench) -> None:
    bench.control.move_to(move(10.0))
    bench.run(1.5)
    hand = bench.axis.push(bench.t, 0.8, 1.0)
    bench.run(0.3)
    bench.control.move_to(move(0.0))
    while bench.t < hand.end:
        bench.run(0.01)
        assert not bench.axis.powered
    bench.run(3.0)
    assert bench.axis.true_heading == pytest.approx(0.0, abs=0.3)


def test_scrolling_is_no_push() -> None:
    rng = random.Random(7)
    bench = Bench(seed=7)
    bench.control.move_to(move(20.0))
    bench.run(1.0)
    for _ in range(40):
        down, up = bench.axis.scroll(bench.t + 0.1, rng)
        bench.run(0.1 + rng.uniform(0.0, 0.03))
        bench.control.touched(down, True)
        bench.run(up - bench.t)
        bench.control.touched(up, False)
        bench.run(0.5)
    assert bench.felt() == []
    assert bench.axis.true_heading == pytest.approx(20.0, abs=0.3)


@pytest.mark.parametrize("seed", range(10))
def test_a_knock_is_no_push_and_the_head_comes_back(seed: int) -> None:
    bench = Bench(seed=seed)
    bench.control.move_to(move(20.0))
    bench.run(1.0)
    bench.axis.add(a_knock(random.Random(seed), bench.t))
    bench.run(1.0)
    assert set(bench.felt()) <= {"bump"}
    assert bench.axis.true_heading == pytest.approx(20.0, abs=0.3)


@pytest.mark.parametrize("pace", list(Pace))
def test_an_obstacle_is_a_stall_and_is_not_pressed_against(bench: Bench, pace: Pace) -> None:
    bench.axis.obstacle(40.0, 60.0)
    bench.control.move_to(move(90.0, pace))
    bench.run(3.5)
    assert bench.felt() == ["stall"]
    assert bench.axis.true_heading == pytest.approx(40.0, abs=0.3)
    assert abs(bench.axis.true_torque) < 0.2
    bench.control.move_to(move(0.0))
    bench.run(1.5)
    assert bench.axis.true_heading == pytest.approx(0.0, abs=0.3)


def test_without_contact_sensing_nothing_is_felt(bench: Bench) -> None:
    bench.axis.abilities = AxisAbilities(can_sense_contact=False, has_position=True, can_brake=True)
    bench.control.move_to(move(10.0))
    bench.axis.push(1.0, 1.0, 1.0)
    bench.run(3.0)
    assert bench.felt() == []


def test_release_lets_the_head_be_turned(bench: Bench) -> None:
    bench.control.move_to(move(10.0))
    bench.run(1.0)
    bench.control.release(Release("test"))
    assert not bench.axis.powered
    bench.axis.push(bench.t, 0.3, 0.5)
    bench.run(1.5)
    assert bench.axis.true_heading > 20.0
    assert bench.felt() == []


# ------------------------------------------------------------------ the range


def test_a_new_range_releases_the_head_and_is_never_left(bench: Bench) -> None:
    bench.control.move_to(move(120.0))
    bench.run(2.0)
    bench.control.set_range(SetRange(-60.0, 80.0))
    assert not bench.axis.powered
    bench.run(0.1)
    bench.control.move_to(move(170.0))
    bench.run(2.0)
    assert bench.axis.true_heading == pytest.approx(80.0, abs=0.3)
    bench.control.move_to(move(-170.0))
    lowest: list[float] = []
    bench.run(2.5, lambda: lowest.append(bench.axis.true_heading))
    assert min(lowest) >= -60.5
    assert bench.axis.true_heading == pytest.approx(-60.0, abs=0.3)
