"""From 32, 48 or 96 kHz down to the engine's 16 kHz, block by block.

A windowed-sinc low-pass and every n-th sample. Only whole ratios: others need
a resampler that the caller's tools already have.
"""

from __future__ import annotations

import numpy as np

from engine.ports import Samples

RATE = 16_000
RATIOS = (1, 2, 3, 4, 6)
_TAPS_PER_RATIO = 32
_PASSBAND = 0.46
"""Cut-off as a share of the new rate; half would be its Nyquist frequency."""


def ratio_for(rate: int) -> int | None:
    """By how much to divide `rate`, None where it is no supported multiple of 16 kHz."""
    return rate // RATE if rate % RATE == 0 and rate // RATE in RATIOS else None


class Decimator:
    """Streaming: the tail of each block is kept for the next. Delay: half the filter."""

    def __init__(self, channels: int, ratio: int) -> None:
        self._ratio = ratio
        taps = _TAPS_PER_RATIO * ratio + 1 if ratio > 1 else 1
        n = np.arange(taps) - taps // 2
        cutoff = _PASSBAND / ratio
        kernel = 2.0 * cutoff * np.sinc(2.0 * cutoff * n) * np.blackman(taps + 2)[1:-1]
        self._kernel = (kernel / kernel.sum()).astype(np.float32)
        self._tail: Samples = np.zeros((channels, taps - 1), np.float32)

    @property
    def delay(self) -> float:
        """Seconds by which the output lags behind."""
        return (len(self._kernel) // 2) / (self._ratio * RATE)

    def process(self, samples: Samples) -> Samples:
        """(channels, n) at the old rate to (channels, about n / ratio)."""
        if self._ratio == 1:
            return samples
        joined = np.concatenate([self._tail, samples], axis=1)
        taps = len(self._kernel)
        count = max(0, (joined.shape[1] - taps) // self._ratio + 1)
        self._tail = joined[:, count * self._ratio :].copy()
        if count == 0:
            return np.zeros((samples.shape[0], 0), np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(joined, taps, axis=1)
        picked = windows[:, :: self._ratio][:, :count]
        return np.asarray(picked @ self._kernel, dtype=np.float32)
