"""Makes many speakers of one: pitch, length of the throat, and pace of what a mouth said.

Two ways, because each leaves traces of its own that a network must not learn words by. WORLD takes
the voice apart and puts it together with another pitch and other formants. Resampling moves pitch
and formants alike and keeps the voice's own waveform; WSOLA then restores the pace.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
import pyworld
from scipy.signal import resample_poly

from script.word_networks.sounds import Sound

RATE = 16000
PEAK = 0.5
PITCHES = (60.0, 500.0)
"""Hertz in which a voice's pitch is looked for."""
SPOKEN = (75.0, 330.0)
"""Hertz that a changed pitch stays between."""
USUAL = 120.0
"""Hertz taken for the pitch of a sound without any."""
FRAME = 5.0
"""Milliseconds between WORLD's frames."""
WINDOW = 0.03
SEARCH = 0.008
"""Seconds; WSOLA looks this far to either side, so a whole period of any voice above 62 Hz."""
FADE = 0.004
"""Seconds at either end."""


@dataclass(frozen=True, eq=False)
class Voice:
    """WORLD's parts of a sound: pitch (frames), spectrum and noisiness (frames, bins)."""

    pitch: np.ndarray
    spectrum: np.ndarray
    noisiness: np.ndarray
    rate: int

    @classmethod
    def of(cls, samples: np.ndarray, rate: int) -> Voice:
        floor, ceiling = PITCHES
        rough, times = pyworld.dio(samples, rate, f0_floor=floor, f0_ceil=ceiling)
        pitch = pyworld.stonemask(samples, rough, times, rate)
        spectrum = pyworld.cheaptrick(samples, pitch, times, rate)
        return cls(pitch, spectrum, pyworld.d4c(samples, pitch, times, rate), rate)

    @property
    def usual_pitch(self) -> float:
        voiced = self.pitch[self.pitch > 0]
        return float(np.median(voiced)) if len(voiced) else USUAL

    def changed(self, pitch: float, formants: float, pace: float) -> np.ndarray:
        """Everything relative; formants above 1 are a shorter throat's."""
        # In decibels, as a straight line between two bins would fill the valleys.
        spectrum = np.exp(_stretched(np.log(self.spectrum + 1e-16), formants))
        noisiness = np.clip(_stretched(self.noisiness, formants), 1e-6, 1.0 - 1e-6)
        parts = (np.ascontiguousarray(part) for part in (spectrum, noisiness))
        made = pyworld.synthesize(self.pitch * pitch, *parts, self.rate, frame_period=FRAME / pace)
        return np.asarray(made)


def _stretched(rows: np.ndarray, factor: float) -> np.ndarray:
    """Each row along its bins; beyond the last bin there is what is in the last."""
    place = np.arange(rows.shape[1]) / factor
    below = np.minimum(place.astype(int), rows.shape[1] - 2)
    above = np.minimum(place - below, 1.0)
    return np.asarray(rows[:, below] * (1 - above) + rows[:, below + 1] * above)


class Take:
    """One utterance, trimmed, with its analysis once it is asked for."""

    def __init__(self, sound: Sound) -> None:
        self.rate = sound.rate
        self.samples = trimmed(sound.samples / 32768.0, sound.rate, -50.0, 0.05)

    @cached_property
    def voice(self) -> Voice:
        return Voice.of(self.samples, self.rate)

    def revoiced(self, rng: np.random.Generator, narrow: bool) -> np.ndarray:
        """Another pitch, formants and pace by WORLD; `narrow` keeps nearer to the mouth's own."""
        voice = self.voice
        usual = voice.usual_pitch
        low, high = max(0.7, SPOKEN[0] / usual), min(1.6, SPOKEN[1] / usual)
        if narrow:
            low, high = max(low, 0.85), min(high, 1.2)
        pitch = _between(rng, low, max(high, low + 0.01))
        # High voices have short throats, mostly.
        lean = 0.3 * np.log(pitch) + rng.normal(0.0, 0.07)
        formants = float(np.clip(np.exp(lean), 0.85, 1.2))
        return voice.changed(pitch, formants, float(rng.uniform(0.85, 1.2)))

    def resized(self, rng: np.random.Generator) -> np.ndarray:
        """As of a larger or smaller speaker, at another pace."""
        scale, pace = _between(rng, 0.86, 1.2), float(rng.uniform(0.88, 1.15))
        smaller = resampled(self.samples, Fraction(1.0 / scale).limit_denominator(60))
        return paced(smaller, self.rate, pace / scale)


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    """Evenly on a scale of ratios."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def clip(samples: np.ndarray, rate: int) -> Sound:
    """At 16 kHz, without silence around it, and as loud as all the others."""
    # Of small numbers: resampling's filter is as long as they are large. 22,050 Hz is off by 1e-5.
    made = resampled(samples, Fraction(RATE, rate).limit_denominator(400))
    made = trimmed(made, RATE, -42.0, 0.06).copy()
    ramp = np.linspace(0.0, 1.0, int(FADE * RATE))
    made[: len(ramp)] *= ramp
    made[-len(ramp) :] *= ramp[::-1]
    made = made / np.abs(made).max() * PEAK
    return Sound(np.round(made * 32767.0).astype(np.int16), RATE)


def trimmed(samples: np.ndarray, rate: int, threshold: float, margin: float) -> np.ndarray:
    """Without what is softer than `threshold` decibels under the loudest 10 ms at either end, but
    for `margin` seconds."""
    hop, kept = int(0.01 * rate), int(margin * rate)
    count = len(samples) // hop
    power = np.square(samples[: count * hop].reshape(count, hop)).mean(axis=1)
    loudness = np.sqrt(power + 1e-12)
    loud = np.flatnonzero(loudness > loudness.max() * 10.0 ** (threshold / 20.0))
    return samples[max(0, loud[0] * hop - kept) : (loud[-1] + 1) * hop + kept]


def resampled(samples: np.ndarray, ratio: Fraction) -> np.ndarray:
    if ratio == 1:
        return samples
    return np.asarray(resample_poly(samples, ratio.numerator, ratio.denominator))


def paced(samples: np.ndarray, rate: int, pace: float) -> np.ndarray:
    """Faster or slower at the same pitch (WSOLA, Verhelst and Roelands 1993).

    Each window is taken where it goes on best from the one before.
    """
    window, search = int(WINDOW * rate), int(SEARCH * rate)
    hop, length = window // 2, int(len(samples) / pace)
    shape = np.hanning(window + 1)[:window]
    padded = np.concatenate([np.zeros(window), samples, np.zeros(2 * window + search)])
    made = np.zeros(length + 3 * window)
    start = window
    for place in range(0, length, hop):
        if place:
            follows = padded[start + hop : start + hop + window]
            middle = window + int(place * pace)
            first = max(0, middle - search)
            around = padded[first : middle + search + window]
            start = first + int(np.argmax(np.correlate(around, follows, "valid")))
        made[place : place + window] += shape * padded[start : start + window]
    return made[: length + hop]
