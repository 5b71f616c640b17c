"""Makes training examples: wake words, what is near them, and speech, as the ear would hear them.

usage: python -m script.word_networks.mixtures KIND VOICES FOLDER WORKER WORKERS FILES  (resumable)

KIND is `plain`, `quick` (voices said faster and sent through narrower channels, as people and
headsets do) or `speech` (telephone prompts, none of which holds a word). VOICES is the folder of
clips that `voices` made, of all mouths. A file of FOLDER is one room; everything in it follows from
its number. Needs ffmpeg, scipy, pymicro-wakeword, pyroomacoustics and Debian's telephone prompts.
"""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import pymicro_wakeword
from scipy.signal import butter, lfilter, sosfilt

from engine.bench.hearing_scenes import (
    Sound,
    convolve,
    decode,
    diffuse,
    layout,
    programme,
    room_responses,
)
from engine.bench.wake_word_voices import read_mono
from engine.hearing.arrays import MicrophoneArray, load_array
from engine.hearing.canceller import DELAY, Canceller
from engine.hearing.closer import CATCH_UP, LASTING
from engine.hearing.directions import ELEVATIONS
from engine.hearing.spectra import RATE
from engine.hearing.speech import CHUNK
from engine.hearing.speech_embedding import FRAMES, mel_frames, opened_networks
from engine.hearing.wake_word import WORDS
from script.word_networks.mouths import MOUTHS
from script.word_networks.phrases import NEGATIVES
from script.word_networks.prompts import on_television, taught_prompts

SEEDS = {"plain": 4712, "speech": 4713, "quick": 4714}
SAID = (*WORDS, NEGATIVES, NEGATIVES)
"""What is said in a room, one after the other: each word once, and twice what only sounds like
one."""
PROMPTS = 8
"""Prompts in a room of `speech`."""
ENGLISH = sorted(mouth.name for mouth in MOUTHS if mouth.language == "en")
"""Mouths that speak English: more than half of what is said comes from them."""
ARRAYS = ("respeaker_6", "respeaker_6", "respeaker_6", "respeaker_4", "uma_8")
AFTER = int(0.9 * RATE)
STEP = 160
"""Samples of a step of features, 10 ms."""
SCALE = 0.101960786
"""What one of the networks' input steps stands for: features are kept as they will be given."""
KEPT_BEFORE, KEPT_AFTER = 400, 60
"""Steps that are kept around a word's end."""
EMBEDDED_BEFORE = 330
"""The same of embeddings, of which the first is then of what was heard 3.3 to 2.5 s before it."""
EVERY = 4
"""Steps from one embedding to the next: twice as many as the head is given."""


@dataclass(frozen=True, eq=False)
class View:
    """Features (steps, 40) in input steps, of sound in which a word ends at step `end`; and
    embeddings (n, 96), `EVERY` steps apart, of sound in which it ends at `embedded_end`."""

    features: np.ndarray
    end: float
    embeddings: np.ndarray | None = None
    embedded_end: float = 0.0

    @property
    def given(self) -> np.ndarray:
        """What the network is given, (steps, 40)."""
        return self.features.astype(np.float32) * np.float32(SCALE)


def features(sound: Sound) -> np.ndarray:
    """(steps, 40), as the network's input has them, of mono sound given in chunks."""
    maker = pymicro_wakeword.MicroWakeWordFeatures()
    pcm = (np.clip(sound, -1.0, 1.0) * 32767.0).astype("<i2")
    made = [
        np.ravel(step)
        for begin in range(0, len(pcm) - CHUNK + 1, CHUNK)
        for step in maker.process_streaming(pcm[begin : begin + CHUNK].tobytes())
    ]
    # Kept with 11 bits before they are rounded, as those that were trained on.
    halves = np.asarray(made, np.float32).astype(np.float16).astype(np.float32)
    return np.asarray(np.clip(np.rint(halves / SCALE), 0, 255), np.uint8)


def view(sound: Sound, end: float, first: int = 0) -> View:
    """Of all `sound`, in which a word ends at step `end`; embeddings from step `first` on."""
    frames = mel_frames(sound)[first : int(end) + KEPT_AFTER]
    seen = [frames[n : n + FRAMES] for n in range(0, len(frames) - FRAMES + 1, EVERY)]
    embed, _ = opened_networks()
    given = np.array(seen, np.float32).reshape(-1, FRAMES, frames.shape[1], 1)
    made = embed.run(None, {"input_1": given})[0].reshape(-1, 96) if seen else np.zeros((0, 96))
    return View(features(sound), end, made.astype(np.float16), end - first)


def room(
    rng: np.random.Generator, array: MicrophoneArray
) -> tuple[tuple[Sound, Sound], tuple[float, float]]:
    """Responses from a talker's and a television's place, and their azimuths in degrees."""
    rt60, distance = rng.uniform(0.2, 0.65), rng.uniform(1.0, 4.0)
    for _ in range(200):
        size, device, places, _ = layout(rng)
        away = places[0] - device
        if np.linalg.norm(away) >= distance:
            break
    else:
        distance = float(np.linalg.norm(away))
    talker = device + away * min(1.0, distance / float(np.linalg.norm(away)))
    microphones = device + array.positions
    heard = room_responses(rng, size, microphones, [talker, places[1]], rt60, array.positions)
    east, north = np.array([talker - device, places[1] - device]).T[:2]
    azimuths = np.degrees(np.arctan2(north, east))
    return (heard[0], heard[1]), (float(azimuths[0]), float(azimuths[1]))


@cache
def clips(voices: Path, said: str) -> dict[str, list[Path]]:
    """Clips by mouth."""
    every = sorted((voices / said).glob("*.wav"))
    of = {m.name: [clip for clip in every if clip.name.startswith(f"{m.name}__")] for m in MOUTHS}
    return {mouth: own for mouth, own in of.items() if own}


def voice(rng: np.random.Generator, kind: str, voices: Path, said: str) -> Sound:
    """A dry utterance of `said`, or of a prompt, out of a brighter or darker mouth."""
    if kind == "speech":
        prompts = taught_prompts()
        wave = decode(prompts[rng.integers(len(prompts))])[: 6 * RATE]
        if len(wave) < RATE // 2:
            return wave
    else:
        mouths = clips(voices, said)
        names = ENGLISH if rng.random() < 0.45 else sorted(mouths)
        own = mouths[names[rng.integers(len(names))]]
        wave = read_mono(own[rng.integers(len(own))])
    if kind == "quick":
        wave = hurried(rng, wave)
    if rng.random() < 0.5:
        wave = lfilter([1.0, rng.uniform(-0.5, 0.5)], [1.0], wave).astype(np.float32)
    return np.asarray(wave, np.float32)


def hurried(rng: np.random.Generator, wave: Sound) -> Sound:
    """Faster, for synthesisers take half as long again as people, and with less of its treble and
    bass, as a headset or a codec leaves it."""
    if rng.random() < 0.75:
        wave = faster(wave, rng.uniform(1.05, 1.55))
    if rng.random() < 0.45:
        order, hertz = int(rng.integers(2, 7)), rng.uniform(2800.0, 6500.0)
        wave = sosfilt(butter(order, hertz, fs=RATE, output="sos"), wave).astype(np.float32)
    if rng.random() < 0.2:
        cut = butter(2, rng.uniform(100.0, 350.0), "highpass", fs=RATE, output="sos")
        wave = sosfilt(cut, wave).astype(np.float32)
    return wave


def faster(wave: Sound, rate: float) -> Sound:
    """In 1/rate of the time, at the same pitch."""
    mono = ["-f", "f32le", "-ac", "1", "-ar", str(RATE)]
    command = ["ffmpeg", "-v", "error", *mono, "-i", "-", "-af", f"atempo={rate:.3f}"]
    made = subprocess.run(
        [*command, "-f", "f32le", "-"],
        input=wave.astype(np.float32).tobytes(),
        capture_output=True,
        check=True,
    )
    return np.frombuffer(made.stdout, np.float32)


def views(
    rng: np.random.Generator,
    array: MicrophoneArray,
    responses: tuple[Sound, Sound],
    azimuths: tuple[float, float],
    wave: Sound,
    prompt: bool,
) -> dict[str, View]:
    """What each of the ear's listeners is given of `wave`: `cleaned`, `near` and `closer`; and
    `dry`, which nobody's room has touched."""
    before = int(rng.uniform(2.5, 4.5) * RATE) // CHUNK * CHUNK
    end, total = before + len(wave), before + len(wave) + AFTER
    loud = np.abs(wave) > 0.1 * np.abs(wave).max()
    talker = convolve(responses[0], np.pad(wave, (before, AFTER)))[:, :total]
    lead = RATE // 2
    on = programme(rng, (total + lead + 1) / RATE, on_television(taught_prompts()))
    television = convolve(responses[1], on)[:, lead : lead + total]
    around = diffuse(rng, total, array.positions)
    noise = np.sqrt(0.9) * around + np.sqrt(0.1) * rng.standard_normal(around.shape)
    parts = (talker[:, before:end][:, loud], television[:, before:end] + 1e-9, noise[:, before:end])
    level = [float(np.sqrt(np.mean(np.square(part)))) for part in parts]
    snr = rng.uniform(3.0, 25.0)
    louder = rng.uniform(-12.0, 7.0) if rng.random() < 0.85 else -60.0
    gain = 0.05 * 10.0 ** (rng.uniform(-10.0, 6.0) / 20.0)
    mixed = talker / level[0] + 10.0 ** (louder / 20.0) * television / level[1]
    sound = (gain * (mixed + 10.0 ** (-snr / 20.0) * noise / level[2])).astype(np.float32)
    sound = sound[:, : sound.shape[1] // CHUNK * CHUNK]
    # A word is listened to closer about when it ends, other speech at any time.
    if prompt:
        when = int(rng.uniform(before + RATE // 2, end))
    else:
        when = end + int(rng.uniform(-0.15, 0.15) * RATE)
    left, closer = through(rng, array, sound, when, azimuths, prompt)
    around_it = before // STEP - 60 if prompt else None
    first = 200 if prompt else max(0, end // STEP - EMBEDDED_BEFORE)
    found = {
        "cleaned": cut(view(left, (end + DELAY) / STEP, first), around_it),
        "near": cut(view(sound[0], end / STEP, first), around_it),
    }
    if closer is not None:
        begin, aimed = closer
        found["closer"] = view(aimed, (end + DELAY - begin) / STEP)
    quiet = [1e-4 * rng.standard_normal(RATE) for _ in range(2)]
    dry = gain * wave / np.sqrt(np.mean(np.square(wave[loud])))
    alone = np.concatenate([quiet[0], dry, quiet[1]])
    ends = 100.0 + len(wave) / STEP
    return {**found, "dry": view(alone, ends, 0 if prompt else max(0, int(ends) - EMBEDDED_BEFORE))}


def cut(whole: View, begin: int | None) -> View:
    """What may be asked about: around the word, or from `begin` on."""
    if begin is not None:
        begin = max(0, begin)
        return replace(whole, features=whole.features[begin:], end=whole.end - begin)
    begin = max(0, int(whole.end) - KEPT_BEFORE)
    part = whole.features[begin : int(whole.end) + KEPT_AFTER]
    return replace(whole, features=part, end=whole.end - begin)


def through(
    rng: np.random.Generator,
    array: MicrophoneArray,
    sound: Sound,
    when: int,
    azimuths: tuple[float, float],
    prompt: bool,
) -> tuple[Sound, tuple[int, Sound] | None]:
    """`sound` without what sounded before; and the first sample and the sound of a closer listen
    from `when` on, as `engine.hearing.closer` would make it with an imprecise direction."""
    canceller, left, closer = Canceller(array), [], None
    for begin in range(0, sound.shape[1], CHUNK):
        end = begin + CHUNK
        left.append(canceller.process(sound[:, begin:end]))
        if closer is None and end >= when and canceller.knows:
            elsewhere = prompt and rng.random() < 0.3
            aimed = canceller.towards(azimuths[elsewhere] + rng.normal(0.0, 6.0), ELEVATIONS[0])
            first = max(0, end - CATCH_UP) // CHUNK * CHUNK
            last = min(sound.shape[1], end + LASTING // CHUNK * CHUNK)
            closer = (first, aimed.process(sound[:, first:last]))
    return np.concatenate(left), closer


def file_of(kind: str, voices: Path, number: int) -> dict[str, np.ndarray]:
    """One room: features and embeddings of every view, where each word ends in them, and what was
    said."""
    rng = np.random.default_rng([SEEDS[kind], number])
    array = load_array(ARRAYS[rng.integers(len(ARRAYS))])
    responses, azimuths = room(rng, array)
    made: dict[str, np.ndarray] = {}
    for index, said in enumerate(("speech",) * PROMPTS if kind == "speech" else SAID):
        wave = voice(rng, kind, voices, said)
        if len(wave) < RATE // 2 and kind == "speech":
            continue
        heard = views(rng, array, responses, azimuths, wave, kind == "speech")
        for name, seen in heard.items():
            made[f"{index} {said} {name}"] = seen.features
            made[f"{index} {said} {name} end"] = np.array(seen.end)
            made[f"{index} {said} {name} embeddings"] = seen.embeddings
            made[f"{index} {said} {name} embeddings end"] = np.array(seen.embedded_end)
    return made


def main(kind: str, voices: Path, folder: Path, worker: int, workers: int, files: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    started, numbers = time.monotonic(), range(worker, files, workers)
    for done, number in enumerate(numbers):
        file = folder / f"{kind}_{number:05d}.npz"
        if not file.exists():
            part = file.with_suffix(".part.npz")
            np.savez(part, **file_of(kind, voices, number))
            part.rename(file)
        took = time.monotonic() - started
        print(f"{done + 1} of {len(numbers)}, {took:.0f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), *map(int, sys.argv[4:7]))
