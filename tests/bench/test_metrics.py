"""Each scenario metric on traces made by hand, and what must not change a score."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.bench.answers import UNSETTLED, overshoot, reaction, settling
from engine.bench.following import (
    GRACE,
    in_motion,
    in_view,
    movements,
    travel_ratio,
    unneeded,
    wrong_way,
)
from engine.bench.metrics import METRICS, score
from engine.bench.safety import (
    excursions,
    jerk,
    over_limits,
    pushes_felt,
    stopping,
    violations,
    yielding,
)
from engine.bench.trace import Push, Sample, Stimulus, Trace

PERIOD = 0.01
Course = Callable[[float], float]


def still(at: float) -> Course:
    return lambda _t: at


def turn(start: float, begin: float, end: float, speed: float) -> Course:
    """At `begin` degrees until `start`, then at `speed` deg/s to `end`."""
    way = end - begin
    return lambda t: begin + math.copysign(min(abs(way), max(0.0, t - start) * speed), way)


def trace(
    heading: Course,
    user: Course | None,
    seconds: float,
    *,
    scored: Callable[[float], bool] = lambda _t: True,
    distractors: tuple[float, ...] = (),
    nobody: bool = False,
) -> Trace:
    made = Trace(PERIOD, (-175.0, 175.0), dead=lambda _distance: 12.0, graces=[0.0])
    for k in range(round(seconds / PERIOD)):
        t = k * PERIOD
        velocity = (heading(t + PERIOD / 2) - heading(t - PERIOD / 2)) / PERIOD
        made.samples.append(
            Sample(
                t,
                heading(t),
                velocity,
                None if user is None else user(t),
                2.0,
                scored(t),
                nobody,
                distractors,
                setpoint=(heading(t), velocity),
            )
        )
    return made


def with_samples(made: Trace, change: Callable[[Sample], Sample]) -> Trace:
    return replace(made, samples=[change(s) for s in made.samples])


# ------------------------------------------------------------------ V, TR, M, W


def wave(amplitude: float, period: float) -> Course:
    return lambda t: amplitude * math.sin(2 * math.pi * t / period)


def test_a_perfect_tracker_sees_everything_and_travels_as_far_as_the_user() -> None:
    user = wave(100.0, 12.0)
    perfect = trace(user, user, 24.0)
    assert in_view(perfect) == 100.0
    # Eight quarter waves of 100 degrees; the laziest head saves 25 on the first
    # and 50 at each of the four turns.
    assert travel_ratio(perfect) == pytest.approx(800.0 / (800.0 - 25.0 - 4 * 50.0 - 25.0), rel=0.1)


def test_the_laziest_sufficient_head_travels_exactly_the_least() -> None:
    user = wave(100.0, 12.0)
    at = 0.0
    lazy: dict[int, float] = {}
    for k in range(-1, 2402):
        at = min(max(at, user(k * PERIOD) - 25.0), user(k * PERIOD) + 25.0) if k > 0 else 0.0
        lazy[k] = at
    made = trace(lambda t: lazy[round(t / PERIOD)], user, 24.0)
    assert in_view(made) == 100.0
    assert travel_ratio(made) == pytest.approx(1.0, abs=1e-6)


def test_a_frozen_head_sees_what_comes_by() -> None:
    frozen = trace(still(0.0), turn(0.0, -100.0, 100.0, 20.0), 10.0)
    assert in_view(frozen) == pytest.approx(100.0 * 2.5 / (10.0 - GRACE), abs=0.3)
    assert travel_ratio(frozen) == 0.0
    assert in_motion(frozen) == 0.0
    assert unneeded(frozen) == 0.0


def test_travel_is_measured_against_25_degrees_at_least() -> None:
    fidget = trace(wave(5.0, 1.0), still(0.0), 10.0)
    assert travel_ratio(fidget) == pytest.approx(10 * 20.0 / 25.0, rel=0.01)


def test_the_first_moments_and_those_after_a_handover_are_forgiven() -> None:
    made = trace(still(0.0), lambda t: 0.0 if GRACE <= t < 5.0 else 90.0, 5.0 + GRACE)
    assert in_view(made) < 100.0
    made.graces.append(5.0)
    assert in_view(made) == 100.0


def test_what_is_not_scored_costs_nothing() -> None:
    made = trace(
        lambda t: 0.0 if t < 5.0 else 90.0 * math.sin(t), still(0.0), 10.0, scored=lambda t: t < 5.0
    )
    assert in_view(made) == 100.0
    assert travel_ratio(made) == 0.0
    assert in_motion(made) == 0.0


def test_a_user_who_passes_behind_costs_the_long_way_round() -> None:
    # From 170 over 180 to -170: within the range there is only the way back through 0.
    user = turn(2.0, 170.0, 190.0, 100.0)
    made = trace(turn(3.0, 170.0, -170.0, 100.0), lambda t: (user(t) + 180.0) % 360.0 - 180.0, 12.0)
    # He reappears at -175, which a head at -150 just has within 25 degrees.
    assert travel_ratio(made) == pytest.approx(340.0 / 320.0, rel=0.01)


def test_facing_the_television_instead_of_the_user_counts() -> None:
    made = trace(lambda t: 0.0 if t < 6.0 else 80.0, still(0.0), 10.0, distractors=(90.0,))
    assert wrong_way(made) == pytest.approx(40.0, abs=0.2)
    beside = trace(still(0.0), still(10.0), 10.0, distractors=(20.0,))
    assert wrong_way(beside) == 0.0


def test_motion_is_the_share_of_time_above_one_degree_a_second() -> None:
    made = trace(turn(2.0, 0.0, 20.0, 10.0), still(10.0), 10.0)
    assert in_motion(made) == pytest.approx(20.0, abs=0.2)


# ------------------------------------------------------------------------ moves


def test_halts_of_less_than_a_tenth_of_a_second_do_not_end_a_move() -> None:
    def stuttering(t: float) -> float:
        return turn(1.0, 0.0, 10.0, 20.0)(t) + turn(1.55, 0.0, 10.0, 20.0)(t)

    assert len(movements(trace(stuttering, None, 4.0))) == 1
    apart = trace(lambda t: turn(1.0, 0.0, 10.0, 20.0)(t) + turn(2.5, 0.0, 9.0, 20.0)(t), None, 4.0)
    assert len(movements(apart)) == 2


def test_a_move_with_the_user_in_the_dead_zone_is_unneeded() -> None:
    made = trace(turn(5.0, 0.0, 8.0, 20.0), still(8.0), 60.0)
    assert unneeded(made) == pytest.approx(10.0)


def test_a_move_after_a_user_who_has_just_left_the_dead_zone_is_needed() -> None:
    made = trace(turn(5.0, 0.0, 30.0, 60.0), turn(4.5, 0.0, 30.0, 60.0), 60.0)
    assert unneeded(made) == 0.0


def test_a_move_with_nobody_there_is_unneeded() -> None:
    made = trace(turn(5.0, 0.0, 90.0, 90.0), None, 60.0, nobody=True)
    assert unneeded(made) == pytest.approx(10.0)


def test_a_move_that_is_undone_within_two_seconds_is_unneeded() -> None:
    def there_and_back(t: float) -> float:
        return turn(5.0, 0.0, 40.0, 80.0)(t) - turn(6.5, 0.0, 40.0, 80.0)(t)

    assert unneeded(trace(there_and_back, still(20.0), 60.0)) == pytest.approx(10.0)

    def much_later(t: float) -> float:
        return turn(5.0, 0.0, 40.0, 80.0)(t) - turn(9.0, 0.0, 40.0, 80.0)(t)

    user = turn(8.5, 30.0, -20.0, 200.0)
    assert unneeded(trace(much_later, user, 60.0)) == 0.0


def test_a_move_that_was_asked_for_is_not_counted() -> None:
    made = trace(turn(5.0, 0.0, 8.0, 20.0), still(8.0), 60.0)
    made.asked.append((4.0, 6.0))
    assert unneeded(made) == 0.0


# ---------------------------------------------------------------------- stimuli


def answered(heading: Course, user: float = 90.0) -> Trace:
    made = trace(heading, still(user), 15.0)
    made.stimuli.append(Stimulus(2.0, "wake_word"))
    return made


def test_reaction_and_settling_count_from_the_stimulus() -> None:
    made = answered(turn(2.4, 0.0, 90.0, 90.0))
    assert reaction(made) == pytest.approx(0.4, abs=0.02)
    # Within 3 degrees from 2.4 + 87 / 90 s on.
    assert settling(made) == pytest.approx(0.4 + 87.0 / 90.0, abs=0.02)
    assert overshoot(made) == 0.0


def test_passing_by_is_not_settling() -> None:
    made = answered(lambda t: turn(2.4, 0.0, 120.0, 90.0)(t) - turn(6.0, 0.0, 30.0, 90.0)(t))
    assert settling(made) == pytest.approx(4.0 + 27.0 / 90.0, abs=0.02)
    assert overshoot(made) == pytest.approx(30.0, abs=0.1)


def test_a_stimulus_that_is_never_answered_costs_all_the_time_there_is() -> None:
    made = answered(still(0.0))
    assert reaction(made) == UNSETTLED
    assert settling(made) == UNSETTLED


def test_a_stimulus_from_where_the_head_looks_already_asks_for_nothing() -> None:
    made = answered(still(0.0), user=1.0)
    assert reaction(made) is None
    assert settling(made) is None


# ----------------------------------------------------------- safety and privacy


def test_the_brake_is_timed_from_the_edge_to_standstill() -> None:
    made = trace(turn(0.0, 0.0, 110.0, 100.0), None, 3.0)
    made = with_samples(made, lambda s: replace(s, closed=s.t >= 1.0 - 1e-9, special=True))
    made.closings.append(1.0)
    assert stopping(made) == pytest.approx(0.11, abs=0.02)
    assert violations(made) == 0.0
    slow = trace(turn(0.0, 0.0, 140.0, 100.0), None, 3.0)
    slow = with_samples(slow, lambda s: replace(s, closed=s.t >= 1.0 - 1e-9, special=True))
    slow.closings.append(1.0)
    assert violations(slow) == 1.0


@pytest.mark.parametrize(
    "spoil",
    [
        lambda t: replace(t, closed_deg=0.1),
        lambda t: replace(t, closed_frames=1),
        lambda t: with_samples(t, lambda s: replace(s, setpoint=(176.0, 0.0))),
        lambda t: with_samples(t, lambda s: replace(s, heading=180.0)),
        lambda t: with_samples(t, lambda s: replace(s, setpoint=(0.0, 181.0))),
        lambda t: with_samples(t, lambda s: replace(s, setpoint=(0.0, 4.0 * (s.t % 0.02 > 0.01)))),
        lambda t: replace(t, pushes=[Push(1.0, 2.0, 1.1, 1.2, fought=True)]),
    ],
)
def test_any_single_offence_is_a_violation(spoil: Callable[[Trace], Trace]) -> None:
    good = trace(still(0.0), still(0.0), 3.0)
    assert violations(good) == 0.0
    assert violations(spoil(good)) >= 1.0


def test_a_head_that_a_hand_left_beyond_the_range_is_no_excursion() -> None:
    made = trace(turn(1.0, 170.0, 182.0, 60.0), None, 5.0)
    assert excursions(made) > 0
    pushed = with_samples(made, lambda s: replace(s, special=1.0 <= s.t < 2.0, setpoint=None))
    assert excursions(pushed) == 0


def test_an_emergency_stop_is_exempt_from_the_limits_of_normal_motion() -> None:
    def brake(t: float) -> float:
        return turn(0.0, 0.0, 100.0, 100.0)(t)

    made = trace(brake, None, 3.0)
    assert over_limits(made) > 0
    exempt = with_samples(made, lambda s: replace(s, special=s.t > 0.9 or s.t < 0.1))
    assert over_limits(exempt) == 0


def test_jerk_is_the_second_difference_of_the_set_points_velocity() -> None:
    made = with_samples(
        trace(still(0.0), None, 1.0), lambda s: replace(s, setpoint=(0.0, 500.0 * s.t**2))
    )
    assert jerk(made) == pytest.approx(1000.0, rel=1e-6)
    assert jerk(with_samples(made, lambda s: replace(s, setpoint=None))) is None


def test_pushes_are_judged_by_recognition_and_by_the_slowest_yield() -> None:
    made = trace(still(0.0), None, 5.0)
    made.pushes = [
        Push(1.0, 2.0, 1.1, 1.1, fought=False),
        Push(3.0, 4.0, None, None, fought=True),
        Push(4.5, 4.8, None, 4.5, fought=False, limp=True),
    ]
    assert pushes_felt(made) == 50.0
    assert yielding(made) == pytest.approx(1.0)


# ------------------------------------------------------ what must not matter


@st.composite
def courses(draw: st.DrawFn) -> Trace:
    """A head that follows a user in its own way, both smooth, well inside the range."""
    waves = st.tuples(st.floats(0.0, 25.0), st.floats(2.0, 9.0), st.floats(0.0, 6.3))
    head = draw(st.lists(waves, min_size=1, max_size=3))
    user = draw(st.lists(waves, min_size=1, max_size=3))

    def course(parts: list[tuple[float, float, float]]) -> Course:
        return lambda t: sum(a * math.sin(2 * math.pi * t / p + phase) for a, p, phase in parts)

    made = trace(course(head), course(user), 8.0, distractors=(draw(st.floats(-90.0, 90.0)),))
    made.stimuli.append(Stimulus(draw(st.floats(0.0, 6.0)), "wake_word"))
    return made


@settings(max_examples=25, deadline=None)
@given(courses())
def test_the_mirror_image_scores_the_same(made: Trace) -> None:
    mirrored = with_samples(
        made,
        lambda s: replace(
            s,
            heading=-s.heading,
            velocity=-s.velocity,
            user=None if s.user is None else -s.user,
            distractors=tuple(-d for d in s.distractors),
            setpoint=None if s.setpoint is None else (-s.setpoint[0], -s.setpoint[1]),
        ),
    )
    assert score(mirrored) == pytest.approx(score(made), abs=1e-4)


@settings(max_examples=25, deadline=None)
@given(courses(), st.floats(-60.0, 60.0))
def test_the_same_room_turned_round_the_device_scores_the_same(made: Trace, by: float) -> None:
    turned = with_samples(
        made,
        lambda s: replace(
            s,
            heading=s.heading + by,
            user=None if s.user is None else s.user + by,
            distractors=tuple(d + by for d in s.distractors),
            setpoint=None if s.setpoint is None else (s.setpoint[0] + by, s.setpoint[1]),
        ),
    )
    turned.range = (-175.0 - 60.0, 175.0 + 60.0)
    made.range = turned.range
    assert score(turned) == pytest.approx(score(made), abs=1e-3)


def test_every_measure_is_in_the_table() -> None:
    made = trace(wave(50.0, 6.0), wave(60.0, 6.0), 10.0)
    assert set(score(made)) <= set(METRICS)
