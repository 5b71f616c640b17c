"""What the head's own turning does to hearing, and what is done about it.

Learns the motor's noise in chunks in which the head moves and nobody speaks,
and tells of any stretch which noise to expect and how far the array had turned
by each of its frames. Asks the axis; decides nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.hearing.directions import Localiser
from engine.hearing.own_noise import MOVING, OwnNoise
from engine.hearing.quiet import chunk_runs
from engine.hearing.spectra import HOP, Complex, frame_times
from engine.hearing.whitening import MIN_FRAMES, covariance
from engine.ports import Samples

Reading = Callable[[float], float]
Span = Callable[[int, int], Samples]

EVERY = 16
"""Chunks between two looks at what there is to learn: 0.5 s."""


@dataclass(frozen=True, slots=True)
class HeadMotion:
    """The head at a time: `velocity_at` in deg/s; `heading_at` in degrees, None for an array on
    the base, which does not turn with it."""

    velocity_at: Reading
    heading_at: Reading | None = None


class OwnMotion:
    """One array's. Chunks are numbered by their first sample, oldest first."""

    def __init__(self, axis: HeadMotion, localiser: Localiser, chunk: int, keep: int) -> None:
        self._axis, self._localiser, self._chunk = axis, localiser, chunk
        self._speeds: deque[float] = deque(maxlen=keep)
        self._since = 0
        self.noise = OwnNoise()

    def restart(self) -> None:
        """What follows does not join what was before; what was learned stays."""
        self._speeds.clear()
        self._since = 0

    def note(self, middle: float) -> None:
        """One more chunk, whose middle is at this time (s)."""
        self._speeds.append(abs(self._axis.velocity_at(middle)))
        self._since += 1

    @property
    def still(self) -> list[bool]:
        """Of each chunk that is kept, whether the head stood still."""
        return [speed < MOVING for speed in self._speeds]

    def learn(
        self, quiet_of: Callable[[], Sequence[bool]], first: int, span: Span, margin: int
    ) -> None:
        """Learn from what came since the last look, if it is time for one.

        `quiet_of` tells of each chunk from sample `first` on whether it is
        background; the last `margin` of them cannot tell yet.
        """
        if self._since < EVERY:
            return
        end = len(self._speeds) - margin
        begin, self._since = max(0, end - self._since), 0
        still = self.still
        if all(still[begin:end]):
            return
        quiet = quiet_of()
        fresh = (begin <= index < end for index in range(len(quiet)))
        pairs = list(zip(quiet, still, strict=True))
        moving = [q and not s and new for (q, s), new in zip(pairs, fresh, strict=True)]
        rest = self._rest([q and s for q, s in pairs], first, span)
        for a, b in chunk_runs(moving, EVERY):
            amplitudes = self._localiser.amplitudes(
                span(first + a * self._chunk, first + b * self._chunk)
            )
            speeds = np.repeat(list(self._speeds)[a:b], self._chunk // HOP)
            self.noise.learn(amplitudes, speeds[: amplitudes.shape[2]], rest)

    def moves(self, start: float, samples: int) -> bool:
        """Whether the head moves in a stretch of `samples` from the time `start` on."""
        times = start + frame_times(samples)
        return any(abs(self._axis.velocity_at(t)) >= MOVING for t in times)

    def expected(self, start: float, samples: int) -> Complex | None:
        """The motor's noise in a stretch of `samples` from the time `start` on."""
        if not self.noise.speeds:
            return None
        times = start + frame_times(samples)
        return self.noise.expected(np.array([self._axis.velocity_at(t) for t in times]))

    def turned(
        self, start: float, samples: int, reference: float
    ) -> npt.NDArray[np.float64] | None:
        """Degrees by which the array stood further on in each frame than at `reference`."""
        heading_at = self._axis.heading_at
        if heading_at is None:
            return None
        at = heading_at(reference)
        headings = np.array([heading_at(t) for t in start + frame_times(samples)]) - at
        return np.asarray((headings + 180.0) % 360.0 - 180.0)

    def _rest(self, quiet: list[bool], first: int, span: Span) -> Complex | None:
        """What the room sounds like with the motor at rest, from the last second of it."""
        parts = [
            self._localiser.amplitudes(span(first + a * self._chunk, first + b * self._chunk))
            for a, b in chunk_runs(quiet, 2 * EVERY)
        ]
        if sum(part.shape[2] for part in parts) < MIN_FRAMES:
            return None
        return covariance(np.concatenate(parts, axis=2))
