"""Makes training examples: simulated rooms, random arrays, mixtures, and the maps of each.

usage: python -m script.hearing_network.scenes FOLDER WORKER WORKERS ROOMS   (resumable)

A file of FOLDER holds `CHUNK` rooms; every room follows from its number. Voices are Debian's
Spanish, French and Italian telephone prompts, played faster and slower and through filters;
English and Russian ones are kept for measuring.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from engine.bench.hearing_scenes import PRE_ROLL, TRAINING, HearingScene, scene
from engine.hearing.arrays import MicrophoneArray, load_array, make_array
from engine.hearing.band_maps import ELEVATION, MOST, BandMaps, band_maps
from engine.hearing.directions import AZIMUTHS, BAND
from engine.hearing.maps import refocused, view, without_background
from engine.hearing.spectra import RATE, band, spectra
from engine.hearing.steering import Dictionary, plane_waves
from engine.hearing.whitening import covariance, settled, whitener, with_late_sound

CHUNK = 20
MIXTURES = 10
SEED = 83
ONSET = int(PRE_ROLL * RATE)
GUARD = int(0.05 * RATE)
OPEN = 0.05
"""Share of rooms that are none: between two voices without any echo a third must not be heard."""


def random_array(rng: np.random.Generator) -> MicrophoneArray:
    """A ring, a square, a ring with a centre, a shipped board, or anything that fits a device."""
    kind = rng.random()
    if kind < 0.3:
        return load_array("respeaker_6")
    if kind < 0.54:
        return load_array(("respeaker_4", "uma_8", "ring_8")[rng.integers(3)])
    if kind < 0.7:
        count, radius = int(rng.integers(3, 9)), rng.uniform(0.025, 0.06)
        angle = 2.0 * np.pi * np.arange(count) / count + rng.uniform(0.0, 2.0 * np.pi)
        places = np.stack([radius * np.cos(angle), radius * np.sin(angle), 0.0 * angle], axis=1)
        if rng.random() < 0.3:
            places = np.concatenate([places, np.zeros((1, 3))])
    else:
        count = int(rng.integers(4, 9))
        while True:
            places = rng.uniform(-0.06, 0.06, (count, 3)) * (1.0, 1.0, rng.choice([0.0, 0.3, 1.0]))
            apart = np.linalg.norm(places[:, None] - places[None], axis=2) + np.eye(count)
            flat = np.linalg.svd(places[:, :2] - places[:, :2].mean(axis=0))[1]
            if apart.min() > 0.018 and flat[1] > 0.045:
                break
    return make_array("random", places.tolist())


@dataclass(frozen=True, eq=False)
class Spectra:
    """The sounds of one room, (microphones, hertz) each, as `HearingScene` has them."""

    talker: np.ndarray
    second: np.ndarray
    television: np.ndarray
    noise: np.ndarray

    @classmethod
    def of(cls, room: HearingScene) -> Spectra:
        parts = (room.talker, room.second, room.television, room.noise)
        return cls(*(np.fft.rfft(part, axis=1).astype(np.complex64) for part in parts))


def mixture(
    rng: np.random.Generator, room: HearingScene, parts: Spectra
) -> tuple[np.ndarray, list[float]]:
    """A mixture as imperfect microphones hear it, and the azimuths of who talks in it; none in
    the last few. Half of all are in much noise, where there is most to learn."""
    kind, count = rng.random(), room.noise.shape[1]
    snr = rng.uniform(-4.0, 25.0) if rng.random() < 0.5 else rng.uniform(-4.0, 8.0)
    talkers = [room.azimuths[0]]
    total = decibels(-snr) * coloured(rng, parts.noise, 0.7, 1.0)
    if kind < 0.96:
        total = total + coloured(rng, parts.talker, 2.0, speaking(count))
    if 0.46 <= kind < 0.72:
        level, talkers = rng.uniform(-3.0, 3.0), list(room.azimuths)
        total = total + decibels(level) * coloured(rng, parts.second, 2.0, speaking(count))
    elif 0.72 <= kind < 0.94 or (kind >= 0.98):
        level = rng.uniform(-6.0, 7.0)
        total = total + decibels(level) * coloured(rng, parts.television, 2.0, 1.0)
    if rng.random() < 0.1:
        total = total + decibels(rng.uniform(-25.0, 0.0)) * motor(rng, total.shape)
    sound = 0.05 * np.fft.irfft(imperfect(rng, total), count, axis=1)
    return sound.astype(np.float32), talkers if kind < 0.96 else []


def decibels(level: float) -> np.float32:
    return np.float32(10.0 ** (level / 20.0))


def speaking(count: int) -> float:
    """Share of `count` samples in which somebody speaks."""
    return (count - ONSET) / count


def coloured(
    rng: np.random.Generator, spectrum: np.ndarray, slope: float, share: float
) -> np.ndarray:
    """Darker or brighter, `slope` decibels to the octave or so, and of unit power over the `share`
    of the time in which it sounds.

    What a voice has above 3 kHz decides what noise of its loudness leaves of it.
    """
    hertz = np.maximum(np.arange(spectrum.shape[1]) * RATE / 2.0 / (spectrum.shape[1] - 1), 125.0)
    gain = 10.0 ** (rng.normal(0.0, slope) * np.log2(hertz / 1000.0) / 20.0)
    return np.asarray(spectrum * scaled(spectrum, gain, share), np.complex64)


def scaled(spectrum: np.ndarray, gain: np.ndarray, share: float) -> np.ndarray:
    """`gain` times what makes `spectrum` a sound of unit power."""
    count = 2.0 * (spectrum.shape[1] - 1)
    each = np.square(np.abs(spectrum)).mean(axis=0) @ np.square(gain)
    return np.asarray(gain * np.sqrt(share * count * count / (2.0 * each + 1e-12)), np.float32)


def motor(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """A whine and a rustle from inside the case, spectrum of unit power: near every microphone
    in its own way, so from no direction."""
    hertz = np.arange(shape[1]) * RATE / 2.0 / (shape[1] - 1)
    made = np.zeros(shape, np.complex64)
    tone = rng.uniform(60.0, 400.0)
    for k in range(1, 12):
        near = np.exp(-0.5 * np.square((hertz - k * tone) / 4.0)) * rng.exponential() / k
        wave = rng.standard_normal(shape[1]) + 1j * rng.standard_normal(shape[1])
        made += near * wave * _apart(rng, shape[0])
    rustle = rng.standard_normal(shape[1]) + 1j * rng.standard_normal(shape[1])
    made += rng.uniform(0.0, 0.02) * rustle * _apart(rng, shape[0])
    return made * scaled(made, np.ones(shape[1]), 1.0)


def _apart(rng: np.random.Generator, microphones: int) -> np.ndarray:
    gain, turn = rng.normal(0.0, 3.0, (microphones, 1)), rng.uniform(-1.0, 1.0, (microphones, 1))
    return np.asarray(10.0 ** (gain / 20.0) * np.exp(1j * np.pi * turn), np.complex64)


def imperfect(rng: np.random.Generator, spectrum: np.ndarray) -> np.ndarray:
    """As real microphones hear it: gains that differ by a dB, time by some microseconds."""
    gains = 10.0 ** (rng.normal(0.0, 1.0, (len(spectrum), 1)) / 20.0)
    late = rng.normal(0.0, 3e-6, (len(spectrum), 1))
    hertz = np.arange(spectrum.shape[1]) * RATE / 2.0 / (spectrum.shape[1] - 1)
    # Some microseconds are a small angle up to 8 kHz.
    angle = (2.0 * np.pi * late * hertz).astype(np.float32)
    turn = 1.0 - 0.5 * np.square(angle) - 1j * angle
    return np.asarray(spectrum * turn * gains, np.complex64)


def mouth(rng: np.random.Generator, response: np.ndarray) -> np.ndarray:
    """A response as of a mouth that points somewhere, mostly toward the device.

    The direct sound, and the counter's and the near wall's, have what the mouth sends this way;
    the room what it sends on average. Cardioid at 4 kHz, everywhere alike below 250 Hz (after
    Chu and Warnock 2002, roughly).
    """
    away = np.radians(rng.normal(0.0, 60.0))
    first = int(np.abs(response).max(axis=0).argmax())
    split = first + int(0.0025 * RATE)
    size = response.shape[1]
    hertz = np.fft.rfftfreq(size, 1.0 / RATE)
    aimed = np.clip(np.log2(np.maximum(hertz, 1.0) / 250.0) / 4.0, 0.0, 1.0)
    ahead = np.maximum(1.0 - aimed * 0.5 * (1.0 - np.cos(away)), 0.1)
    around = np.sqrt(1.0 - aimed * (2.0 / 3.0))
    early, late = response.copy(), response.copy()
    early[:, split:], late[:, :split] = 0.0, 0.0
    heard = np.fft.rfft(early, axis=1) * ahead + np.fft.rfft(late, axis=1) * around
    return np.fft.irfft(heard, size, axis=1).astype(np.float32)


def example(rng: np.random.Generator, sound: np.ndarray, dictionary: Dictionary) -> BandMaps:
    end = ONSET + int(rng.uniform(0.5, 1.0) * RATE)
    heard = spectra(sound[:, ONSET - 512 : end], dictionary.bins)
    if rng.random() < 0.08:
        # Speech right from the start: there is no background to whiten by.
        seen = view(without_background(heard), dictionary.vectors, None, dictionary.waves)
    else:
        before = spectra(sound[:, : ONSET - GUARD], dictionary.bins)
        noise = settled(covariance(before), before.shape[2], dictionary.diffuse)
        seen = view(heard, dictionary.vectors, whitener(noise), dictionary.waves)
        if rng.random() < 0.5:  # the ear asks about these; the others teach what late sound is
            turn = whitener(with_late_sound(noise, heard, dictionary.diffuse))
            seen = refocused(seen, heard, turn)
    return band_maps(seen, heard.transpose(1, 0, 2), dictionary)


def padded(values: np.ndarray) -> np.ndarray:
    """(channels, moments, ...) with silence up to `MOST` moments."""
    missing = MOST - values.shape[1]
    return np.pad(values, ((0, 0), (0, missing)) + ((0, 0),) * (values.ndim - 2))


def chunk(number: int) -> dict[str, np.ndarray]:
    made: list[BandMaps] = []
    truth = []
    for index in range(number * CHUNK, (number + 1) * CHUNK):
        rng = np.random.default_rng([SEED, index])
        array = random_array(rng)
        dictionary = plane_waves(array, band(*BAND), AZIMUTHS, (ELEVATION,))
        rt60 = rng.uniform(0.15, 0.5) if rng.random() < 0.35 else rng.uniform(0.45, 0.85)
        if rng.random() < OPEN:
            rt60 = 0.0
        aimed = partial(mouth, rng) if rng.random() < 0.5 else None
        room = scene(array, rt60, (SEED, index), 1.0, TRAINING, aimed)
        parts = Spectra.of(room)
        for _ in range(MIXTURES):
            sound, talkers = mixture(rng, room, parts)
            made.append(example(rng, sound, dictionary))
            truth.append([*talkers, np.nan, np.nan][:2])
    return {
        "maps": np.stack([padded(m.maps) for m in made]).astype(np.float16),
        "gates": np.stack([padded(m.gates) for m in made]).astype(np.float16),
        "blur": np.stack([m.blur for m in made]),
        "truth": np.array(truth, np.float32),
    }


def main(folder: Path, worker: int, workers: int, rooms: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    started, numbers = time.monotonic(), range(worker, rooms // CHUNK, workers)
    for done, number in enumerate(numbers):
        file = folder / f"{number:05d}.npz"
        if not file.exists():
            part = file.with_suffix(".part.npz")
            np.savez(part, **chunk(number))
            part.rename(file)
        took = time.monotonic() - started
        print(f"{done + 1} of {len(numbers)}, {took:.0f} s", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:5]))
