"""A camera in a simulated room: renders what the head sees at its heading.

Frames come from a `World` by way of a panorama of its room, at the moment of
exposure and the heading of that moment, with motion blur, noise, and darkness
when a hand covers the lens. It decides nothing and keeps no frame longer than
its next call.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from engine.core.angles import difference, wrap
from engine.errors import UserError
from engine.ports import Frame, Image, SourceFailed
from engine.sim.figures import LAP, Figure, Wardrobe, wardrobe
from engine.sim.pace import Pace
from engine.sim.panorama import PADDING, PER_DEGREE, Panorama, panorama
from engine.sim.world import Body, Posture, Scene, World

Reading = Callable[[float], float]
Reals = npt.NDArray[np.float32]

# Over this long a body's speed is judged, to know whether it walks (s).
STRIDE = 0.1
# What a hand over the lens lets through.
COVERED = (6, 5, 9)
# Nearer than this nothing is drawn: it would fill the lens (m).
NEAREST = 0.25


def drawable(field_of_view: float) -> None:
    """Raises UserError for more degrees than a flat picture of the room can show."""
    widest = 2.0 * PADDING - 10.0
    if field_of_view > widest:
        raise UserError(
            f"camera.field_of_view: the simulated camera has a flat picture of at most "
            f"{widest:.0f} degrees, not {field_of_view:g}",
            "choose a smaller one",
        )


class SimulatedCamera:
    """A `ports.Camera`. Deterministic by seed, frame number and what it is told.

    `heading_at(t)` is the direction of the optical axis in world degrees at
    time `t` of the same clock that `now` reads (a camera on the base: a
    constant). The world's time is `t - origin`. With `now` None frames follow
    each other without waiting, `t` counting from `origin`.
    `exposure` in seconds; `field_of_view` is horizontal, in degrees, `tilt`
    is up; `noise` is one sigma in grey levels.
    """

    live = True

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
        eye: float | None = None,
        exposure: float = 0.02,
        noise: float = 2.5,
        seed: int = 1,
        now: Callable[[], float] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        origin: float = 0.0,
    ) -> None:
        """`eye` is the lens's height above the floor, by default the room's device height."""
        drawable(field_of_view)
        self.width, self.height = width, height
        self._world = world
        self._heading_at = heading_at
        self._focal = width / 2.0 / math.tan(math.radians(field_of_view) / 2.0)
        self._tilt = math.radians(tilt)
        self._eye = world.room.device_height if eye is None else eye
        self._exposure = exposure
        self._noise = noise
        self._seed = seed
        self._origin = origin
        self._pace = Pace(1.0 / fps, now, sleep)
        self._free = now is None
        self._ring: list[Image] = []
        # Held while a picture is drawn, so that `close` leaves none behind.
        self._drawing = threading.Lock()
        self._room: Panorama | None = None

    def open(self) -> None:
        """Paint the room: about two seconds the first time."""
        self._prepare()
        self._pace.start()
        with self._drawing:
            self._ring = [np.zeros((self.height, self.width, 3), np.uint8) for _ in range(2)]

    def read(self) -> Frame:
        """The next frame; its buffer is lent until the call after the next one.

        Raises SourceFailed where the camera is not open, or is closed meanwhile.
        """
        if not self._ring:
            raise SourceFailed("the simulated camera is not open; call open first")
        index, t = self._pace.wait()
        t += self._origin if self._free else 0.0
        with self._drawing:
            if not self._ring:
                raise SourceFailed("the simulated camera was closed while it was read")
            pixels = self._ring[index % 2]
            self.render(t, index, pixels)
        return Frame(t, pixels)

    def close(self) -> None:
        """Overwrite every picture; from any thread, safe to call twice."""
        with self._drawing:
            for pixels in self._ring:
                pixels.fill(0)
            self._ring = []

    def render(self, t: float, index: int, out: Image) -> None:
        """Draw the picture of time `t` into `out`; `index` seeds its noise."""
        room = self._prepare()
        scene = self._world.at(t - self._origin)
        heading = wrap(self._heading_at(t))
        if scene.lens_covered:
            out[:] = COVERED
        else:
            cv2.remap(room.picture, self._shifted(heading), self._rows, cv2.INTER_LINEAR, dst=out)
            self._people(scene, heading, out)
            self._blur(t, out)
        self._grain(index, out)

    # ------------------------------------------------------------------ set-up

    def _prepare(self) -> Panorama:
        """Load pictures and room, and where each pixel looks in the panorama."""
        if self._room is not None:
            return self._room
        self._room = panorama(self._world.room, self._eye)
        self._wardrobe: Wardrobe = wardrobe()
        right = (np.arange(self.width, dtype=np.float32) + 0.5 - self.width / 2.0)[None, :]
        down = (np.arange(self.height, dtype=np.float32) + 0.5 - self.height / 2.0)[:, None]
        sine, cosine = math.sin(self._tilt), math.cos(self._tilt)
        ahead = self._focal * cosine + down * sine
        up = self._focal * sine - down * cosine
        # Azimuths to the left are positive, as bearings are.
        self._columns = Panorama.column(-np.degrees(np.arctan2(right, ahead)))
        self._rows = Panorama.row(np.asarray(up / np.hypot(right, ahead), np.float32))
        rng = np.random.default_rng(self._seed)
        shape = (self.height + 64, self.width + 64, 3)
        self._noises = np.round(rng.normal(0.0, self._noise, shape)).astype(np.int16)
        return self._room

    def _shifted(self, heading: float) -> Reals:
        """The panorama's column for every pixel at a heading."""
        return np.asarray(self._columns - np.float32(heading * PER_DEGREE), np.float32)

    # ------------------------------------------------------------------ bodies

    def _people(self, scene: Scene, heading: float, out: Image) -> None:
        """Everybody from far to near, hidden by what stands before them."""
        if not scene.bodies:
            return
        before = {b.id: b for b in self._world.at(scene.t - STRIDE).bodies}
        for body in sorted(scene.bodies, key=lambda b: -b.distance):
            azimuth = math.radians(difference(body.bearing, heading))
            ahead = body.distance * math.cos(azimuth)
            if ahead < NEAREST or abs(azimuth) > math.radians(PADDING):
                continue
            was = before.get(body.id, body)
            speed = math.dist((was.x, was.y), (body.x, body.y)) / STRIDE
            figure, size = self._wardrobe.show(body, speed, scene.t)
            self._place(body, figure, size, ahead, azimuth, heading, out)

    def _place(
        self,
        body: Body,
        figure: Figure,
        size: float,
        ahead: float,
        azimuth: float,
        heading: float,
        out: Image,
    ) -> None:
        """Scale one figure to its distance and lay it over the picture."""
        # Along the optical axis of a tilted camera, at the body's foot.
        sine, cosine = math.sin(self._tilt), math.cos(self._tilt)
        depth = ahead * cosine - self._eye * sine
        if depth < NEAREST:
            return
        scale = self._focal / depth
        x = self.width / 2.0 - ahead * math.tan(azimuth) * scale
        foot = self.height / 2.0 + (self._eye * cosine + ahead * sine) * scale
        zoom = scale * size / figure.scale
        rows, columns = figure.pixels.shape[:2]
        left, top = x - figure.axis * zoom, foot - figure.floor * zoom
        x0, y0 = max(0, math.floor(left)), max(0, math.floor(top))
        x1 = min(self.width, math.ceil(left + columns * zoom) + 1)
        y1 = min(self.height, math.ceil(top + rows * zoom) + 1)
        if body.posture is Posture.STANDING and self._indoors(body):
            self._shadow(x, foot, 0.28 * scale * body.height / 1.7, out)
        if x1 <= x0 or y1 <= y0:
            return
        matrix = np.array([[zoom, 0.0, left - x0], [0.0, zoom, top - y0]])
        size_out = (x1 - x0, y1 - y0)
        cut = cv2.warpAffine(figure.pixels, matrix, size_out, flags=cv2.INTER_LINEAR)
        alpha = cut[..., 3].astype(np.float32) / 255.0
        alpha *= self._unhidden(body, heading, (x0, y0, x1, y1))
        region = out[y0:y1, x0:x1]
        region[:] = cv2.blendLinear(np.ascontiguousarray(cut[..., :3]), region, alpha, 1.0 - alpha)

    def _indoors(self, body: Body) -> bool:
        room = self._world.room
        return room.x[0] < body.x < room.x[1] and room.y[0] < body.y < room.y[1]

    def _shadow(self, x: float, foot: float, radius: float, out: Image) -> None:
        """A soft shadow on the floor, so that feet stand on it."""
        flat = max(1.0, 0.22 * radius)
        x0, x1 = max(0, round(x - radius)), min(self.width, round(x + radius))
        y0, y1 = max(0, round(foot - flat)), min(self.height, round(foot + flat))
        if x1 <= x0 or y1 <= y0:
            return
        across = (np.arange(x0, x1, dtype=np.float32) - x)[None, :] / radius
        along = (np.arange(y0, y1, dtype=np.float32) - foot)[:, None] / flat
        dark = 1.0 - 0.45 * np.clip(1.0 - across**2 - along**2, 0.0, 1.0)
        region = out[y0:y1, x0:x1]
        region[:] = (region * dark[..., None]).astype(np.uint8)

    def _unhidden(self, body: Body, heading: float, box: tuple[int, int, int, int]) -> Reals:
        """1 where nothing of the room stands before the body, 0 where something does."""
        x0, y0, x1, y1 = box
        distance = body.distance - (LAP if body.posture is Posture.SITTING else 0.0)
        depth = cv2.remap(
            self._prepare().depth,
            np.ascontiguousarray(self._shifted(heading)[y0:y1, x0:x1]),
            np.ascontiguousarray(self._rows[y0:y1, x0:x1]),
            cv2.INTER_NEAREST,
        )
        return np.asarray(depth > distance - 0.15, np.float32)

    # ------------------------------------------------------------------- optics

    def _blur(self, t: float, out: Image) -> None:
        """Smear sideways by as far as the head turned while the shutter was open."""
        # Only the past is known: half an exposure back stands for both halves.
        turned = 2.0 * abs(self._heading_at(t) - self._heading_at(t - self._exposure / 2.0))
        length = round(self._focal * math.radians(turned))
        if length > 1:
            cv2.blur(out, (min(length, self.width), 1), dst=out)

    def _grain(self, index: int, out: Image) -> None:
        """The sensor's noise: a piece of a fixed field, another one for every frame."""
        row, column = np.random.default_rng((self._seed, index)).integers(0, 64, 2)
        piece = self._noises[row : row + self.height, column : column + self.width]
        cv2.add(out, piece, dst=out, dtype=cv2.CV_8U)
