"""Sounds for the hearing tests: free-field waves, and things that look like speech."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.hearing.arrays import SPEED_OF_SOUND, MicrophoneArray
from engine.hearing.spectra import Complex

RATE = 16_000
Sound = npt.NDArray[np.float32]


def plane_wave(
    array: MicrophoneArray, sound: Sound, azimuth: float, elevation: float = 0.0
) -> Sound:
    """`sound` as it reaches each microphone from far away, exact fractional delays."""
    a, e = np.radians([azimuth, elevation])
    towards = np.array([np.cos(e) * np.cos(a), np.cos(e) * np.sin(a), np.sin(e)])
    lead = array.positions @ towards / SPEED_OF_SOUND
    hertz = np.fft.rfftfreq(len(sound), 1.0 / RATE)
    shifted = np.fft.rfft(sound)[None] * np.exp(2j * np.pi * hertz * lead[:, None])
    return np.fft.irfft(shifted, len(sound), axis=1).astype(np.float32)


def waves(rng: np.random.Generator, *shape: int) -> Complex:
    """Amplitudes by chance, of unit length over the last axis."""
    made = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
    return np.asarray(made / np.linalg.norm(made, axis=-1, keepdims=True), np.complex64)


def bursts(rng: np.random.Generator, seconds: float) -> Sound:
    """Noise that starts and stops four times a second, as syllables do."""
    count = int(seconds * RATE)
    t = np.arange(count) / RATE
    envelope = np.clip(np.sin(2.0 * np.pi * 4.0 * t), 0.0, None) ** 0.5
    return (0.1 * envelope * rng.standard_normal(count)).astype(np.float32)


def hiss(rng: np.random.Generator, channels: int, seconds: float, level: float = 1e-3) -> Sound:
    return (level * rng.standard_normal((channels, int(seconds * RATE)))).astype(np.float32)


def read_wav(path: Path) -> Sound:
    """A 16-bit wav as (channels, n)."""
    with wave.open(str(path)) as file:
        raw = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return (raw.reshape(-1, file.getnchannels()).T / 32768.0).astype(np.float32)


def write_wav(path: Path, sound: npt.NDArray[np.floating]) -> Path:
    """(channels, n) in [-1, 1] as a 16-bit wav."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(sound))
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(sound, -1.0, 1.0) * 32767).astype("<i2").T.tobytes())
    return path
