"""The empty room as the device sees it all round: a picture and a depth on a cylinder.

Walls, floor, ceiling and furniture are ray-cast once, with a little texture
and light, so that a frame later is one look-up. People are not in it; the
depth tells a compositor what hides them. Furniture kinds that it does not
know become plain boxes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from engine.ports import Image
from engine.sim.joinery import Box, Colour, boxes
from engine.sim.world import Furniture, Room

Reals = npt.NDArray[np.float32]

# Columns per degree; a 66 degree lens of 640 columns has about 9 in its middle.
PER_DEGREE = 7.0
# Rows per unit of (height / horizontal distance): square pixels at the horizon.
PER_UNIT = PER_DEGREE * 180.0 / math.pi
# The steepest look up and down that is drawn, as height / horizontal distance.
STEEPEST = 1.3
# Wrapped columns on either side, so that no lens of up to 2 * PADDING degrees needs a seam.
PADDING = 75.0
# What is behind a doorway is this far away, in metres.
BEYOND = 50.0

WALL: Colour = (198, 214, 222)
FLOOR: Colour = (98, 138, 176)
CEILING: Colour = (232, 236, 238)


@dataclass(frozen=True)
class Panorama:
    """`picture` (rows, columns, 3) BGR, `depth` (rows, columns) horizontal metres."""

    picture: Image
    depth: Reals

    @staticmethod
    def column(bearing: Reals) -> Reals:
        """The column of a bearing in degrees; bearings grow to the left."""
        return np.asarray((180.0 + PADDING - bearing) * PER_DEGREE, np.float32)

    @staticmethod
    def row(slope: Reals) -> Reals:
        """The row of a slope (height / horizontal distance)."""
        rows = (STEEPEST - slope) * PER_UNIT
        return np.asarray(np.clip(rows, 0.0, 2.0 * STEEPEST * PER_UNIT - 1.0), np.float32)


@lru_cache(maxsize=4)
def panorama(room: Room, eye: float) -> Panorama:
    """Paint the room as seen from `eye` metres above the floor at the origin."""
    columns, rows = round(360 * PER_DEGREE), round(2 * STEEPEST * PER_UNIT)
    angles = np.radians(180.0 - (np.arange(columns) + 0.5) / PER_DEGREE).astype(np.float32)
    slope = (STEEPEST - (np.arange(rows) + 0.5) / PER_UNIT).astype(np.float32)
    rays = _Rays(np.cos(angles)[None, :], np.sin(angles)[None, :], slope[:, None], eye)
    picture, depth = _shell(room, rays)
    for box in sorted(boxes(room), key=lambda b: -math.hypot(b.x[0], b.y[0])):
        _draw(box, rays, picture, depth)
    grain = np.random.default_rng(3).normal(0.0, 2.0, picture.shape).astype(np.float32)
    smooth = cv2.GaussianBlur(picture + grain, (0, 0), 0.7)
    pad = round(PADDING * PER_DEGREE)
    wide = np.clip(np.pad(smooth, ((0, 0), (pad, pad), (0, 0)), mode="wrap"), 0, 255)
    return Panorama(wide.astype(np.uint8), np.pad(depth, ((0, 0), (pad, pad)), mode="wrap"))


@dataclass(frozen=True)
class _Rays:
    """Directions (x, y) of unit length by column, `slope` by row, from `eye` metres up."""

    x: Reals
    y: Reals
    slope: Reals
    eye: float

    def part(self, low: int, high: int) -> _Rays:
        return _Rays(self.x[:, low:high], self.y[:, low:high], self.slope, self.eye)


def _reach(direction: Reals, low: float, high: float) -> Reals:
    """Horizontal distance to the wall that each column looks at."""
    safe = np.where(np.abs(direction) < 1e-6, np.float32(1e-6), direction)
    return np.asarray(np.where(safe > 0, high / safe, low / safe), np.float32)


def _shell(room: Room, rays: _Rays) -> tuple[Reals, Reals]:
    """Walls, floor and ceiling: (picture as float, depth)."""
    to_x, to_y = _reach(rays.x, *room.x), _reach(rays.y, *room.y)
    wall = np.minimum(to_x, to_y)
    slope = np.where(np.abs(rays.slope) < 1e-6, np.float32(1e-6), rays.slope)
    flat = np.where(slope < 0, -rays.eye / slope, (room.height - rays.eye) / slope)
    depth = np.minimum(wall, flat).astype(np.float32)
    x, y, z = rays.x * depth, rays.y * depth, rays.eye + rays.slope * depth
    picture = np.empty((*depth.shape, 3), np.float32)
    on_wall = np.broadcast_to(wall, depth.shape) <= flat
    below = np.broadcast_to(slope < 0, depth.shape)
    edge = np.minimum(
        np.minimum(x - room.x[0], room.x[1] - x), np.minimum(y - room.y[0], room.y[1] - y)
    )
    floor = _planks(x, y) * (1.0 - 0.28 * np.exp(-np.maximum(edge, 0) / 0.18))[..., None]
    _rugs_and_shadows(room, floor, x, y)
    ceiling = np.array(CEILING, np.float32) * (1.0 - 0.16 * np.exp(-edge / 0.3))[..., None]
    shade = 1.0 - 0.20 * np.exp(-z / 0.12) - 0.12 * np.exp(-(room.height - z) / 0.25)
    sideways = np.broadcast_to(to_x < to_y, depth.shape)
    shade = shade * np.where(sideways, 1.0, 0.93) * (0.90 + 0.05 * z)
    walls = np.array(WALL, np.float32) * shade[..., None]
    walls[z < 0.08] = (225, 228, 230)
    picture[:] = np.where(on_wall[..., None], walls, np.where(below[..., None], floor, ceiling))
    for item in room.furniture:
        paint = _HANGINGS.get(item.kind)
        if paint is not None:
            _hang(item, paint, on_wall, (x, y, z), picture, depth)
    return picture, depth


def _planks(x: Reals, y: Reals) -> Reals:
    """A wooden floor: boards of 14 cm along x, each with its own tone."""
    board = np.floor(y / 0.14).astype(np.int64)
    piece = np.floor((x + 0.37 * board) / 1.3).astype(np.int64)
    mixed = (board * 73 + piece * 151) * 2654435761
    tone = 0.90 + 0.16 * ((mixed >> 8) & 255).astype(np.float32) / 255.0
    grain = 0.03 * np.sin(x * 9.0 + 3.0 * np.sin(y * 60.0 + board))
    seam = np.abs(y / 0.14 - np.round(y / 0.14)) < 0.03
    tone = (tone + grain) * np.where(seam, 0.80, 1.0)
    return np.asarray(np.array(FLOOR, np.float32) * tone[..., None], np.float32)


def _rugs_and_shadows(room: Room, floor: Reals, x: Reals, y: Reals) -> None:
    for item in room.furniture:
        if item.kind in _HANGINGS:
            continue
        dx, dy = np.abs(x - item.x) - item.width / 2, np.abs(y - item.y) - item.depth / 2
        if item.kind == "rug":
            inside = (dx < 0) & (dy < 0)
            border = inside & (np.maximum(dx, dy) > -0.14) & (np.maximum(dx, dy) < -0.07)
            diamonds = np.abs(((x + y) / 0.32) % 1 - 0.5) + np.abs(((x - y) / 0.32) % 1 - 0.5)
            floor[inside] = (120, 128, 168)
            floor[inside & (diamonds < 0.38)] = (98, 92, 140)
            floor[border] = (196, 208, 218)
        else:
            away = np.hypot(np.maximum(dx, 0), np.maximum(dy, 0))
            floor *= (1.0 - 0.35 * np.exp(-away / 0.12))[..., None]


Painter = Callable[[Reals, Reals], tuple[Reals, bool]]


def _window(u: Reals, v: Reals) -> tuple[Reals, bool]:
    """Sky, trees, a frame and curtains; u, v run over [-1, 1] and [0, 1]."""
    sky = np.stack([250 - 18 * v, 236 - 26 * v, 222 - 50 * v], -1)
    leaves = 0.34 + 0.10 * np.sin(u * 7.0) + 0.05 * np.sin(u * 23.0 + 1.0)
    green = np.array((96, 148, 122), np.float32) * (0.9 + 0.1 * np.sin(u * 90.0))[..., None]
    paint = np.where((v < leaves)[..., None], green, sky)
    bars = (np.abs(u) < 0.025) | (np.abs(u) > 0.95) | (v < 0.03) | (v > 0.97)
    paint = np.where(bars[..., None], np.float32(242.0), paint)
    folds = (0.90 + 0.08 * np.sin(u * 75.0))[..., None]
    curtain = np.array((150, 178, 205), np.float32) * folds
    return np.where((np.abs(u) > 0.78)[..., None], curtain, paint), False


def _door(u: Reals, v: Reals) -> tuple[Reals, bool]:
    """A doorway to a hall: a frame, and dim depth that people can stand in."""
    hall = np.array((150, 166, 176), np.float32) * (0.62 + 0.22 * v)[..., None]
    hall = np.where((v < 0.16)[..., None], np.array((70, 98, 126), np.float32), hall)
    frame = (np.abs(u) > 0.90) | (v > 0.965)
    return np.where(frame[..., None], np.array((226, 232, 235), np.float32), hall), True


@lru_cache(maxsize=1)
def _portrait_picture() -> Image:
    path = Path(__file__).with_name("pictures") / "portrait.webp"
    picture = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise ValueError(f"{path}: not a picture")
    return picture.astype(np.uint8)


def _portrait(u: Reals, v: Reals) -> tuple[Reals, bool]:
    """A framed photograph: what detectors take for a person now and then."""
    photo = _portrait_picture()
    rows, columns = photo.shape[:2]
    column = np.clip((u / 0.84 + 1) / 2 * columns, 0, columns - 1).astype(int)
    row = np.clip((1 - (v - 0.08) / 0.84) * rows, 0, rows - 1).astype(int)
    frame = (np.abs(u) > 0.84) | (v < 0.08) | (v > 0.92)
    return np.where(frame[..., None], np.array((52, 70, 92), np.float32), photo[row, column]), False


_HANGINGS: dict[str, Painter] = {"window": _window, "door": _door, "portrait": _portrait}
# Where what hangs on a wall begins, metres above the floor.
_SILLS = {"window": 0.85, "door": 0.0, "portrait": 1.3}


def _hang(
    item: Furniture,
    paint: Painter,
    on_wall: npt.NDArray[np.bool_],
    at: tuple[Reals, Reals, Reals],
    picture: Reals,
    depth: Reals,
) -> None:
    """Paint something flat on the wall that it stands at."""
    x, y, z = at
    along, across = (
        (y - item.y, x - item.x) if item.width < item.depth else (x - item.x, y - item.y)
    )
    half = max(item.width, item.depth) / 2
    sill = _SILLS[item.kind]
    inside = on_wall & (np.abs(along) < half) & (np.abs(across) < 0.05)
    inside &= (z > sill) & (z < item.height)
    if not inside.any():
        return
    # Seen from inside the room, u grows to the right.
    sign = math.copysign(1.0, item.y if item.width >= item.depth else -item.x)
    u, v = sign * along[inside] / half, (z[inside] - sill) / (item.height - sill)
    colour, opening = paint(u, v)
    picture[inside] = colour
    if opening:
        free = inside.copy()
        free[inside] = (np.abs(u) < 0.90) & (v < 0.965)
        depth[free] = BEYOND


def _draw(box: Box, rays: _Rays, picture: Reals, depth: Reals) -> None:
    """Ray-cast one box into picture and depth, over the columns that can see it."""
    corners = [math.degrees(math.atan2(y, x)) for x in box.x for y in box.y]
    spans = [(min(corners), max(corners))]
    if spans[0][1] - spans[0][0] > 180.0:
        # It straddles the seam behind the device: the two ends of the picture.
        spans = [
            (-180.0, max(c for c in corners if c < 0)),
            (min(c for c in corners if c >= 0), 180.0),
        ]
    for low, high in spans:
        first = max(0, math.floor((180.0 - high) * PER_DEGREE) - 1)
        last = min(picture.shape[1], math.ceil((180.0 - low) * PER_DEGREE) + 1)
        _cast(box, rays.part(first, last), picture[:, first:last], depth[:, first:last])


def _slab(direction: Reals, low: float, high: float) -> tuple[Reals, Reals]:
    safe = np.where(np.abs(direction) < 1e-6, np.float32(1e-6), direction)
    a, b = low / safe, high / safe
    return np.minimum(a, b), np.maximum(a, b)


def _cast(box: Box, rays: _Rays, picture: Reals, depth: Reals) -> None:
    enter_x, leave_x = _slab(rays.x, *box.x)
    enter_y, leave_y = _slab(rays.y, *box.y)
    enter_z, leave_z = _slab(rays.slope, box.z[0] - rays.eye, box.z[1] - rays.eye)
    enter = np.maximum(np.maximum(enter_x, enter_y), enter_z)
    leave = np.minimum(np.minimum(leave_x, leave_y), leave_z)
    hit = (enter < leave) & (enter > 0.05) & (enter < depth)
    if not hit.any():
        return
    shape = depth.shape
    at = enter[hit]
    x = np.broadcast_to(rays.x, shape)[hit] * at
    y = np.broadcast_to(rays.y, shape)[hit] * at
    z = rays.eye + np.broadcast_to(rays.slope, shape)[hit] * at
    top = (np.broadcast_to(enter_z, shape)[hit] >= at - 1e-5) & (z > box.z[1] - 0.01)
    by_x = np.broadcast_to(enter_x, shape)[hit] >= at - 1e-5
    shade = np.where(top, 1.06, np.where(by_x, 0.94, 0.84))
    shade = shade * (0.86 + 0.14 * np.clip((z - box.z[0]) / max(0.2, box.z[1] - box.z[0]), 0, 1))
    picture[hit] = np.clip(box.paint(x, y, z, top) * shade[:, None], 0, 255)
    depth[hit] = at
