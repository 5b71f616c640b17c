"""Looking for somebody who walked away: where they went, the other side, once."""

import math
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.core import brain, search, tracks
from engine.core.angles import wrap
from engine.core.fusion import NEVER, Person
from engine.core.profile import Profile
from engine.core.search import Glance, Search
from engine.core.settings import CoreSettings
from engine.core.types import (
    AxisMoved,
    MoveTo,
    Pace,
    PeopleSeen,
    ShutterChanged,
    ShutterState,
    Sighting,
)

VIEW = 66.0  # deg
PERIOD = 0.1  # s
MOTION = CoreSettings().motion
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


def started(before: Search, person: Person, view: float = VIEW) -> Search:
    """What is begun when the loss of `person`, who was about to leave the picture, is noticed."""
    heading = person.track.bearing - math.copysign(0.45 * view, person.track.rate)
    noticed = person.last_seen + person.missed_for
    return search.begin(before, person, heading, view, noticed)


def likely(state: Search, bearing: float, within: float = 15.0) -> float:
    """The probability that they are within some degrees of `bearing`."""
    near = [i for i in range(search.BINS) if abs(wrap(i * search.BIN - bearing)) <= within]
    return math.fsum(row[i] for row in state.mass for i in near)


def watched(state: Search, heading: float, seconds: float, view: float = VIEW) -> Search:
    """After some seconds of frames at one heading that show nobody."""
    for _ in range(round(seconds / PERIOD)):
        frame = Glance(state.t + PERIOD, heading - view / 2.0, heading + view / 2.0)
        state = search.see(state, frame)
    return state


@given(sides, st.floats(-170, 170))
def test_nobody_walks_out_of_the_middle_of_the_picture(side: float, bearing: float) -> None:
    person = lost(side * 1.1 * search.WALKED, bearing)
    noticed = person.last_seen + person.missed_for
    # The way they went since leaves them well inside: the detector lost them.
    assert not search.begin(Search(), person, bearing, VIEW, noticed).active
    assert search.begin(Search(), person, bearing - side * 0.4 * VIEW, VIEW, noticed).active


@given(st.floats(1.2, 3.0), sides, st.floats(-100, 100))
def test_a_walker_is_looked_for_where_they_went(pace: float, side: float, bearing: float) -> None:
    begun = started(Search(), lost(side * pace * search.WALKED, bearing))
    assert begun.active
    heading = bearing - side * 0.45 * VIEW
    later = watched(begun, heading, 1.0)
    looked = search.look(later, search.headings(-175.0, 175.0), heading, 0.0, MOTION)
    assert looked.aim is not None
    assert (looked.aim - heading) * side > 0.0


@given(sides, st.floats(-120, 120), st.lists(st.floats(-170, 170), max_size=20))
def test_what_is_believed_stays_a_probability(
    side: float, bearing: float, headings: list[float]
) -> None:
    state = started(Search(), lost(side * 40.0, bearing))
    for heading in headings:
        state = watched(state, heading, 0.3)
        assert state.gone + math.fsum(map(math.fsum, state.mass)) == pytest.approx(1.0)
        assert min(map(min, state.mass)) >= 0.0


@given(sides, st.floats(-120, 120))
def test_a_look_that_shows_nobody_makes_what_it_covered_less_likely(
    side: float, bearing: float
) -> None:
    state = started(Search(), lost(side * 40.0, bearing))
    ahead = bearing + side * 20.0
    assert likely(watched(state, ahead, 0.1), ahead) < likely(
        watched(state, ahead + 180.0, 0.1), ahead
    )


@given(st.floats(-180, 180), st.floats(0.01, 0.5))
def test_who_goes_on_is_where_their_rate_leads(bearing: float, dt: float) -> None:
    state = started(Search(), lost(0.0))
    rates = (0.0, 40.0, -40.0, 76.0, -76.0)
    for k, rate in enumerate(rates):
        row = [search._bell(wrap(i * search.BIN - bearing), 10.0) for i in range(search.BINS)]
        empty = [0.0] * search.BINS
        mass = tuple(row if i == k else empty for i in range(len(rates)))
        moved = search._gone_on(mass, rates, dt)
        x = math.fsum(m * math.cos(math.radians(i * search.BIN)) for i, m in enumerate(moved[k]))
        y = math.fsum(m * math.sin(math.radians(i * search.BIN)) for i, m in enumerate(moved[k]))
        centre = math.degrees(math.atan2(y, x))
        assert abs(wrap(centre - bearing - rate * dt)) < 0.1
        assert math.fsum(map(math.fsum, moved)) == pytest.approx(math.fsum(row))
    assert not state.active, "who stood is not looked for"


@given(st.floats(-170, 170), st.floats(-170, 170))
def test_the_travel_time_is_that_of_the_real_profile(start: float, target: float) -> None:
    assume(abs(target - start) > 5.0)
    profile = Profile(start, MOTION, (-175.0, 175.0), 0.01)
    profile.retarget(target, Pace.BRISK)
    steps = 0
    while not profile.done:
        profile.step()
        steps += 1
    said = search.travel_time(target - start, 0.0, MOTION)
    assert said == pytest.approx(steps * 0.01, rel=0.15, abs=0.08)


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
    over = begun.over()
    assert not started(over, replace(lost(40.0), missed_for=9.0)).active
    assert started(over, lost(40.0, seen=5.0)).active
    assert started(over, replace(lost(40.0), id=2)).active


def test_it_is_given_up_once_they_have_more_likely_left() -> None:
    state = started(Search(), lost(40.0))
    everywhere = search.headings(-175.0, 175.0)
    heading, start = 0.0, state.t
    while state.active:
        state = search.look(state, everywhere, heading, 0.0, MOTION)
        heading = heading if state.aim is None else state.aim
        state = watched(state, heading, 0.5) if state.active else state
        assert state.t - start < 2.0 * search.LONGEST


def test_a_better_look_must_be_much_better_to_turn_the_head_round() -> None:
    state = started(Search(), lost(40.0))
    first = search.look(state, search.headings(-175.0, 175.0), 0.0, 0.0, MOTION)
    again = search.look(first, search.headings(-175.0, 175.0), 0.0, 0.0, MOTION)
    assert again.aim == first.aim


def test_it_ends_as_soon_as_anybody_shows() -> None:
    begun = started(Search(), lost(40.0))
    old, unsure = lost(40.0), replace(lost(0.0, seen=1.0), id=2, confirmed=False)
    assert not search.found(begun, (old, unsure))
    other = replace(lost(0.0, seen=1.0), id=2)
    assert search.found(begun, (old, other))


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
def test_the_head_looks_where_they_went_on_the_other_side_too_and_comes_back(
    side: float, rate: float
) -> None:
    room, bearing = Room(), -side * 20.0
    for _ in range(20):
        room.frame(bearing)
        bearing += side * rate * PERIOD
    assert room.looks == []
    while not room.looks:
        room.frame()
        assert room.t < 10.0
    for _ in range(250):
        room.frame()
    ways = [(look - bearing) * side for look in room.looks]
    assert ways[0] > -VIEW / 2.0
    assert max(ways) > 0.0 > min(ways)
    assert not room.state.search.active
    assert abs(room.state.heading - bearing) < VIEW / 2.0, "where they were is in the picture"


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
