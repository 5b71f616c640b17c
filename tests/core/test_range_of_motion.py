"""Which headings the head may take, and what it can face from them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.angles import difference
from engine.core.range_of_motion import RangeOfMotion

bearings = st.floats(-720.0, 720.0)


@pytest.mark.parametrize(("low", "high"), [(10.0, 10.0), (90.0, -90.0), (-361.0, 360.0)])
def test_what_is_no_range_is_refused(low: float, high: float) -> None:
    with pytest.raises(ValueError, match="range"):
        RangeOfMotion(low, high)


@given(bearing=bearings, reference=st.floats(-175.0, 175.0))
def test_a_bearing_is_faced_from_inside_the_range_or_not_at_all(
    bearing: float, reference: float
) -> None:
    span = RangeOfMotion(-175.0, 175.0)
    heading = span.facing(bearing, reference)
    if heading is None:
        assert abs(difference(bearing, 180.0)) < 5.0 + 1e-6
    else:
        assert span.contains(heading)
        assert difference(heading, bearing) == pytest.approx(0.0, abs=1e-9)


@given(bearing=bearings, low=st.floats(-170.0, -5.0), high=st.floats(5.0, 170.0))
def test_the_closest_heading_is_in_the_range_and_no_other_is_closer(
    bearing: float, low: float, high: float
) -> None:
    span = RangeOfMotion(low, high)
    heading, missing = span.closest(bearing, 0.0)
    assert span.contains(heading)
    assert abs(difference(bearing, heading)) == pytest.approx(missing, abs=1e-6)
    steps = [low + (high - low) * k / 50 for k in range(51)]
    assert all(missing <= abs(difference(bearing, h)) + 1e-6 for h in steps)


def test_right_behind_the_head_stays_on_its_side() -> None:
    span = RangeOfMotion(-175.0, 175.0)
    assert span.closest(180.0, 100.0) == (175.0, 5.0)
    assert span.closest(180.0, -100.0) == (-175.0, 5.0)


def test_a_range_beyond_a_turn_takes_the_short_way() -> None:
    span = RangeOfMotion(-200.0, 200.0)
    assert span.facing(-170.0, 150.0) == 190.0
    assert span.facing(-170.0, -150.0) == -170.0


def test_a_target_outside_moves_to_the_nearest_end() -> None:
    span = RangeOfMotion(-90.0, 120.0)
    assert [span.clamp(h) for h in (-400.0, 0.0, 121.0)] == [-90.0, 0.0, 120.0]
    assert span.width == 210.0
