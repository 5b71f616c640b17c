"""The motion profile keeps every bound at every sample, whatever is asked of it and when."""

from __future__ import annotations

import copy
import random
from dataclasses import dataclass, field

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from engine.core.profile import Profile, Setpoint, limits_of, stopping_heading
from engine.core.settings import MotionSettings
from engine.core.types import Pace

FULL = MotionSettings()
LIMITS = limits_of(FULL)
RANGE = (-175.0, 175.0)
PERIOD = 0.01
PACES = tuple(Pace)
# A seed does not shrink to anything simpler.
RANDOM = settings(deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
ROUNDING = 5e-13  # degrees; seven segments in double precision around 175 degrees


def at_rest(heading: float = 0.0, motion: MotionSettings = FULL) -> Profile:
    return Profile(heading, motion, RANGE, PERIOD)


def finish(profile: Profile, more: int = 5) -> list[Setpoint]:
    """Every sample until the motion is done, and some at rest."""
    samples = []
    while not profile.done:
        samples.append(profile.step())
        assert len(samples) < 100_000
    return samples + [profile.step() for _ in range(more)]


@dataclass
class Witness:
    """Holds the emitted positions to the bounds, by their finite differences alone."""

    period: float
    motion: MotionSettings
    last: list[float]
    bounds: list[float] = field(init=False)

    def __post_init__(self) -> None:
        full = limits_of(self.motion)
        allowed = enumerate((full.velocity, full.acceleration, full.jerk), start=1)
        self.bounds = [
            bound * self.period**n * (1 + 1e-9) + 2**n * ROUNDING for n, bound in allowed
        ]

    def see(self, sample: Setpoint) -> None:
        p0, p1, p2 = self.last
        p3 = sample.heading
        velocity, acceleration, jerk = self.bounds
        assert RANGE[0] <= p3 <= RANGE[1]
        assert abs(p3 - p2) <= velocity
        assert abs(p3 - 2 * p2 + p1) <= acceleration
        assert abs(p3 - 3 * p2 + 3 * p1 - p0) <= jerk
        self.last = [p1, p2, p3]


motions = st.one_of(
    st.just(FULL),
    st.builds(
        MotionSettings,
        max_velocity=st.floats(20.0, 180.0),
        max_acceleration=st.floats(20.0, 360.0),
        smoothing=st.floats(0.05, 0.5),
        gentle=st.floats(0.2, 1.0),
        normal=st.floats(0.2, 1.0),
        brisk=st.floats(0.2, 1.0),
    ),
)


def somewhere(rng: random.Random, heading: float) -> float:
    """A target far, near, hardly off, or at the very end of the range; sometimes beyond it."""
    draw = rng.random()
    if draw < 0.4:
        return rng.uniform(*RANGE)
    if draw < 0.8:
        return heading + rng.gauss(0.0, 15.0)
    return rng.choice((*RANGE, -400.0, 400.0, heading + rng.gauss(0.0, 1e-3), heading))


@settings(RANDOM, max_examples=1100)
@given(
    seed=st.integers(0, 2**48), motion=motions, period=st.sampled_from((0.01, 0.004, 0.02, 0.05))
)
@example(seed=260228, motion=FULL, period=0.02)  # at the end of the range but for a rounding
def test_no_bound_breaks_over_random_retargets(
    seed: int, motion: MotionSettings, period: float
) -> None:
    rng = random.Random(seed)
    profile = Profile(rng.uniform(*RANGE), motion, RANGE, period)
    witness = Witness(period, motion, [profile.now.heading] * 3)
    for _ in range(200):
        if rng.random() < 0.02:
            profile.stop()
        else:
            profile.retarget(somewhere(rng, profile.now.heading), rng.choice(PACES))
        for _ in range(rng.choice((1, 1, 2, 3, 5, 8, 21))):
            witness.see(profile.step())
    for sample in finish(profile):
        witness.see(sample)
    assert profile.now == Setpoint(profile.target, 0.0, 0.0)


def moving(rng: random.Random, changes: int = 6) -> Profile:
    """A profile caught somewhere in a motion."""
    profile = at_rest(rng.uniform(*RANGE))
    for _ in range(rng.randint(1, changes)):
        profile.retarget(somewhere(rng, profile.now.heading), rng.choice(PACES))
        for _ in range(rng.randint(1, 60)):
            profile.step()
    return profile


@settings(RANDOM, max_examples=1000)
@given(seed=st.integers(0, 2**48), pace=st.sampled_from(PACES))
def test_a_target_is_overshot_only_where_no_stop_is_short_enough(seed: int, pace: Pace) -> None:
    rng = random.Random(seed)
    profile = moving(rng)
    braked = copy.deepcopy(profile)
    start = profile.now
    end = stopping_heading(start, LIMITS)
    braked.stop()
    reach = [start.heading, end] + [sample.heading for sample in finish(braked)]

    target = rng.choice(
        (rng.uniform(*RANGE), start.heading + rng.gauss(0.0, 30.0), end + rng.gauss(0.0, 2.0))
    )
    profile.retarget(target, pace)
    side = 1.0 if profile.target >= start.heading else -1.0
    allowed = max(0.0, *(side * (p - profile.target) for p in reach))
    for sample in finish(profile):
        assert side * (sample.heading - profile.target) <= allowed + 0.01


@settings(RANDOM, max_examples=400)
@given(seed=st.integers(0, 2**48))
def test_an_emergency_stop_is_over_within_150_ms_and_inside_the_range(seed: int) -> None:
    profile = moving(random.Random(seed))
    start = profile.now
    profile.emergency()
    samples = finish(profile)
    assert len(samples) - 5 <= 0.15 / PERIOD
    travelled = abs(samples[-1].heading - start.heading)
    assert travelled == pytest.approx(start.velocity**2 / 2 / 1500.0, abs=1e-9)
    previous = start
    for sample in samples:
        assert RANGE[0] <= sample.heading <= RANGE[1]
        assert abs(sample.velocity) <= abs(previous.velocity)
        assert abs(sample.velocity - previous.velocity) <= 1500.0 * PERIOD + 1e-9
        previous = sample


def test_an_emergency_stop_from_full_speed_takes_120_ms() -> None:
    profile = at_rest(-170.0)
    profile.retarget(170.0)
    while profile.now.velocity < 180.0 - 1e-9:
        profile.step()
    profile.emergency()
    assert len(finish(profile, more=0)) == 12


def test_a_target_given_while_braking_waits_for_the_standstill() -> None:
    profile = at_rest()
    profile.retarget(90.0)
    for _ in range(40):
        profile.step()
    profile.emergency()
    profile.retarget(-30.0)
    velocities = [sample.velocity for sample in finish(profile)]
    turned = next(i for i, v in enumerate(velocities) if v <= 0.0)
    assert velocities[turned] == 0.0
    assert profile.now.heading == -30.0


@pytest.mark.parametrize("pace", PACES)
def test_a_pace_scales_the_bounds_of_a_whole_move(pace: Pace) -> None:
    scale = getattr(FULL, pace.value)
    profile = at_rest(-90.0)
    profile.retarget(90.0, pace)
    samples = finish(profile)
    assert max(s.velocity for s in samples) == pytest.approx(180.0 * scale, rel=1e-6)
    assert max(abs(s.acceleration) for s in samples) <= 360.0 * scale + 1e-9
    assert profile.now.heading == 90.0


def test_a_gentler_pace_slows_a_move_under_way() -> None:
    profile = at_rest(-90.0)
    profile.retarget(90.0, Pace.BRISK)
    while profile.now.velocity < 170.0:
        profile.step()
    profile.retarget(90.0, Pace.GENTLE)
    samples = finish(profile)
    slow = next(i for i, s in enumerate(samples) if s.velocity <= 63.0 + 1e-9)
    assert slow * PERIOD <= 107.0 / 360.0 + 0.15
    assert all(abs(s.acceleration) <= 126.0 + 1e-9 for s in samples[slow:])


def test_asking_again_for_the_same_changes_nothing() -> None:
    once, again = at_rest(), at_rest()
    once.retarget(60.0, Pace.NORMAL)
    for _ in range(200):
        again.retarget(60.0, Pace.NORMAL)
        assert again.step() == once.step()


def test_a_head_turned_out_of_the_range_by_hand_comes_back_without_a_jump() -> None:
    profile = at_rest()
    profile.rest_at(181.0)
    profile.retarget(300.0)
    samples = finish(profile)
    assert samples[-1].heading == 175.0
    assert all(175.0 <= sample.heading <= 181.0 for sample in samples)


def test_at_rest_nothing_moves() -> None:
    profile = at_rest(12.5)
    profile.stop()
    profile.emergency()
    profile.retarget(12.5)
    assert profile.done
    assert profile.step() == Setpoint(12.5, 0.0, 0.0)


# ------------------------------------------------------------------ the oracle


def ruckig_time(start: Setpoint, target: float | None) -> float:
    """The time-optimal duration to rest at `target`, or to rest anywhere for None."""
    import ruckig

    question = ruckig.InputParameter(1)
    question.current_position = [start.heading]
    question.current_velocity = [start.velocity]
    question.current_acceleration = [start.acceleration]
    if target is None:
        question.control_interface = ruckig.ControlInterface.Velocity
    else:
        question.target_position = [target]
    question.max_velocity = [LIMITS.velocity]
    question.max_acceleration = [LIMITS.acceleration]
    question.max_jerk = [LIMITS.jerk]
    answer = ruckig.Trajectory(1)
    result = ruckig.Ruckig(1).calculate(question, answer)
    assert result == ruckig.Result.Working, result
    return float(answer.duration)


@pytest.mark.needs("ruckig")
@pytest.mark.parametrize("turn", [0.001, 0.1, 1.0, 5.0, 20.0, 90.0, -90.0, 175.0, 340.0])
def test_a_move_from_rest_is_as_fast_as_ruckigs(turn: float) -> None:
    profile = at_rest(-170.0 if turn > 0 else 170.0)
    start = profile.now
    profile.retarget(start.heading + turn)
    taken = len(finish(profile, more=0)) * PERIOD
    assert taken <= 1.001 * ruckig_time(start, start.heading + turn) + PERIOD


@pytest.mark.needs("ruckig")
@settings(RANDOM, max_examples=1000)
@given(seed=st.integers(0, 2**48))
def test_a_retarget_in_motion_is_as_fast_as_ruckigs(seed: int) -> None:
    rng = random.Random(seed)
    profile = moving(rng)
    start = profile.now
    profile.retarget(rng.uniform(*RANGE), Pace.BRISK)
    taken = len(finish(profile, more=0)) * PERIOD
    assert taken <= 1.05 * ruckig_time(start, profile.target) + PERIOD


@pytest.mark.needs("ruckig")
@settings(RANDOM, max_examples=400)
@given(seed=st.integers(0, 2**48))
def test_a_stop_is_as_short_as_ruckigs(seed: int) -> None:
    profile = moving(random.Random(seed))
    start = profile.now
    profile.stop()
    taken = len(finish(profile, more=0)) * PERIOD
    assert taken <= ruckig_time(start, None) + PERIOD + 1e-9
