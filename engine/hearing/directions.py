"""Where sound came from: from a stretch of speech, and the background before it.

`Localiser.locate` joins two maps over azimuth, the whitened steered response
(robust against noise and steady sources) and the wave decomposition (robust
against reflections), reads their peaks and says what each is and how much it
is worth, or that there are two it cannot choose between. Holds no history;
`ear` decides which stretch to ask about.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.core.angles import difference, wrap
from engine.core.types import SoundKind
from engine.hearing.arrays import MicrophoneArray
from engine.hearing.decomposition import wave_map
from engine.hearing.maps import steered_map, view, without_background
from engine.hearing.spectra import Complex, Real, band, spectra
from engine.hearing.steady import SteadySource, steady_sources
from engine.hearing.steering import Dictionary, free_field
from engine.hearing.whitening import MIN_FRAMES, covariance, whitener
from engine.ports import Samples

AZIMUTHS = 72
ELEVATIONS = (0.0, 30.0)
BAND = (200.0, 7000.0)
"""Hz. Above 4 kHz small arrays gain most; above 7 kHz recorders filter."""
WAVE_SHARE, WAVE_TRUST = 0.6, 10.0
"""Weight of the wave map beside the steered map, both scaled to a peak of 1: the most,
and how it grows with `Evidence.heard`. Noise spoils the decomposition sooner."""
_SMOOTHING = 6.0
"""Degrees, one sigma: the dictionary's step blurs the decomposition's picks."""

APART = 25.0
"""Degrees below which two peaks are one source."""
SECOND = 0.4
"""Share of the best peak's evidence from which another one is reported."""
WALL = 0.25
"""Share of the best wave evidence below which a peak is a reflection."""
RIVAL_APART = 40.0
RIVAL = 0.72
"""A direct peak this far away with this share of the evidence: `ambiguous`."""
MOST = 3
"""Directions that one decision reports at most, steady ones apart."""


@dataclass(frozen=True, slots=True)
class HeardDirection:
    """A direction relative to the array: degrees in (-180, 180], `spread` one sigma."""

    azimuth: float
    confidence: float
    spread: float
    kind: SoundKind = SoundKind.DIRECT


@dataclass(frozen=True, slots=True)
class Location:
    """All directions of one stretch, strongest first; `ambiguous` refuses to choose."""

    directions: tuple[HeardDirection, ...]
    ambiguous: bool = False


@dataclass(frozen=True, eq=False)
class Background:
    """The sound field while nobody speaks, and the steady sources in it.

    `noise` is the covariance, (bins, microphones, microphones).
    """

    noise: Complex
    steady: tuple[SteadySource, ...]


@dataclass(frozen=True, eq=False)
class Evidence:
    """Both maps of one stretch, (azimuths,), and what they are worth.

    `steered` and `waves` are scaled to a peak of 1; `contrast` is how far the
    steered peak stands out of its map before scaling, `heard` the mean weight
    of a bin (0: nothing but background).
    """

    steered: Real
    waves: Real
    contrast: float
    heard: float

    @property
    def joint(self) -> Real:
        share = min(WAVE_SHARE, WAVE_TRUST * self.heard)
        return np.asarray(self.steered + share * self.waves, dtype=np.float32)


class Localiser:
    """Directions for one array. About 60 ms of processor time for a second of speech."""

    def __init__(self, array: MicrophoneArray) -> None:
        self._full = free_field(array, band(*BAND), AZIMUTHS, ELEVATIONS)
        self._mirror = _mirror(array, self._full)

    def learn(self, segments: Sequence[Samples]) -> Background | None:
        """The background in `segments`, (microphones, n) each; None where that is too little."""
        parts = [spectra(segment, self._full.bins) for segment in segments]
        if sum(part.shape[2] for part in parts) < MIN_FRAMES:
            return None
        joined = np.concatenate(parts, axis=2)
        return Background(covariance(joined), steady_sources(joined, self._full))

    def locate(
        self,
        speech: Samples,
        background: Background | None = None,
        alive: npt.NDArray[np.bool_] | None = None,
    ) -> Location:
        """Directions in `speech`, (microphones, n); `alive` leaves dead microphones out."""
        found = self.evidence(speech, background, alive)
        if found is None:
            return Location(())
        steady = background.steady if background is not None else ()
        return _read(found, steady, self._full.azimuths)

    def evidence(
        self,
        speech: Samples,
        background: Background | None = None,
        alive: npt.NDArray[np.bool_] | None = None,
    ) -> Evidence | None:
        """Both maps; None where there is nothing to be heard, or no array to hear it with."""
        dictionary, kept = self._full, np.ones(self._full.vectors.shape[1], np.bool_)
        if alive is not None and not alive.all():
            if alive.sum() < 2:
                return None
            dictionary, kept = dictionary.only(alive), alive
        amplitudes = spectra(speech[kept], dictionary.bins)
        if amplitudes.shape[2] == 0 or not amplitudes.any():
            return None
        if background is None:
            seen = view(without_background(amplitudes), dictionary.vectors, None)
        else:
            noise = background.noise[:, kept][:, :, kept]
            seen = view(amplitudes, dictionary.vectors, whitener(noise))
        heard = float(seen.direct.mean())
        if heard <= 0.0:
            return None
        steered = steered_map(seen, len(ELEVATIONS))
        waves = _smooth(wave_map(seen, dictionary.bins, len(ELEVATIONS)), dictionary)
        if self._mirror is not None:
            # The search takes the first of two equals; neither is the better one.
            waves = np.maximum(waves, waves[self._mirror])
        contrast = float(steered.max() - np.median(steered))
        steered = steered - steered.min()
        return Evidence(
            steered / max(float(steered.max()), 1e-9),
            waves / max(float(waves.max()), 1e-9),
            contrast,
            heard,
        )


def _mirror(array: MicrophoneArray, dictionary: Dictionary) -> npt.NDArray[np.intp] | None:
    """For an array without width across: the index of each azimuth's mirror image."""
    if array.sees_azimuth:
        return None
    flat = array.positions[:, :2] - array.positions[:, :2].mean(axis=0)
    along = np.linalg.svd(flat)[2][0]
    axis = math.degrees(math.atan2(along[1], along[0]))
    images = np.round((2.0 * axis - dictionary.azimuths) / dictionary.step)
    return np.asarray(images.astype(np.intp) % len(dictionary.azimuths))


def _smooth(around: Real, dictionary: Dictionary) -> Real:
    reach = math.ceil(2.5 * _SMOOTHING / dictionary.step)
    total = np.zeros_like(around)
    for shift in range(-reach, reach + 1):
        share = math.exp(-0.5 * (shift * dictionary.step / _SMOOTHING) ** 2)
        total += np.float32(share) * np.roll(around, shift)
    return total


def _read(
    found: Evidence, steady: Sequence[SteadySource], azimuths: npt.NDArray[np.float64]
) -> Location:
    """Peaks to directions."""
    joint = found.joint
    peaks = _peaks(joint, azimuths)
    best = peaks[0]
    directions: list[HeardDirection] = []
    rivals = False
    for azimuth, index in [(_refined(joint, i, azimuths), i) for i in peaks]:
        share = float(joint[index] / joint[best])
        if share < SECOND or len(directions) == MOST:
            break
        beside = [(index + k) % len(joint) for k in (-1, 0, 1)]
        wall = index != best and float(found.waves[beside].max()) < WALL
        if index != best and not wall:
            far = abs(difference(azimuth, float(azimuths[best]))) >= RIVAL_APART
            rivals = rivals or (far and share >= RIVAL)
        confidence = confidence_of(found, peaks) * (1.0 if index == best else share)
        directions.append(
            HeardDirection(
                wrap(azimuth),
                confidence,
                spread_of(confidence),
                SoundKind.REFLECTION if wall else SoundKind.DIRECT,
            )
        )
    return Location((*directions, *_machines(directions, steady)), rivals)


def _machines(
    directions: Sequence[HeardDirection], steady: Sequence[SteadySource]
) -> list[HeardDirection]:
    """Steady sources that are not where a voice was found anyway."""
    return [
        HeardDirection(wrap(s.azimuth), s.confidence, 8.0, SoundKind.MACHINE)
        for s in steady
        if all(abs(difference(s.azimuth, d.azimuth)) > APART for d in directions)
    ]


def _peaks(around: Real, azimuths: npt.NDArray[np.float64]) -> list[int]:
    """Indices of local maxima, strongest first, `APART` from one another."""
    summit = (around >= np.roll(around, 1)) & (around >= np.roll(around, -1))
    chosen: list[int] = []
    for index in np.argsort(-around, kind="stable"):
        if summit[index] and all(
            abs(difference(float(azimuths[index]), float(azimuths[other]))) >= APART
            for other in chosen
        ):
            chosen.append(int(index))
    return chosen


def _refined(around: Real, index: int, azimuths: npt.NDArray[np.float64]) -> float:
    """The peak of the parabola through a maximum and its neighbours, degrees."""
    left, middle, right = (float(around[(index + k) % len(around)]) for k in (-1, 0, 1))
    bend = left - 2.0 * middle + right
    shift = 0.5 * (left - right) / bend if bend < 0.0 else 0.0
    return float(azimuths[index]) + min(0.5, max(-0.5, shift)) * 360.0 / len(azimuths)


def features(found: Evidence, peaks: Sequence[int]) -> tuple[float, float, float]:
    """What the confidence is made of: contrast, lead over the next peak, how much was heard."""
    joint = found.joint
    second = float(joint[peaks[1]] / joint[peaks[0]]) if len(peaks) > 1 else 0.0
    contrast = math.log10(max(found.contrast, 1e-4))
    return contrast, 1.0 - second, math.log10(max(found.heard, 1e-4))


CONFIDENCE = (8.85, 3.91, 2.55, 2.14)
"""Offset and weights of `features` in the logistic model of being within 15 degrees.

Fitted on 3,150 stretches of 0.5 and 1 s in simulated rooms (RT60 0.2 to 0.7 s;
rings of 4 and 6; SNR 20 to 0 dB, television, two talkers, noise alone):
expected calibration error 0.017 there; `engine.bench.hearing` measures it anew.
"""


def confidence_of(found: Evidence, peaks: Sequence[int]) -> float:
    """Probability that the best peak is within 15 degrees of a voice."""
    offset, *weights = CONFIDENCE
    score = offset + sum(w * f for w, f in zip(weights, features(found, peaks), strict=True))
    return 1.0 / (1.0 + math.exp(-min(30.0, max(-30.0, score))))


def spread_of(confidence: float) -> float:
    """One sigma in degrees of those that are right at all; fitted with `CONFIDENCE`."""
    return 4.0 + 12.0 * (1.0 - confidence)
