"""People in front of the device: what is seen and heard of them, ten frames a second."""

from __future__ import annotations

import random

from engine.core import fusion, voices
from engine.core.fusion import People, Person
from engine.core.places import Places
from engine.core.settings import AttentionSettings, TrackingSettings
from engine.core.types import PeopleSeen, Sighting, SoundDirection, SoundKind, VoiceHeard

TRACKING = TrackingSettings()
ATTENTION = AttentionSettings()
PERIOD = 0.1  # s between two frames
VIEW = (-33.0, 33.0)
NOISE = 1.5  # deg


class Watch:
    """Shows frames to the fusion at ten a second and lets it forget as the brain does."""

    def __init__(self, seed: int = 0) -> None:
        self.t = 0.0
        self.people = People()
        self.places = Places()
        self.rng = random.Random(seed)

    def frame(
        self, *bearings: float, hints: tuple[int, ...] = (), usable: bool = True, noise: float = 0.0
    ) -> None:
        sightings = tuple(
            Sighting(
                b + self.rng.gauss(0.0, noise), NOISE, 0.8, distance=2.0, distance_std=0.4,
                track=hints[i] if hints else None,
            )
            for i, b in enumerate(bearings)
        )  # fmt: skip
        self.show(PeopleSeen(self.t, sightings, 0.0, VIEW, usable))

    def show(self, event: PeopleSeen) -> None:
        self.people = fusion.see(self.people, event, TRACKING)
        self.pass_time()

    def pass_time(self, seconds: float = PERIOD) -> None:
        self.people, self.places = fusion.forget(
            self.people, self.places, self.t, TRACKING, ATTENTION
        )
        self.t += seconds

    def stand(self, seconds: float, *bearings: float, noise: float = 0.0) -> None:
        for _ in range(round(seconds / PERIOD)):
            self.frame(*bearings, noise=noise)

    def hear(
        self,
        bearing: float,
        kind: SoundKind = SoundKind.DIRECT,
        wake_word: str | None = None,
        ambiguous: bool = False,
    ) -> int | None:
        direction = SoundDirection(bearing, 0.9, 4.0, kind)
        event = VoiceHeard(self.t, (direction,), 0.95, wake_word, ambiguous)
        self.people, owner = voices.hear(self.people, self.places, event, TRACKING, ATTENTION)
        return owner

    @property
    def confirmed(self) -> tuple[Person, ...]:
        return tuple(p for p in self.people.persons if p.confirmed)

    @property
    def only(self) -> Person:
        (person,) = self.confirmed
        return person
