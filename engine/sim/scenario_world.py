"""A scenario, made definite by a seed: the same seed gives the same course of events.

Draws what the scenario leaves open (places, speeds, moments, who stands how
still) and answers as a `World`. It knows the truth, so nothing that decides
may ever hold one; sensor models in `senses` stand in between.
"""

from __future__ import annotations

import bisect
import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from engine.core.angles import near
from engine.core.types import Label
from engine.sim.courses import Path, Sway, polar
from engine.sim.scenario import (
    Actor,
    Facing,
    Leg,
    Occurrence,
    Place,
    Scenario,
    Spread,
    When,
)
from engine.sim.world import Body, Posture, Room, Scene, SoundContent, SoundSource

WORKING_SPEED = Spread(0.3, 0.6)  # m/s: side-steps and reaching at a worktop
WORKING_ACCELERATION = 1.0  # m/s2
WALKING_OFF = Spread(1.0, 1.4)  # m/s
MOUTH = 0.15  # metres below the top of the head


def stream(seed: int, *names: str) -> random.Random:
    """Random numbers of their own for every purpose, so that one never shifts another."""
    return random.Random(":".join((str(seed), *names)))


@dataclass(frozen=True, slots=True)
class Speaking:
    """An utterance with definite times; a wake word ends at `wake_word_end`."""

    who: str
    begins: float
    ends: float
    wake_word_end: float | None


@dataclass(frozen=True, slots=True)
class DefiniteNoise:
    source: SoundSource
    begins: float
    ends: float
    direct: float


@dataclass(frozen=True, slots=True)
class DefiniteSpot:
    bearing: float
    distance: float
    probability: float


@dataclass(frozen=True, slots=True)
class DefiniteEvent:
    """An occurrence with definite times."""

    t: float
    seconds: float
    what: Occurrence


WAKE_WORD_SECONDS = 0.8


class Player:
    """One person or pet of a scenario, with a definite course."""

    def __init__(self, actor: Actor, world: ScenarioWorld) -> None:
        self.actor = actor
        self._rng = stream(world.seed, world.scenario.name, actor.id)
        self.enters = 0.0 if actor.enters is None else world.moment(actor.enters, self._rng)
        x, y = _point(actor.start, self._rng)
        self._leg_starts: list[float] = []
        self._legs: list[Leg] = []
        self._path = Path(x, y, self.enters)
        self._lay(self._path, world.scenario.duration)
        self._exit = self._path
        self._leave = self.leaves = math.inf
        if actor.leaves is not None and actor.door is not None:
            leave = world.moment(actor.leaves, self._rng)
            pose = self._path.at(leave)
            out = Path(pose.x, pose.y, leave)
            out.walk_to(*_point(actor.door, self._rng), _draw(WALKING_OFF, self._rng))
            self._exit, self.leaves = out, out.end
            self._leave = leave
        self._sway = _sway(actor.restless, self._rng)
        self.speech = tuple(self._speak(world))

    def present(self, t: float) -> bool:
        return self.enters <= t < self.leaves

    def where(self, t: float) -> tuple[float, float]:
        """The place alone: `at` for those who ask a hundred times a second."""
        pose = (self._exit if self._leaving(t) else self._path).at(t)
        dx, dy = self._sway.at(t)
        return pose.x + dx, pose.y + dy

    def bearing(self, t: float) -> float:
        x, y = self.where(t)
        return math.degrees(math.atan2(y, x))

    def at(self, t: float) -> Body:
        leaving = self._leaving(t)
        pose = (self._exit if leaving else self._path).at(t)
        x, y = self.where(t)
        facing = self._facing(t, pose.direction, leaving, x, y)
        sitting = self.actor.posture is Posture.SITTING and pose.direction is None
        posture = Posture.SITTING if sitting else Posture.STANDING
        actor = self.actor
        return Body(actor.id, actor.label, x, y, facing, actor.height, posture)

    def _leaving(self, t: float) -> bool:
        return t >= self._leave

    def _facing(
        self, t: float, direction: float | None, leaving: bool, x: float, y: float
    ) -> float:
        wanted = self.actor.facing
        if not leaving and self._legs:
            index = bisect.bisect_right(self._leg_starts, t) - 1
            wanted = self._legs[max(0, index)].facing or wanted
        to_device = math.degrees(math.atan2(-y, -x))
        return _FACING[wanted.at](wanted, direction, to_device)

    def _lay(self, path: Path, duration: float) -> None:
        """Lay the legs until the scenario is over, or once where they do not repeat."""
        legs = self.actor.path
        if not legs:
            return
        while True:
            before = path.end
            for leg in legs:
                self._leg_starts.append(path.end)
                self._legs.append(leg)
                self._leg(path, leg)
            if not self.actor.repeat or path.end >= duration or path.end <= before:
                return

    def _leg(self, path: Path, leg: Leg) -> None:
        rng = self._rng
        if leg.go is not None:
            x, y = _point(leg.go, rng)
            speed = _draw(leg.speed, rng)
            if leg.arc:
                bearing = near(math.degrees(math.atan2(y, x)), 0.0)
                path.arc_to(bearing, math.hypot(x, y), speed)
            else:
                path.walk_to(x, y, speed)
        stay = _draw(leg.stay, rng)
        if leg.shift == 0.0:
            path.stay(stay)
        else:
            self._work(path, leg, stay)

    def _work(self, path: Path, leg: Leg, seconds: float) -> None:
        """Be busy at a station: small moves to either side of it, as seen from the device."""
        rng, over = self._rng, path.end + seconds
        centre, distance = path.bearing, math.hypot(path.x, path.y)
        path.stay(_draw(leg.every, rng))
        while path.end < over:
            before = path.end
            to = centre + rng.uniform(-leg.shift, leg.shift)
            speed = _draw(WORKING_SPEED, rng)
            path.arc_to(to, distance, speed, acceleration=WORKING_ACCELERATION)
            path.stay(_draw(leg.every, rng))
            if path.end <= before:
                path.stay(over - path.end)  # neither a way nor a pause: they stand there

    def _speak(self, world: ScenarioWorld) -> list[Speaking]:
        spoken = []
        for utterance in self.actor.speech:
            begins = world.moment(utterance.at, self._rng)
            seconds = _draw(utterance.seconds, self._rng)
            word = begins + WAKE_WORD_SECONDS if utterance.wake_word else None
            ends = max(begins + seconds, word or 0.0)
            spoken.append(Speaking(self.actor.id, begins, ends, word))
        return spoken


class ScenarioWorld:
    """A `World` made of a scenario and a seed."""

    def __init__(self, scenario: Scenario, seed: int, room: Room | None = None) -> None:
        self.scenario = scenario
        self.seed = seed
        self.room = room or Room()
        rng = stream(seed, scenario.name, "moments")
        self.moments = {m.name: _draw(m.at, rng) for m in scenario.moments}
        rng = stream(seed, scenario.name, "device")
        self.heading = _draw(scenario.heading, rng)
        self.echo_bearing = _draw(scenario.echo.bearing, rng) if scenario.echo else None
        self.players = tuple(Player(actor, self) for actor in scenario.people)
        self._by_id = {player.actor.id: player for player in self.players}
        self.noises = tuple(self._noises())
        self.spots = tuple(self._spots())
        self.events = tuple(self._events())
        self.speech = tuple(s for player in self.players for s in player.speech)
        rng = stream(seed, scenario.name, "primary")
        self.primaries = self._primaries(rng)
        self.unscored = tuple(
            (self.moment(w.begins, rng), self.moment(w.ends, rng)) for w in scenario.unscored
        )
        self.covered = tuple(
            (e.t, e.t + e.seconds) for e in self.events if e.what.kind == "cover_lens"
        )

    def moment(self, when: When, rng: random.Random) -> float:
        """The definite time of `when`, in seconds from the start."""
        return (self.moments[when.moment] if when.moment else 0.0) + _draw(when.seconds, rng)

    def at(self, t: float) -> Scene:
        bodies = tuple(p.at(t) for p in self.players if p.present(t))
        sounds = [n.source for n in self.noises if n.begins <= t < n.ends]
        sounds += [self._voice(s, t) for s in self.speech if s.begins <= t < s.ends]
        return Scene(t, bodies, tuple(sounds), any(a <= t < b for a, b in self.covered))

    def player(self, who: str) -> Player:
        return self._by_id[who]

    def primary(self, t: float) -> str | None:
        """Who the user is at `t`, as labelled; None where nobody is, or they are away."""
        who = None
        for begins, name in self.primaries:
            if begins <= t:
                who = name
        return who if who is not None and self._by_id[who].present(t) else None

    def _voice(self, speaking: Speaking, t: float) -> SoundSource:
        body = self._by_id[speaking.who].at(t)
        word = speaking.wake_word_end is not None and t < speaking.wake_word_end
        content = SoundContent.WAKE_WORD if word else SoundContent.SPEECH
        z = (body.height if body.posture is Posture.STANDING else 0.75 * body.height) - MOUTH
        return SoundSource(f"{body.id}:voice", content, body.x, body.y, z, 0.0, body.id)

    def _primaries(self, rng: random.Random) -> tuple[tuple[float, str | None], ...]:
        labels = self.scenario.primary
        if not labels:
            people = [a.id for a in self.scenario.people if a.label is Label.PERSON]
            return ((0.0, people[0]),) if people else ()
        return tuple((self.moment(label.at, rng), label.who) for label in labels)

    def _noises(self) -> list[DefiniteNoise]:
        made = []
        for noise in self.scenario.sounds:
            rng = stream(self.seed, self.scenario.name, noise.id)
            x, y = _point(noise.place, rng)
            begins = self.moment(noise.begins, rng) if noise.begins else 0.0
            ends = self.moment(noise.ends, rng) if noise.ends else math.inf
            source = SoundSource(noise.id, noise.content, x, y, 0.8, noise.level)
            made.append(DefiniteNoise(source, begins, ends, noise.direct))
        return made

    def _spots(self) -> list[DefiniteSpot]:
        rng = stream(self.seed, self.scenario.name, "spots")
        made = []
        for spot in self.scenario.spots:
            x, y = _point(spot.place, rng)
            bearing = math.degrees(math.atan2(y, x))
            made.append(DefiniteSpot(bearing, math.hypot(x, y), spot.probability))
        return made

    def _events(self) -> list[DefiniteEvent]:
        rng = stream(self.seed, self.scenario.name, "events")
        made: list[DefiniteEvent] = []
        for what in self.scenario.events:
            t = self.moment(what.at, rng)
            for _ in range(what.count):
                made.append(DefiniteEvent(t, _draw(what.seconds, rng), what))
                t += _draw(what.every, rng)
        return sorted(made, key=lambda e: e.t)


def _draw(spread: Spread, rng: random.Random) -> float:
    return rng.uniform(spread.low, spread.high)


def _point(place: Place, rng: random.Random) -> tuple[float, float]:
    if place.bearing is not None and place.distance is not None:
        return polar(_draw(place.bearing, rng), _draw(place.distance, rng))
    assert place.x is not None
    assert place.y is not None
    return _draw(place.x, rng), _draw(place.y, rng)


def _sway(size: float, rng: random.Random) -> Sway:
    """Two slow sines for each axis, together about `size` metres of standard deviation."""
    parts = [
        (size * rng.uniform(0.7, 1.2), rng.uniform(low, high), rng.uniform(0.0, 2.0 * math.pi))
        for low, high in ((0.08, 0.2), (0.08, 0.2), (0.3, 0.7), (0.3, 0.7))
    ]
    return Sway(tuple(parts))


def _the_way(_wanted: Facing, direction: float | None, to_device: float) -> float:
    return to_device if direction is None else direction


_FACING: dict[str, Callable[[Facing, float | None, float], float]] = {
    "device": lambda _wanted, _direction, to_device: to_device,
    "travel": _the_way,
    "direction": lambda wanted, _direction, _to_device: wanted.direction,
}
