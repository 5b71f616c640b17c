"""Synthetic sounds of a home: speech-like voices, a television programme, noise.

Source-filter synthesis (Fant, 1960; Klatt, J. Acoust. Soc. Am. 67, 1980): a
glottal pulse train and noise through moving formants in the rhythm of
syllables. It says nothing; it is made so that a voice activity detector takes
it for speech. It cannot say a wake word. Deterministic by seed; mono, 16 kHz,
float32, root mean square 1 while somebody speaks. Needs SciPy (extra `sim`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from engine.errors import UserError

RATE = 16000
Reals = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

# Formants of English vowels in Hz, men (Peterson and Barney, 1952).
VOWELS = (
    (270, 2290, 3010),
    (390, 1990, 2550),
    (530, 1840, 2480),
    (660, 1720, 2410),
    (730, 1090, 2440),
    (570, 840, 2410),
    (440, 1020, 2240),
    (300, 870, 2240),
    (640, 1190, 2390),
    (490, 1350, 1690),
)
BANDWIDTHS = (70.0, 100.0, 140.0, 250.0, 300.0)
FRAME = 80
"""Samples (5 ms) in which the vocal tract stands still."""


@dataclass(frozen=True, slots=True)
class Voice:
    """`pitch` in Hz, `tract` scales the formants (a woman's: about 1.15), `rate` syllables/s."""

    pitch: float = 120.0
    tract: float = 1.0
    rate: float = 4.2


def voice(seed: int) -> Voice:
    """One of many voices."""
    rng = np.random.default_rng((seed, 17))
    if rng.random() < 0.5:
        return Voice(float(rng.uniform(95, 140)), float(rng.uniform(0.95, 1.05)))
    return Voice(float(rng.uniform(175, 235)), float(rng.uniform(1.10, 1.20)))


def _lfilter(b: Doubles, a: Doubles, x: Doubles, state: Doubles) -> tuple[Doubles, Doubles]:
    try:
        from scipy.signal import lfilter
    except ImportError as error:
        raise UserError(
            "the simulated microphones need SciPy", "pip install 'heliotrope[sim]'"
        ) from error
    y, state = lfilter(b, a, x, zi=state)
    return y, state


def _tracks(count: int, who: Voice, rng: np.random.Generator) -> dict[str, Doubles]:
    """Per-frame pitch, voicing, noise and formants (count,) of an endless sentence."""
    formants = np.zeros((count, 5))
    pitch, voiced, hiss = np.zeros(count), np.zeros(count), np.zeros(count)
    formants[:] = np.array([500, 1500, 2500, 3500, 4500]) * who.tract
    at, last = 0, np.array(VOWELS[8], float)
    frames = RATE / FRAME
    while at < count:
        phrase = int(rng.integers(6, 14))
        for k in range(phrase):
            vowel = np.array(VOWELS[rng.integers(len(VOWELS))], float)
            length = int(frames / who.rate * rng.uniform(0.7, 1.4))
            onset = int(length * rng.uniform(0.15, 0.35))
            end = min(count, at + length)
            n = end - at
            if n <= 0:
                break
            blend = np.clip(np.arange(n) / max(1.0, 0.45 * length), 0, 1)[:, None]
            formants[at:end, :3] = (last + (vowel - last) * blend) * who.tract
            fall = 1.12 - 0.28 * (k / phrase)
            accent = 1.0 + 0.12 * rng.random() * np.sin(np.pi * np.arange(n) / length)
            pitch[at:end] = who.pitch * fall * accent
            envelope = np.sin(np.pi * np.clip((np.arange(n) - 0.4 * onset) / length, 0, 1)) ** 0.5
            voiced[at:end] = envelope * rng.uniform(0.7, 1.0)
            kind = rng.random()
            if kind < 0.35:  # a fricative opens the syllable
                hiss[at : min(end, at + onset)] = rng.uniform(0.25, 0.5)
                voiced[at : min(end, at + onset)] *= 0.1
            elif kind < 0.65:  # a stop: a gap and a burst
                voiced[at : min(end, at + onset)] *= 0.02
                hiss[max(0, at + onset - 3) : min(end, at + onset)] = 0.7
            last = vowel
            at = end
        at += int(frames * rng.uniform(0.12, 0.35))
    return {"formants": formants, "pitch": pitch, "voiced": voiced, "hiss": hiss}


def synthesise(seconds: float, who: Voice, seed: int) -> Reals:
    """`seconds` of talk by `who`, shape (samples,), root mean square 1."""
    rng = np.random.default_rng((seed, 23))
    count = max(1, round(seconds * RATE / FRAME))
    tracks = _tracks(count, who, rng)
    voiced = np.repeat(_smooth(tracks["voiced"], 5), FRAME)
    pitch = np.repeat(np.where(tracks["pitch"] > 0, tracks["pitch"], who.pitch), FRAME)
    pitch *= 1.0 + 0.012 * _smooth(rng.normal(0, 1, len(pitch)), 400) * 8.0
    phase = np.cumsum(pitch / RATE) % 1.0
    # Rosenberg's glottal flow, differentiated: opens, closes quickly, rests.
    flow = np.where(
        phase < 0.4,
        0.5 * (1 - np.cos(np.pi * phase / 0.4)),
        np.where(phase < 0.56, np.cos(np.pi * (phase - 0.4) / 0.32), 0.0),
    )
    breath = rng.normal(0.0, 0.02, len(phase))
    source = (np.diff(flow, prepend=0.0) * 4.0 + breath) * voiced
    hiss = np.repeat(_smooth(tracks["hiss"], 3), FRAME)
    fricative = np.diff(rng.normal(0, 1, len(phase)), prepend=0.0) * hiss * 0.10
    spoken = _tract(source, tracks["formants"]) + fricative
    spoken /= max(1e-9, float(np.sqrt(np.mean(spoken[voiced > 0.1] ** 2))))
    return np.asarray(spoken, np.float32)


def _smooth(values: Doubles, width: int) -> Doubles:
    return np.convolve(values, np.hanning(width + 2)[1:-1] / np.hanning(width + 2).sum(), "same")


def _tract(source: Doubles, formants: Doubles) -> Doubles:
    """Five resonators in a row, their frequencies moving from frame to frame."""
    out = source.copy()
    smooth = np.stack([_smooth(formants[:, k], 9) for k in range(5)], -1)
    smooth[:5], smooth[-5:] = formants[:5], formants[-5:]
    for k, bandwidth in enumerate(BANDWIDTHS):
        state = np.zeros(2)
        radius = np.exp(-np.pi * bandwidth / RATE)
        for frame in range(len(smooth)):
            angle = 2 * np.pi * min(7600.0, smooth[frame, k]) / RATE
            a = np.array([1.0, -2 * radius * np.cos(angle), radius * radius])
            piece = slice(frame * FRAME, (frame + 1) * FRAME)
            out[piece], state = _lfilter(np.array([a.sum()]), a, out[piece], state)
    return out


def _music(seconds: float, seed: int) -> Reals:
    """A tune over chords with a beat: what goes on under a television programme."""
    rng = np.random.default_rng((seed, 31))
    t = np.arange(round(seconds * RATE)) / RATE
    tune = np.zeros(len(t))
    beat = 0.5
    for start in np.arange(0.0, seconds, beat):
        first, last = round(start * RATE), min(len(t), round((start + 2 * beat) * RATE))
        local = t[first:last] - start
        root = 110.0 * 2 ** (rng.choice([0, 3, 5, 7, 10]) / 12)
        for interval in (0, 4, 7, int(rng.choice([12, 14, 16, 19]))):
            f = root * 2 ** (interval / 12)
            for harmonic in (1, 2, 3):
                tone = np.sin(2 * np.pi * f * harmonic * local) / harmonic
                tune[first:last] += tone * np.exp(-3.0 * local)
        drum = rng.normal(0, 1, last - first) * np.exp(-40.0 * local)
        tune[first:last] += 1.5 * drum
    return np.asarray(tune / np.sqrt(np.mean(tune**2)), np.float32)


@lru_cache(maxsize=4)
def programme(seconds: float, seed: int) -> Reals:
    """A television programme: two announcers in turn over music, root mean square 1."""
    first, second = Voice(118.0, 1.0, 4.8), Voice(205.0, 1.14, 4.8)
    a, b = synthesise(seconds, first, seed + 1), synthesise(seconds, second, seed + 2)
    count = min(len(a), len(b))
    turn = (np.arange(count) / RATE // 4.0) % 2 == 0
    mixed = np.where(turn, a[:count], b[:count]) + 0.5 * _music(seconds, seed)[:count]
    return np.asarray(mixed / np.sqrt(np.mean(mixed**2)), np.float32)


@lru_cache(maxsize=16)
def talk(seconds: float, seed: int) -> Reals:
    """`seconds` of talk by the voice of that seed."""
    return synthesise(seconds, voice(seed), seed)
