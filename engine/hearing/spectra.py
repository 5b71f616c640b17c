"""Short-time spectra: from samples of an array to complex amplitudes per bin and frame.

The one place that knows frame length, hop and window. Knows nothing of
microphone positions.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.ports import Samples

Complex = npt.NDArray[np.complex64]
Real = npt.NDArray[np.float32]
Bins = npt.NDArray[np.intp]

RATE = 16_000
FRAME = 512
HOP = 128
"""Samples: 32 ms every 8. Twice as often as the window asks for, since each look at a moment finds
a little more of a voice in noise (models/README.md)."""
_WINDOW: Real = np.hanning(FRAME + 1)[:-1].astype(np.float32)
TINY = np.float32(1e-20)


def band(low: float, high: float) -> Bins:
    """Indices of the bins whose centre lies in [low, high] Hz."""
    hertz = np.fft.rfftfreq(FRAME, 1.0 / RATE)
    return np.flatnonzero((hertz >= low) & (hertz <= high))


def bin_hertz(bins: Bins) -> npt.NDArray[np.float64]:
    """Centre frequencies of `bins`."""
    return np.asarray(np.fft.rfftfreq(FRAME, 1.0 / RATE)[bins], dtype=np.float64)


def spectra(samples: Samples, bins: Bins) -> Complex:
    """(microphones, n) samples to (microphones, bins, frames), Hann window, three quarters overlap.

    Fewer samples than one frame give zero frames. In memory bins come first, which is how most of
    what follows takes them.
    """
    if samples.shape[1] < FRAME:
        return np.zeros((samples.shape[0], len(bins), 0), np.complex64)
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME, axis=1)[:, ::HOP]
    full = np.fft.rfft(frames * _WINDOW, axis=2).transpose(2, 0, 1)
    return np.ascontiguousarray(full[bins], np.complex64).transpose(1, 0, 2)


def mean_power(amplitudes: Complex) -> Real:
    """(microphones, bins, frames) to the mean power over microphones, (bins, frames)."""
    return np.asarray((amplitudes.real**2 + amplitudes.imag**2).mean(axis=0), dtype=np.float32)


def frame_times(samples: int) -> npt.NDArray[np.float64]:
    """Seconds from the first of so many samples to the middle of each of their frames."""
    count = max(0, (samples - FRAME) // HOP + 1)
    return np.asarray((np.arange(count) * HOP + FRAME / 2) / RATE, dtype=np.float64)
