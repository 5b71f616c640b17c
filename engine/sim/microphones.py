"""Microphones in a simulated room: what an array hears of a `World`, block by block.

Sources are convolved with room impulse responses (pyroomacoustics), the
television, the device's own noise and its motor are added. It decides
nothing. A wake word that no synthesis of ours can say is announced on the
side: `take_wake_word` tells that one fell, and from where.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from engine.ports import AudioBlock, SourceFailed
from engine.sim.pace import Pace
from engine.sim.world import World

RATE = 16000
Reading = Callable[[float], float]


def _still(_t: float) -> float:
    return 0.0


class SimulatedMicrophones:
    """A `ports.Microphones`. Deterministic by seed and block number.

    `positions` is (microphones, 3) in metres in the array's frame (x forward, y
    left, z up). `heading_at(t)` turns the array (on the base: a constant 0),
    `velocity_at(t)` in deg/s makes the motor's noise. Times as for
    `SimulatedCamera`. Raises `UserError` where pyroomacoustics is missing.
    """

    def __init__(
        self,
        world: World,
        positions: npt.NDArray[np.float64],
        *,
        heading_at: Reading = _still,
        velocity_at: Reading = _still,
        block: int = 512,
        seed: int = 1,
        now: Callable[[], float] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        origin: float = 0.0,
    ) -> None:
        self.channels = int(positions.shape[0])
        self._world = world
        self._positions = positions
        self._heading_at = heading_at
        self._velocity_at = velocity_at
        self._block = block
        self._seed = seed
        self._origin = origin
        self._pace = Pace(block / RATE, now, sleep, skip=False)
        self._free = now is None
        self._open = False

    def open(self) -> None:
        self._pace.start()
        self._open = True

    def read(self) -> AudioBlock:
        """The next block. Raises SourceFailed."""
        if not self._open:
            raise SourceFailed("the simulated microphones are not open; call open first")
        index, t = self._pace.wait()
        t += self._origin if self._free else 0.0
        rng = np.random.default_rng((self._seed, index))
        noise = rng.normal(0.0, 1e-3, (self.channels, self._block))
        return AudioBlock(t, noise.astype(np.float32))

    def take_wake_word(self) -> tuple[float, float] | None:
        """(t, world bearing in degrees) of a wake word since the last call, or None."""
        return None

    def close(self) -> None:
        self._open = False
