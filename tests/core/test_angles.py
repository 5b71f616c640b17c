"""Angles: wrapping, shortest turns, what a limited axis can face."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.angles import clamp, difference, interpolate, into_range, near, wrap

angles = st.floats(-3600, 3600)


@given(angles)
def test_wrapped_angles_lie_in_the_half_open_turn(angle: float) -> None:
    wrapped = wrap(angle)
    assert -180.0 < wrapped <= 180.0
    assert (wrapped - angle) / 360.0 == pytest.approx(round((wrapped - angle) / 360.0), abs=1e-9)


def test_half_a_turn_is_positive() -> None:
    assert wrap(-180.0) == wrap(180.0) == wrap(540.0) == 180.0


@given(angles, angles)
def test_the_shortest_turn_leads_there_and_is_never_more_than_half(a: float, b: float) -> None:
    turn = difference(a, b)
    assert abs(turn) <= 180.0
    assert difference(b + turn, a) == pytest.approx(0.0, abs=1e-6)


@given(angles, angles)
def test_near_is_the_same_direction_within_half_a_turn(angle: float, reference: float) -> None:
    assert abs(near(angle, reference) - reference) <= 180.0
    assert difference(near(angle, reference), angle) == pytest.approx(0.0, abs=1e-6)


@given(angles, st.floats(-175, 175))
def test_into_range_faces_the_bearing_or_says_that_nothing_does(bearing: float, ref: float) -> None:
    heading = into_range(bearing, -175.0, 175.0, ref)
    if heading is None:
        assert abs(wrap(bearing)) > 175.0
    else:
        assert -175.0 <= heading <= 175.0
        assert difference(heading, bearing) == pytest.approx(0.0, abs=1e-6)


def test_a_wide_range_takes_the_short_way() -> None:
    assert into_range(-170.0, -270.0, 270.0, 160.0) == 190.0
    assert into_range(-170.0, -270.0, 270.0, -160.0) == -170.0


@given(st.floats(-10, 10), st.floats(-10, 0), st.floats(0, 10))
def test_clamp_moves_to_the_nearest_end(value: float, low: float, high: float) -> None:
    clamped = clamp(value, low, high)
    assert low <= clamped <= high
    assert clamped == value or not low <= value <= high


def test_interpolation_meets_the_samples_and_holds_beyond_them() -> None:
    history = [(0.0, 0.0), (1.0, 10.0), (2.0, 0.0)]
    assert [interpolate(history, t) for t in (-1.0, 0.0, 0.5, 1.0, 1.25, 2.0, 9.0)] == [
        0.0, 0.0, 5.0, 10.0, 7.5, 0.0, 0.0,
    ]  # fmt: skip
    assert [interpolate([(1.0, 5.0)], t) for t in (0.0, 1.0, 2.0)] == [5.0, 5.0, 5.0]
    with pytest.raises(ValueError, match="empty history"):
        interpolate([], 0.0)
