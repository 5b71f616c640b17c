"""Looking for somebody who walked away: where they went, the other side, once."""

import itertools
import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core import brain, search, tracks
from engine.core.fusion import NEVER, Person
from engine.core.search import Search
from engine.core.settings import CoreSettings
from engine.core.types import (
    AxisMoved,
    MoveTo,
    PeopleSeen,
    ShutterChanged,
    ShutterState,
    Sighting,
)

VIEW = 66.0  # deg
PERIOD = 0.1  # s
sides = st.sampled_from([1.0, -1.0])


def lost(rate: float, bearing: float = 10.0, seen: float = 0.0) -> Person:
    """Somebody who was last seen with `rate` deg/s and whom usable frames miss since."""
    return Person(
        id=1,
        track=replace(tracks.begin(seen, bearing, 1.5), rate=rate),
        range=None,
        confidence=0.5,
        hits=10 * search.KNOWN,
        first_hit=-10.0,
        last_seen=seen,
        last_heard=NEVER,
        voices=0,
        confirmed=True,
        missed_for=search.LOST_AFTER + PERIOD,
    )


def first_one_way_then_the_other(ways: list[float]) -> bool:
    """Whether all that is positive comes first, both sides from near to far."""
    ahead = [w for w in ways if w > 0.0]
    behind = [w for w in ways if w <= 0.0]
    ordered = sorted(ahead) + sorted(behind, reverse=True)
    return bool(ahead) and bool(behind) and ways == ordered


def started(before: Search, person: Person, view: float = VIEW) -> Search:
    """What is begun when the loss of `person`, who was about to leave the picture, is noticed."""
    heading = person.track.bearing - math.copysign(0.45 * view, person.track.rate)
    noticed = person.last_seen + person.missed_for
    return search.begin(before, person, heading, view, noticed)


@given(sides, st.floats(-170, 170))
def test_nobody_walks_out_of_the_middle_of_the_picture(side: float, bearing: float) -> None:
    person = lost(side * 1.1 * search.WALKED, bearing)
    noticed = person.last_seen + person.missed_for
    # The way they went since leaves them well inside: the detector lost them.
    assert not search.begin(Search(), person, bearing, VIEW, noticed).active
    assert search.begin(Search(), person, bearing - side * 0.4 * VIEW, VIEW, noticed).active


@given(st.floats(1.01, 10.0), sides, st.floats(-170, 170), st.floats(20, 120))
def test_a_walker_is_looked_for_where_they_went_and_then_on_the_other_side(
    pace: float, side: float, bearing: float, view: float
) -> None:
    begun = started(Search(), lost(side * pace * search.WALKED, bearing), view)
    assert begun.active
    ways = [(stop - bearing) * side for stop in begun.stops]
    assert 2 <= len(ways) <= 6
    assert first_one_way_then_the_other(ways)
    side_by_side = sorted([*ways, 0.0])
    gaps = [b - a for a, b in itertools.pairwise(side_by_side)]
    assert max(gaps) <= view, "no gap between the looks"
    assert min(gaps) > view / 5.0, "every look shows something new"


@pytest.mark.parametrize(
    "person",
    [
        lost(0.0),
        lost(0.9 * search.WALKED),
        lost(-0.9 * search.WALKED),
        replace(lost(40.0), missed_for=0.0),
        replace(lost(40.0), missed_for=search.LOST_AFTER - PERIOD),
        replace(lost(40.0), hits=search.KNOWN - 1),
        replace(lost(40.0), missed_for=search.RECENT + PERIOD),
    ],
    ids=["stood", "shifted", "shifted back", "in sight", "only just", "hardly known", "long ago"],
)
def test_who_stood_still_or_is_hardly_gone_or_hardly_known_is_not_looked_for(
    person: Person,
) -> None:
    assert not started(Search(), person).active


def test_a_loss_is_searched_for_once_and_the_next_one_again() -> None:
    begun = started(Search(), lost(40.0))
    assert started(begun, lost(40.0)) is begun
    over = replace(begun, stops=())
    assert not started(over, replace(lost(40.0), missed_for=9.0)).active
    assert started(over, lost(40.0, seen=5.0)).active
    assert started(over, replace(lost(40.0), id=2)).active


def test_each_look_lasts_and_starts_when_the_head_is_there() -> None:
    now, heading = 1.0, 0.0
    state = started(Search(), lost(40.0))
    spent = []
    for _ in range(len(state.stops)):
        aim = state.stops[0]
        while abs(heading - aim) > search.ARRIVED:
            heading += max(-8.0, min(8.0, aim - heading))
            now += PERIOD
            after = search.progress(state, (), aim, heading, now)
            assert after.stops == state.stops, "no look while on the way"
            state = after
        start = now
        while state.active and state.stops[0] == aim and now < start + 10.0:
            now += PERIOD
            state = search.progress(state, (), aim, heading, now)
        spent.append(now - start)
    assert not state.active
    assert all(search.LOOK <= s + 1e-9 <= search.LOOK + 3.0 * PERIOD for s in spent)


def test_a_stop_beyond_the_range_is_left_out() -> None:
    begun = started(Search(), lost(40.0))
    after = search.progress(begun, (), None, 0.0, 1.0)
    assert after.stops == begun.stops[1:]


def test_it_ends_as_soon_as_anybody_shows() -> None:
    begun = started(Search(), lost(40.0))
    old, unsure = lost(40.0), replace(lost(0.0, seen=1.0), id=2, confirmed=False)
    assert search.progress(begun, (old, unsure), 50.0, 0.0, 1.0).active
    other = replace(lost(0.0, seen=1.0), id=2)
    assert not search.progress(begun, (old, other), 50.0, 0.0, 1.0).active


# ----------------------------------------------------------------- in the brain


class Room:
    """An ideal axis, and an eye that somebody may slip past."""

    def __init__(self) -> None:
        self.t = 0.0
        self.moves: list[tuple[str, float]] = []
        self.state = brain.start(CoreSettings(), 0.0, 0.0)
        self.send(ShutterChanged(0.0, ShutterState.OPEN))
        for _ in range(25):
            self.frame()

    def send(self, event: object) -> None:
        self.state, actions, _ = brain.step(self.state, event)  # type: ignore[arg-type]
        for action in actions:
            if isinstance(action, MoveTo):
                self.moves.append((action.reason, action.heading))
                self.send(AxisMoved(self.t, action.heading, 0.0, None, False))

    def frame(self, *bearings: float) -> None:
        self.t += PERIOD
        heading = self.state.heading
        sightings = tuple(Sighting(b, 1.5, 0.8, distance=2.0, distance_std=0.4) for b in bearings)
        view = (heading - VIEW / 2.0, heading + VIEW / 2.0)
        self.send(PeopleSeen(self.t, sightings, heading, view))

    @property
    def looks(self) -> list[float]:
        return [heading for reason, heading in self.moves if reason == "search"]


@settings(max_examples=20, deadline=None)
@given(sides, st.floats(20.0, 38.0))
def test_the_head_looks_both_ways_once_and_then_waits(side: float, rate: float) -> None:
    room, bearing = Room(), -side * 20.0
    for _ in range(20):
        room.frame(bearing)
        bearing += side * rate * PERIOD
    assert room.looks == []
    while not room.looks:
        room.frame()
        assert room.t < 10.0
    stops = room.state.search.stops
    for _ in range(150):
        room.frame()
    assert len(room.looks) == len(stops), "every place once"
    assert first_one_way_then_the_other([(look - bearing) * side for look in room.looks])


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_the_head_stops_looking_at_whoever_it_finds(side: float) -> None:
    room, bearing = Room(), -side * 20.0
    for _ in range(20):
        room.frame(bearing)
        bearing += side * 3.0
    while not room.looks:
        room.frame()
        assert room.t < 10.0
    found = room.looks[0] + side * 2.0
    for _ in range(40):
        room.frame(found)
    assert len(room.looks) == 1


def test_the_head_waits_for_somebody_who_stood_still() -> None:
    room = Room()
    for _ in range(40):
        room.frame(5.0)
    for _ in range(100):
        room.frame()
    assert room.moves == []
