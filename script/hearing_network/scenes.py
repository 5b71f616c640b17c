"""Makes training examples: simulated rooms, random arrays, mixtures, and the maps of each.

usage: python -m script.hearing_network.scenes FOLDER WORKER WORKERS ROOMS   (resumable)

A file of FOLDER holds `CHUNK` rooms; every room follows from its number. Voices are Debian's
Spanish, French and Italian telephone prompts, played faster and slower and through filters;
English and Russian ones are kept for measuring.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.bench.hearing_scenes import PRE_ROLL, TRAINING, HearingScene, scene
from engine.hearing.arrays import MicrophoneArray, load_array, make_array
from engine.hearing.band_maps import ELEVATION, band_maps
from engine.hearing.directions import AZIMUTHS, BAND
from engine.hearing.maps import refocused, view, without_background
from engine.hearing.spectra import RATE, band, spectra
from engine.hearing.steering import Dictionary, plane_waves
from engine.hearing.whitening import covariance, whitener, with_late_sound

CHUNK = 20
MIXTURES = 8
SEED = 78
ONSET = int(PRE_ROLL * RATE)
GUARD = int(0.05 * RATE)


def random_array(rng: np.random.Generator) -> MicrophoneArray:
    """A ring, a square, a ring with a centre, a shipped board, or anything that fits a device."""
    kind = rng.random()
    if kind < 0.35:
        return load_array(("respeaker_6", "respeaker_4", "uma_8", "ring_8")[rng.integers(4)])
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


def mixture(rng: np.random.Generator, room: HearingScene) -> tuple[np.ndarray, list[float]]:
    """A mixture and the azimuths of who talks in it; none in the last few."""
    room, kind = coloured(rng, room), rng.random()
    snr = rng.uniform(-4.0, 25.0) if rng.random() < 0.5 else rng.uniform(-3.0, 12.0)
    if kind < 0.5:
        return room.mix(snr), [room.azimuths[0]]
    if kind < 0.74:
        return room.mix(snr, second=rng.uniform(-3.0, 3.0)), list(room.azimuths)
    if kind < 0.96:
        return room.mix(snr, television=rng.uniform(-6.0, 7.0)), [room.azimuths[0]]
    silent = 0.05 * (10.0 ** (-snr / 20.0) * room.noise + rng.choice([0.0, 1.0]) * room.television)
    return silent.astype(np.float32), []


def coloured(rng: np.random.Generator, room: HearingScene) -> HearingScene:
    """The same room with darker or brighter mouths and noise: decibels to the octave at random.

    What a voice has above 3 kHz decides what noise of its loudness leaves of it.
    """
    hertz = np.maximum(np.fft.rfftfreq(room.noise.shape[1], 1.0 / RATE), 125.0)

    def tilted(sound: np.ndarray, slope: float) -> np.ndarray:
        gain = 10.0 ** (rng.normal(0.0, slope) * np.log2(hertz / 1000.0) / 20.0)
        made = np.fft.irfft(np.fft.rfft(sound, axis=1) * gain, sound.shape[1], axis=1)
        if not sound[:, 0].any():  # nobody's filter rings before he speaks
            made[:, :ONSET] = sound[:, :ONSET]
        return (made / np.sqrt(np.mean(np.square(made[:, ONSET:])))).astype(np.float32)

    return replace(
        room,
        talker=tilted(room.talker, 2.0),
        second=tilted(room.second, 2.0),
        television=tilted(room.television, 2.0),
        noise=tilted(room.noise, 0.7),
    )


def imperfect(rng: np.random.Generator, sound: np.ndarray) -> np.ndarray:
    """As real microphones hear it: gains that differ by a dB, time by some microseconds."""
    gains = 10.0 ** (rng.normal(0.0, 1.0, (len(sound), 1)) / 20.0)
    late = rng.normal(0.0, 3e-6, (len(sound), 1))
    hertz = np.fft.rfftfreq(sound.shape[1], 1.0 / RATE)
    turned = np.fft.rfft(sound, axis=1) * np.exp(-2j * np.pi * hertz * late)
    return (gains * np.fft.irfft(turned, sound.shape[1], axis=1)).astype(np.float32)


def example(
    rng: np.random.Generator, sound: np.ndarray, dictionary: Dictionary
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    end = ONSET + int(rng.uniform(0.5, 1.0) * RATE)
    heard = spectra(sound[:, ONSET - 512 : end], dictionary.bins)
    before = spectra(sound[:, : ONSET - GUARD], dictionary.bins)
    if rng.random() < 0.08:
        # Speech right from the start: there is no background to whiten by.
        seen = view(without_background(heard), dictionary.vectors, None)
    else:
        noise = covariance(before)
        seen = view(heard, dictionary.vectors, whitener(noise))
        turn = whitener(with_late_sound(noise, heard, dictionary.diffuse))
        seen = refocused(seen, heard, dictionary.vectors, turn)
    made = band_maps(seen, heard.transpose(1, 0, 2), dictionary)
    return made.maps.astype(np.float16), made.gates.astype(np.float16), made.blur


def chunk(number: int) -> dict[str, np.ndarray]:
    maps, gates, blurs, truth = [], [], [], []
    for index in range(number * CHUNK, (number + 1) * CHUNK):
        rng = np.random.default_rng([SEED, index])
        array = random_array(rng)
        dictionary = plane_waves(array, band(*BAND), AZIMUTHS, (ELEVATION,))
        rt60 = float(rng.choice([rng.uniform(0.15, 0.45), rng.uniform(0.4, 0.85)]))
        room = scene(array, rt60, (SEED, index), 1.0, TRAINING)
        for _ in range(MIXTURES):
            sound, talkers = mixture(rng, room)
            m, g, b = example(rng, imperfect(rng, sound), dictionary)
            maps.append(m), gates.append(g), blurs.append(b)
            truth.append([*talkers, np.nan, np.nan][:2])
    return {
        "maps": np.stack(maps),
        "gates": np.stack(gates),
        "blur": np.stack(blurs),
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
