"""What the senses would report: the truth, made late, noisy, gappy and now and then false.

Statistical models of camera and microphones for the scenario benchmark. They
alone look at the truth; what they return is all that a policy may know. The
default figures (`scenario.SenseModel`) are those of the measured detectors and
arrays in a furnished room, not of a laboratory.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field, replace

from engine.core.angles import difference, wrap
from engine.core.types import (
    Label,
    PeopleSeen,
    Sighting,
    SoundDirection,
    SoundKind,
    VoiceHeard,
)
from engine.sim.scenario import SenseModel
from engine.sim.scenario_world import ScenarioWorld, Speaking, stream
from engine.sim.world import Body

WAKE_WORD = "hey_jarvis"

# Exposure indoors, and the angle of one pixel: what blurs a moving head's picture.
EXPOSURE = 0.015  # s
BLUR_HARMLESS = 0.4  # degrees of smear that a detector shrugs off
BLUR_MISS = 0.12  # further misses for each degree of smear beyond
FAR = 3.5  # m from which a person begins to be missed more often
FAR_MISS = 0.15  # further misses for each metre beyond
COVERED_BY = 6.0  # degrees within which a nearer person hides a farther one
HIDDEN_MISS = 0.75
SPOT_FLICKER = 0.5  # how often a spot that was taken for a person stays one in the next frame
NEW_TRACK_AFTER = 1.0  # s unseen after which the short-term tracker gives a new id
LATENCY_JITTER = 0.01  # s
HEADING_NOISE = 0.1  # degrees, of the heading interpolated at exposure
LOUD_MOTOR = 1.6  # factor on the noise of a direction heard while the head moves
DECISION = 0.5  # s of speech for one decision
NOTED_DISTANCE = 0.85  # share of sightings from which a distance can be told


@dataclass(slots=True)
class _Seen:
    """The short-term memory that a tracker in `seeing` would have of one body."""

    track: int | None = None
    last: float = -math.inf
    missed: bool = False


@dataclass(slots=True)
class CameraModel:
    """Frames at `model.rate`; `look` is called at each moment of exposure."""

    world: ScenarioWorld
    model: SenseModel
    _rng: random.Random = field(init=False)
    _seen: dict[str, _Seen] = field(default_factory=dict)
    _next_track: int = 0

    def __post_init__(self) -> None:
        self._rng = stream(self.world.seed, self.world.scenario.name, "camera")

    def look(
        self, t: float, heading: float, velocity: float, measured: float
    ) -> tuple[float, PeopleSeen]:
        """One frame, exposed at `t` with the head truly at `heading`; `measured` is its encoder.

        Returns when its numbers are ready, and the numbers.
        """
        model, rng = self.model, self._rng
        ready = t + max(0.02, model.latency + rng.gauss(0.0, LATENCY_JITTER))
        told = measured + rng.gauss(0.0, HEADING_NOISE)
        half = model.field_of_view / 2.0
        view = (told - half, told + half)
        scene = self.world.at(t)
        if scene.lens_covered:
            return ready, PeopleSeen(t, (), told, view, usable=False)
        found = [
            sighting
            for body in scene.bodies
            if (sighting := self._body(t, body, scene.bodies, heading, velocity, told)) is not None
        ]
        found += self._spots(t, heading, told)
        if rng.random() < model.false_alarm:
            bearing = told + rng.uniform(-half, half)
            found.append(self._made_up(bearing, rng.uniform(1.5, 5.0), f"false{t}", t))
        rng.shuffle(found)
        return ready, PeopleSeen(t, tuple(found), told, view)

    def _body(
        self,
        t: float,
        body: Body,
        everyone: tuple[Body, ...],
        heading: float,
        velocity: float,
        told: float,
    ) -> Sighting | None:
        azimuth = difference(body.bearing, heading)
        if abs(azimuth) > self.model.field_of_view / 2.0:
            return None
        rng, memory = self._rng, self._memory(body.id, t)
        smear = abs(self._angular_speed(t, body) - velocity) * EXPOSURE
        if rng.random() < self._miss(body, everyone, smear, memory.missed):
            memory.missed = True
            return None
        track = self._track(memory, t)
        spread = math.hypot(self.model.bearing_noise, 0.5 * smear)
        distance_std = 0.1 + 0.1 * body.distance
        known = rng.random() < NOTED_DISTANCE
        return Sighting(
            bearing=wrap(told + azimuth + rng.gauss(0.0, spread)),
            bearing_std=max(0.5, self.model.bearing_noise),
            score=_clip(rng.gauss(0.75, 0.1), 0.41, 0.98),
            label=body.label,
            distance=max(0.3, body.distance + rng.gauss(0.0, distance_std)) if known else None,
            distance_std=distance_std if known else None,
            track=track,
            engagement=self._engagement(body) if body.label is Label.PERSON else None,
        )

    def _miss(
        self, body: Body, everyone: tuple[Body, ...], smear: float, missed_before: bool
    ) -> float:
        """The chance of no detection; misses come in bursts, with the asked share in the long run.

        A pet is small and often behind furniture: it is missed more often than a person.
        """
        base = self.model.miss if body.label is Label.PERSON else min(1.0, self.model.miss + 0.2)
        stay = max(base, 1.0 - 1.0 / self.model.miss_burst)
        start = base * (1.0 - stay) / (1.0 - base) if base < 1.0 else 1.0
        chance = stay if missed_before else start
        chance += BLUR_MISS * max(0.0, smear - BLUR_HARMLESS)
        chance += FAR_MISS * max(0.0, body.distance - FAR)
        if body.distance > self.model.reach:
            chance = 1.0
        for other in everyone:
            nearer = other.distance < body.distance - 0.3 and other.label is Label.PERSON
            if nearer and abs(difference(other.bearing, body.bearing)) < COVERED_BY:
                chance = max(chance, HIDDEN_MISS)
        return min(1.0, chance)

    def _angular_speed(self, t: float, body: Body) -> float:
        player = self.world.player(body.id)
        return difference(body.bearing, player.bearing(t - 0.02)) / 0.02

    def _engagement(self, body: Body) -> float | None:
        """How surely the body faces the device, as a head-pose estimator sees it."""
        rng = self._rng
        if rng.random() < 0.15:
            return None
        to_device = math.degrees(math.atan2(-body.y, -body.x))
        turned = abs(difference(body.facing, to_device))
        truth = 1.0 / (1.0 + math.exp((turned - 40.0) / 10.0))
        return _clip(truth + rng.gauss(0.0, 0.12), 0.0, 1.0)

    def _spots(self, t: float, heading: float, told: float) -> list[Sighting]:
        found = []
        for index, spot in enumerate(self.world.spots):
            name = f"spot{index}"
            azimuth = difference(spot.bearing, heading)
            if abs(azimuth) > self.model.field_of_view / 2.0:
                continue
            memory = self._memory(name, t)
            # `missed` False means: taken for a person in the frame before.
            stay = spot.probability + (1.0 - spot.probability) * SPOT_FLICKER
            start = spot.probability * (1.0 - stay) / max(1e-9, 1.0 - spot.probability)
            fooled = not memory.missed and memory.last > t - 0.3
            if self._rng.random() < (stay if fooled else start):
                found.append(self._made_up(told + azimuth, spot.distance, name, t))
            else:
                memory.missed = True
        return found

    def _made_up(self, bearing: float, distance: float, name: str, t: float) -> Sighting:
        rng = self._rng
        track = self._track(self._memory(name, t), t)
        return Sighting(
            bearing=wrap(bearing + rng.gauss(0.0, self.model.bearing_noise)),
            bearing_std=max(0.5, self.model.bearing_noise),
            score=_clip(rng.gauss(0.5, 0.07), 0.4, 0.9),
            distance=max(0.3, distance * rng.uniform(0.8, 1.2)),
            distance_std=0.1 + 0.1 * distance,
            track=track,
            engagement=_clip(rng.gauss(0.3, 0.2), 0.0, 1.0),
        )

    def _memory(self, name: str, t: float) -> _Seen:
        """What a short-term tracker remembers of `name`; after a while it starts afresh."""
        memory = self._seen.get(name)
        if memory is None:
            memory = self._seen[name] = _Seen(missed=name.startswith("spot"))
        if t - memory.last > NEW_TRACK_AFTER:
            memory.track = None
        return memory

    def _track(self, memory: _Seen, t: float) -> int:
        if memory.track is None:
            self._next_track += 1
            memory.track = self._next_track
        memory.missed, memory.last = False, t
        return memory.track


@dataclass(frozen=True, slots=True)
class _Utterance:
    """A piece of speech to decide about: who or what, from when to when."""

    begins: float
    ends: float
    speaking: Speaking | None
    noise: int | None = None
    wake_word: bool = False


class HearingModel:
    """Decisions of a hearing pipeline: one per 0.5 s of speech, one per wake word."""

    def __init__(self, world: ScenarioWorld, model: SenseModel) -> None:
        self._world = world
        self._model = model
        self._rng = stream(world.seed, world.scenario.name, "hearing")
        self._due = sorted(self._pieces(), key=lambda u: u.ends)
        self._next = 0

    def listen(self, t: float, moving: bool, muted: bool) -> list[tuple[float, VoiceHeard]]:
        """What was said up to `t` since the last call: (when it is ready, what was heard)."""
        heard = []
        while self._next < len(self._due) and self._due[self._next].ends <= t:
            piece = self._due[self._next]
            self._next += 1
            event = None if muted else self._decide(piece, moving)
            if event is not None:
                ready = piece.ends + max(0.02, self._model.voice_latency + self._rng.gauss(0, 0.02))
                heard.append((ready, event))
        return heard

    def _pieces(self) -> list[_Utterance]:
        pieces = []
        for speaking in self._world.speech:
            begins = speaking.begins
            if speaking.wake_word_end is not None:
                pieces.append(_Utterance(begins, speaking.wake_word_end, speaking, wake_word=True))
                begins = speaking.wake_word_end
            while begins + DECISION <= speaking.ends + 1e-9:
                pieces.append(_Utterance(begins, begins + DECISION, speaking))
                begins += DECISION
        for index, noise in enumerate(self._world.noises):
            begins, ends = noise.begins, min(noise.ends, self._world.scenario.duration)
            while begins + DECISION <= ends:
                # What comes out of a television is speech for about half of the time.
                if self._rng.random() < 0.5:
                    pieces.append(_Utterance(begins, begins + DECISION, None, index))
                begins += DECISION
        return pieces

    def _decide(self, piece: _Utterance, moving: bool) -> VoiceHeard | None:
        model, rng = self._model, self._rng
        miss = model.wake_word_miss if piece.wake_word else model.voice_miss
        if rng.random() < miss:
            return None
        centre = 0.5 * (piece.begins + piece.ends)
        if piece.noise is not None:
            directions = self._noise(piece.noise, moving)
        else:
            directions = self._voice(piece, centre, moving)
        return VoiceHeard(
            t=centre,
            directions=tuple(sorted(directions, key=lambda d: -d.confidence)),
            speech=_clip(rng.gauss(0.85, 0.1), 0.5, 1.0),
            wake_word=WAKE_WORD if piece.wake_word else None,
            while_moving=moving,
        )

    def _voice(self, piece: _Utterance, t: float, moving: bool) -> list[SoundDirection]:
        assert piece.speaking is not None
        model, rng, world = self._model, self._rng, self._world
        body = world.player(piece.speaking.who).at(t)
        confidence = _clip(rng.gauss(0.85 - 0.06 * max(0.0, body.distance - 1.5), 0.1), 0.1, 1.0)
        if rng.random() < model.voice_outlier:
            stray = rng.uniform(-180.0, 180.0)
            return [SoundDirection(stray, 0.6 * confidence, 2.0 * model.voice_noise)]
        directions = [self._direction(body.bearing, confidence, SoundKind.DIRECT, moving)]
        directions += self._reflection(confidence, moving)
        for index, noise in enumerate(world.noises):
            if noise.begins <= t < noise.ends and rng.random() < 0.4:
                directions += [
                    replace(d, confidence=0.6 * d.confidence) for d in self._noise(index, moving)
                ]
        return directions

    def _reflection(self, confidence: float, moving: bool) -> list[SoundDirection]:
        """The same voice from the wall, on the days on which the wall is heard."""
        echo, bearing, rng = self._world.scenario.echo, self._world.echo_bearing, self._rng
        if echo is None or bearing is None or rng.random() >= echo.strength:
            return []
        factor = 1.2 if rng.random() < echo.leads else 0.6
        kind = SoundKind.REFLECTION if rng.random() < echo.told else SoundKind.DIRECT
        return [self._direction(bearing, _clip(factor * confidence, 0.05, 1.0), kind, moving)]

    def _noise(self, index: int, moving: bool) -> list[SoundDirection]:
        noise, rng = self._world.noises[index], self._rng
        confidence = _clip(rng.gauss(0.6 + 0.02 * noise.source.level, 0.12), 0.05, 1.0)
        direct = rng.random() < noise.direct
        kind = SoundKind.DIRECT if direct else SoundKind.MACHINE
        return [self._direction(noise.source.bearing, confidence, kind, moving)]

    def _direction(
        self, bearing: float, confidence: float, kind: SoundKind, moving: bool
    ) -> SoundDirection:
        spread = self._model.voice_noise * (LOUD_MOTOR if moving else 1.0)
        return SoundDirection(
            wrap(bearing + self._rng.gauss(0.0, spread)), confidence, max(1.0, spread), kind
        )


def _clip(value: float, low: float, high: float) -> float:
    return min(high, max(low, value))
