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
"""Power over background that a bin must have by itself before it counts as `present`."""
AROUND_MARGIN = 1.25
"""Power over background that a bin and its neighbours must have on average before it has a vote."""
FRAME_SHARES = np.array([1, 2, 3, 4, 3, 2, 1], np.float32) / np.float32(16.0)
"""Weights of a bin's neighbours in time, 80 ms in all, in that average."""
BIN_SHARES = np.array([1, 2, 1], np.float32) / np.float32(4.0)
"""And in frequency, 125 Hz. By chance one bin of noise in nine is 1.5 times as loud as the
background, as six microphones hear it; on average with its neighbours fewer are, and they vote a
quarter as much in all, while a voice is loud there, too. What that finds: models/README.md."""
LEAST_VOTE = 0.02
"""Weight from which a bin is looked at in the steered map."""
REVERBERATION = 0.85 ** (HOP / 256)
"""Share of a frame's power still there in the next one as reverberation: 0.85 after 16 ms."""
SHARPNESS = 2.0
"""Exponent of the pooling: a bin that fits a direction well counts more than two that fit half."""
_TOGETHER = 40
"""Bins that are pooled at once: neighbours have about as many votes."""
_STRETCH = 512
"""Frames whose echoes are looked at at once: a loud one fades to 1e-18 over so many."""


@dataclass(frozen=True, eq=False)
class View:
    """What the array heard in one stretch, whitened.

    `amplitudes` (bins, microphones, frames) through the `whitener`, `steering`
    (bins, microphones, directions) not through it. `present`, `direct` and
    `voting` are weights in [0, 1], (bins, frames): how much is not background; how
    much of that is not reverberation either; and the same with the power averaged
    over neighbours, which the classical maps go by (the network was taught with
    `direct`). `plain_waves` is `as_waves` of the steering.
    """

    amplitudes: Complex
    steering: Complex
    whitener: Complex | None
    present: Real
    direct: Real
    voting: Real
    plain_waves: Real

    def vectors(self, directions: npt.NDArray[np.intp]) -> Complex:
        """Waves from some directions through the whitener, of unit length, (microphones, n,
        bins)."""
        chosen = self._through[:, :, directions]
        if self.whitener is not None:
            chosen = chosen * np.reciprocal(self._lengths[:, directions])[:, None]
        return np.ascontiguousarray(chosen.transpose(1, 2, 0), np.complex64)

    @cached_property
    def waves(self) -> Real:
        """The waves as pairs: times `paired` amplitudes, the squares of their matches with
        `vectors`."""
        if self.whitener is None:
            return self.plain_waves
        # |(W s)^H x| is |s^H (W^H x)|: `paired` takes the whitener, as there is less to turn.
        return self.plain_waves * np.reciprocal(np.square(self._lengths))[:, None]

    @cached_property
    def directed(self) -> Complex:
        """The amplitudes through the whitener's adjoint, too, and scaled so that only the
        direction is left, as `amplitudes`: what `as_pairs` takes, to be matched with `waves`."""
        only = normalised(self.amplitudes)
        return only if self.whitener is None else self.whitener.conj().transpose(0, 2, 1) @ only

    def paired(self, amplitudes: Complex) -> Real:
        """`as_pairs` of whitened amplitudes (microphones, n, bins), to be matched with `waves`."""
        if self.whitener is None:
            return as_pairs(amplitudes.transpose(1, 2, 0))
        sent = np.ascontiguousarray(amplitudes.transpose(2, 1, 0)) @ self.whitener.conj()
        return as_pairs(sent.transpose(1, 0, 2))

    @cached_property
    def _through(self) -> Complex:
        """The steering through the whitener."""
        return self.steering if self.whitener is None else self.whitener @ self.steering

    @cached_property
    def _lengths(self) -> Real:
        """Of the steering through the whitener, (bins, directions)."""
        return np.asarray(np.sqrt(power_of(self._through)), np.float32)


def view(
    amplitudes: Complex, steering: Complex, whitener: Complex | None, waves: Real | None = None
) -> View:
    """`amplitudes` (microphones, bins, frames) as seen through `whitener`.

    `waves` is `as_waves` of `steering` where that is known already.
    """
    by_bin = np.ascontiguousarray(amplitudes.transpose(1, 0, 2))
    if whitener is not None:
        by_bin = whitener @ by_bin
    power = power_of(by_bin) / np.float32(by_bin.shape[1])
    present = _over(power, BACKGROUND_MARGIN)
    fresh = not_reverberant(power)
    direct = present * fresh
    # A background that is guessed from the stretch is too little to tell its noise by.
    voting = direct if whitener is None else _over(averaged(power), AROUND_MARGIN) * fresh
    waves = as_waves(steering) if waves is None else waves
    return View(by_bin, steering, whitener, present, direct, voting, waves)


def _over(power: Real, margin: float) -> Real:
    """How much of a power, in units of the background's, is surely not background."""
    return np.clip(1.0 - margin / np.maximum(power, TINY), 0.0, 1.0).astype(np.float32)


def averaged(power: Real) -> Real:
    """(bins, frames), each with its neighbours; what lies beyond an edge is as the edge."""
    if power.shape[1] == 0:
        return power
    bins, frames = len(BIN_SHARES) // 2, len(FRAME_SHARES) // 2
    padded = np.pad(power, ((bins, bins), (frames, frames)), mode="edge")
    number, count = power.shape
    in_time = sum(share * padded[:, k : k + count] for k, share in enumerate(FRAME_SHARES))
    found = sum(share * in_time[k : k + number] for k, share in enumerate(BIN_SHARES))
    return np.asarray(found, np.float32)


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
    echo = np.zeros(power.shape[0])
    for begin in range(0, power.shape[1], _STRETCH):
        now = power[:, begin : begin + _STRETCH]
        # What is left of the loudest: as many steps as it is ago are taken off by one product.
        faded = REVERBERATION ** np.arange(now.shape[1] + 1)
        loudest = np.concatenate([echo[:, None], now / faded[:-1]], axis=1)
        left = np.maximum.accumulate(loudest, axis=1) * faded
        share = 1.0 - left[:, :-1] / np.maximum(now, TINY)
        weights[:, begin : begin + _STRETCH] = np.clip(share, 0.0, 1.0)
        echo = left[:, -1]
    return weights


def power_of(amplitudes: Complex) -> Real:
    """Summed over the second axis: (bins, microphones, n) to (bins, n)."""
    squares = np.square(np.ascontiguousarray(amplitudes, np.complex64).view(np.float32)).sum(axis=1)
    return np.asarray(squares[:, 0::2] + squares[:, 1::2], np.float32)


def normalised(amplitudes: Complex) -> Complex:
    """(bins, microphones, frames) of unit length per bin and frame: only the direction is left."""
    scale = np.reciprocal(np.sqrt(np.maximum(power_of(amplitudes), TINY)))
    return np.asarray(amplitudes * scale[:, None], np.complex64)


def steered_map(seen: View, elevations: int, turns: Turns | None = None) -> Real:
    """Pooled fit of each azimuth, (azimuths,), in [0, 1] of the weight that voted.

    Zeros where no bin has `LEAST_VOTE`. `turns` is how many azimuths each frame is
    turned by before all are pooled.
    """
    bins, frames = np.nonzero(seen.voting > LEAST_VOTE)
    share = seen.voting[bins, frames]
    counts = np.bincount(bins, minlength=len(seen.voting))
    # One frame in ten votes, as a rule: those of each bin side by side, room left behind them.
    place = np.arange(len(bins)) - (np.cumsum(counts) - counts)[bins]
    size = (len(counts), int(counts.max(initial=0)))
    heard = np.zeros((*size, seen.waves.shape[1]), np.float32)
    heard[bins, place] = as_pairs(seen.directed[bins, :, frames][None])[0]
    weight, steps = np.zeros(size, np.float32), np.zeros(size, np.intp)
    weight[bins, place] = share
    if turns is not None:
        steps[bins, place] = turns[frames]
    total = np.zeros(seen.waves.shape[2], np.float32)
    for begin in range(0, len(counts), _TOGETHER):
        some = slice(begin, begin + _TOGETHER)
        most = int(counts[some].max())
        if most == 0:
            continue
        votes = heard[some, :most] @ seen.waves[some]
        votes -= np.float32(1.0)
        votes *= np.float32(SHARPNESS)
        np.exp(votes, out=votes)
        by_azimuth = votes.reshape(votes.shape[0] * most, -1, elevations)
        if turns is not None:
            by_azimuth = turned(by_azimuth, steps[some, :most].ravel())
        total += weight[some, :most].ravel() @ by_azimuth.reshape(len(by_azimuth), len(total))
    total /= max(float(share.sum()), float(TINY))
    return np.asarray(total.reshape(-1, elevations).max(axis=1), dtype=np.float32)


def as_pairs(amplitudes: Complex, together: int = 1) -> Real:
    """(n, bins, microphones) to (n, bins, microphones squared): what |v^H x|^2 is a product of.

    The products of all pairs of microphones, as real numbers, so that the dot
    product of `as_waves` of v with those of x is the square of their match. Sums of
    matches over bins thereby become one product of two matrices. With
    `together` they are the sums of so many, which n is a multiple of.
    """
    number, bins, count = amplitudes.shape
    number //= together
    # Microphones first: long rows to multiply.
    rows = np.ascontiguousarray(amplitudes.transpose(2, 0, 1))
    others = rows[1:].conj()
    products = np.empty((count * (count - 1) // 2, number, bins), np.complex64)
    place = 0
    for i in range(count - 1):
        those = products[place : place + count - 1 - i]
        place += len(those)
        if together == 1:
            np.multiply(rows[i], others[i:], out=those)
        else:
            each = (rows[i] * others[i:]).reshape(len(those), number, together, bins)
            np.sum(each, axis=2, out=those)
    powers = np.square(rows.real) + np.square(rows.imag)
    if together > 1:
        powers = powers.reshape(count, number, together, bins).sum(axis=2)
    pairs = np.empty((number, bins, count * count), np.float32)
    pairs[:, :, :count] = powers.transpose(1, 2, 0)
    pairs[:, :, count:].view(np.complex64)[...] = products.transpose(1, 2, 0)
    return pairs


def as_waves(steering: Complex) -> Real:
    """`as_pairs` of (bins, microphones, directions), (bins, microphones squared, directions).

    Every pair of unlike microphones counts twice, once each way round.
    """
    pairs = as_pairs(steering.transpose(2, 0, 1))
    pairs[:, :, steering.shape[1] :] *= np.float32(2.0)
    return np.ascontiguousarray(pairs.transpose(1, 2, 0))


def fits(heard: Real, waves: Real) -> Real:
    """Squared matches summed over bins, (n, directions), of `as_pairs` and `as_waves`."""
    return np.asarray(heard.reshape(len(heard), -1) @ waves.reshape(-1, waves.shape[2]), np.float32)


def turned(by_frame: Real, turns: Turns) -> Real:
    """(frames, azimuths, ...) with the azimuths of each frame moved on by its number of steps."""
    azimuths = by_frame.shape[1]
    places = (np.arange(azimuths)[None, :] - turns[:, None]) % azimuths
    return np.asarray(by_frame[np.arange(len(by_frame))[:, None], places], np.float32)
