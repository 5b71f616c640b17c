"""A painting is learned away; a person who sits still for an hour never is."""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from engine.core import brain, fusion, lifeless, stillness
from engine.core.fusion import People
from engine.core.lifeless import Watched
from engine.core.places import Origin, Place, Places, Sense
from engine.core.settings import AttentionSettings, CoreSettings, TrackingSettings
from engine.core.types import (
    AxisMoved,
    PeopleSeen,
    ShutterChanged,
    ShutterState,
    Sighting,
    SoundDirection,
    VoiceHeard,
)

TRACKING, ATTENTION = TrackingSettings(), AttentionSettings()
PERIOD = 0.4  # s between two looks: the pace at which somebody who keeps still is watched
VIEW = (-33.0, 33.0)
HOUR = 3600.0


@dataclass
class Eye:
    """How a detector sees one thing: how often, how surely, how exactly."""

    rate: float
    score: float
    noise: float

    def look(
        self, rng: random.Random, bearing: float, engaged: float | None, distance: float = 2.5
    ) -> tuple[Sighting, ...]:
        if rng.random() >= self.rate:
            return ()
        face = None if engaged is None else min(max(engaged + rng.gauss(0.0, 0.1), 0.0), 1.0)
        score = min(max(rng.gauss(self.score, 0.07), 0.3), 0.98)
        off = bearing + rng.gauss(0.0, self.noise)
        return (Sighting(off, max(self.noise, 0.5), score, distance=distance,
                         distance_std=0.4, engagement=face),)  # fmt: skip


class Room:
    """Frames go the way they go in the brain, without what turns the head."""

    def __init__(self, places: Places = Places()) -> None:  # noqa: B008 - frozen
        self.t = 0.0
        self.people, self.places, self.watched = People(), places, Watched()

    def see(self, sightings: tuple[Sighting, ...], heading: float = 0.0) -> None:
        self.t += PERIOD
        view = (VIEW[0] + heading, VIEW[1] + heading)
        event = PeopleSeen(self.t, sightings, heading, view)
        believed = lifeless.credible(self.people, self.places, event, TRACKING)
        self.people = fusion.see(self.people, believed, TRACKING)
        self.watched, self.people, self.places = lifeless.watch(
            self.watched, self.people, self.places, event
        )
        self.people, self.places = fusion.forget(
            self.people, self.places, self.t, TRACKING, ATTENTION
        )

    @property
    def learned(self) -> list[float]:
        return [p.bearing for p in self.places.items if p.origin is Origin.LEARNED]


def sitting(rng: random.Random, sway: float) -> Iterator[tuple[float, float]]:
    """Somebody who sits still: bearing and engagement, a look after the other.

    The trunk sways slowly (`sway` degrees, over some ten seconds), the posture
    changes by a hand's breadth every few minutes, the head turns more often.
    """
    seat, lean, swing, engaged = 12.0, 0.0, 0.0, 0.6
    keep = math.exp(-PERIOD / 8.0)
    while True:
        swing = keep * swing + math.sqrt(1 - keep * keep) * rng.gauss(0.0, sway)
        if rng.random() < PERIOD / 240.0:
            lean = rng.uniform(-1.5, 1.5)
        if rng.random() < PERIOD / 30.0:
            engaged = rng.choice((0.1, 0.4, 0.9))
        yield seat + lean + swing, engaged


PEOPLE = [
    pytest.param(Eye(0.97, 0.8, 0.5), 0.3, id="in the open"),
    pytest.param(Eye(0.6, 0.6, 0.8), 0.4, id="half hidden"),
    pytest.param(Eye(0.35, 0.5, 0.8), 0.4, id="hardly seen"),
    pytest.param(Eye(0.35, 0.5, 1.5), 0.5, id="hardly seen and roughly placed"),
    pytest.param(Eye(0.9, 0.55, 1.5), 0.5, id="roughly placed"),
]


@pytest.mark.parametrize(("eye", "sway"), PEOPLE)
@pytest.mark.parametrize("seed", range(3))
def test_who_sits_still_for_an_hour_is_never_learned_away(eye: Eye, sway: float, seed: int) -> None:
    """Without having been seen to come, and seen badly."""
    rng, room = random.Random(seed), Room()
    seat = sitting(rng, sway)
    while room.t < HOUR:
        bearing, engaged = next(seat)
        room.see(eye.look(rng, bearing, engaged))
        assert room.learned == [], f"after {room.t:.0f} s"


@pytest.mark.parametrize("seed", range(3))
def test_who_came_may_sleep_like_a_stone_for_half_an_hour(seed: int) -> None:
    """No face, no sway, no shift: having come is enough."""
    rng, room, eye = random.Random(seed), Room(), Eye(0.5, 0.5, 0.8)
    for k in range(60):
        room.see(Eye(1.0, 0.8, 0.5).look(rng, -20.0 + 30.0 * min(k / 40.0, 1.0), None))
    while room.t < stillness.ALIVE_ARRIVED:
        room.see(eye.look(rng, 10.0, None))
        assert room.learned == []


THINGS = [
    pytest.param(Eye(0.3, 0.5, 1.5), 0.3, 1500.0, id="now and then, roughly placed"),
    pytest.param(Eye(0.3, 0.5, 0.5), 0.3, 420.0, id="now and then"),
    pytest.param(Eye(0.5, 0.55, 0.5), None, 420.0, id="half of the time, no face"),
    pytest.param(Eye(0.98, 0.8, 0.3), 0.8, 1500.0, id="always, a portrait that looks at us"),
    pytest.param(Eye(0.98, 0.9, 0.05), 0.8, 1500.0, id="always, to the pixel"),
]


@pytest.mark.parametrize(("eye", "engaged", "within"), THINGS)
@pytest.mark.parametrize("seed", range(4))
def test_a_painting_is_learned_in_minutes(
    eye: Eye, engaged: float | None, within: float, seed: int
) -> None:
    rng, room = random.Random(seed), Room()
    while not room.learned:
        room.see(eye.look(rng, 12.0, engaged, 3.0))
        assert room.t < within
    (place,) = room.places.items
    assert place.covers(12.0)
    assert abs(place.bearing - 12.0) < 1.0
    for _ in range(200):
        room.see(eye.look(rng, 12.0, engaged, 3.0))
        assert not any(p.confirmed for p in room.people.persons), "what is known is nobody"


LEARNED = Places((Place(12.0, Sense.SEEN, Origin.LEARNED, "", lifeless.WIDTH, 3.0, id=1),))


def test_who_walks_in_front_of_what_was_learned_is_somebody() -> None:
    rng, room, eye = random.Random(1), Room(LEARNED), Eye(1.0, 0.8, 0.5)
    for k in range(100):
        room.see(eye.look(rng, max(30.0 - 0.4 * k, 12.0), 0.5, 3.0))
    (person,) = (p for p in room.people.persons if p.confirmed)
    assert abs(person.track.bearing - 12.0) < 2.0
    assert room.learned == [], "and whoever stays there lives"


def test_who_is_much_nearer_than_the_painting_is_somebody() -> None:
    rng, room = random.Random(1), Room(LEARNED)
    for _ in range(10):
        room.see(Eye(1.0, 0.8, 0.5).look(rng, 12.0, 0.5, 1.2))
    assert [p.confirmed for p in room.people.persons] == [True]


@pytest.mark.parametrize("seed", range(3))
def test_a_person_taken_for_the_painting_is_found_out_by_their_life(seed: int) -> None:
    rng, room, eye = random.Random(seed), Room(LEARNED), Eye(0.9, 0.7, 0.8)
    seat = sitting(rng, 0.4)
    while room.learned:
        bearing, engaged = next(seat)
        room.see(eye.look(rng, bearing, engaged, 3.0))
        assert room.t < 300.0
    while room.t < 1000.0:
        bearing, engaged = next(seat)
        room.see(eye.look(rng, bearing, engaged, 3.0))
    assert room.learned == []
    assert any(p.confirmed for p in room.people.persons)


def test_what_was_taken_down_is_forgotten_but_not_for_want_of_looking() -> None:
    room = Room(LEARNED)
    for _ in range(round(2.0 * stillness.GONE / PERIOD)):
        room.see((), heading=120.0)
    assert room.learned == [12.0]
    for _ in range(round(stillness.GONE / PERIOD) + 5):
        room.see(())
    assert room.learned == []


def test_a_turning_head_teaches_nothing() -> None:
    rng, room, eye = random.Random(2), Room(), Eye(1.0, 0.5, 0.1)
    for k in range(3000):
        room.see(eye.look(rng, 12.0, None), heading=8.0 * (k % 2))
    assert room.learned == []


def after_half_an_hour(act: Callable[[float], VoiceHeard | None]) -> Places:
    """A brain with a thing before it that never moves; `act` is asked for a voice each minute."""
    rng, eye, t = random.Random(3), Eye(0.5, 0.5, 0.5), 3.0
    state = brain.start(CoreSettings(), 0.0, 0.0)
    state, _, _ = brain.step(state, AxisMoved(0.0, 0.0, 0.0, 0.0, False))
    state, _, _ = brain.step(state, ShutterChanged(0.0, ShutterState.OPEN))
    for k in range(4500):
        t += PERIOD
        state, _, _ = brain.step(state, PeopleSeen(t, eye.look(rng, 5.0, None), 0.0, VIEW))
        voice = act(t) if k % 150 == 0 else None
        if voice is not None:
            state, _, _ = brain.step(state, voice)
    return state.places


def test_the_brain_learns_what_is_silent_and_spares_what_speaks() -> None:
    silent = after_half_an_hour(lambda _: None)
    assert [p.origin for p in silent.items] == [Origin.LEARNED]
    voice = (SoundDirection(6.0, 0.9, 4.0),)
    assert after_half_an_hour(lambda t: VoiceHeard(t, voice, 0.9)).items == ()


def test_closing_the_shutter_forgets_what_was_watched() -> None:
    state = brain.start(CoreSettings(), 0.0, 0.0)
    state, _, _ = brain.step(state, ShutterChanged(0.0, ShutterState.OPEN))
    for k in range(5):
        sighting = Sighting(5.0, 1.0, 0.8)
        state, _, _ = brain.step(state, PeopleSeen(0.2 * k, (sighting,), 0.0, VIEW))
    assert state.watched.stills
    state, _, _ = brain.step(state, ShutterChanged(2.0, ShutterState.CLOSED))
    assert state.watched == Watched()


def test_the_store_of_what_is_watched_is_bounded() -> None:
    rng, room = random.Random(4), Room()
    for _ in range(400):
        room.see((Sighting(rng.uniform(-30.0, 30.0), 0.5, 0.4),), heading=0.0)
        assert len(room.watched.stills) <= lifeless.MOST
