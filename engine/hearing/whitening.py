"""Whitening: make the sound field of the moment before speech look like nothing.

From the covariance of the background per bin, settled by what such sound is
mostly like, comes a matrix that turns it into uncorrelated noise of power one.
A steady source (a fan, a television) thereby loses its direction, and what the
matrix leaves above one is new. Must not see the speech that it is later
applied to.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.hearing.spectra import TINY, Complex

LOADING = 0.01
"""Share of the mean power added to the diagonal; bounds how deep a source is nulled."""
LATE = 0.1
"""Share of what is new that counts as reverberation from everywhere. Tuned on 40 rooms of 0.4 and
0.7 s: from 0.03 to 0.3 all of it helps, above that televisions come back."""
MIN_FRAMES = 16
"""Fewer frames of background than this say nothing about 6 microphones."""
MODELLED = 0.2
"""The most of a background that is taken from its model; more is worse, for noise never comes from
everywhere alike. On 180 tuning scenes with noise as loud as the talker, within 10 / beyond 30
degrees in per cent: RT 0.4 93.3 / 1.1 (90.0 / 2.8 without), RT 0.7 82.2 / 7.8 (81.7 / 9.4),
measured rooms 83.3 / 3.9 (81.7 / 4.4); with a television 5 dB louder at RT 0.7 87.8 / 8.9
(88.9 / 7.8), elsewhere the same."""
_LEAST = 0.08
"""Taken off that share, so that small ones are none: they would fill up the direction that a
television has in its covariance."""
_LOOKS = 2.0
"""Independent looks that a frame and its bin's neighbours are counted for. Overlapping they hold
about one; half of what the formula takes from the model did better."""
_ACROSS = 21
"""Bins, 660 Hz, that share what is said of how good the model is."""


def covariance(background: Complex) -> Complex:
    """(microphones, bins, frames) to (bins, microphones, microphones), smoothed over bins."""
    frames = background.shape[2]
    by_bin = background.transpose(1, 0, 2)
    raw = by_bin @ by_bin.conj().transpose(0, 2, 1) / np.float32(max(frames, 1))
    padded = np.concatenate([raw[:1], raw, raw[-1:]])
    return np.asarray((padded[:-2] + 2.0 * padded[1:-1] + padded[2:]) / 4.0, dtype=np.complex64)


def settled(noise: Complex, frames: int, diffuse: Complex) -> Complex:
    """`noise`, the covariance of so many frames, drawn towards a model of it. Like `diffuse` and
    the answer it is (bins, microphones, microphones).

    A second says little about each pair of microphones by itself. The model is sound from
    everywhere, whose coherence is `diffuse`, and hiss of the microphones' own, in the shares that
    fit best. As far as the covariance is from it anyway, more than so few frames explain, it is
    left alone: a television's is. (Shrinkage; Ledoit and Wolf 2004.)
    """
    microphones = noise.shape[1]
    power = np.trace(noise, axis1=1, axis2=2).real / microphones
    hiss = np.eye(microphones, dtype=np.float32)
    scale = np.reciprocal(np.maximum(power, TINY)).astype(np.float32)[:, None, None]
    measured, everywhere = noise * scale - hiss, diffuse - hiss
    fit = _across(np.einsum("bij,bij->b", measured, everywhere.conj()).real)
    share = np.clip(fit / np.maximum(_across(_squared(everywhere)), TINY), 0.0, 1.0)
    model = share.astype(np.float32)[:, None, None] * everywhere
    apart = _across(_squared(measured - model)) / microphones**2
    spread = 1.0 / (_LOOKS * frames)
    drawn = np.clip(spread / np.maximum(apart, TINY) - _LEAST, 0.0, MODELLED)
    step = (drawn * power).astype(np.float32)[:, None, None]
    return np.asarray(noise + step * (model - measured), np.complex64)


def _squared(matrices: Complex) -> npt.NDArray[np.float64]:
    """Of each bin's matrix the squared Frobenius norm."""
    return np.asarray(np.square(np.abs(matrices)).sum(axis=(1, 2)), np.float64)


def _across(values: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """The mean over neighbouring bins."""
    padded = np.pad(values, _ACROSS // 2, mode="edge")
    return np.convolve(padded, np.full(_ACROSS, 1.0 / _ACROSS), mode="valid")


def whitener(noise: Complex) -> Complex:
    """The inverse Cholesky factor of the loaded covariance, (bins, microphones, microphones).

    Bins without any noise (a recording that begins in digital silence) get a
    multiple of the identity: nothing to whiten there.
    """
    microphones = noise.shape[1]
    power = np.trace(noise, axis1=1, axis2=2).real / microphones
    floor = max(float(power.max()) * 1e-8, 1e-14)
    level = (LOADING * power + floor).astype(np.float32)
    loaded = noise + level[:, None, None] * np.eye(microphones, dtype=np.float32)
    return _inverse(np.linalg.cholesky(loaded))


def _inverse(lower: Complex) -> Complex:
    """Of lower triangles (bins, n, n), by forward substitution in all bins at once."""
    known = np.ascontiguousarray(lower.transpose(1, 2, 0))
    found = np.zeros_like(known)
    for row in range(len(known)):
        scale = np.reciprocal(known[row, row].real)
        found[row, row] = scale
        if row:
            found[row, :row] = -scale * (known[row, :row, None] * found[:row, :row]).sum(axis=0)
    return np.ascontiguousarray(found.transpose(2, 0, 1), np.complex64)


def with_late_sound(noise: Complex, amplitudes: Complex, diffuse: Complex) -> Complex:
    """`noise` and the room's late answer to a stretch, (bins, microphones, microphones).

    `amplitudes` of the stretch are (microphones, bins, frames); `diffuse` is the
    coherence of sound from everywhere. Without it a loud voice in little noise is
    whitened by the microphones' hiss, which lets its own echoes pass for waves.
    """
    microphones = noise.shape[1]
    heard = (np.square(amplitudes.real) + np.square(amplitudes.imag)).mean(axis=(0, 2))
    before = np.trace(noise, axis1=1, axis2=2).real / microphones
    late = (LATE * np.maximum(heard - before, 0.0)).astype(np.float32)
    return np.asarray(noise + late[:, None, None] * diffuse, np.complex64)
