"""Away: a pan that misses no corner and comes back."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core import away
from engine.core.away import Pan
from engine.core.settings import CoreSettings

OVERLAP, DWELL = CoreSettings().away.overlap, CoreSettings().away.dwell
views = st.floats(10.0, 170.0)


@st.composite
def rooms(draw: st.DrawFn) -> tuple[float, float, float, float]:
    """A range (low, high), a start inside it and the width of the view."""
    low = draw(st.floats(-200.0, 180.0))
    high = low + draw(st.floats(1.0, 400.0))
    start = low + draw(st.floats(0.0, 1.0)) * (high - low)
    return low, high, min(start, high), draw(views)


@given(rooms())
def test_a_pan_covers_the_whole_range_with_overlap(
    room: tuple[float, float, float, float],
) -> None:
    low, high, start, view = room
    stops = away.plan(low, high, start, view, OVERLAP).stops
    sweep = sorted(stops[:-1])
    assert sweep[0] == pytest.approx(low)
    assert sweep[-1] == pytest.approx(high)
    steps = [b - a for a, b in itertools.pairwise(sweep)]
    assert all(step <= (1.0 - OVERLAP) * view + 1e-9 for step in steps), "neighbours overlap"


@given(rooms())
def test_a_pan_goes_one_way_from_the_nearer_end_and_comes_back(
    room: tuple[float, float, float, float],
) -> None:
    low, high, start, view = room
    *sweep, last = away.plan(low, high, start, view, OVERLAP).stops
    assert last == start
    assert sweep in (sorted(sweep), sorted(sweep, reverse=True))
    assert abs(sweep[0] - start) <= abs(sweep[-1] - start) + 1e-9
    assert all(low - 1e-9 <= stop <= high + 1e-9 for stop in sweep)


@given(rooms())
def test_a_pan_makes_no_more_stops_than_the_overlap_asks_for(
    room: tuple[float, float, float, float],
) -> None:
    low, high, start, view = room
    stops = away.plan(low, high, start, view, OVERLAP).stops
    assert len(stops) <= (high - low) / ((1.0 - OVERLAP) * view) + 3


def test_the_head_rests_at_every_stop_and_only_then_goes_on() -> None:
    pan = away.plan(-90.0, 90.0, 10.0, 66.0, OVERLAP)
    planned = pan.stops
    visited: list[float] = []
    now, heading = 0.0, 10.0
    while pan.active:
        stop = pan.stops[0]
        for _ in range(20):  # on the way
            now += 0.1
            pan = away.progress(pan, (heading + stop) / 2.0 + 5.0, True, now, DWELL)
            assert pan.stops[0] == stop
        heading, arrived = stop, now
        while pan.active and pan.stops[0] == stop:
            now += 0.1
            pan = away.progress(pan, heading, False, now, DWELL)
            assert now < arrived + 10.0
            if len(pan.stops) > 1 and pan.stops[0] == pan.stops[1]:
                break
        assert now - arrived >= DWELL
        visited.append(stop)
    assert tuple(visited) == planned


def test_the_rest_at_a_stop_starts_anew_where_the_head_was_moved_away() -> None:
    pan = Pan(stops=(30.0, 0.0))
    pan = away.progress(pan, 30.0, False, 0.0, DWELL)
    pan = away.progress(pan, 50.0, False, 0.9 * DWELL, DWELL)
    pan = away.progress(pan, 30.0, False, DWELL, DWELL)
    pan = away.progress(pan, 30.0, False, 1.9 * DWELL, DWELL)
    assert pan.stops == (30.0, 0.0)
    assert away.progress(pan, 30.0, False, 2.1 * DWELL, DWELL).stops == (0.0,)


def test_a_moving_head_does_not_rest() -> None:
    pan = Pan(stops=(30.0, 0.0))
    for k in range(100):
        pan = away.progress(pan, 30.0, True, k * 0.1, DWELL)
    assert pan.stops == (30.0, 0.0)


def test_no_pan_stays_no_pan() -> None:
    assert away.progress(Pan(), 0.0, False, 5.0, DWELL) == Pan()
