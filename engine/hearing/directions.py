"""Where sound came from: from a stretch of speech, and the background before it.

`Localiser.evidence` makes three maps over azimuth: the whitened steered
response (robust against noise and steady sources), the wave decomposition
(robust against reflections), and a network's that has learned rooms; `reading`
joins them and says what each peak is and how much it is worth. Holds no
history; `ear` decides which stretch to ask about.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from engine.hearing.arrays import MicrophoneArray
from engine.hearing.decomposition import wave_map
from engine.hearing.maps import (
    LEAST_VOTE,
    View,
    refocused,
    steered_map,
    view,
    without_background,
)
from engine.hearing.network import FEWEST, LearnedMap
from engine.hearing.reading import Evidence, Location, drawn_out, read
from engine.hearing.spectra import Complex, band, spectra
from engine.hearing.steady import SteadySource, steady_sources
from engine.hearing.steering import Dictionary, plane_waves
from engine.hearing.whitening import (
    MIN_FRAMES,
    covariance,
    settled,
    whitener,
    with_late_sound,
)
from engine.ports import Samples

AZIMUTHS = 72
ELEVATIONS = (15.0,)
"""Degrees. Standing and seated people, seen from a table; 0 and 30 cost twice as much and found no
more in 40 simulated rooms."""
BAND = (200.0, 7000.0)
"""Hz. Above 4 kHz small arrays gain most; above 7 kHz recorders filter."""
FEWEST_VOTES = 4.0
"""Weight that bins must have together before anything was heard: fewer agree by chance. A voice as
loud as the noise has some seventy in half a second."""
_SMOOTHING = 6.0
"""Degrees, one sigma: the dictionary's step blurs the decomposition's picks."""


@dataclass(frozen=True, eq=False)
class Background:
    """The sound field while nobody speaks, and the steady sources in it.

    `noise` is the covariance, settled as `whitening` has it, (bins, microphones, microphones).
    """

    noise: Complex
    steady: tuple[SteadySource, ...]

    @cached_property
    def whitener(self) -> Complex:
        """Of all microphones: an utterance has several decisions."""
        return whitener(self.noise)

    def beside(self, own: Complex | None) -> Background:
        """The same with `own` noise on top, as uncorrelated sounds add up."""
        return self if own is None else replace(self, noise=self.noise + own)


class Localiser:
    """Directions for one array."""

    def __init__(self, array: MicrophoneArray, *, learned: bool = True) -> None:
        """`learned` False leaves the network out: what it is measured against."""
        self._full = plane_waves(array, band(*BAND), AZIMUTHS, ELEVATIONS)
        self._mirror = _mirror(array, self._full)
        # The network knows nothing of arrays that cannot tell front from back.
        self._learned = LearnedMap() if learned and self._mirror is None else None

    def amplitudes(self, samples: Samples) -> Complex:
        """Spectra of (microphones, n) on the bins of everything here."""
        return spectra(samples, self._full.bins)

    def learn(
        self, segments: Sequence[Samples], alive: npt.NDArray[np.bool_] | None = None
    ) -> Background | None:
        """The background in `segments`, (microphones, n) each; None where that is too little.

        Microphones that are not `alive` have no part in what it is expected to be.
        """
        parts = [self.amplitudes(segment) for segment in segments]
        if sum(part.shape[2] for part in parts) < MIN_FRAMES:
            return None
        joined = np.concatenate(parts, axis=2)
        noise = covariance(joined)
        live = np.arange(noise.shape[1]) if alive is None else np.flatnonzero(alive)
        if len(live):
            block = np.ix_(np.arange(len(noise)), live, live)
            noise[block] = settled(noise[block], joined.shape[2], self._full.diffuse[block])
        return Background(noise, steady_sources(joined, self._full))

    def locate(
        self,
        speech: Samples,
        background: Background | None = None,
        alive: npt.NDArray[np.bool_] | None = None,
        turned: npt.NDArray[np.float64] | None = None,
    ) -> Location:
        """Directions in `speech`, (microphones, n); `alive` leaves dead microphones out.

        `turned` is how far, in degrees, the array has turned by each frame
        (`frame_times`), counted from where it was when the answer holds.
        """
        found = self.evidence(speech, background, alive, turned)
        if found is None:
            return Location(())
        steady = background.steady if background is not None else ()
        return read(found, steady)

    def evidence(
        self,
        speech: Samples,
        background: Background | None = None,
        alive: npt.NDArray[np.bool_] | None = None,
        turned: npt.NDArray[np.float64] | None = None,
    ) -> Evidence | None:
        """All maps; None where there is nothing to be heard, or no array to hear it with."""
        dictionary, kept = self._full, np.ones(self._full.vectors.shape[1], np.bool_)
        if alive is not None and not alive.all():
            if alive.sum() < 2:
                return None
            dictionary, kept = dictionary.only(alive), alive
        amplitudes = spectra(speech[kept], dictionary.bins)
        if amplitudes.shape[2] == 0 or not amplitudes.any():
            return None
        seen = _seen(amplitudes, dictionary, background, kept)
        heard = float(seen.voting.mean())
        if seen.voting[seen.voting > LEAST_VOTE].sum() < FEWEST_VOTES:
            return None
        turns = _steps(turned, amplitudes.shape[2], dictionary.step)
        steered = steered_map(seen, len(ELEVATIONS), turns=turns)
        waves = drawn_out(wave_map(seen, dictionary.bins, len(ELEVATIONS), turns), _SMOOTHING)
        if self._mirror is not None:
            # The search takes the first of two equals; neither is the better one.
            waves = np.maximum(waves, waves[self._mirror])
        contrast = float(steered.max() - np.median(steered))
        steered = steered - steered.min()
        learned = None
        if self._learned is not None and kept.sum() >= FEWEST:
            learned = self._learned.probabilities(seen, amplitudes, dictionary, turns)
        return Evidence(
            steered / max(float(steered.max()), 1e-9),
            waves / max(float(waves.max()), 1e-9),
            contrast,
            heard,
            learned.whole if learned is not None else None,
            learned.parts if learned is not None else None,
            sudden=background is None,
        )


def _seen(
    amplitudes: Complex,
    dictionary: Dictionary,
    background: Background | None,
    kept: npt.NDArray[np.bool_],
) -> View:
    """The stretch as against the background and the room's late answer.

    What is background is weighed without that answer, of which nobody's voice is free.
    """
    if background is None:
        return view(without_background(amplitudes), dictionary.vectors, None, dictionary.waves)
    noise = background.noise[:, kept][:, :, kept]
    turn = background.whitener if kept.all() else whitener(noise)
    seen = view(amplitudes, dictionary.vectors, turn, dictionary.waves)
    late = whitener(with_late_sound(noise, amplitudes, dictionary.diffuse))
    return refocused(seen, amplitudes, late)


def _steps(
    turned: npt.NDArray[np.float64] | None, frames: int, step: float
) -> npt.NDArray[np.intp] | None:
    """Degrees of turning to whole azimuths; None where no frame comes to one."""
    if turned is None or len(turned) != frames:
        return None
    turns = np.rint(turned / step).astype(np.intp)
    return turns if turns.any() else None


def _mirror(array: MicrophoneArray, dictionary: Dictionary) -> npt.NDArray[np.intp] | None:
    """For an array without width across: the index of each azimuth's mirror image."""
    if array.sees_azimuth:
        return None
    flat = array.positions[:, :2] - array.positions[:, :2].mean(axis=0)
    along = np.linalg.svd(flat)[2][0]
    axis = math.degrees(math.atan2(along[1], along[0]))
    images = np.round((2.0 * axis - dictionary.azimuths) / dictionary.step)
    return np.asarray(images.astype(np.intp) % len(dictionary.azimuths))
