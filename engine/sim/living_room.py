"""The built-in living room: people, a cat and a television, without end.

What `heliotrope run` shows with nothing configured. Three people come in through
the door or from the hall, walk between the places they like, sit, talk to
each other and to the device, and leave; the television runs now and then.
A `QUIET` one has one visitor, and nobody for most of the time. Deterministic:
seed and time alone decide, so that any moment can be asked for in any order.
Only truth is made here; cameras and microphones look at it.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace
from functools import lru_cache

from engine.core.angles import wrap
from engine.core.types import Label
from engine.sim.strolls import Point, Stance, Stroll, course
from engine.sim.world import (
    Body,
    Furniture,
    Posture,
    Room,
    Scene,
    SoundContent,
    SoundSource,
)

ROOM = Room(
    x=(-2.4, 4.2),
    y=(-3.0, 3.2),
    height=2.5,
    rt60=0.4,
    device_height=1.0,
    furniture=(
        Furniture("sofa", 3.65, 0.7, 0.95, 2.1, 0.85),
        Furniture("coffee_table", 2.35, 0.7, 0.6, 1.1, 0.40),
        Furniture("rug", 2.4, 0.6, 2.2, 2.6, 0.01),
        Furniture("television", 0.9, 3.0, 1.3, 0.35, 1.15),
        Furniture("armchair", 1.75, -2.45, 0.85, 0.85, 0.85),
        Furniture("bookshelf", -0.4, -2.82, 1.2, 0.34, 1.9),
        Furniture("dining_table", -1.55, 1.5, 0.9, 1.4, 0.74),
        Furniture("plant", 3.85, 2.75, 0.45, 0.45, 1.4),
        Furniture("lamp", 0.55, -2.7, 0.35, 0.35, 1.65),
        Furniture("door", 4.2, -1.9, 0.02, 0.95, 2.05),
        Furniture("door", -2.4, -1.6, 0.02, 0.95, 2.05),
        Furniture("window", 4.2, 0.75, 0.02, 1.7, 2.1),
        Furniture("window", -2.4, 1.4, 0.02, 1.4, 2.1),
        Furniture("portrait", 2.45, -3.0, 0.42, 0.02, 1.82),
    ),
)

# Who has the word is decided anew in every slot (s).
TURN = 7.0
# The cat's day is cut into naps and walks of this length altogether (s).
CAT_CHAPTER = 60.0
# How long the television stays as it is (s).
PROGRAMME = 45.0
WAKE_WORD_SECONDS = 0.9


@dataclass(frozen=True, slots=True)
class _Place:
    """Somewhere a person likes to be: reached over `via`, facing `facing` there."""

    at: Point
    via: tuple[Point, ...]
    facing: float
    posture: Posture = Posture.STANDING


@dataclass(frozen=True, slots=True)
class _Role:
    id: str
    height: float
    speed: float
    first: float
    places: tuple[_Place, ...]


# Crossings in the free floor; every way leads over one of the three.
_EAST, _SOUTH, _WEST = (2.9, -1.3), (1.2, -1.45), (-1.2, -1.3)
_DOORS: tuple[tuple[Point, ...], ...] = (
    ((5.0, -1.9), (3.9, -1.85), _EAST),
    ((-3.3, -1.6), (-2.1, -1.55), _WEST),
)
_ORDER = (_EAST, _SOUTH, _WEST)
_SITTING = Posture.SITTING

_ROLES = (
    _Role(
        "ada",
        1.68,
        1.15,
        1.0,
        (
            _Place((3.45, 1.25), (_EAST, (2.95, 0.2), (2.95, 0.9)), 180.0, _SITTING),
            _Place((1.35, 1.55), (_SOUTH, (1.35, -0.6)), -135.0),
            _Place((-0.35, -2.1), (_WEST,), -90.0),
            _Place((1.6, 0.25), (_SOUTH,), 180.0),
        ),
    ),
    _Role(
        "ben",
        1.80,
        1.25,
        30.0,
        (
            _Place((3.45, 0.2), (_EAST,), 180.0, _SITTING),
            _Place((2.6, 2.4), (_EAST, (1.5, -0.9), (1.45, 1.9)), 160.0),
            _Place((-1.6, 0.35), (_WEST,), 30.0),
            _Place((2.2, -0.7), (_EAST,), 160.0),
        ),
    ),
    _Role(
        "eva",
        1.63,
        0.95,
        62.0,
        (
            _Place((1.75, -2.25), (_SOUTH,), 125.0, _SITTING),
            _Place((-1.5, -0.7), (_WEST,), 25.0),
            _Place((0.6, -1.9), (_SOUTH,), 100.0),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Company:
    """Who comes: `chapter` is how long a visit lasts with its absence, `stay` how long at most
    (and 9 at least) somebody is at each of at most `places`, in seconds."""

    roles: tuple[_Role, ...]
    chapter: float
    places: int
    stay: float


LIVELY = Company(_ROLES, 96.0, 4, 24.0)
"""Three people out of step with one another: hardly ever is nobody there."""
QUIET = Company((replace(_ROLES[0], first=10.0),), 60.0, 1, 10.0)
"""One person for a third of each minute: what away mode can be tried with."""

_CAT_SPOTS: tuple[Point, ...] = (
    (1.9, -0.9),
    (1.5, -0.2),
    (2.6, -1.6),
    (1.3, 1.4),
    (0.4, -1.7),
    (1.7, 1.9),
)


def _between(a: Point, b: Point) -> list[Point]:
    """The crossings to pass from crossing `a` to crossing `b`, both included."""
    i, j = _ORDER.index(a), _ORDER.index(b)
    step = 1 if j >= i else -1
    return [_ORDER[k] for k in range(i, j + step, step)]


class LivingRoom:
    """A `world.World`. The same seed gives the same course of events."""

    def __init__(self, seed: int = 1, company: Company = LIVELY) -> None:
        self.room = ROOM
        self._seed, self._company = seed, company
        # Per instance, so that a room that is dropped takes its past along.
        self._visit = lru_cache(maxsize=16)(self._make_visit)
        self._cat = lru_cache(maxsize=4)(self._make_cat)
        self._speech = lru_cache(maxsize=64)(self._make_speech)

    def at(self, t: float) -> Scene:
        """Everything at time t in seconds; before 0 it is as at 0."""
        t = max(0.0, t)
        bodies = [
            Body(role.id, Label.PERSON, s.x, s.y, s.facing, role.height, s.posture)
            for role in self._company.roles
            if (s := self._stance(role, t)) is not None
        ]
        cat = self._cat(int(t // CAT_CHAPTER)).at(t)
        bodies.append(Body("cat", Label.CAT, cat.x, cat.y, cat.facing, 0.30))
        return Scene(t, tuple(bodies), tuple(self._sounds(t, bodies)))

    def _random(self, *key: object) -> random.Random:
        return random.Random(f"{self._seed}/{'/'.join(map(str, key))}")

    # ------------------------------------------------------------------ people

    def _stance(self, role: _Role, t: float) -> Stance | None:
        """Where somebody is, None while they are out of the room."""
        if t < role.first:
            return None
        stroll = self._visit(role, int((t - role.first) // self._company.chapter))
        return stroll.at(t) if stroll.start <= t < stroll.end else None

    def _make_visit(self, role: _Role, chapter: int) -> Stroll:
        rng = self._random("visit", role.id, chapter)
        company = self._company
        start = role.first + chapter * company.chapter
        end = start + company.chapter
        door = rng.choice(_DOORS)
        # Whoever opens the story comes in at once, and where the device looks.
        late = 0.0 if chapter == 0 else rng.uniform(0.0, 8.0)
        door = _DOORS[0] if chapter == 0 else door
        speed = role.speed * rng.uniform(0.9, 1.12)
        stroll = Stroll(start + late, door[0], course(door[0], door[1]))
        crossing, trail = door[-1], list(door[1:])
        for place in rng.sample(role.places, k=len(role.places))[: company.places]:
            # Twenty seconds are enough for any way there and out again.
            if stroll.end + 40.0 > end:
                break
            trail += [*_between(crossing, place.via[0])[1:], *place.via[1:], place.at]
            stroll.walk(*trail, speed=speed)
            self._dwell(stroll, place, rng, min(company.stay, end - stroll.end - 20.0))
            crossing, trail = place.via[0], [*reversed(place.via)]
        out = rng.choice(_DOORS)
        way = [*trail, *_between(crossing, out[-1])[1:]]
        return stroll.walk(*way, *reversed(out[:-1]), speed=speed)

    def _dwell(self, stroll: Stroll, place: _Place, rng: random.Random, longest: float) -> None:
        """Stay for a while; who stands turns about now and then, as people do."""
        left = rng.uniform(9.0, max(9.5, longest))
        while left > 0.0:
            spell = min(left, rng.uniform(4.0, 9.0))
            at_device = rng.random() < 0.45
            facing = course(place.at) if at_device else place.facing + rng.gauss(0.0, 12.0)
            if place.posture is Posture.SITTING:
                facing = place.facing + rng.gauss(0.0, 8.0)
            stroll.rest(spell, facing, place.posture)
            left -= spell

    def _make_cat(self, chapter: int) -> Stroll:
        start = self._random("cat", chapter).choice(_CAT_SPOTS)
        finish = self._random("cat", chapter + 1).choice(_CAT_SPOTS)
        rng = self._random("cat's way", chapter)
        stroll = Stroll(chapter * CAT_CHAPTER, start, rng.uniform(-180.0, 180.0))
        stroll.rest(rng.uniform(4.0, 16.0))
        for _ in range(rng.randint(0, 2)):
            stroll.walk(rng.choice(_CAT_SPOTS), speed=0.6).rest(rng.uniform(3.0, 9.0))
        return stroll.walk(finish, speed=0.7)

    # ------------------------------------------------------------------ sounds

    def _sounds(self, t: float, bodies: list[Body]) -> list[SoundSource]:
        sounds = []
        if self._random("programme", int(t // PROGRAMME)).random() < 0.3:
            sounds.append(SoundSource("tv", SoundContent.TELEVISION, 0.9, 2.8, 0.9, -4.0))
        speaker, begin, end, wakes = self._speech(int(t // TURN))
        body = next((b for b in bodies if b.id == speaker), None)
        if body is not None and begin <= t < end:
            content = SoundContent.SPEECH
            if wakes and t < begin + WAKE_WORD_SECONDS:
                content = SoundContent.WAKE_WORD
            sounds.append(mouth(body, content))
        return sounds

    def _make_speech(self, slot: int) -> tuple[str | None, float, float, bool]:
        """(who, from, until, whether a wake word opens it) for one slot of talk."""
        rng = self._random("talk", slot)
        t0 = slot * TURN
        begin = t0 + rng.uniform(0.2, 1.2)
        end = begin + rng.uniform(2.0, TURN - 1.8)
        resting = [
            r.id for r in self._company.roles if self._rests(r, begin) and self._rests(r, end)
        ]
        if not resting or rng.random() < 0.2:
            return None, begin, begin, False
        who = rng.choice(resting)
        role = next(r for r in self._company.roles if r.id == who)
        stance = self._stance(role, begin)
        towards = (
            stance is not None and abs(wrap(course((stance.x, stance.y)) - stance.facing)) < 35.0
        )
        return who, begin, end, towards and rng.random() < 0.35

    def _rests(self, role: _Role, t: float) -> bool:
        stance = self._stance(role, t)
        return stance is not None and stance.speed < 0.05


def mouth(body: Body, content: SoundContent, level: float = 0.0) -> SoundSource:
    """The voice of a body: at its mouth, a little in front of its axis."""
    height = body.height * (0.92 if body.posture is Posture.STANDING else 0.66)
    angle = math.radians(body.facing)
    x, y = body.x + 0.1 * math.cos(angle), body.y + 0.1 * math.sin(angle)
    return SoundSource(f"{body.id}'s voice", content, x, y, height, level, body.id)
