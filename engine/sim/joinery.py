"""What simulated furniture is made of: boxes with colours, for the panorama to draw.

One builder per kind in a table; a kind that is not in it is a plain box.
Backs and fronts follow from the nearest wall. Colours are BGR, lengths metres.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.sim.world import Furniture, Room

Reals = npt.NDArray[np.float32]
Colour = tuple[float, float, float]
Paint = Callable[[Reals, Reals, Reals, npt.NDArray[np.bool_]], Reals]

OAK: Colour = (104, 146, 184)
WALNUT: Colour = (62, 84, 112)
CLOTH: Colour = (142, 126, 92)
MUSTARD: Colour = (70, 152, 200)
WHITE: Colour = (228, 232, 234)
BLACK: Colour = (30, 28, 28)


@dataclass(frozen=True)
class Box:
    """Axis-aligned, (low, high) in each direction; `paint(x, y, z, top)` gives BGR rows."""

    x: tuple[float, float]
    y: tuple[float, float]
    z: tuple[float, float]
    paint: Paint


def plain(colour: Colour, weave: float = 0.03) -> Paint:
    """One colour with a faint texture."""

    def paint(x: Reals, y: Reals, z: Reals, _top: npt.NDArray[np.bool_]) -> Reals:
        texture = 1.0 + weave * np.sin(x * 95.0) * np.sin(y * 95.0 + z * 90.0)
        return np.asarray(np.array(colour, np.float32) * texture[:, None], np.float32)

    return paint


def books(low: float, shelf: float) -> Paint:
    """Shelves of books; spines by place, so that they are the same from everywhere."""

    def paint(x: Reals, y: Reals, z: Reals, top: npt.NDArray[np.bool_]) -> Reals:
        level = np.floor((z - low) / shelf).astype(np.int64)
        above = (z - low) / shelf - level
        spine = np.floor((x + y) / 0.042).astype(np.int64)
        mixed = (spine * 7919 + level * 104729) * 2654435761
        hue = ((mixed >> 9) & 1023).astype(np.float32) / 1023.0
        tall = 0.62 + 0.26 * ((mixed >> 20) & 255).astype(np.float32) / 255.0
        red = 90 + 110 * np.abs(np.sin(3.1 * hue))
        green = 80 + 90 * np.abs(np.sin(5.3 * hue + 1))
        blue = 80 + 90 * np.abs(np.sin(4.1 * hue + 2))
        colour = np.stack([blue, green, red], -1)
        edge = np.abs((x + y) / 0.042 - spine - 0.5) > 0.42
        colour[edge] *= 0.6
        colour[above > tall] = np.array(WALNUT) * 0.55
        board = (above < 0.07) | top
        colour[board] = WALNUT
        return colour.astype(np.float32)

    return paint


def _around(item: Furniture) -> tuple[tuple[float, float], tuple[float, float]]:
    return (
        (item.x - item.width / 2, item.x + item.width / 2),
        (item.y - item.depth / 2, item.y + item.depth / 2),
    )


def _back(item: Furniture, room: Room) -> tuple[int, bool]:
    """(axis, whether at its high end) of the wall that the furniture stands at."""
    gaps = [
        (item.x - room.x[0], 0, False),
        (room.x[1] - item.x, 0, True),
        (item.y - room.y[0], 1, False),
        (room.y[1] - item.y, 1, True),
    ]
    _, axis, high = min(gaps)
    return axis, high


def _slice(span: tuple[float, float], thick: float, high: bool) -> tuple[float, float]:
    return (span[1] - thick, span[1]) if high else (span[0], span[0] + thick)


def _seat(item: Furniture, room: Room, colour: Colour) -> list[Box]:
    """A seat, a back at the wall's side, two arms, a row of cushions."""
    x, y = _around(item)
    axis, high = _back(item, room)
    cloth = plain(colour, 0.04)
    dark = plain((colour[0] * 0.9, colour[1] * 0.9, colour[2] * 0.9), 0.04)
    parts = [Box(x, y, (0.06, 0.34), dark)]
    if axis == 0:
        parts.append(Box(_slice(x, 0.22, high), y, (0.06, item.height), cloth))
        parts += [Box(x, _slice(y, 0.18, end), (0.06, 0.58), cloth) for end in (False, True)]
        inner = (x[0], x[1] - 0.22) if high else (x[0] + 0.22, x[1])
        count = max(1, round((y[1] - y[0] - 0.36) / 0.7))
        step = (y[1] - y[0] - 0.36) / count
        for k in range(count):
            low = y[0] + 0.18 + k * step
            parts.append(Box(inner, (low + 0.01, low + step - 0.01), (0.34, 0.45), cloth))
    else:
        parts.append(Box(x, _slice(y, 0.22, high), (0.06, item.height), cloth))
        parts += [Box(_slice(x, 0.18, end), y, (0.06, 0.58), cloth) for end in (False, True)]
        inner = (y[0], y[1] - 0.22) if high else (y[0] + 0.22, y[1])
        parts.append(Box((x[0] + 0.19, x[1] - 0.19), inner, (0.34, 0.45), cloth))
    return parts


def _sofa(item: Furniture, room: Room) -> list[Box]:
    return _seat(item, room, CLOTH)


def _armchair(item: Furniture, room: Room) -> list[Box]:
    return _seat(item, room, MUSTARD)


def _table(item: Furniture, _room: Room) -> list[Box]:
    x, y = _around(item)
    wood = plain(OAK, 0.02)
    parts = [Box(x, y, (item.height - 0.045, item.height), wood)]
    for left in (False, True):
        for near in (False, True):
            leg = _slice(x, 0.055, left), _slice(y, 0.055, near)
            parts.append(Box(*leg, (0.0, item.height - 0.045), wood))
    return parts


def _television(item: Furniture, room: Room) -> list[Box]:
    x, y = _around(item)
    axis, _ = _back(item, room)
    middle = (y[0] + 0.14, y[1] - 0.14) if axis else (x[0] + 0.14, x[1] - 0.14)
    screen = (x, middle) if axis else (middle, y)
    foot = ((item.x - 0.15, item.x + 0.15), (item.y - 0.08, item.y + 0.08))
    return [
        Box(x, y, (0.10, 0.42), plain(WHITE, 0.01)),
        Box(*screen, (0.50, item.height), plain(BLACK, 0.0)),
        Box(*foot, (0.42, 0.50), plain(BLACK, 0.0)),
    ]


def _bookshelf(item: Furniture, _room: Room) -> list[Box]:
    x, y = _around(item)
    return [Box(x, y, (0.0, item.height), books(0.06, (item.height - 0.06) / 5.0))]


def _lamp(item: Furniture, _room: Room) -> list[Box]:
    x, y = _around(item)
    thin = ((item.x - 0.015, item.x + 0.015), (item.y - 0.015, item.y + 0.015))
    foot = ((item.x - 0.12, item.x + 0.12), (item.y - 0.12, item.y + 0.12))
    return [
        Box(*foot, (0.0, 0.03), plain(BLACK, 0.0)),
        Box(*thin, (0.03, item.height - 0.3), plain(BLACK, 0.0)),
        Box(x, y, (item.height - 0.32, item.height), plain((205, 236, 255), 0.01)),
    ]


def _plant(item: Furniture, _room: Room) -> list[Box]:
    rng = random.Random(4)
    pot = ((item.x - 0.14, item.x + 0.14), (item.y - 0.14, item.y + 0.14))
    parts = [Box(*pot, (0.0, 0.32), plain((150, 178, 200), 0.02))]
    for _ in range(70):
        z = rng.uniform(0.34, item.height)
        reach = 0.5 * item.width * (0.35 + 0.65 * (1.0 - abs(2.0 * z / item.height - 1.1)))
        x, y = item.x + rng.uniform(-reach, reach), item.y + rng.uniform(-reach, reach)
        size = rng.uniform(0.02, 0.07)
        green = (rng.uniform(52, 84), rng.uniform(100, 150), rng.uniform(62, 96))
        parts.append(
            Box(
                (x - size, x + size),
                (y - size, y + size),
                (z, z + rng.uniform(0.02, 0.09)),
                plain(green, 0.05),
            )
        )
    return parts


def _nothing(_item: Furniture, _room: Room) -> list[Box]:
    return []


_KINDS: dict[str, Callable[[Furniture, Room], list[Box]]] = {
    "sofa": _sofa,
    "armchair": _armchair,
    "coffee_table": _table,
    "dining_table": _table,
    "table": _table,
    "television": _television,
    "tv": _television,
    "bookshelf": _bookshelf,
    "lamp": _lamp,
    "plant": _plant,
    # Painted on floor or wall by the panorama itself.
    "rug": _nothing,
    "door": _nothing,
    "window": _nothing,
    "portrait": _nothing,
}


def _plain_box(item: Furniture, _room: Room) -> list[Box]:
    x, y = _around(item)
    return [Box(x, y, (0.0, item.height), plain(WALNUT, 0.03))]


def boxes(room: Room) -> list[Box]:
    """Every box of every piece of furniture in the room."""
    return [box for item in room.furniture for box in _KINDS.get(item.kind, _plain_box)(item, room)]
