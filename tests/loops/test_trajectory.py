"""The trajectory: set-points that depend on the time alone, however the steps come."""

from __future__ import annotations

import math
from dataclasses import astuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.profile import Profile, Setpoint
from engine.core.settings import MotionSettings
from engine.core.types import Pace
from engine.loops.trajectory import CATCH_UP, Trajectory

MOTION = MotionSettings()
RANGE = (-175.0, 175.0)
PERIOD = 0.01
START = 100.0  # s; the clock does not begin with the move
FAR = 170.0
CLOSE = 1e-3  # degrees: what a microsecond of rounding is at full speed

headings = st.floats(*RANGE)
in_time = st.floats(0.0, CATCH_UP * PERIOD)
at_any_time = st.floats(0.0, 20.0 * PERIOD)


def at_rest(heading: float = 0.0) -> Trajectory:
    trajectory = Trajectory(0.0, MOTION, RANGE, PERIOD)
    trajectory.begin(heading, START)
    return trajectory


def under_way(to: float = FAR, seconds: float = 0.5) -> tuple[Trajectory, float]:
    """On the way from 0 deg, and the time of its last sample."""
    trajectory = at_rest()
    trajectory.retarget(to, Pace.BRISK)
    for k in range(round(seconds / PERIOD)):
        t = START + k * PERIOD
        trajectory.advance(t)
    return trajectory, t


def samples_of_a_turn(start: float, to: float, count: int) -> list[Setpoint]:
    """What the profile itself makes of it."""
    profile = Profile(start, MOTION, RANGE, PERIOD)
    profile.retarget(to, Pace.BRISK)
    return [profile.step() for _ in range(count)]


def same(setpoint: Setpoint, other: Setpoint) -> bool:
    """Apart from the rounding of sums of periods."""
    return astuple(setpoint) == pytest.approx(astuple(other), abs=CLOSE)


# ------------------------------------------------------- samples, and between


def test_a_step_on_the_sample_gives_the_profiles_own_sample() -> None:
    trajectory = at_rest()
    trajectory.retarget(FAR, Pace.BRISK)
    for k, sample in enumerate(samples_of_a_turn(0.0, FAR, 150)):
        assert same(trajectory.advance(START + k * PERIOD), sample)


@given(start=headings, to=headings, gaps=st.lists(in_time, max_size=60))
def test_setpoints_lie_between_the_profiles_samples_by_the_time_alone(
    start: float, to: float, gaps: list[float]
) -> None:
    trajectory = at_rest(start)
    trajectory.retarget(to, Pace.BRISK)
    trajectory.advance(START)
    samples = samples_of_a_turn(start, to, CATCH_UP * (len(gaps) + 1) + 2)
    passed = 0.0
    for gap in gaps:
        passed += gap
        setpoint = trajectory.advance(START + passed)
        k = int(passed / PERIOD)
        share, before, after = passed / PERIOD - k, samples[k], samples[k + 1]
        for name in ("heading", "velocity", "acceleration"):
            low, high = sorted((getattr(before, name), getattr(after, name)))
            between = getattr(before, name) + share * (getattr(after, name) - getattr(before, name))
            # The bound on jerk moves an acceleration the most in a microsecond.
            close = CLOSE if name != "acceleration" else 10.0 * CLOSE
            assert getattr(setpoint, name) == pytest.approx(between, abs=close)
            assert low - close <= getattr(setpoint, name) <= high + close


def test_asking_where_the_head_should_be_changes_nothing() -> None:
    trajectory, t = under_way()
    asked, _ = under_way()
    for k in range(10):
        asked.at(t + k * PERIOD / 7.0)
    assert same(asked.advance(t + PERIOD), trajectory.advance(t + PERIOD))


def test_nothing_is_made_up_before_or_after_the_last_two_samples() -> None:
    trajectory, t = under_way()
    before, last = trajectory.at(t - PERIOD), trajectory.at(t)
    assert before.heading < last.heading
    assert same(trajectory.at(t - 5.0 * PERIOD), before)
    assert same(trajectory.at(t + 5.0 * PERIOD), last)


def test_a_new_target_goes_on_from_the_motion_under_way() -> None:
    trajectory, t = under_way()
    before = trajectory.at(t)
    trajectory.retarget(-FAR, Pace.BRISK)
    after = trajectory.advance(t + PERIOD)
    assert after.velocity == pytest.approx(before.velocity, rel=0.05)
    assert after.heading > before.heading


# ------------------------------------------------------------------ late steps


@pytest.mark.parametrize("late", range(CATCH_UP))
def test_a_few_late_samples_are_made_up_for(late: int) -> None:
    trajectory, t = under_way()
    prompt, _ = under_way()
    for k in range(1, late + 1):
        prompt.advance(t + k * PERIOD)
    then = t + (late + 1) * PERIOD
    assert not trajectory.lags(then)
    assert same(trajectory.advance(then), prompt.advance(then))


@pytest.mark.parametrize("late", [CATCH_UP, 10, 1000])
def test_more_late_samples_are_given_up_and_the_motion_goes_on_from_where_it_was(
    late: int,
) -> None:
    trajectory, t = under_way()
    prompt, _ = under_way()
    then = t + (late + 1) * PERIOD
    assert trajectory.lags(then)
    for k in range(3):
        resumed = trajectory.advance(then + k * PERIOD)
        assert same(resumed, prompt.advance(t + (k + 1) * PERIOD))


@given(to=headings, turn=headings, gaps=st.lists(at_any_time, min_size=1, max_size=60))
def test_however_late_the_steps_no_more_is_made_up_for_than_that(
    to: float, turn: float, gaps: list[float]
) -> None:
    """A head at full speed must not be asked to leap after a pause."""
    trajectory = at_rest()
    trajectory.retarget(to, Pace.BRISK)
    t, last = START, trajectory.advance(START)
    for k, gap in enumerate(gaps):
        if k == len(gaps) // 2:
            trajectory.retarget(turn, Pace.BRISK)
        t += gap
        now = trajectory.advance(t)
        longest = min(gap, (CATCH_UP + 0.5) * PERIOD)
        assert abs(now.heading - last.heading) <= MOTION.max_velocity * longest + CLOSE
        last = now


# ------------------------------------------------------------- rest and braking


def test_nothing_is_under_way_at_rest() -> None:
    trajectory = at_rest(12.5)
    assert trajectory.target is None
    assert trajectory.advance(START) == Setpoint(12.5, 0.0, 0.0)


def test_the_target_is_known_until_it_is_reached() -> None:
    trajectory, t = under_way(40.0, 0.1)
    assert trajectory.target == 40.0
    for k in range(200):
        trajectory.advance(t + k * PERIOD)
    assert trajectory.target is None
    assert trajectory.at(t + 200 * PERIOD) == Setpoint(40.0, 0.0, 0.0)


@given(share=st.floats(0.0, 1.0), heading=headings)
def test_pinned_it_stands_there_at_once_and_at_every_moment(share: float, heading: float) -> None:
    trajectory, t = under_way()
    trajectory.rest_at(heading)
    assert trajectory.target is None
    assert trajectory.at(t + share * PERIOD) == Setpoint(heading, 0.0, 0.0)
    assert trajectory.advance(t + (1.0 + share) * PERIOD) == Setpoint(heading, 0.0, 0.0)


def test_given_up_it_stands_where_it_was() -> None:
    trajectory, t = under_way()
    heading = trajectory.at(t).heading
    trajectory.rest()
    assert trajectory.target is None
    assert same(trajectory.advance(t + PERIOD), Setpoint(heading, 0.0, 0.0))


@pytest.mark.parametrize("pause", [0.4 * PERIOD, 1.5 * PERIOD, 60.0])
def test_after_a_pause_at_rest_a_move_begins_at_its_first_sample(pause: float) -> None:
    trajectory, t = under_way()
    trajectory.rest()
    trajectory.begin(0.0, t + pause)
    trajectory.retarget(FAR, Pace.BRISK)
    for k, sample in enumerate(samples_of_a_turn(0.0, FAR, 20)):
        assert same(trajectory.advance(t + pause + k * PERIOD), sample)


def test_a_new_span_ends_what_is_under_way_and_is_never_left() -> None:
    trajectory, t = under_way(seconds=0.3)
    trajectory.confine((-60.0, 80.0))
    assert trajectory.target is None
    trajectory.retarget(FAR, Pace.BRISK)
    assert max(trajectory.advance(t + k * PERIOD).heading for k in range(300)) == 80.0


def test_a_stop_comes_to_rest_within_the_bounds_of_normal_motion() -> None:
    trajectory, t = under_way()
    trajectory.stop()
    slowing = [trajectory.advance(t + k * PERIOD) for k in range(200)]
    assert slowing[-1].velocity == 0.0
    assert max(abs(s.acceleration) for s in slowing) <= MOTION.max_acceleration + 1e-6


@given(share=st.floats(0.0, 1.0), to=st.sampled_from([-FAR, FAR]))
def test_braking_begins_where_the_head_should_be_and_a_sample_slower(
    share: float, to: float
) -> None:
    """Between two samples too: the profile is ahead by then, the head is not."""
    trajectory, t = under_way(to)
    moment = t + share * PERIOD
    trajectory.advance(moment)
    before = trajectory.at(moment)
    first = trajectory.brake_at(moment)
    rate = MOTION.emergency_deceleration
    assert first.heading == before.heading
    assert abs(first.velocity) == pytest.approx(abs(before.velocity) - rate * PERIOD)
    assert math.copysign(1.0, first.velocity) == math.copysign(1.0, to)
    speeds = [abs(trajectory.advance(moment + k * PERIOD).velocity) for k in range(30)]
    assert speeds == sorted(speeds, reverse=True)
    assert speeds[0] == pytest.approx(abs(first.velocity))
    assert speeds[-1] == 0.0
    way = before.velocity**2 / (2.0 * rate)
    assert abs(trajectory.at(moment + 1.0).heading - before.heading) == pytest.approx(way)


def test_braking_of_a_head_that_stands_leads_nowhere() -> None:
    trajectory = at_rest(30.0)
    first = trajectory.brake_at(START)
    assert (first.heading, abs(first.velocity)) == (30.0, 0.0)
    assert trajectory.advance(START) == Setpoint(30.0, 0.0, 0.0)


def test_braking_from_the_sample_waits_for_the_next_one() -> None:
    trajectory, t = under_way()
    before = trajectory.at(t)
    trajectory.brake()
    assert trajectory.at(t).heading == before.heading
    after = trajectory.advance(t + PERIOD)
    slower = before.velocity - MOTION.emergency_deceleration * PERIOD
    assert after.velocity == pytest.approx(slower)


def test_braking_from_where_the_head_really_is_takes_no_account_of_the_plan() -> None:
    trajectory, t = under_way()
    trajectory.brake_from(Setpoint(20.0, 60.0, 0.0), t + 0.1)
    now = trajectory.advance(t + 0.1)
    assert 20.0 < now.heading < 20.0 + 60.0 * PERIOD
    assert now.velocity == pytest.approx(60.0 - MOTION.emergency_deceleration * PERIOD)


def test_a_target_given_while_braking_waits_for_the_standstill() -> None:
    trajectory, t = under_way()
    trajectory.brake_at(t)
    trajectory.retarget(-FAR, Pace.BRISK)
    velocities = [trajectory.advance(t + k * PERIOD).velocity for k in range(60)]
    turned = next(v for v in velocities if v <= CLOSE)
    assert turned == pytest.approx(0.0, abs=CLOSE)
    assert trajectory.target == -FAR
