"""The echoes of a shoebox room: impulse responses from a place to every microphone.

Early reflections by image sources (pyroomacoustics), late ones as decaying
noise, on a grid of source positions that is computed once and remembered. It
knows no signal and no time.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.errors import UserError
from engine.sim.world import Room

RATE = 16000
# Sources that move are heard from the nearest point of this grid (m).
GRID = 0.2
# Order of the image sources; what comes later is diffuse (exact would cost seconds a place).
ORDER = 6
# `inverse_sabine` gives rooms that ring about this much longer than asked for.
OVERSHOOT = 1.15
# Keeps sources off the walls and out of the array (m).
MARGIN = 0.05

Reals = npt.NDArray[np.float32]
Point = tuple[float, float, float]


def library() -> Any:
    """pyroomacoustics. Raises UserError where it is missing."""
    try:
        import pyroomacoustics
    except ImportError as error:
        raise UserError(
            "the simulated microphones need pyroomacoustics, which is not installed",
            "pip install 'heliotrope[sim]', or set hearing.enabled to false",
        ) from error
    return pyroomacoustics


def snapped(room: Room, x: float, y: float, z: float) -> Point:
    """The nearest grid point inside the room."""
    spans = (room.x, room.y, (0.0, room.height))
    points = []
    for value, (low, high) in zip((x, y, z), spans, strict=True):
        on_grid = round(value / GRID) * GRID
        points.append(min(high - MARGIN, max(low + MARGIN, on_grid)))
    return points[0], points[1], points[2]


class Echoes:
    """Responses (microphones, taps) of one room to one array, 1 at 1 m for the direct sound.

    `positions` is (microphones, 3) in metres from the array's centre, which is at
    the axis, `room.device_height` up.
    """

    def __init__(self, room: Room, positions: npt.NDArray[np.float64], seed: int = 1) -> None:
        self._room = room
        self._positions = positions
        self._seed = seed
        self._library = library()
        self.taps = int(min(0.6, max(0.1, 0.75 * room.rt60)) * RATE)
        self._at = lru_cache(maxsize=512)(self._compute)

    def at(self, place: Point) -> Reals:
        """For a source at a grid point (`snapped`) of the room."""
        return self._at(place)

    def _compute(self, place: Point) -> Reals:
        room, pra = self._room, self._library
        size = [room.x[1] - room.x[0], room.y[1] - room.y[0], room.height]
        absorption, _ = pra.inverse_sabine(room.rt60 / OVERSHOOT, size)
        origin = np.array([-room.x[0], -room.y[0], 0.0])
        shoebox = pra.ShoeBox(size, fs=RATE, materials=pra.Material(absorption), max_order=ORDER)
        shoebox.add_source((origin + np.array(place)).tolist())
        microphones = self._positions + origin + np.array([0.0, 0.0, room.device_height])
        shoebox.add_microphone_array(microphones.T)
        shoebox.compute_rir()
        # The library delays everything by half its fractional-delay filter.
        lead = pra.constants.get("frac_delay_length") // 2
        out = np.zeros((len(self._positions), self.taps), np.float32)
        for row, (response,) in zip(out, shoebox.rir, strict=True):
            early = np.asarray(response, np.float64)[lead : lead + self.taps]
            row[: len(early)] = early
        return out + self._tail(place)

    def _tail(self, place: Point) -> Reals:
        """Diffuse decay from where the image sources thin out, at their level there."""
        room = self._room
        volume = (room.x[1] - room.x[0]) * (room.y[1] - room.y[0]) * room.height
        # Diffuse energy over direct energy at 1 m: 16 pi / A, with Sabine's A.
        absorption = 0.161 * volume / room.rt60
        t = np.arange(self.taps) / RATE
        decay = 6.9 / room.rt60
        power = 16.0 * math.pi / absorption * 2.0 * decay / RATE * np.exp(-2.0 * decay * t)
        # Mean free path times the order: from there on images are missing.
        area = 2.0 * (
            (room.x[1] - room.x[0]) * (room.y[1] - room.y[0])
            + room.height * (room.x[1] - room.x[0] + room.y[1] - room.y[0])
        )
        begin = 0.5 * ORDER * 4.0 * volume / area / 343.0
        fade = np.clip((t - 0.5 * begin) / begin, 0.0, 1.0)
        key = [self._seed, *(round(abs(v) * 1000) for v in place)]
        noise = np.random.default_rng(key).normal(0.0, 1.0, (len(self._positions), self.taps))
        return np.asarray(noise * np.sqrt(power * fade), np.float32)
