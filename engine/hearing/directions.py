"""Where sound came from: from a stretch of speech, and the background before it.

`Localiser.locate` makes a map of power over azimuth from whitened spectra,
finds its peaks and says how much each is worth, or refuses to choose. Holds
no history; `ear` decides which stretch to ask about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.core.angles import wrap
from engine.core.types import SoundKind
from engine.hearing.arrays import MicrophoneArray
from engine.hearing.spectra import TINY, Complex, Real, band, mean_power, spectra
from engine.hearing.steering import free_field
from engine.hearing.whitening import MIN_FRAMES, covariance, whitener
from engine.ports import Samples


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
    """The sound field while nobody speaks: covariance (bins, microphones, microphones)."""

    noise: Complex


class Localiser:
    """Directions for one array."""

    def __init__(self, array: MicrophoneArray) -> None:
        self._array = array
        self._dictionary = free_field(array, band(200.0, 7000.0), 72, (0.0, 30.0))

    def learn(self, segments: Sequence[Samples]) -> Background | None:
        """The background in `segments`, (microphones, n) each; None where that is too little."""
        parts = [spectra(segment, self._dictionary.bins) for segment in segments]
        frames = sum(part.shape[2] for part in parts)
        if frames < MIN_FRAMES:
            return None
        return Background(covariance(np.concatenate(parts, axis=2)))

    def locate(
        self,
        speech: Samples,
        background: Background | None = None,
        alive: npt.NDArray[np.bool_] | None = None,
    ) -> Location:
        """Directions in `speech`, (microphones, n); `alive` leaves dead microphones out."""
        amplitudes = spectra(speech, self._dictionary.bins)
        if amplitudes.shape[2] == 0 or (alive is not None and not alive.any()):
            return Location(())
        vectors = self._dictionary.vectors
        if background is not None:
            white = whitener(background.noise)
            amplitudes = np.matmul(white, amplitudes.transpose(1, 0, 2)).transpose(1, 0, 2)
            vectors = white @ vectors
            vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        steered = _map(amplitudes, vectors)
        around = steered.reshape(len(self._dictionary.azimuths), -1).max(axis=1)
        best = int(around.argmax())
        confidence = float(
            np.clip(2.0 * (around[best] - around.mean()) / max(around[best], 1e-9), 0, 1)
        )
        azimuth = wrap(float(self._dictionary.azimuths[best]))
        return Location((HeardDirection(azimuth, confidence, 5.0),))


def _map(amplitudes: Complex, vectors: Complex) -> Real:
    power = mean_power(amplitudes)
    weight = np.clip(1.0 - 1.5 / np.maximum(power, TINY), 0.0, 1.0)
    scaled = amplitudes * np.sqrt(weight / np.maximum(power, TINY))
    by_bin = scaled.transpose(1, 0, 2)
    cross = by_bin @ by_bin.conj().transpose(0, 2, 1)
    return np.asarray((vectors.conj() * (cross @ vectors)).sum(axis=(0, 1)).real, dtype=np.float32)
