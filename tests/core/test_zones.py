"""The zones: stay, wait or turn; trail a walk without turning back; no preferred direction."""

from dataclasses import dataclass, replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.core import zones
from engine.core.settings import MotionSettings, ZoneSettings
from engine.core.types import Zone
from engine.core.zones import Following, Subject, Verdict, half_widths

ZONES = ZoneSettings()
MOTION = MotionSettings()
PERIOD = 0.1  # s between two frames
WALK = zones.WALKING * ZONES.settled_speed  # deg/s above which somebody walks
STILL = 0.5 * ZONES.settled_speed

distances = st.floats(0.3, 8.0)
sides = st.sampled_from([1.0, -1.0])
# Sixty-fourths are exact in binary, so that turning and mirroring round nothing.
exact = st.integers(-90 * 64, 90 * 64).map(lambda n: n / 64.0)


def somebody(bearing: float, rate: float = 0.0, distance: float = 2.0) -> Subject:
    """Somebody whose rate three measurements agree about."""
    return Subject(1, bearing, rate, 1.0, distance, former=rate, earlier=rate)


@dataclass
class Head:
    """A head that is where it was told to be at once, ten verdicts a second."""

    base: float = 0.0
    now: float = 0.0
    following: Following | None = None

    def sees(self, subject: Subject, core: ZoneSettings = ZONES) -> Verdict:
        verdict = zones.judge(self.following, subject, self.base, self.now, core, MOTION)
        self.following = verdict.following
        self.now += PERIOD
        if verdict.aim is not None:
            self.base = verdict.aim
        return verdict


# ------------------------------------------------------------------ half-widths


def test_the_half_widths_are_those_of_the_settings_at_both_distances_and_beyond() -> None:
    near, far = (ZONES.dead_near, ZONES.holding_near), (ZONES.dead_far, ZONES.holding_far)
    assert half_widths(ZONES, ZONES.near) == half_widths(ZONES, ZONES.near / 3.0) == near
    assert half_widths(ZONES, ZONES.far) == half_widths(ZONES, ZONES.far * 3.0) == far


@given(st.floats(0.0, 1.0), st.floats(1, 180), st.floats(1, 180))
def test_in_between_they_change_in_proportion_to_the_distance(
    share: float, dead_near: float, dead_far: float
) -> None:
    core = replace(ZONES, dead_near=dead_near, dead_far=dead_far)
    dead, _ = half_widths(core, core.near + share * (core.far - core.near))
    assert dead == pytest.approx((1.0 - share) * dead_near + share * dead_far)


@given(distances, distances)
def test_they_never_widen_with_distance_and_the_dead_zone_lies_in_the_holding_zone(
    one: float, other: float
) -> None:
    near, far = half_widths(ZONES, min(one, other)), half_widths(ZONES, max(one, other))
    assert near[0] >= far[0]
    assert near[1] >= far[1]
    assert near[0] < near[1]


def test_a_single_distance_for_both_is_no_division_by_nothing() -> None:
    core = replace(ZONES, near=2.0, far=2.0)
    assert half_widths(core, 3.0)[0] in (core.dead_near, core.dead_far)


# ---------------------------------------------------------- dead, holding, motion


@given(st.floats(-0.98, 0.98), distances, st.floats(-STILL, STILL), exact)
def test_within_the_dead_zone_the_head_stays_for_ever(
    share: float, distance: float, rate: float, base: float
) -> None:
    dead, _ = half_widths(ZONES, distance)
    head = Head(base)
    for _ in range(60):
        verdict = head.sees(somebody(base + share * dead, rate, distance))
        assert (verdict.zone, verdict.aim) == (Zone.DEAD, None)
        assert verdict.reason.code == "dead"


@given(st.floats(0.05, 0.95), distances, sides)
def test_within_the_holding_zone_the_head_turns_once_they_have_settled(
    share: float, distance: float, side: float
) -> None:
    dead, holding = half_widths(ZONES, distance)
    bearing = side * (dead + share * (holding - dead))
    head = Head()
    while head.now < ZONES.settle - PERIOD / 2.0:
        verdict = head.sees(somebody(bearing, distance=distance))
        assert (verdict.zone, verdict.aim) == (Zone.HOLDING, None)
        assert verdict.reason.code == "holding"
    turned = [head.sees(somebody(bearing, distance=distance)) for _ in range(3)]
    aims = [v.aim for v in turned if v.aim is not None]
    assert len(aims) == 1, "one turn, after which they are in the dead zone"
    assert abs(bearing - aims[0]) <= dead


@given(sides)
def test_whoever_moves_on_within_the_holding_zone_has_not_settled(side: float) -> None:
    dead, holding = half_widths(ZONES, 2.0)
    places = (dead + 0.5, holding - 0.5)
    if places[1] - places[0] <= zones.SAME_PLACE:  # two places that are too close to tell apart
        places = (-places[0], places[0])
    head = Head()
    step = 0.8 * ZONES.settle
    for turn in range(6):
        until = head.now + step
        while head.now < until:
            assert head.sees(somebody(side * places[turn % 2])).aim is None


@given(sides, st.floats(1.05, 1.5))
def test_whoever_still_moves_within_the_holding_zone_has_not_settled(
    side: float, pace: float
) -> None:
    dead, holding = half_widths(ZONES, 2.0)
    head = Head()
    for _ in range(round(3.0 * ZONES.settle / PERIOD)):
        subject = somebody(side * (dead + holding) / 2.0, -side * pace * ZONES.settled_speed)
        assert head.sees(subject).aim is None


def test_only_time_outside_the_dead_zone_counts_as_settling() -> None:
    """Two degrees further, out of the dead zone, after a long while within it."""
    dead, _ = half_widths(ZONES, 2.0)
    head = Head()
    for _ in range(100):
        head.sees(somebody(dead - 1.0))
    start = head.now
    while head.now < start + ZONES.settle - PERIOD:
        assert head.sees(somebody(dead + 1.0)).aim is None


def test_somebody_else_has_to_settle_anew() -> None:
    dead, holding = half_widths(ZONES, 2.0)
    bearing = (dead + holding) / 2.0
    head = Head()
    while head.now < ZONES.settle - PERIOD:
        head.sees(somebody(bearing))
    other = replace(somebody(bearing), id=2)
    assert [head.sees(other).aim for _ in range(3)] == [None, None, None]


@given(st.floats(0.5, 90.0), distances, sides, exact)
def test_beyond_the_holding_zone_the_head_turns_at_once(
    beyond: float, distance: float, side: float, base: float
) -> None:
    dead, holding = half_widths(ZONES, distance)
    bearing = base + side * (holding + beyond)
    verdict = Head(base).sees(somebody(bearing, distance=distance))
    assert verdict.zone is Zone.MOTION
    assert verdict.aim is not None
    assert abs(bearing - verdict.aim) <= dead, "the turn brings them into the dead zone"


def test_around_somebody_who_works_to_and_fro_it_aims_at_the_middle_of_the_place() -> None:
    dead, holding = half_widths(ZONES, 2.0)
    reach = 0.4 * dead
    middle = holding + 2.0 * reach
    head = Head(base=middle)
    for k in range(200):
        head.sees(somebody(middle + (reach if k // 10 % 2 else -reach)))
    head.base = 0.0
    verdict = head.sees(somebody(middle + reach))
    assert verdict.aim == pytest.approx(middle, abs=0.3 * reach)


@given(sides, distances)
def test_in_a_place_too_wide_for_the_dead_zone_they_are_still_brought_into_it(
    side: float, distance: float
) -> None:
    dead, holding = half_widths(ZONES, distance)
    near, far = holding + 5.0, holding + 5.0 + 3.0 * dead
    head = Head(base=side * near)
    for k in range(60):
        head.sees(somebody(side * (far if k // 20 % 2 else near), 0.0, distance))
    head.base = 0.0
    verdict = head.sees(somebody(side * far, 0.0, distance))
    assert verdict.aim is not None
    assert abs(side * far - verdict.aim) < dead


# --------------------------------------------------------------------- walking

walks = st.lists(st.floats(1.1 * WALK, 90.0), min_size=2, max_size=50)


@given(walks, distances, sides, exact)
def test_a_pursuit_turns_back_only_from_far_ahead_of_the_walk(
    rates: list[float], distance: float, side: float, base: float
) -> None:
    head, bearing, last = Head(base), base, base
    for rate in rates:
        bearing += side * rate * PERIOD
        verdict = head.sees(somebody(bearing, side * rate, distance))
        if verdict.aim is not None:
            dead, _ = half_widths(ZONES, distance)
            assert (last - verdict.aim) * side < 0.0 or abs(
                last - verdict.aim
            ) > zones.TOO_FAR * dead
            last = verdict.aim


@given(st.floats(1.2 * WALK, zones.STROLL), distances, sides)
def test_a_stroll_is_trailed_within_the_dead_zone_and_stopping_needs_no_turn_back(
    rate: float, distance: float, side: float
) -> None:
    dead, holding = half_widths(ZONES, distance)
    head, bearing = Head(), 0.0
    for _ in range(round(90.0 / (rate * PERIOD))):
        bearing += side * rate * PERIOD
        head.sees(somebody(bearing, side * rate, distance))
    behind = (bearing - head.base) * side
    assert abs(behind) <= dead
    assert abs(head.base) > holding, "it went along"
    for _ in range(30):
        assert head.sees(somebody(bearing, 0.0, distance)).aim is None


@given(st.floats(1.2 * WALK, 90.0), sides)
def test_the_faster_they_go_the_less_the_head_trails_where_they_will_be(
    rate: float, side: float
) -> None:
    def lead(pace: float) -> float:
        head, bearing = Head(), 0.0
        for _ in range(round(100.0 / (pace * PERIOD))):
            bearing += side * pace * PERIOD
            head.sees(somebody(bearing, side * pace))
        return (head.base - bearing) * side

    assert lead(rate + 15.0) >= lead(rate) - 2.0 * zones.RETARGET


@given(sides)
def test_whoever_turns_round_is_followed_the_other_way(side: float) -> None:
    head, bearing = Head(), 0.0
    for _ in range(30):
        bearing += side * 3.0
        head.sees(somebody(bearing, side * 30.0))
    turned_at = head.base
    for _ in range(30):
        bearing -= side * 3.0
        head.sees(somebody(bearing, -side * 30.0))
    dead, _ = half_widths(ZONES, 2.0)
    assert (head.base - turned_at) * side < 0.0
    assert abs(bearing - head.base) <= dead


@given(st.floats(1.1 * WALK, 90.0), sides)
def test_one_or_two_measurements_that_say_walking_start_no_pursuit(
    rate: float, side: float
) -> None:
    _, holding = half_widths(ZONES, 2.0)
    walker = somebody(side * (holding + 5.0), side * rate)
    for other in (0.0, -side * rate):
        for unsure in (replace(walker, former=other), replace(walker, earlier=other)):
            verdict = Head().sees(unsure)
            assert verdict.reason.code == "motion"
            assert verdict.following.pursuit == 0
    assert Head().sees(walker).following.pursuit == side


@given(st.floats(1.1 * WALK, 90.0), sides)
def test_who_runs_about_is_pursued_at_the_first_sign(rate: float, side: float) -> None:
    _, holding = half_widths(ZONES, 2.0)
    runner = replace(somebody(side * (holding + 5.0), side * rate), restless=1.0, former=0.0)
    assert Head().sees(runner).following.pursuit == side


@given(st.floats(0.0, 1.0), sides)
def test_somebody_who_runs_about_has_smaller_zones_and_settles_sooner(
    share: float, side: float
) -> None:
    dead, holding = half_widths(ZONES, 2.0)
    beyond = side * (zones.RESTLESS_SHARE * holding + 0.5 + share * (dead - 1.0) / 2.0)
    calm, restless = somebody(beyond), replace(somebody(beyond), restless=1.0)
    if abs(beyond) < dead:
        assert Head().sees(calm).aim is None
    assert Head().sees(restless).zone is Zone.MOTION
    waiting = replace(restless, bearing=side * zones.RESTLESS_SHARE * (dead + holding) / 2.0)
    head = Head()
    while head.sees(waiting).aim is None:
        assert head.now < 0.9 * ZONES.settle


def test_a_glance_at_the_limits_of_the_axis_is_finite() -> None:
    for rate in (0.0, 1e-9, 200.0, 1e6):
        assert 0.0 < zones.pick_up(rate, MOTION) < 10.0
        assert 0.0 < zones.run_out(rate, MOTION) < 10.0
    assert zones.hurry(zones.STROLL) == 0.0
    assert zones.hurry(-zones.HURRY) == 1.0


# ------------------------------------------------------------------ symmetries

moments = st.lists(
    st.tuples(exact, st.integers(-60 * 4, 60 * 4).map(lambda n: n / 4.0)), min_size=1, max_size=40
)


def aims(
    sequence: list[tuple[float, float]], sign: float = 1.0, turned: float = 0.0, wound: float = 0.0
) -> list[tuple[Zone, float | None]]:
    """What a head that starts at `turned` does, seen in its own frame of reference."""
    head, found = Head(base=turned), []
    for bearing, rate in sequence:
        verdict = head.sees(somebody(turned + wound + sign * bearing, sign * rate))
        aim = None if verdict.aim is None else sign * (verdict.aim - turned)
        found.append((verdict.zone, aim))
    return found


def same(one: list[tuple[Zone, float | None]], other: list[tuple[Zone, float | None]]) -> bool:
    return [z for z, _ in one] == [z for z, _ in other] and all(
        a == pytest.approx(b, abs=1e-6) for (_, a), (_, b) in zip(one, other, strict=True)
    )


@settings(max_examples=60)
@given(moments)
def test_left_and_right_are_treated_alike(sequence: list[tuple[float, float]]) -> None:
    # From one side to the very other it is as short either way: counter-clockwise is as good.
    assume(not {90.0, -90.0} <= {bearing for bearing, _ in sequence})
    assert same(aims(sequence), aims(sequence, sign=-1.0))


@settings(max_examples=60)
@given(moments, exact)
def test_where_the_device_points_makes_no_difference(
    sequence: list[tuple[float, float]], turned: float
) -> None:
    assert same(aims(sequence), aims(sequence, turned=turned))


@settings(max_examples=30)
@given(moments, st.sampled_from([-720.0, -360.0, 360.0]))
def test_a_bearing_a_whole_turn_away_is_the_same_bearing(
    sequence: list[tuple[float, float]], wound: float
) -> None:
    assert same(aims(sequence), aims(sequence, wound=wound))
