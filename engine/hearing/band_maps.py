"""What the network looks at: how well each azimuth explains each band of each moment.

Maps over azimuth know nothing of microphones any more, so one network serves
every array; what an array can tell apart in a band is given beside them. The
maps come whitened, as against the background, and plain. Fits are those of
`maps`; source of the idea: wideband maps as network input, after Perotin 2019
and He 2018 (SRP-PHAT maps), here per band and whitened.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, reduce
from itertools import pairwise

import numpy as np

from engine.hearing.maps import Turns, View, as_pairs, fits, normalised, turned
from engine.hearing.spectra import Bins, Complex, Real, bin_hertz
from engine.hearing.steering import Dictionary

EDGES = (200.0, 800.0, 1600.0, 3000.0, 5000.0, 7000.0)
"""Hz between the bands."""
BANDS = len(EDGES) - 1
POOL = 4
"""Frames (8 ms each) that make one moment of the maps."""
MOST = 31
"""Moments of one stretch at most: a second. Of a longer one the loudest are kept."""
ELEVATION = 15.0
"""Degrees: standing and seated people, seen from a table."""


@dataclass(frozen=True, eq=False)
class BandMaps:
    """`maps` (2 * bands, moments, azimuths), whitened bands first, then plain ones; `gates`
    (2 * bands, moments), how much voted; `blur` (bands,), what the array cannot tell apart.
    """

    maps: Real
    gates: Real
    blur: Real


def bands_of(bins: Bins) -> list[np.ndarray]:
    """Indices into `bins` of each band."""
    hertz = bin_hertz(bins)
    return [np.flatnonzero((hertz >= low) & (hertz < high)) for low, high in pairwise(EDGES)]


@lru_cache(maxsize=8)
def blur_of(dictionary: Dictionary, apart: float = 40.0) -> Real:
    """Mean likeness, in [0, 1], of directions `apart` degrees from each other, per band."""
    shift = round(apart / dictionary.step)
    other = np.roll(dictionary.vectors, shift, axis=2)
    alike = np.square(np.abs((dictionary.vectors.conj() * other).sum(axis=1))).mean(axis=1)
    return np.array([alike[band].mean() for band in bands_of(dictionary.bins)], np.float32)


def band_maps(
    seen: View, plain: Complex, dictionary: Dictionary, turns: Turns | None = None
) -> BandMaps:
    """The maps of one stretch.

    `seen` is the whitened view on `dictionary`'s directions; `plain` the same
    amplitudes as heard, (bins, microphones, frames); `turns` how many azimuths
    each frame is turned by.
    """
    bands = bands_of(dictionary.bins)
    whitened = _maps(seen.directed, seen.waves, seen.direct, bands, turns)
    unwhitened = _maps(normalised(plain), dictionary.waves, seen.present, bands, turns)
    maps, gates = (np.concatenate(both) for both in zip(whitened, unwhitened, strict=True))
    return _loudest(maps, gates, blur_of(dictionary))


def _maps(
    directed: Complex, waves: Real, weight: Real, bands: list[np.ndarray], turns: Turns | None
) -> tuple[Real, Real]:
    """Weighted mean fit of each direction, (bands, moments, azimuths), and what voted.

    `directed` (bins, microphones, frames) is what was heard, `waves` of the directions.
    """
    frames = directed.shape[2]
    width = min(POOL, frames) if turns is None else 1
    # Pairs are squares: the weight's root goes with what they are made of, which is less. And
    # products are linear: those of means are a quarter as many, and the same.
    voting = directed * np.sqrt(weight / np.float32(width))[:, None]
    pairs = as_pairs(voting.transpose(2, 0, 1)[: frames // width * width], width)
    maps, gates, voted = [], [], _pooled(weight)
    for band in bands:
        inside = slice(band[0], band[-1] + 1)
        fit = fits(pairs[:, inside], waves[inside])
        if turns is not None:
            fit = _pooled(turned(fit, turns).T).T
        maps.append(fit / np.float32(len(band)))
        gates.append(voted[inside].mean(axis=0))
    return np.stack(maps), np.stack(gates)


def _pooled(values: Real) -> Real:
    """(..., frames) to (..., moments); fewer frames than make a moment are one, too."""
    count = values.shape[-1]
    width = min(POOL, count)
    end = count // width * width
    # Sums of strided views: much faster than a mean over so short an axis.
    total = reduce(np.add, (values[..., first:end:width] for first in range(width)))
    return np.asarray(total / np.float32(width), np.float32)


def _loudest(maps: Real, gates: Real, blur: Real) -> BandMaps:
    """At most `MOST` moments, in their order."""
    if maps.shape[1] > MOST:
        kept = np.sort(np.argsort(-gates.sum(axis=0), kind="stable")[:MOST])
        maps, gates = maps[:, kept], gates[:, kept]
    return BandMaps(maps.astype(np.float32), gates.astype(np.float32), blur)
