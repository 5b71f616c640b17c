"""A camera in a simulated room: renders what the head sees at its heading.

Frames come from a `World` by way of a panorama of its room, at the
moment of exposure and the heading of that moment, with motion blur, noise,
and darkness when a hand covers the lens. It decides nothing and keeps no
frame longer than its next call.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import cv2
import numpy as np

from engine.ports import Frame, Image, SourceFailed
from engine.sim.pace import Pace
from engine.sim.world import World

Reading = Callable[[float], float]


class SimulatedCamera:
    """A `ports.Camera`. Deterministic by seed, frame number and what it is told.

    `heading_at(t)` is the direction of the optical axis in world degrees at
    time `t` of the same clock that `now` reads (a camera on the base: a
    constant). The world's time is `t - origin`. With `now` None frames follow
    each other without waiting, `t` counting from `origin`.
    `exposure` in seconds; `field_of_view` is horizontal, in degrees.
    """

    def __init__(
        self,
        world: World,
        heading_at: Reading,
        *,
        width: int = 640,
        height: int = 480,
        field_of_view: float = 66.0,
        fps: float = 10.0,
        tilt: float = 0.0,
        exposure: float = 0.02,
        noise: float = 2.5,
        seed: int = 1,
        now: Callable[[], float] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        origin: float = 0.0,
    ) -> None:
        self.width, self.height = width, height
        self._world = world
        self._heading_at = heading_at
        self._focal = width / 2.0 / math.tan(math.radians(field_of_view) / 2.0)
        self._exposure = exposure
        self._noise = noise
        self._seed = seed
        self._origin = origin
        self._pace = Pace(1.0 / fps, now, sleep)
        self._free = now is None
        self._pixels: Image | None = None

    def open(self) -> None:
        self._pace.start()
        self._pixels = np.zeros((self.height, self.width, 3), np.uint8)

    def read(self) -> Frame:
        """The next frame; its buffer is lent until the call after. Raises SourceFailed."""
        if self._pixels is None:
            raise SourceFailed("the simulated camera is not open; call open first")
        index, t = self._pace.wait()
        t += self._origin if self._free else 0.0
        self.render(t, index, self._pixels)
        return Frame(t, self._pixels)

    def render(self, t: float, index: int, out: Image) -> None:
        """Draw the picture of time `t` into `out`; `index` seeds its noise."""
        scene = self._world.at(t - self._origin)
        heading = self._heading_at(t)
        out[:] = (150, 165, 175)
        for body in sorted(scene.bodies, key=lambda b: -b.distance):
            azimuth = math.radians((body.bearing - heading + 180.0) % 360.0 - 180.0)
            depth = body.distance * math.cos(azimuth)
            if abs(azimuth) > 1.3 or depth < 0.2:
                continue
            scale = self._focal / depth
            x = self.width / 2.0 - math.tan(azimuth) * self._focal
            foot = self.height / 2.0 + self._world.room.device_height * scale
            top = foot - body.height * scale
            cv2.ellipse(
                out,
                ((x, (top + foot) / 2.0), (0.5 * scale * body.height / 1.7, foot - top), 0.0),
                (60, 60, 120),
                -1,
            )
        if scene.lens_covered:
            out[:] = 4
        noise = np.random.default_rng((self._seed, index)).normal(0.0, self._noise, out.shape)
        np.clip(out + noise, 0, 255, out=noise)
        out[:] = noise

    def close(self) -> None:
        """Overwrite the picture; safe to call twice."""
        if self._pixels is not None:
            self._pixels.fill(0)
        self._pixels = None
