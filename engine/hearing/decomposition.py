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

from engine.hearing.maps import Turns, View, fits, normalised
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
_EQUAL = np.float32(2e-6)
"""Share within which gains are the same but for rounding, and the first of them is taken. Where an
array has a mirror image there are always two."""

_Indices = npt.NDArray[np.intp]


def wave_map(seen: View, bins: Bins, elevations: int, turns: Turns | None = None) -> Real:
    """Evidence for a direct path from each azimuth, (azimuths,); zeros where nothing was heard.

    `turns` is how many azimuths each frame is turned by.
    """
    azimuths = seen.steering.shape[2] // elevations
    worth = seen.voting.mean(axis=0)
    frames = np.argsort(-worth)[:BEST_FRAMES]
    frames = frames[worth[frames] > max(WORTH * float(worth.max(initial=0.0)), 1e-4)]
    found = np.zeros(azimuths, np.float32)
    if len(frames) == 0:
        return found
    weight = seen.voting[:, frames].T
    target = normalised(seen.amplitudes[:, :, frames]).transpose(1, 2, 0) * np.sqrt(weight)
    chosen, amplitudes = _search(np.ascontiguousarray(target, np.complex64), seen)
    energy = np.square(np.abs(amplitudes)).sum(axis=1)
    energy /= np.maximum(energy.sum(axis=1, keepdims=True), TINY)
    lead = _lead(amplitudes, np.sqrt(weight), bins)
    score = np.exp(lead - lead.max(axis=1, keepdims=True)) * energy * worth[frames][:, None]
    places = chosen // elevations
    if turns is not None:
        places = (places + turns[frames][:, None]) % azimuths
    np.add.at(found, places, score)
    return found


def _search(target: Complex, seen: View) -> tuple[_Indices, Complex]:
    """Directions (frames, waves) and their amplitudes (frames, bins, waves).

    `target` is (microphones, frames, bins). Orthogonal matching pursuit with
    one support for all bins of a frame.
    """
    microphones, frames, _ = target.shape
    rest = target
    chosen = np.zeros((frames, 0), np.intp)
    fit = LeastSquares(target)
    for _ in range(min(WAVES, microphones)):
        if chosen.shape[1]:
            rest = fit.rest()
        gain = fits(seen.paired(rest), seen.waves)
        np.put_along_axis(gain, chosen, -1.0, axis=1)
        best = (gain >= (1.0 - _EQUAL) * gain.max(axis=1, keepdims=True)).argmax(axis=1)
        chosen = np.concatenate([chosen, best[:, None]], axis=1)
        fit.add(seen.vectors(chosen[:, -1]))
    return chosen, fit.amplitudes()


class LeastSquares:
    """Amplitudes of a few waves that together come nearest to a target, with a ridge.

    One system for each of many frames and bins. They grow by a wave at a time, and so does the
    Cholesky factor of their Gram matrix (without square roots: L D L^H; Golub and Van Loan, Matrix
    Computations, 4.1), each of its entries an array over frames and bins.
    """

    def __init__(self, target: Complex) -> None:
        """`target` is (microphones, frames, bins)."""
        self._target = target
        self._waves: list[Complex] = []
        self._factors: list[list[Complex]] = []
        self._scales: list[Real] = []
        self._forward: list[Complex] = []

    def add(self, wave: Complex) -> None:
        """One more wave, (microphones, frames, bins)."""
        row: list[Complex] = []
        for other, factors, scale in zip(self._waves, self._factors, self._scales, strict=True):
            entry = _inner(other, wave)
            for k, factor in enumerate(factors):
                entry = entry - factor * self._scales[k] * row[k].conj()
            row.append(entry.conj() / scale)
        own = _inner(wave, wave).real + np.float32(_RIDGE)
        seen = _inner(wave, self._target)
        for factor, scale, before in zip(row, self._scales, self._forward, strict=True):
            own = own - scale * (np.square(factor.real) + np.square(factor.imag))
            seen = seen - factor * before
        self._waves.append(wave)
        self._factors.append(row)
        self._scales.append(own)
        self._forward.append(seen)

    def _solved(self) -> list[Complex]:
        """The amplitudes, (frames, bins), of each wave."""
        solved = [f / scale for f, scale in zip(self._forward, self._scales, strict=True)]
        for last in range(len(solved) - 1, 0, -1):
            for k in range(last):
                solved[k] = solved[k] - self._factors[last][k].conj() * solved[last]
        return solved

    def amplitudes(self) -> Complex:
        """(frames, bins, waves)."""
        return np.stack(self._solved(), axis=2).astype(np.complex64)

    def rest(self) -> Complex:
        """What the waves leave of the target, (microphones, frames, bins)."""
        rest = self._target
        for wave, amplitude in zip(self._waves, self._solved(), strict=True):
            rest = rest - wave * amplitude
        return rest


def _inner(a: Complex, b: Complex) -> Complex:
    """a^H b over microphones."""
    return np.asarray((a.conj() * b).sum(axis=0), np.complex64)


def _lead(amplitudes: Complex, weight: Real, bins: Bins) -> Real:
    """Log likelihood that each wave leads all others of its frame, (frames, waves)."""
    frames, _, waves = amplitudes.shape
    phase = amplitudes / np.maximum(np.abs(amplitudes), TINY) * weight[:, :, None]
    phase = np.ascontiguousarray(phase.transpose(2, 0, 1))
    lead = np.zeros((waves, frames), np.float32)
    first, second = np.triu_indices(waves, 1)
    spectrum = np.zeros((len(first), frames, FRAME + 1), np.complex64)
    spectrum[:, :, 2 * bins] = phase[second] * phase[first].conj()
    match = np.fft.irfft(spectrum, 2 * FRAME, axis=2)
    match = np.concatenate([match[:, :, -MAX_LAG:], match[:, :, : MAX_LAG + 1]], axis=2)
    lag = np.abs(match).argmax(axis=2) - MAX_LAG
    scaled = np.clip(lag / LEAD_SAMPLES, -20.0, 20.0)
    np.subtract.at(lead, first, np.log1p(np.exp(-scaled)))
    np.subtract.at(lead, second, np.log1p(np.exp(scaled)))
    return lead.T
