"""Delays between the channels of one recording: when each of them hears what all hear.

Cross-correlation of phases (Knapp and Carter, 1976), pooled over frames in
which something begins rather than echoes. Knows no geometry.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.hearing.maps import not_reverberant, without_background
from engine.hearing.spectra import FRAME, HOP, RATE, TINY, band, mean_power, spectra
from engine.ports import Samples

Numbers = npt.NDArray[np.float64]

BINS = band(300.0, 6000.0)
FINER = 16
"""Steps to a sample."""


def usable(samples: Samples, margin_db: float) -> bool:
    """Whether in most channels something stands `margin_db` out of the quietest tenth."""
    count = samples.shape[1] // HOP
    if count < 2 * FRAME // HOP or not len(samples):
        return False
    frames = np.square(samples[:, : count * HOP]).reshape(len(samples), count, HOP).mean(axis=2)
    low, high = np.percentile(frames, [10.0, 95.0], axis=1)
    return bool(np.median(high / np.maximum(low, 1e-12)) > 10.0 ** (margin_db / 10.0))


def delays(samples: Samples, longest: float) -> tuple[Numbers, Numbers]:
    """Arrival times of (channels, n) in seconds around their mean, none beyond `longest` apart.

    The second array tells how much of each channel is what the others hear,
    in [0, 1].
    """
    amplitudes = without_background(spectra(samples, BINS))
    power = mean_power(amplitudes)
    weight = not_reverberant(power) * np.clip(1.0 - 4.0 / np.maximum(power, TINY), 0.0, 1.0)
    unit = amplitudes / np.maximum(np.abs(amplitudes), TINY)
    number = samples.shape[0]
    apart, like = np.zeros((number, number)), np.zeros((number, number))
    length = FRAME * FINER
    reach = int(np.ceil(longest * RATE * FINER))
    window = np.r_[-reach : reach + 1]
    for i in range(number):
        for j in range(i + 1, number):
            cross = np.zeros(length // 2 + 1, np.complex128)
            cross[BINS] = (weight * unit[i] * unit[j].conj()).sum(axis=1)
            around = np.fft.irfft(cross, length)[window]
            best = int(around.argmax())
            # i is later than j by the lag of the peak.
            apart[i, j] = window[best] / (RATE * FINER)
            apart[j, i] = -apart[i, j]
            most = 2.0 * float(weight.sum()) / length
            like[i, j] = like[j, i] = float(around[best]) / max(most, float(TINY))
    return apart.mean(axis=1), like.sum(axis=1) / max(1, number - 1)
