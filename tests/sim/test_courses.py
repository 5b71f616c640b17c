"""Courses of simulated people: continuous, at human speeds, and where they were sent."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.sim.courses import WALKING_ACCELERATION, Path, polar

bearings = st.floats(-170.0, 170.0)
distances = st.floats(0.5, 4.0)
speeds = st.floats(0.2, 2.5)


def test_an_arc_keeps_its_distance_and_its_speed() -> None:
    path = Path(2.0, 0.0).arc_to(120.0, 2.0, 1.2)
    middle = path.at(path.end / 2)
    assert math.hypot(middle.x, middle.y) == pytest.approx(2.0)
    assert middle.speed == pytest.approx(1.2)
    a, b = path.at(1.5), path.at(1.6)
    assert math.dist((a.x, a.y), (b.x, b.y)) == pytest.approx(0.12, rel=0.01)


def test_an_arc_goes_the_way_the_numbers_run() -> None:
    path = Path(*polar(170.0, 2.0)).arc_to(-160.0, 2.0, 1.0)
    assert path.end > 10.0  # 330 degrees at 2 m, not 30
    short = Path(*polar(170.0, 2.0)).arc_to(200.0, 2.0, 1.0)
    assert short.end < 2.0


@settings(max_examples=60, deadline=None)
@given(bearings, distances, st.lists(st.tuples(bearings, distances, speeds, st.booleans())))
def test_nobody_jumps_or_outruns_themselves(
    bearing: float, distance: float, legs: list[tuple[float, float, float, bool]]
) -> None:
    path = Path(*polar(bearing, distance), start=1.0)
    fastest = 0.0
    for to, far, speed, arc in legs:
        path.arc_to(to, far, speed) if arc else path.walk_to(*polar(to, far), speed)
        path.stay(0.5)
        fastest = max(fastest, speed)
    step = max(0.01, path.end / 400)
    before = path.at(0.0)
    for k in range(1, 420):
        now = path.at(k * step)
        moved = math.dist((before.x, before.y), (now.x, now.y))
        # An arc to another distance is a spiral: a little longer than its speed says.
        assert moved <= 2.0 * fastest * step + 1e-6
        before = now
    end = path.at(path.end + 1.0)
    assert (end.x, end.y) == pytest.approx((path.x, path.y), abs=1e-6)


def test_speed_rises_and_falls_as_a_person_does_it() -> None:
    path = Path(0.0, 1.0).walk_to(4.0, 1.0, 1.4)
    ramp = 1.4 / WALKING_ACCELERATION
    assert path.at(ramp / 2).speed == pytest.approx(0.7)
    assert path.at(ramp).speed == pytest.approx(1.4)
    assert path.at(path.end - ramp / 2).speed == pytest.approx(0.7)
    assert path.at(2 * path.end).direction is None


def test_a_short_way_never_reaches_the_speed_asked_for() -> None:
    path = Path(0.0, 1.0).walk_to(0.2, 1.0, 2.0)
    assert max(path.at(t / 100).speed for t in range(100)) < 0.7
