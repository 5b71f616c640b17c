"""The last seconds of sound, addressed by sample number, cleaned as they come in.

Takes blocks of any length, removes offsets and values that are no numbers,
and notes which microphones are dead or all silent. Decides nothing about voices.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.hearing.spectra import RATE
from engine.ports import Samples

DEAD = 1e-4
"""A microphone below this share of the median power carries nothing (-40 dB)."""
CLIPPED = 0.999
SILENT = 1.5 / 32768
"""A channel that moves by no more than a step of 16 bits carries no sound, whatever its offset."""
REPEATED = int(0.5 * RATE)
"""Samples for which channels must carry the very same numbers to be taken for one."""
_OFFSET_SECONDS = 0.5


class History:
    """A ring of `length` samples. Sample numbers count from the first one ever pushed."""

    def __init__(self, channels: int, length: int) -> None:
        self._ring: Samples = np.zeros((channels, length), np.float32)
        self._offset = np.zeros((channels, 1), np.float32)
        self._power = np.zeros(channels)
        self._first, self._second = np.triu_indices(channels, 1)
        self._differed = np.zeros(len(self._first), np.intp)
        """Of each pair of channels, the sample number up to which it differed or was silent."""
        self._alike = False
        self._judged: npt.NDArray[np.bool_] | None = None
        self.end = 0
        self.broken_values = 0
        self.clipped_values = 0
        self.sounded = False
        """Whether there ever was a sound on any channel."""
        self.silent_since = 0
        """Sample number since which there is none, or since which nothing is known."""

    @property
    def channels(self) -> int:
        return int(self._ring.shape[0])

    @property
    def start(self) -> int:
        """The oldest sample number still kept."""
        return max(0, self.end - int(self._ring.shape[1]))

    def push(self, samples: Samples) -> None:
        """Append (channels, n); n may be anything. Raises ValueError for other channel counts."""
        if samples.ndim != 2 or samples.shape[0] != self._ring.shape[0]:
            raise ValueError(
                f"a block of shape {samples.shape}, but the array has {self._ring.shape[0]} "
                "microphones"
            )
        length = self._ring.shape[1]
        # An empty block runs through no turn of this loop.
        for begin in range(0, samples.shape[1], length):
            part = samples[:, begin : begin + length]
            self._compare(part)
            self._push(self._clean(part))
            self._judged = None

    def span(self, start: int, end: int) -> Samples:
        """A copy of the samples [start, end), as far as they are kept."""
        start, end = max(start, self.start), min(end, self.end)
        if end <= start:
            return self._ring[:, :0].copy()
        length = self._ring.shape[1]
        first, count = start % length, end - start
        if first + count <= length:
            return self._ring[:, first : first + count].copy()
        return np.concatenate(
            [self._ring[:, first:], self._ring[:, : first + count - length]], axis=1
        )

    def alive(self) -> npt.NDArray[np.bool_]:
        """Which microphones carry sound of their own, judged over about the last second."""
        if self._judged is None:
            judged = self._loud()
            # Which of them is really there is not to be known.
            judged[self.repeated()] = False
            judged.flags.writeable = False  # all who ask share it
            self._judged = judged
        return self._judged

    def repeated(self) -> list[int]:
        """Channels that have carried the very same numbers as another one for a while."""
        if not self._alike:
            return []
        pairs = self.end - self._differed >= REPEATED
        both = {*self._first[pairs].tolist(), *self._second[pairs].tolist()}
        return sorted(channel for channel in both if self._power[channel] > 0.0)

    def _loud(self) -> npt.NDArray[np.bool_]:
        middle = float(np.sort(self._power)[len(self._power) // 2])
        if middle <= 0.0:
            return np.asarray(self._power > 0.0) if self._power.any() else self._power == 0.0
        return np.asarray(self._power > DEAD * middle)

    def clear(self) -> None:
        """Overwrite everything kept; sample numbers go on."""
        self._ring.fill(0.0)
        self._power.fill(0.0)
        self._judged = None
        self.silent_since = self.end

    def _compare(self, samples: Samples) -> None:
        # A few samples tell nearly always; only where they are the same all are compared.
        few = samples[:, :4]
        if len({row.tobytes() for row in few}) == len(few):
            self._alike = False
            self._differed.fill(self.end + samples.shape[1])
            return
        differ = (few[self._first] != few[self._second]).any(axis=1)
        self._alike = not differ.all()
        if self._alike:
            for pair in np.flatnonzero(~differ):
                a, b = samples[self._first[pair]], samples[self._second[pair]]
                # Where nothing sounds nothing is told apart.
                differ[pair] = not a.any() or not np.array_equal(a, b)
        self._differed[differ] = self.end + samples.shape[1]

    def _clean(self, samples: Samples) -> Samples:
        # A mean tells cheaply whether any value is no number, which is hardly ever so.
        mean = np.add.reduce(samples, axis=1, keepdims=True) / np.float32(samples.shape[1])
        if not np.isfinite(mean).all():
            good = np.isfinite(samples)
            self.broken_values += int(good.size - good.sum())
            samples = np.where(good, samples, np.float32(0.0))
            mean = samples.mean(axis=1, keepdims=True)
        highest, lowest = samples.max(axis=1), samples.min(axis=1)
        if (highest - lowest).max() > SILENT:
            self.sounded, self.silent_since = True, self.end + samples.shape[1]
        if max(highest.max(), -lowest.min()) >= CLIPPED:
            self.clipped_values += int((np.abs(samples) >= CLIPPED).sum())
            samples = np.clip(samples, -1.0, 1.0)
            mean = samples.mean(axis=1, keepdims=True)
        share = min(1.0, samples.shape[1] / (_OFFSET_SECONDS * RATE))
        if self.end == 0:
            share = 1.0
        self._offset += share * (mean - self._offset)
        return np.asarray(samples - self._offset, dtype=np.float32)

    def _push(self, samples: Samples) -> None:
        count, length = samples.shape[1], self._ring.shape[1]
        place = self.end % length
        head = min(count, length - place)
        self._ring[:, place : place + head] = samples[:, :head]
        self._ring[:, : count - head] = samples[:, head:]
        self.end += count
        share = min(1.0, count / RATE)
        power = np.einsum("mn,mn->m", samples, samples) / count
        self._power += share * (power - self._power)
