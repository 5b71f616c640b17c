"""The cut-out pictures of people and pets, and which of them a body shows right now.

Loads the sheets under `engine/sim/pictures` (made by script/make_pictures) and
picks by posture, gait and the side that faces the camera; a person who is
turned away shows their back. Nothing here knows where anything is drawn.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from engine.core.angles import wrap
from engine.core.types import Label
from engine.ports import Image
from engine.sim.world import Body, Posture

FOLDER = Path(__file__).with_name("pictures")

# Steps a second, two to a gait cycle; the sheets hold a cycle in four pictures.
CADENCE = 1.9
PHASES = 4
# From this speed on a body walks (m/s).
WALKING = 0.15
# A sitting body's lap and feet are this much closer than its middle (m).
LAP = 0.45


@dataclass(frozen=True)
class Figure:
    """A picture with alpha (h, w, 4), BGR not premultiplied.

    `scale` is pixels per metre; `axis` and `floor` are the column of the body's
    middle and the row of the floor, in pixels from the top left corner.
    """

    pixels: Image
    scale: float
    axis: float
    floor: float

    def mirrored(self) -> Figure:
        flipped = np.ascontiguousarray(self.pixels[:, ::-1])
        return Figure(flipped, self.scale, self.pixels.shape[1] - self.axis, self.floor)


Views = Mapping[tuple[str, int], Figure]


@dataclass(frozen=True)
class Wardrobe:
    """All there is to show: figures by name, pose and view in degrees, and their heights."""

    figures: Mapping[str, Views]
    heights: Mapping[str, float]
    people: tuple[str, ...]

    def name(self, body: Body) -> str:
        """Who plays this body: the one of that name, or always the same other one."""
        if body.label is not Label.PERSON:
            return "cat"
        if body.id in self.people:
            return body.id
        return self.people[zlib.crc32(body.id.encode()) % len(self.people)]

    def show(self, body: Body, speed: float, t: float) -> tuple[Figure, float]:
        """The figure of a body, and by what its size differs from the figure's own."""
        name = self.name(body)
        view = wrap(body.facing - body.bearing - 180.0)
        pose = _pose(body, speed, t, mirrored=view < 0.0)
        views = self.figures[name]
        angles = sorted(angle for some, angle in views if some == pose)
        nearest = min(angles, key=lambda angle: abs(angle - abs(view)))
        figure = views[pose, nearest]
        return (figure.mirrored() if view < 0.0 else figure), body.height / self.heights[name]


def _pose(body: Body, speed: float, t: float, *, mirrored: bool) -> str:
    if body.posture is Posture.SITTING:
        return "sitting"
    if speed < WALKING:
        return "standing"
    offset = zlib.crc32(body.id.encode()) % 97 / 97.0
    cycle = t * CADENCE / 2.0 + offset + (0.5 if mirrored else 0.0)
    return f"walking_{int(cycle * PHASES) % PHASES}"


def _sheet(name: str) -> npt.NDArray[np.uint8]:
    path = FOLDER / name
    pixels = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.ndim != 3 or pixels.shape[2] != 4:
        raise ValueError(f"{path}: not a picture with transparency")
    return pixels.astype(np.uint8)


@lru_cache(maxsize=1)
def wardrobe() -> Wardrobe:
    """Load every picture. Raises OSError or ValueError for a broken installation."""
    index = json.loads((FOLDER / "pictures.json").read_text())
    figures: dict[str, Views] = {}
    heights: dict[str, float] = {}
    for name, entry in index["figures"].items():
        sheet = _sheet(entry["file"])
        views = {}
        for pose, view, x, y, width, height, axis, floor in entry["pictures"]:
            pixels = np.ascontiguousarray(sheet[y : y + height, x : x + width])
            views[pose, view] = Figure(pixels, entry["scale"], axis, floor)
        figures[name] = views
        heights[name] = entry["height"]
    return Wardrobe(figures, heights, tuple(name for name in sorted(figures) if name != "cat"))
