"""Steady sources: what sounds from one direction while nobody speaks.

A television or a fan; found in the background as peaks of its coherence. What
such a source says later is no news.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.core.angles import difference
from engine.hearing.spectra import TINY, Complex, Real
from engine.hearing.steering import Dictionary

CONTRAST = 0.18
"""How far a steady source's peak stands out of its map (0 diffuse, 1 a single wave)."""
MOST = 2
APART = 40.0


@dataclass(frozen=True, slots=True)
class SteadySource:
    """`coherence` in [0, 1]: how much of the background one wave from there explains."""

    azimuth: float
    coherence: float


def background_map(background: Complex, dictionary: Dictionary) -> Real:
    """Mean fit of each azimuth to all bins and frames alike, (azimuths,), in [0, 1].

    `background` is (microphones, bins, frames), not whitened.
    """
    by_bin = background.transpose(1, 0, 2)
    length = np.linalg.norm(by_bin, axis=1, keepdims=True)
    unit = by_bin / np.maximum(length, TINY)
    cross = unit @ unit.conj().transpose(0, 2, 1) / unit.shape[2]
    fit = (dictionary.vectors.conj() * (cross @ dictionary.vectors)).sum(axis=1).real
    around = fit.mean(axis=0).reshape(len(dictionary.azimuths), -1).max(axis=1)
    return np.asarray(around, dtype=np.float32)


def steady_sources(background: Complex, dictionary: Dictionary) -> tuple[SteadySource, ...]:
    """The steady sources in `background`, strongest first, at most two."""
    around = background_map(background, dictionary)
    floor = float(np.median(around))
    found: list[SteadySource] = []
    for index in np.argsort(-around):
        contrast = (float(around[index]) - floor) / max(1.0 - floor, 1e-6)
        if contrast < CONTRAST or len(found) == MOST:
            break
        azimuth = float(dictionary.azimuths[index])
        if all(abs(difference(azimuth, s.azimuth)) >= APART for s in found):
            found.append(SteadySource(azimuth, min(1.0, contrast / 0.6)))
    return tuple(found)
