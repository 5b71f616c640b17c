"""A beam: the sound from one direction, and as little as may be of what else sounds.

Minimum variance, distortionless response, with its own Wiener filter after it
(Souden, Benesty and Affes, 2010). The noise field is learned while nobody
speaks; while somebody does, what fits the chosen direction tells how this room
and device carry a voice from there, so that the nearest wall's echo is kept
with its voice rather than fought. Streams; decides neither the direction nor
who may hear the result.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from engine.core.angles import difference
from engine.hearing.arrays import MicrophoneArray
from engine.hearing.spectra import FRAME, RATE, Complex, Real, bin_hertz
from engine.hearing.steering import plane_wave
from engine.ports import Samples

HOP = FRAME // 2
ELEVATION = 15.0
"""Degrees up at which a mouth is taken to be."""
MEMORY = 1.5
"""Seconds over which the noise field is averaged."""
LOADING = 0.01
"""Share of the mean power added to the diagonal: bounds what a wrong direction can cost."""
PRIOR = 0.1
"""Power of the plane wave that is believed before any voice was heard, beside the noise's."""
TRADE = 1.0
"""Noise that is left is worth this much of a voice that is bent; 0 would bend it least."""
STEADY = 10.0
"""Degrees by which a direction may differ from the one aimed at and be taken for the same: each one
that is found is a little off the last. What was learned of a voice is worth more than they are."""
RENEW = 0.2
"""Seconds of new noise after which the weights are made anew."""
_BINS = FRAME // 2 + 1
_WINDOW: Real = np.sqrt(np.hanning(FRAME + 1)[:-1]).astype(np.float32)


class Beam:
    """`process` takes (microphones, n) and gives as many samples, `FRAME` later.

    Without a direction (`aim(None)`) it gives the first microphone as it is.
    """

    def __init__(self, array: MicrophoneArray, *, adaptive: bool = True) -> None:
        """`adaptive` False sums delayed microphones: what the beam is measured against."""
        self._array = array
        self._adaptive = adaptive
        self._hertz = bin_hertz(np.arange(_BINS))
        self.azimuth: float | None = None
        self._steer: npt.NDArray[np.complex128] | None = None
        self._voice: Complex | None = None
        self._noise: Complex | None = None
        self._weights: Complex | None = None
        self._renew_in = 0.0
        self.forget()

    def aim(self, azimuth: float | None) -> None:
        """Turn to `azimuth` (degrees, relative to the array) from the next sample on.

        One within `STEADY` of where the beam points leaves it there, and what it learned.
        """
        if azimuth is None or self.azimuth is None:
            stays = azimuth == self.azimuth
        else:
            stays = abs(difference(azimuth, self.azimuth)) <= STEADY
        if stays:
            return
        self.azimuth = azimuth
        self._steer = None if azimuth is None else self._steering(azimuth)
        self._weights = self._voice = None

    def forget(self) -> None:
        """Let go of all sound that is kept; the learned fields hold none and stay."""
        count = self._array.channels
        self._pending: Samples = np.zeros((count, FRAME - HOP), np.float32)
        self._tail: Real = np.zeros(FRAME - HOP, np.float32)
        self._ready: Real = np.zeros(HOP, np.float32)

    def process(self, samples: Samples, *, speech: bool) -> Real:
        """The next samples of the beam; `speech` False lets it learn the noise from them."""
        self._pending = np.concatenate([self._pending, samples], axis=1)
        count = (self._pending.shape[1] - (FRAME - HOP)) // HOP
        if count > 0:
            frames = np.lib.stride_tricks.sliding_window_view(self._pending, FRAME, axis=1)
            spectrum = np.fft.rfft(frames[:, : count * HOP : HOP] * _WINDOW, axis=2)
            heard = spectrum.transpose(2, 0, 1).astype(np.complex64)  # (bins, microphones, frames)
            self._learn(heard, speech)
            self._ready = np.concatenate([self._ready, self._overlapped(self._applied(heard))])
            self._pending = self._pending[:, count * HOP :].copy()
        out, self._ready = self._ready[: samples.shape[1]], self._ready[samples.shape[1] :]
        return out

    def _applied(self, heard: Complex) -> Complex:
        if self.azimuth is None:
            return np.asarray(heard[:, 0], np.complex64)
        if self._weights is None:
            self._weights = self._made()
        return np.asarray((self._weights.conj()[:, None] @ heard)[:, 0], np.complex64)

    def _overlapped(self, beam: Complex) -> Real:
        """(bins, frames) to samples, by overlap and add."""
        pieces = np.fft.irfft(beam, FRAME, axis=0).T.astype(np.float32) * _WINDOW
        total = np.zeros(len(self._tail) + len(pieces) * HOP, np.float32)
        total[: len(self._tail)] = self._tail
        for index, piece in enumerate(pieces):
            total[index * HOP : index * HOP + FRAME] += piece
        self._tail = total[len(pieces) * HOP :].copy()
        return total[: len(pieces) * HOP]

    def _learn(self, heard: Complex, speech: bool) -> None:
        """Take the newest frames for noise, or for the voice as far as they fit its direction."""
        seconds = heard.shape[2] * HOP / RATE
        share = np.float32(1.0 - math.exp(-seconds / MEMORY))
        if not speech:
            self._noise = _towards(self._noise, _covariance(heard), share)
        elif self._steer is not None and self._adaptive:
            fits = self._fit(heard)[:, None]
            self._voice = _towards(self._voice, _covariance(heard * fits), share)
        self._renew_in -= seconds
        if self._renew_in <= 0.0:
            self._weights, self._renew_in = None, RENEW

    def _fit(self, heard: Complex) -> Real:
        """How well each bin of each frame is a wave from the chosen direction, in [0, 1]."""
        assert self._steer is not None
        along = np.abs(self._steer.conj()[:, None].astype(np.complex64) @ heard)[:, 0]
        length = np.linalg.norm(heard, axis=1) * np.float32(math.sqrt(heard.shape[1]))
        return np.asarray(along / np.maximum(length, 1e-12), np.float32)

    def _made(self) -> Complex:
        """Weights (bins, microphones) for the chosen direction."""
        assert self._steer is not None
        steer = self._steer
        if not self._adaptive or self._noise is None:
            return np.asarray(steer / steer.shape[1], np.complex64)
        count = steer.shape[1]
        power = np.trace(self._noise, axis1=1, axis2=2).real / count
        floor = np.maximum(power, 1e-12)[:, None, None]
        # In complex128: at low frequencies microphones are alike, and inverses large.
        noise = (self._noise / floor).astype(np.complex128) + LOADING * np.eye(count)
        voice = PRIOR * steer[:, :, None] * steer.conj()[:, None]
        if self._voice is not None:
            voice = _positive(voice + self._voice / floor - noise)
        wanted = np.linalg.solve(noise, voice)
        total = np.trace(wanted, axis1=1, axis2=2).real
        return np.asarray(wanted[:, :, 0] / (TRADE + total)[:, None], np.complex64)

    def _steering(self, azimuth: float) -> npt.NDArray[np.complex128]:
        """A wave from `azimuth` at each microphone, (bins, microphones).

        Its phase is that beside the first one, its mean power over all of them 1.
        """
        # At 0 Hz every microphone hears the same.
        steer = np.ones((len(self._hertz), self._array.channels), np.complex128)
        one, up = np.array([azimuth]), np.array([ELEVATION])
        wave = plane_wave(self._array, self._hertz[1:], one, up)[:, :, 0]
        first = wave[:, :1] / np.abs(wave[:, :1])
        level = np.sqrt(np.mean(np.square(np.abs(wave)), axis=1, keepdims=True))
        steer[1:] = wave / (first * level)
        return steer


def _covariance(heard: Complex) -> Complex:
    return np.asarray(heard @ heard.conj().transpose(0, 2, 1) / np.float32(heard.shape[2]))


def _towards(old: Complex | None, new: Complex, share: np.float32) -> Complex:
    return new if old is None else np.asarray(old + share * (new - old), np.complex64)


def _positive(field: npt.NDArray[np.complex128]) -> npt.NDArray[np.complex128]:
    """The nearest field that could be one: Hermitian, no power below zero."""
    values, vectors = np.linalg.eigh((field + field.conj().transpose(0, 2, 1)) / 2.0)
    scaled = vectors * np.maximum(values, 0.0)[:, None]
    return np.asarray(scaled @ vectors.conj().transpose(0, 2, 1))


def si_sdr(estimate: Real, reference: Real) -> float:
    """Scale-invariant signal-to-distortion ratio in dB (Le Roux et al., 2019)."""
    scale = float(estimate @ reference) / max(float(reference @ reference), 1e-20)
    target = scale * reference
    rest = estimate - target
    return 10.0 * math.log10(max(float(target @ target), 1e-20) / max(float(rest @ rest), 1e-20))
