"""Away: a pan that misses no corner and comes back, and one alert for one visit."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core import away
from engine.core.away import Pan, Visit

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
    stops = away.plan(low, high, start, view).stops
    sweep = sorted(stops[:-1])
    assert sweep[0] == pytest.approx(low)
    assert sweep[-1] == pytest.approx(high)
    steps = [b - a for a, b in itertools.pairwise(sweep)]
    assert all(step <= away.OVERLAP * view + 1e-9 for step in steps), "neighbours overlap"
    assert away.OVERLAP < 1.0


@given(rooms())
def test_a_pan_goes_one_way_from_the_nearer_end_and_comes_back(
    room: tuple[float, float, float, float],
) -> None:
    low, high, start, view = room
    *sweep, last = away.plan(low, high, start, view).stops
    assert last == start
    assert sweep in (sorted(sweep), sorted(sweep, reverse=True))
    assert abs(sweep[0] - start) <= abs(sweep[-1] - start) + 1e-9
    assert all(low - 1e-9 <= stop <= high + 1e-9 for stop in sweep)


@given(rooms())
def test_a_pan_makes_no_more_stops_than_the_overlap_asks_for(
    room: tuple[float, float, float, float],
) -> None:
    low, high, start, view = room
    assert len(away.plan(low, high, start, view).stops) <= (high - low) / (away.OVERLAP * view) + 3


def test_the_head_rests_at_every_stop_and_only_then_goes_on() -> None:
    pan = away.plan(-90.0, 90.0, 10.0, 66.0)
    planned = pan.stops
    visited: list[float] = []
    now, heading = 0.0, 10.0
    while pan.active:
        stop = pan.stops[0]
        for _ in range(20):  # on the way
            now += 0.1
            pan = away.progress(pan, (heading + stop) / 2.0 + 5.0, True, now)
            assert pan.stops[0] == stop
        heading, arrived = stop, now
        while pan.active and pan.stops[0] == stop:
            now += 0.1
            pan = away.progress(pan, heading, False, now)
            assert now < arrived + 10.0
            if len(pan.stops) > 1 and pan.stops[0] == pan.stops[1]:
                break
        assert now - arrived >= away.DWELL
        visited.append(stop)
    assert tuple(visited) == planned


def test_the_rest_at_a_stop_starts_anew_where_the_head_was_moved_away() -> None:
    pan = Pan(stops=(30.0, 0.0))
    pan = away.progress(pan, 30.0, False, 0.0)
    pan = away.progress(pan, 50.0, False, 0.9 * away.DWELL)
    pan = away.progress(pan, 30.0, False, away.DWELL)
    pan = away.progress(pan, 30.0, False, 1.9 * away.DWELL)
    assert pan.stops == (30.0, 0.0)
    assert away.progress(pan, 30.0, False, 2.1 * away.DWELL).stops == (0.0,)


def test_a_moving_head_does_not_rest() -> None:
    pan = Pan(stops=(30.0, 0.0))
    for k in range(100):
        pan = away.progress(pan, 30.0, True, k * 0.1)
    assert pan.stops == (30.0, 0.0)


def test_no_pan_stays_no_pan() -> None:
    assert away.progress(Pan(), 0.0, False, 5.0) == Pan()


# ----------------------------------------------------------------------- visits


def alerts(times: list[float]) -> list[tuple[float, int]]:
    visit, found = Visit(), []
    for t in times:
        visit, due = away.sighted(visit, t)
        if due:
            found.append((t, visit.number))
    return found


@given(st.lists(st.floats(0.05, 200.0), min_size=1, max_size=200))
def test_a_visit_alerts_when_it_begins_then_now_and_then_and_ends_after_a_while(
    gaps: list[float],
) -> None:
    times = list(itertools.accumulate(gaps))
    found = alerts(times)
    assert found[0] == (times[0], 1)
    begun = [t for t, gap in zip(times[1:], gaps[1:], strict=True) if gap > away.VISIT_OVER + 1e-6]
    numbers = dict(found)
    assert all(t in numbers for t in begun), "who comes after a while alerts at once"
    assert [n for _, n in found] == sorted(n for _, n in found)
    assert found[-1][1] >= 1 + len(begun)
    for (before, number), (t, again) in itertools.pairwise(found):
        assert again == number + 1 or t - before >= away.UPDATE_EVERY


def test_somebody_who_stays_is_one_visit_with_an_update_now_and_then() -> None:
    found = alerts([0.1 * k for k in range(3000)])
    assert {number for _, number in found} == {1}
    assert len(found) == pytest.approx(300.0 / away.UPDATE_EVERY, abs=2)


def test_a_short_absence_is_the_same_visit() -> None:
    found = alerts([0.0, 0.9 * away.VISIT_OVER, 1.8 * away.VISIT_OVER, 3.0 * away.VISIT_OVER])
    assert [number for _, number in found] == [1, 1, 1, 2]
