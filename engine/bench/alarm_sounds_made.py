"""Alarms and breaking glass as they are made, and the rooms and noises they sound in.

Synthesised from the standards' timings and from what glass does (a bright burst, then
splinters that ring at many high pitches). Mono at 16 kHz in [-1, 1]; nothing here detects.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

RATE = 16_000
Mono = npt.NDArray[np.float32]


def _tone(hertz: float, seconds: float, rng: np.random.Generator) -> Mono:
    t = np.arange(round(seconds * RATE)) / RATE
    sound = np.sin(2.0 * np.pi * hertz * t) + 0.2 * np.sin(2.0 * np.pi * 2.0 * hertz * t)
    if hertz < 1000.0:  # low-frequency sounders are square
        sound = np.sign(np.sin(2.0 * np.pi * hertz * t))
    ramp = np.minimum(1.0, np.minimum(t, t[::-1]) / 0.004)
    return (0.8 * ramp * sound * (1.0 + 0.05 * rng.standard_normal())).astype(np.float32)


def pattern(
    rng: np.random.Generator, pulses: int, on: float, off: float, pause: float, seconds: float
) -> Mono:
    """Groups of pulses of one tone, with a maker's tolerance in pitch and time."""
    hertz = 520.0 if rng.random() < 0.25 else float(rng.uniform(2900.0, 3600.0))
    drift = float(rng.uniform(0.93, 1.07))
    parts: list[Mono] = [np.zeros(round(rng.uniform(0.5, 2.0) * RATE), np.float32)]
    while sum(map(len, parts)) < seconds * RATE:
        for n in range(pulses):
            parts.append(_tone(hertz, on * drift, rng))
            gap = off if n < pulses - 1 else pause
            parts.append(np.zeros(round(gap * drift * RATE), np.float32))
    return np.concatenate(parts)[: round(seconds * RATE)]


def smoke(rng: np.random.Generator, seconds: float = 13.0) -> Mono:
    """T3."""
    return pattern(rng, 3, 0.5, 0.5, 1.5, seconds)


def carbon_monoxide(rng: np.random.Generator, seconds: float = 20.0) -> Mono:
    """T4."""
    return pattern(rng, 4, 0.1, 0.1, 5.0, seconds)


def glass(rng: np.random.Generator, seconds: float = 4.0) -> Mono:
    """A pane that breaks one and a half seconds in, and its splinters."""
    sound = np.zeros(round(seconds * RATE), np.float32)
    begin = round(1.5 * RATE)
    burst = round(0.06 * RATE)
    t = np.arange(burst) / RATE
    crack = rng.standard_normal(burst) * np.exp(-t / 0.012)
    crack = np.diff(crack, prepend=0.0)
    sound[begin : begin + burst] += (0.5 * crack).astype(np.float32)
    t = np.arange(round(0.08 * RATE)) / RATE
    thump = np.exp(-t / 0.015) * np.sin(2.0 * np.pi * rng.uniform(150.0, 600.0) * t)
    sound[begin : begin + len(t)] += (rng.uniform(0.1, 0.5) * thump).astype(np.float32)
    for _ in range(int(rng.integers(40, 90))):
        at = begin + round(float(rng.exponential(0.16)) * RATE)
        length = round(0.12 * RATE)
        if at + length >= len(sound):
            continue
        t = np.arange(length) / RATE
        ring = np.exp(-t / rng.uniform(0.006, 0.03)) * np.sin(
            2.0 * np.pi * rng.uniform(2500.0, 7500.0) * t
        )
        late = np.exp(-(at - begin) / (0.25 * RATE))
        sound[at : at + length] += (rng.uniform(0.05, 0.35) * late * ring).astype(np.float32)
    return np.asarray(0.8 * sound / np.abs(sound).max(), np.float32)


def in_a_room(sound: Mono, rng: np.random.Generator, reverberation: float) -> Mono:
    """With the tail of a room of so many seconds (RT60), at a distance of some metres."""
    length = round(reverberation * RATE)
    t = np.arange(length) / RATE
    tail = rng.standard_normal(length) * np.exp(-6.9 * t / reverberation)
    tail *= 0.5 / np.sqrt(np.square(tail).sum())
    tail[0] = 1.0
    count = len(sound) + length
    wet = np.fft.irfft(np.fft.rfft(sound, count) * np.fft.rfft(tail, count), count)
    wet = wet[: len(sound)]
    return np.asarray(0.8 * wet / max(1e-9, float(np.abs(wet).max())), np.float32)


def with_noise(sound: Mono, noise: Mono, decibels: float) -> Mono:
    """`sound` so many dB above `noise`, as both are while they sound."""
    loud = np.abs(sound) > 0.05 * np.abs(sound).max()
    power = float(np.square(sound[loud]).mean())
    noise = np.resize(noise, sound.shape)
    factor = np.sqrt(power / max(1e-12, float(np.square(noise).mean())) / 10.0 ** (decibels / 10.0))
    return np.asarray(sound + factor * noise, np.float32)


def pink(rng: np.random.Generator, seconds: float) -> Mono:
    """Noise as rooms have it: less of it the higher it is."""
    count = round(seconds * RATE)
    spectrum = np.fft.rfft(rng.standard_normal(count))
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 8.0))
    noise = np.fft.irfft(spectrum, count)
    return np.asarray(noise / np.abs(noise).max(), np.float32)
