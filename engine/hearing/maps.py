"""Power over azimuth from spectra: the whitened steered-response map.

Each bin of each frame votes for the directions that explain it, with a weight
that is low where there is little but background, and low where the echo of
what came before is still as loud (late reverberation). Whitened steered
response power with phase transform; DiBiase 2000, with per-bin pooling.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from engine.hearing.spectra import HOP, TINY, Complex, Real, mean_power

Turns = npt.NDArray[np.intp]
"""Of each frame, how many azimuths' steps the array has turned on since some moment."""

BACKGROUND_MARGIN = 1.5
"""Power over background that a bin must have before it counts at all."""
REVERBERATION = 0.85 ** (HOP / 256)
"""Share of a frame's power still there in the next one as reverberation: 0.85 after 16 ms."""
SHARPNESS = 2.0
"""Exponent of the pooling: a bin that fits a direction well counts more than two that fit half."""


@dataclass(frozen=True, eq=False)
class View:
    """What the array heard in one stretch, whitened.

    `amplitudes` (bins, microphones, frames) through the `whitener`, `steering`
    (bins, microphones, directions) not through it, `power` (bins, frames)
    relative to the background, `present` and `direct` weights in [0, 1], (bins,
    frames): how much is not background, and how much of that is not
    reverberation either. `plain_waves` is `as_pairs` of the steering.
    """

    amplitudes: Complex
    steering: Complex
    whitener: Complex | None
    power: Real
    present: Real
    direct: Real
    plain_waves: Real

    @cached_property
    def vectors(self) -> Complex:
        """Waves from each direction through the whitener, of unit length, as `steering`."""
        if self._through is None:
            return self.steering
        through, length = self._through
        return np.asarray(through / length[:, None], np.complex64)

    @cached_property
    def waves(self) -> Real:
        """The waves as pairs: times `paired` amplitudes, the squares of their matches with
        `vectors`."""
        if self._through is None:
            return self.plain_waves
        # |(W s)^H x| is |s^H (W^H x)|: `paired` takes the whitener, as there is less to turn.
        return np.asarray(self.plain_waves / np.square(self._through[1])[:, None], np.float32)

    @cached_property
    def pairs(self) -> Real:
        """The amplitudes `paired`, of which only the direction is left."""
        return self.paired(normalised(self.amplitudes))

    def paired(self, amplitudes: Complex) -> Real:
        """`as_pairs` of whitened amplitudes (bins, microphones, n), to be matched with `waves`."""
        if self.whitener is None:
            return as_pairs(amplitudes)
        return as_pairs(self.whitener.conj().transpose(0, 2, 1) @ amplitudes)

    @cached_property
    def _through(self) -> tuple[Complex, Real] | None:
        """The steering through the whitener and its lengths, (bins, directions)."""
        if self.whitener is None:
            return None
        through = self.whitener @ self.steering
        power = np.square(through.real).sum(axis=1) + np.square(through.imag).sum(axis=1)
        return through, np.sqrt(power)


def view(
    amplitudes: Complex, steering: Complex, whitener: Complex | None, waves: Real | None = None
) -> View:
    """`amplitudes` (microphones, bins, frames) as seen through `whitener`.

    `waves` is `as_pairs` of `steering` where that is known already.
    """
    by_bin = np.ascontiguousarray(amplitudes.transpose(1, 0, 2))
    if whitener is not None:
        by_bin = whitener @ by_bin
    power = np.square(np.abs(by_bin)).mean(axis=1).astype(np.float32)
    present = np.clip(1.0 - BACKGROUND_MARGIN / np.maximum(power, TINY), 0.0, 1.0).astype(
        np.float32
    )
    direct = present * not_reverberant(power)
    waves = as_pairs(steering) if waves is None else waves
    return View(by_bin, steering, whitener, power, present, direct, waves)


def refocused(seen: View, amplitudes: Complex, whitener: Complex) -> View:
    """The stretch of `seen`, its weights kept, through another `whitener`."""
    by_bin = np.ascontiguousarray(amplitudes.transpose(1, 0, 2))
    return replace(seen, amplitudes=whitener @ by_bin, whitener=whitener)


def without_background(amplitudes: Complex) -> Complex:
    """Scaled so that the quietest tenth of each bin's frames counts as background."""
    quiet = np.percentile(mean_power(amplitudes), 10.0, axis=1)
    scale = 1.0 / np.sqrt(np.maximum(quiet, TINY))
    return np.asarray(amplitudes * scale[None, :, None], dtype=np.complex64)


def not_reverberant(power: Real) -> Real:
    """(bins, frames) to weights: 1 at an onset, 0 in a decay that follows the room's own."""
    weights = np.ones_like(power)
    echo: Real = np.zeros(power.shape[0], np.float32)
    for frame in range(power.shape[1]):
        now = power[:, frame]
        weights[:, frame] = np.clip(1.0 - echo / np.maximum(now, TINY), 0.0, 1.0)
        echo = np.asarray(REVERBERATION * np.maximum(echo, now), dtype=np.float32)
    return weights


def normalised(amplitudes: Complex) -> Complex:
    """(bins, microphones, frames) of unit length per bin and frame: only the direction is left."""
    power = np.square(amplitudes.real).sum(axis=1) + np.square(amplitudes.imag).sum(axis=1)
    return np.asarray(amplitudes / np.sqrt(np.maximum(power, TINY))[:, None], np.complex64)


def steered_map(
    seen: View, elevations: int, floor: float = 0.02, turns: Turns | None = None
) -> Real:
    """Pooled fit of each azimuth, (azimuths,), in [0, 1] of the weight that voted.

    Bins with less than `floor` of weight are not looked at. `turns` is how many
    azimuths each frame is turned by before all are pooled.
    """
    weight = np.where(seen.direct > floor, seen.direct, np.float32(0.0))
    pairs = seen.pairs
    if turns is None:
        pairs, weight = _voting(pairs, weight)
    votes = seen.waves.transpose(0, 2, 1) @ pairs
    votes -= np.float32(1.0)
    votes *= np.float32(SHARPNESS)
    np.exp(votes, out=votes)
    if turns is None:
        total = (votes @ weight[:, :, None])[:, :, 0].sum(axis=0)
    else:
        by_frame = (votes * weight[:, None, :]).sum(axis=0).T
        by_azimuth = by_frame.reshape(len(by_frame), -1, elevations)
        total = turned(by_azimuth, turns).sum(axis=0).ravel()
    total = total / max(float(weight.sum()), float(TINY))
    return np.asarray(total.reshape(-1, elevations).max(axis=1), dtype=np.float32)


def _voting(pairs: Real, weight: Real) -> tuple[Real, Real]:
    """Of each bin the frames of most weight, as many as vote where most do: one in ten is usual."""
    most = int(np.count_nonzero(weight, axis=1).max(initial=0))
    order = np.argsort(-weight, axis=1, kind="stable")[:, :most]
    return (
        np.take_along_axis(pairs, order[:, None, :], axis=2),
        np.take_along_axis(weight, order, axis=1),
    )


def as_pairs(amplitudes: Complex) -> Real:
    """(bins, microphones, n) to (bins, microphones squared, n): what |v^H x|^2 is a product of.

    The products of all pairs of microphones, as real numbers, so that the dot
    product of a wave's with a vector's is the square of their match. Sums of
    matches over bins thereby become one product of two matrices.
    """
    bins, count, number = amplitudes.shape
    real, imaginary = np.ascontiguousarray(amplitudes.real), np.ascontiguousarray(amplitudes.imag)
    pairs = np.empty((bins, count * count, number), np.float32)
    root, place = np.float32(np.sqrt(2.0)), count
    pairs[:, :count] = np.square(real) + np.square(imaginary)
    for i in range(count - 1):
        others = slice(i + 1, count)
        width = count - i - 1
        a, b = root * real[:, i, None], root * imaginary[:, i, None]
        pairs[:, place : place + width] = a * real[:, others] + b * imaginary[:, others]
        place += width
        pairs[:, place : place + width] = b * real[:, others] - a * imaginary[:, others]
        place += width
    return pairs


def fits(heard: Real, waves: Real) -> Real:
    """Squared matches summed over bins, (n, directions), of two `as_pairs`."""
    return np.asarray(
        heard.reshape(-1, heard.shape[2]).T @ waves.reshape(-1, waves.shape[2]), np.float32
    )


def turned(by_frame: Real, turns: Turns) -> Real:
    """(frames, azimuths, ...) with the azimuths of each frame moved on by its number of steps."""
    azimuths = by_frame.shape[1]
    places = (np.arange(azimuths)[None, :] - turns[:, None]) % azimuths
    return np.asarray(by_frame[np.arange(len(by_frame))[:, None], places], np.float32)
