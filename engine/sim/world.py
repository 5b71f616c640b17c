"""The truth of a simulated room: who and what is where, at any moment.

The device's axis stands at the origin; x points along bearing 0, y to its
left, z up from the floor; metres and degrees, counter-clockwise positive.
Nothing here senses or renders: `camera`, `microphones` and the benchmark's
sensor models look at a `Scene`, the brain never does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from engine.core.types import Label


class Posture(StrEnum):
    STANDING = "standing"
    SITTING = "sitting"


class SoundContent(StrEnum):
    """What a source emits; the acoustic renderer picks or synthesises the signal."""

    SPEECH = "speech"
    WAKE_WORD = "wake_word"
    TELEVISION = "television"
    NOISE = "noise"


@dataclass(frozen=True, slots=True)
class Body:
    """A person or a pet. `facing` is the world direction they look along, in degrees."""

    id: str
    label: Label
    x: float
    y: float
    facing: float
    height: float = 1.7
    posture: Posture = Posture.STANDING

    @property
    def bearing(self) -> float:
        """Direction from the axis, degrees in (-180, 180]."""
        return math.degrees(math.atan2(self.y, self.x))

    @property
    def distance(self) -> float:
        return math.hypot(self.x, self.y)


@dataclass(frozen=True, slots=True)
class SoundSource:
    """Something audible at this moment; `level` in dB relative to speech at one metre."""

    id: str
    content: SoundContent
    x: float
    y: float
    z: float
    level: float = 0.0
    body: str | None = None

    @property
    def bearing(self) -> float:
        return math.degrees(math.atan2(self.y, self.x))

    @property
    def distance(self) -> float:
        return math.hypot(self.x, self.y)


@dataclass(frozen=True, slots=True)
class Furniture:
    """A box on the floor: a sofa, a table, a counter; `kind` names how it is drawn."""

    kind: str
    x: float
    y: float
    width: float
    depth: float
    height: float


@dataclass(frozen=True, slots=True)
class Room:
    """A shoebox around the device: `x`/`y` are the walls' positions (low, high), height in z."""

    x: tuple[float, float] = (-1.5, 4.5)
    y: tuple[float, float] = (-3.0, 3.0)
    height: float = 2.6
    rt60: float = 0.4
    device_height: float = 1.0
    furniture: tuple[Furniture, ...] = ()


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything at one moment. `lens_covered` is a hand over the camera."""

    t: float
    bodies: tuple[Body, ...]
    sounds: tuple[SoundSource, ...]
    lens_covered: bool = False


class World(Protocol):
    """A room and its course of events, deterministic: the same t gives the same scene."""

    room: Room

    def at(self, t: float) -> Scene: ...
