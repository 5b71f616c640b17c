"""What hearing costs: processor time a second, speaking and quiet, and how soon it decides.

The whole ear (voice detection, wake word, localisation) on one thread; its time
with 2 to 16 microphones; the classical maps' with ever more directions (the
network's grid is fixed); and the time from the end of a recorded wake word to the
decision. Nothing calls it but script/measure.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from engine.bench.hearing_scenes import MEASURING, Sound, decode, diffuse
from engine.bench.wake_word_voices import read_mono
from engine.hearing.arrays import SPEED_OF_SOUND, MicrophoneArray, load_array, ring
from engine.hearing.canceller import Canceller
from engine.hearing.closer import CloserListen
from engine.hearing.decomposition import wave_map
from engine.hearing.directions import BAND, Localiser
from engine.hearing.ear import Ear
from engine.hearing.history import History
from engine.hearing.maps import steered_map, view
from engine.hearing.spectra import RATE, band, spectra
from engine.hearing.speech import CHUNK, SileroVoice
from engine.hearing.steering import plane_waves
from engine.hearing.wake_word import WORDS, Spotters, open_wake_word
from engine.hearing.whitening import covariance, whitener
from engine.ports import AudioBlock

Progress = Callable[[str], None]

SEED = 4_711
MICROPHONES = (2, 3, 4, 6, 8, 12, 16)
DIRECTIONS = (36, 72, 120, 180, 360)
SECONDS = 20
REPEATS = 5


def measure(
    data_dir: Path | None,
    progress: Progress,
    *,
    seconds: int = SECONDS,
    repeats: int = REPEATS,
    microphones: tuple[int, ...] = MICROPHONES,
) -> dict[str, Any]:
    """Milliseconds of processor time for a second of sound, the median of `repeats` runs."""
    array = load_array("respeaker_6")
    talk, quiet = speech(array, seconds), room_noise(array, seconds)
    times = _by_microphones(progress, seconds, repeats, microphones)
    progress("hearing: quiet")
    figures = {
        "speaking_ms_per_s": _ear(array, talk, repeats),
        "quiet_ms_per_s": _ear(array, quiet, repeats),
        "voice_detection_ms_per_s": _each(SileroVoice().probability, talk, repeats),
        "microphones": times,
        "directions": _by_directions(progress, array, talk, repeats),
    }
    spotters, _ = open_wake_word(WORDS[0])
    if spotters is not None:
        figures["wake_word_ms_per_s"] = _each(spotters.cleaned.listen, talk, repeats)
        figures["closer_listen_ms"] = closer_listen(array, spotters, talk, repeats)
        if data_dir is not None:
            figures["decision"] = decisions(array, data_dir, progress)
    return figures


def speech(array: MicrophoneArray, seconds: int) -> Sound:
    """A plane wave of prompts one after the other, after 2 s of quiet."""
    rng = np.random.default_rng(SEED)
    files = MEASURING.prompts()
    voice = np.zeros(2 * RATE, np.float32)
    while len(voice) < seconds * RATE:
        voice = np.concatenate([voice, decode(files[rng.integers(len(files))])])
    return _from(array, voice[: seconds * RATE], 40.0) + room_noise(array, seconds)


def room_noise(array: MicrophoneArray, seconds: int) -> Sound:
    rng = np.random.default_rng(SEED + 1)
    return np.asarray(2e-3 * diffuse(rng, seconds * RATE, array.positions), np.float32)


def _from(array: MicrophoneArray, voice: Sound, azimuth: float) -> Sound:
    a = np.radians(azimuth)
    lead = array.positions @ np.array([np.cos(a), np.sin(a), 0.0]) / SPEED_OF_SOUND
    hertz = np.fft.rfftfreq(len(voice), 1.0 / RATE)
    turned = np.fft.rfft(voice)[None] * np.exp(2j * np.pi * hertz * lead[:, None])
    return np.asarray(np.fft.irfft(turned, len(voice), axis=1), np.float32)


def _spent(work: Callable[[], object], repeats: int) -> float:
    spent = []
    for _ in range(repeats):
        begun = time.process_time()
        work()
        spent.append(time.process_time() - begun)
    return float(np.median(spent))


def _ear(array: MicrophoneArray, sound: Sound, repeats: int) -> float:
    """The whole ear, opened and warm, a wake word's networks beside it where they are."""
    ear, runs = _listening_for(array, WORDS[0]), iter(range(repeats + 1))

    def hear() -> None:
        _play(ear, sound, 1000.0 * next(runs))

    hear()
    return round(float(1000.0 * _spent(hear, repeats) * RATE / sound.shape[1]), 1)


def _listening_for(array: MicrophoneArray, word: str) -> Ear:
    """The whole ear, with as many networks of the word as there are."""
    return Ear(array, wake_word=open_wake_word(word)[0])


def _play(ear: Ear, sound: Sound, begins: float) -> None:
    for begin in range(0, sound.shape[1], CHUNK):
        ear.listen(AudioBlock(begins + begin / RATE, sound[:, begin : begin + CHUNK]))


def _each(work: Callable[[Sound], object], sound: Sound, repeats: int) -> float:
    def all_of_it() -> None:
        for begin in range(0, sound.shape[1] - CHUNK + 1, CHUNK):
            work(sound[0, begin : begin + CHUNK])

    return round(float(1000.0 * _spent(all_of_it, repeats) * RATE / sound.shape[1]), 2)


def closer_listen(array: MicrophoneArray, spotters: Spotters, sound: Sound, repeats: int) -> float:
    """What it takes at once when something may be the word: direction, filter and networks."""
    assert spotters.closer is not None
    count = min(sound.shape[1], 6 * RATE) // CHUNK * CHUNK
    history, canceller = History(array.channels, 6 * RATE), Canceller(array)
    history.push(sound[:, :count])
    canceller.learn(sound[:, : count - CHUNK])
    canceller.process(sound[:, count - CHUNK : count])
    closer = CloserListen(spotters.closer, Localiser(array))

    def listen() -> None:
        closer.stop()
        closer.hear(history, canceller, count - CHUNK, count, 1.0)

    listen()
    return round(1000.0 * _spent(listen, repeats), 1)


def _by_microphones(
    progress: Progress, seconds: int, repeats: int, counts: tuple[int, ...]
) -> dict[str, float]:
    """The whole ear while somebody speaks, on rings of 46 mm."""
    figures = {}
    for count in counts:
        progress(f"hearing: {count} microphones")
        array = ring(count, 0.0463)
        figures[str(count)] = _ear(array, speech(array, seconds), repeats)
    return figures


def _by_directions(
    progress: Progress, array: MicrophoneArray, sound: Sound, repeats: int
) -> dict[str, float]:
    """Both classical maps of half a second, twice: a second of speech."""
    bins = band(*BAND)
    heard = spectra(sound[:, 3 * RATE : int(3.5 * RATE)], bins)
    turn = whitener(covariance(spectra(sound[:, :RATE], bins)))
    figures = {}
    for count in DIRECTIONS:
        progress(f"hearing: {count} directions")
        dictionary = plane_waves(array, bins, count, (15.0,))

        def maps(dictionary: Any = dictionary) -> None:
            seen = view(heard, dictionary.vectors, turn, dictionary.waves)
            steered_map(seen, 1)
            wave_map(seen, dictionary.bins, 1)

        maps()
        figures[str(count)] = round(2000.0 * _spent(maps, repeats), 1)
    return figures


def decisions(array: MicrophoneArray, data_dir: Path, progress: Progress) -> dict[str, Any]:
    """From the end of each recorded wake word to the decision about it.

    `wait_ms` is sound that the spotter wanted beyond the word's end, blocks
    included; `work_ms` the processor time of the block that decided.
    """
    waits, works, said = [], [], []
    for word in WORDS:
        for clip in sorted((data_dir / "wake_words" / word).glob("*.wav")):
            progress(f"hearing: decision about {word}")
            found = decision(array, word, read_mono(clip))
            if found is not None:
                waits.append(found[0])
                works.append(found[1])
                said.append(word)
    total = np.array(waits) + np.array(works)
    return {
        "clips": len(waits),
        "wait_ms": round(float(np.median(waits)), 1),
        "work_ms": round(float(np.median(works)), 1),
        "total_median_ms": round(float(np.median(total)), 1),
        "total_worst_ms": round(float(total.max()), 1),
        "total_worst_ms_of": {
            word: round(float(total[[s == word for s in said]].max()), 1)
            for word in dict.fromkeys(said)
        },
    }


def decision(array: MicrophoneArray, word: str, clip: Sound) -> tuple[float, float] | None:
    """Milliseconds waited and worked for this clip; None where the word was not heard."""
    loud = np.flatnonzero(np.abs(clip) > 0.05 * np.abs(clip).max())
    said = np.pad(clip[loud[0] : loud[-1] + 1], (2 * RATE, RATE))
    sound = _from(array, said, 40.0)
    sound += 0.03 * room_noise(array, len(said) // RATE + 1)[:, : len(said)]
    ear, end = _listening_for(array, word), len(said) - RATE
    for begin in range(0, sound.shape[1] - CHUNK + 1, CHUNK):
        begun = time.process_time()
        heard = ear.listen(AudioBlock(begin / RATE, sound[:, begin : begin + CHUNK]))
        worked = time.process_time() - begun
        if any(h.wake_word for h in heard):
            return 1000.0 * max(0, begin + CHUNK - end) / RATE, 1000.0 * worked
    return None
