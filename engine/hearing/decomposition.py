"""Acoustic wave decomposition: a frame as a few plane waves, and which came first.

Per frame, a greedy search over the steering dictionary picks the directions
that together explain all bins; their amplitudes follow by least squares. The
direct path is the one that leads the others in time and carries energy
(Mansour, arXiv 2406.17103). Gives a map over azimuth, whose peaks are direct
paths, not walls.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.hearing.maps import Turns, View, as_pairs, fits, normalised
from engine.hearing.spectra import FRAME, TINY, Bins, Complex, Real

WAVES = 4
BEST_FRAMES = 12
WORTH = 0.12
"""Frames with less than this share of the best frame's weight are left out."""
LEAD_SAMPLES = 16.0
"""Scale of the lead likelihood: 1 ms at 16 kHz."""
MAX_LAG = 128
"""Lags looked at, samples either way: 8 ms."""
_RIDGE = 1e-2

_Indices = npt.NDArray[np.intp]


def wave_map(seen: View, bins: Bins, elevations: int, turns: Turns | None = None) -> Real:
    """Evidence for a direct path from each azimuth, (azimuths,); zeros where nothing was heard.

    `turns` is how many azimuths each frame is turned by.
    """
    azimuths = seen.vectors.shape[2] // elevations
    worth = seen.direct.mean(axis=0)
    frames = np.argsort(-worth)[:BEST_FRAMES]
    frames = frames[worth[frames] > max(WORTH * float(worth.max(initial=0.0)), 1e-4)]
    found = np.zeros(azimuths, np.float32)
    if len(frames) == 0:
        return found
    weight = seen.direct[:, frames].T
    target = normalised(seen)[:, :, frames].transpose(2, 0, 1) * np.sqrt(weight)[:, :, None]
    chosen, amplitudes = _search(target.astype(np.complex64), seen.vectors, seen.waves)
    energy = np.square(np.abs(amplitudes)).sum(axis=1)
    energy /= np.maximum(energy.sum(axis=1, keepdims=True), TINY)
    lead = _lead(amplitudes, np.sqrt(weight), bins)
    score = np.exp(lead - lead.max(axis=1, keepdims=True)) * energy * worth[frames][:, None]
    places = chosen // elevations
    if turns is not None:
        places = (places + turns[frames][:, None]) % azimuths
    np.add.at(found, places, score)
    return found


def _search(target: Complex, vectors: Complex, waves: Real) -> tuple[_Indices, Complex]:
    """Directions (frames, waves) and their amplitudes (frames, bins, waves).

    `target` is (frames, bins, microphones). Orthogonal matching pursuit with
    one support for all bins of a frame.
    """
    frames, bins, microphones = target.shape
    atoms = np.ascontiguousarray(vectors.transpose(2, 0, 1))
    rest = target
    chosen = np.zeros((frames, 0), np.intp)
    amplitudes = np.zeros((frames, bins, 0), np.complex64)
    for wave in range(min(WAVES, microphones)):
        gain = fits(as_pairs(rest.transpose(1, 2, 0)), waves)
        np.put_along_axis(gain, chosen, -1.0, axis=1)
        chosen = np.concatenate([chosen, gain.argmax(axis=1)[:, None]], axis=1)
        basis = atoms[chosen].transpose(0, 2, 3, 1)
        adjoint = basis.conj().transpose(0, 1, 3, 2)
        gram = adjoint @ basis + np.float32(_RIDGE) * np.eye(wave + 1, dtype=np.float32)
        amplitudes = np.linalg.solve(gram, adjoint @ target[..., None])[..., 0]
        rest = target - (basis @ amplitudes[..., None])[..., 0]
    return chosen, amplitudes.astype(np.complex64)


def _lead(amplitudes: Complex, weight: Real, bins: Bins) -> Real:
    """Log likelihood that each wave leads all others of its frame, (frames, waves)."""
    frames, _, waves = amplitudes.shape
    phase = amplitudes / np.maximum(np.abs(amplitudes), TINY) * weight[:, :, None]
    lead = np.zeros((frames, waves), np.float32)
    for first in range(waves):
        for second in range(first + 1, waves):
            spectrum = np.zeros((frames, FRAME + 1), np.complex64)
            spectrum[:, 2 * bins] = phase[:, :, second] * phase[:, :, first].conj()
            match = np.fft.irfft(spectrum, 2 * FRAME, axis=1)
            match = np.concatenate([match[:, -MAX_LAG:], match[:, : MAX_LAG + 1]], axis=1)
            lag = np.abs(match).argmax(axis=1) - MAX_LAG
            scaled = np.clip(lag / LEAD_SAMPLES, -20.0, 20.0)
            lead[:, first] -= np.log1p(np.exp(-scaled))
            lead[:, second] -= np.log1p(np.exp(scaled))
    return lead
