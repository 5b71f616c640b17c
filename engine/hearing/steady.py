"""Steady sources: what sounds from one direction while nobody speaks.

A television shows in the onsets of the background, a fan in its coherence; a
peak of either map counts. What such a source says later is no news.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.core.angles import difference
from engine.hearing.maps import normalised, steered_map, view, without_background
from engine.hearing.spectra import Complex, Real
from engine.hearing.steering import Dictionary

CONTRAST = 0.095
"""How far a peak stands out of its map. One second of diffuse noise reached 0.092 in 150 tries."""
BESIDE = 0.7
"""Share of the strongest source's contrast that a second one needs: side lobes have less."""
MOST = 2
APART = 40.0


@dataclass(frozen=True, slots=True)
class SteadySource:
    """`contrast`: how far it stands out of the map that shows it best."""

    azimuth: float
    contrast: float

    @property
    def confidence(self) -> float:
        """That it is there: beyond `CONTRAST` hardly one was wrong in simulated rooms."""
        return min(0.95, 0.7 + self.contrast)


def coherence_map(background: Complex, dictionary: Dictionary) -> Real:
    """Mean fit of each azimuth to all bins and frames alike, (azimuths,), in [0, 1].

    `background` is (microphones, bins, frames), not whitened.
    """
    unit = normalised(background.transpose(1, 0, 2))
    cross = unit @ unit.conj().transpose(0, 2, 1) / unit.shape[2]
    fit = (dictionary.vectors.conj() * (cross @ dictionary.vectors)).sum(axis=1).real
    around = fit.mean(axis=0).reshape(len(dictionary.azimuths), -1).max(axis=1)
    return np.asarray(around, dtype=np.float32)


def onset_map(background: Complex, dictionary: Dictionary) -> Real:
    """The steered map of what begins anew in the background, (azimuths,), in [0, 1]."""
    seen = view(without_background(background), dictionary.vectors, None, dictionary.waves)
    return steered_map(seen, len(dictionary.elevations))


def steady_sources(background: Complex, dictionary: Dictionary) -> tuple[SteadySource, ...]:
    """The steady sources in `background`, strongest first, at most two."""
    if not background.any():
        return ()
    maps = (onset_map(background, dictionary), coherence_map(background, dictionary))
    candidates = []
    for around in maps:
        floor = float(np.median(around))
        summit = (around >= np.roll(around, 1)) & (around >= np.roll(around, -1))
        candidates += [
            SteadySource(float(dictionary.azimuths[i]), float(around[i]) - floor)
            for i in np.flatnonzero(summit & (around - floor > CONTRAST))
        ]
    found: list[SteadySource] = []
    for source in sorted(candidates, key=lambda s: -s.contrast):
        if found and source.contrast < BESIDE * found[0].contrast:
            break
        if all(abs(difference(source.azimuth, s.azimuth)) >= APART for s in found):
            found.append(source)
    return tuple(found[:MOST])
