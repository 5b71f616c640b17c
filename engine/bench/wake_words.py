"""Wake words: how many are heard through a room, and how often one is heard that nobody said.

Real speakers and synthesised ones (`wake_word_voices`) dry, and through simulated rooms with
noise and a television that had been on before; and hours of Debian's telephone prompts, which
hold none of the words, through rooms, in noise and over music: those whose names hash odd, as
the others taught networks or chose cutoffs. What the networks are given is what the ear gives them,
awake throughout. Takes long; nothing calls it but script/measure.

Not wholly unseen: the first recorded clip of each word and flite's voices, at other paces and in
other rooms, chose cutoffs, too. The prompts, also those on television, are of the reported half,
but the same few people read the other one, by which networks were taught and cutoffs chosen.
"""

from __future__ import annotations

import importlib
import math
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.bench.hearing import reported
from engine.bench.hearing_scenes import (
    MEASURING,
    TRAINING,
    Listed,
    Sound,
    Voices,
    convolve,
    decode,
    diffuse,
    layout,
    programme,
    room_responses,
)
from engine.bench.wake_word_voices import everybody
from engine.errors import UserError
from engine.hearing.arrays import load_array
from engine.hearing.canceller import Canceller
from engine.hearing.directions import Localiser
from engine.hearing.history import History
from engine.hearing.spectra import RATE
from engine.hearing.wake_word import WORDS, Spotters, open_wake_word, spotters_of
from engine.hearing.words import WordListening

Progress = Callable[[str], None]

SEED = 31_337
RT60 = 0.5
SNR = 10.0
TELEVISION = {"tv_5_db_below": -5.0, "tv_5_db_above": 5.0}
"""dB relative to the talker while the word sounds; clips hold silence, too. "TV at -5 dB below" is
taken for 5 dB below the talker; where directions are measured -5 is a television 5 dB louder."""
HISS = 0.1
"""Share of the noise's power that is each microphone's own."""
DISTANCE = 3.0
QUIET_BEFORE, QUIET_AFTER = 4.0, 1.0
"""Seconds of noise and television without the word."""
CHUNK = 512
ROOMS = 5
SYNTHETIC_SHARE = 5
"""A synthesised utterance goes through one room for so many of a recorded one: there are more."""
EVERYBODY = Voices((*MEASURING.speakers, *TRAINING.speakers), slice(None))
CONDITIONS: tuple[tuple[float, float | None], ...] = (
    (40.0, None),
    (SNR, None),
    (20.0, -5.0),
    (30.0, None),
    (SNR / 2.0, None),
    (20.0, 0.0),
    (20.0, 5.0),
)
"""What other speech is heard in: noise in dB below it, and music's or another's level beside it."""
KEPT = 6 * RATE
"""Samples that the ear keeps."""


def measure(
    data_dir: Path | None, progress: Progress, *, rooms: int = ROOMS, hours: float = 6.06
) -> dict[str, Any]:
    """Both figures for every word. Raises UserError where clips, prompts or networks lack."""
    if data_dir is None or not EVERYBODY.prompts():
        raise UserError(
            "wake words are measured on ../shared/data and Debian's telephone prompts",
            "set HELIOTROPE_DATA; apt install asterisk-core-sounds-en-g722 ffmpeg",
        )
    return {
        "recall": recall(data_dir, progress, rooms),
        "false_alarms": false_alarms(progress, hours),
        "conditions": {"rt60_s": RT60, "snr_db": SNR, "distance_m": DISTANCE},
        "voices": on_television().record(),
    }


def recall(data_dir: Path, progress: Progress, rooms: int) -> dict[str, Any]:
    """By condition, word and kind of speaker: mixes, and the share in per cent that was heard."""
    heard: dict[str, dict[str, dict[str, list[bool]]]] = {}

    def note(condition: str, word: str, group: str, hit: bool) -> None:
        heard.setdefault(condition, {}).setdefault(word, {}).setdefault(group, []).append(hit)

    for word in WORDS:
        for number, said in enumerate(everybody(word, data_dir)):
            note("dry", word, said.group, spotted(word, dry(said.sound)))
            for room in range(rooms if said.group == "recorded" else rooms // SYNTHETIC_SHARE):
                progress(f"wake words: {word}, {said.group} {said.speaker}, room {room + 1}")
                mix = through_a_room(said.sound, (SEED, number, room), on_television())
                for condition, television in TELEVISION.items():
                    note(condition, word, said.group, spotted(word, mix(television)))
    return {condition: _shares_of(words) for condition, words in heard.items()}


def _shares_of(words: dict[str, dict[str, list[bool]]]) -> dict[str, Any]:
    kinds = sorted({group for found in words.values() for group in found})
    total = {g: [hit for found in words.values() for hit in found.get(g, [])] for g in kinds}
    return {
        **{word: _shares(found) for word, found in words.items()},
        "all": _shares(total),
        # Formant synthesis is told apart: hardly a human mouth sounds like it.
        "recorded_and_flite": _share(total["recorded"] + total.get("flite", [])),
    }


def _shares(heard: dict[str, list[bool]]) -> dict[str, dict[str, float]]:
    return {group: _share(hits) for group, hits in heard.items()}


def _share(hits: list[bool]) -> dict[str, float]:
    return {"mixes": len(hits), "heard": round(100.0 * float(np.mean(hits)), 1)}


def dry(clip: Sound) -> Sound:
    """The clip at the loudness of the mixes, the same at all microphones."""
    loud = np.abs(clip) > 0.1 * np.abs(clip).max()
    sound = 0.05 * clip / float(np.sqrt(np.mean(np.square(clip[loud]))))
    rng, before, after = np.random.default_rng(SEED), 2 * RATE, int(QUIET_AFTER * RATE)
    sound = np.tile(np.pad(sound, (before, after)), (load_array("respeaker_6").channels, 1))
    return np.asarray(sound + 1e-4 * rng.standard_normal(sound.shape), np.float32)


@cache
def localiser() -> Localiser:
    return Localiser(load_array("respeaker_6"))


@cache
def _room(seed: tuple[int, ...]) -> tuple[Sound, Sound]:
    """Responses of a room from its talker's and its television's place; four words share it."""
    rng = np.random.default_rng(seed)
    array = load_array("respeaker_6")
    while True:
        size, device, places, _ = layout(rng)
        away = places[0] - device
        if np.linalg.norm(away) >= DISTANCE:
            break
    talker = device + away * DISTANCE / np.linalg.norm(away)
    responses = room_responses(
        rng, size, device + array.positions, [talker, places[1]], RT60, array.positions
    )
    return responses[0], responses[1]


def through_a_room(
    clip: Sound, seed: tuple[int, ...], television: Voices
) -> Callable[[float], Sound]:
    """The six microphones' sound in a room, with noise, for the television's level in dB."""
    rng = np.random.default_rng((*seed, 1))
    from_talker, from_television = _room(seed)
    before, count = int(QUIET_BEFORE * RATE), len(clip) + int((QUIET_BEFORE + QUIET_AFTER) * RATE)
    wave = np.pad(clip, (before, count - before - len(clip)))
    talker = convolve(from_talker, wave)[:, :count]
    lead = RATE // 2
    played = convolve(from_television, programme(rng, (count + lead + 1) / RATE, television))
    played = played[:, lead : lead + count]
    noise = noisy(rng, count)
    said = slice(before, before + len(clip))
    spoken = talker[:, said][:, np.abs(clip) > 0.1 * np.abs(clip).max()]
    level = [float(np.sqrt(np.mean(np.square(x)))) for x in (spoken, played[:, said])]
    quiet = 10.0 ** (-SNR / 20.0) / float(np.sqrt(np.mean(np.square(noise[:, said]))))

    def mix(decibels: float) -> Sound:
        loud = 10.0 ** (decibels / 20.0) / level[1]
        mixed = talker / level[0] + loud * played + quiet * noise
        return np.asarray(0.05 * mixed, np.float32)

    return mix


def noisy(rng: np.random.Generator, count: int) -> Sound:
    """Noise from all around and the microphones' own, unit power, (microphones, count)."""
    around = diffuse(rng, count, load_array("respeaker_6").positions)
    own = rng.standard_normal(around.shape)
    return np.asarray(np.sqrt(1.0 - HISS) * around + np.sqrt(HISS) * own, np.float32)


def spotted(word: str, sound: Sound) -> bool:
    """Whether the networks find `word` in what the microphones hear, as the ear gives it."""
    array = load_array("respeaker_6")
    listening = WordListening(array, opened(word), localiser=localiser())
    history = History(array.channels, KEPT)
    found = False
    for begin in pushed(history, sound):
        found = hears(listening, history, begin) or found
    return found


def pushed(history: History, sound: Sound) -> Iterator[int]:
    """Gives `sound` to `history` by chunks; the first sample's number of each, as it is there."""
    for at in range(0, sound.shape[1] - CHUNK + 1, CHUNK):
        begin = history.end
        history.push(sound[:, at : at + CHUNK])
        yield begin


def hears(listening: WordListening, history: History, begin: int) -> bool:
    """The chunk from `begin` on, heard awake."""
    mono = lambda a, b: history.span(a, b).mean(axis=0)  # noqa: E731
    return listening.hear(history, begin, 1.0, mono) is not None


def opened(word: str) -> Spotters:
    """The spotters of `word`. Raises UserError with the reason where there are none."""
    spotters, why = open_wake_word(word)
    if spotters is None:
        raise UserError(why)
    return spotters


class OneCanceller(Canceller):
    """For listeners who are given the same sound one after the other: it knows no word."""

    def __init__(self) -> None:
        super().__init__(load_array("respeaker_6"))
        self._given: Sound | None = None

    def process(self, samples: Sound, alive: npt.NDArray[np.bool_] | None = None) -> Sound:
        if self._given is None or not np.array_equal(samples, self._given):
            self._left, self._given = super().process(samples, alive), samples
        return self._left


class OneMaker:
    """Of features, for networks that are given the same sound one after the other."""

    def __init__(self) -> None:
        self._maker: Any = importlib.import_module("pymicro_wakeword").MicroWakeWordFeatures()
        self._given, self._made = b"", list[Any]()

    def process_streaming(self, sound: bytes) -> list[Any]:
        if sound != self._given:
            self._given, self._made = sound, list(self._maker.process_streaming(sound))
        return self._made


def false_alarms(progress: Progress, hours: float) -> dict[str, Any]:
    """Hours of speech without any of the words, and each word's false detections in an hour.

    Every condition's turn is heard by itself, on as many cores as there are.
    """
    # Two samples to a byte.
    once = sum(f.stat().st_size for f in prompts()) * 2 / RATE / 3600
    turns, alarms, heard = math.ceil(hours / once), dict.fromkeys(WORDS, 0), 0.0
    left = [3600 * (hours - turn * once) for turn in range(turns)]
    with ProcessPoolExecutor(min(turns, os.cpu_count() or 1)) as pool:
        for number, (seconds, found) in enumerate(pool.map(one_turn, range(turns), left)):
            heard += seconds
            alarms = {word: alarms[word] + found[word] for word in WORDS}
            progress(f"wake words: turn {number + 1} of {turns} of other speech, {alarms}")
    return {
        "hours": round(heard / 3600, 2),
        "distinct_hours": round(once, 2),
        "alarms": alarms,
        "per_hour": {word: round(n * 3600 / max(1.0, heard), 2) for word, n in alarms.items()},
    }


def one_turn(turn: int, longest: float) -> tuple[float, dict[str, int]]:
    """Seconds of one turn of all prompts, or `longest` of them, and how often each word was heard
    in them."""
    array, canceller = load_array("respeaker_6"), OneCanceller()
    cleaned, near = OneMaker(), OneMaker()
    history, alarms = History(array.channels, KEPT), dict.fromkeys(WORDS, 0)
    everyone = {
        word: WordListening(
            array,
            spotters_of(word, cleaned, near),
            localiser=localiser(),
            canceller=lambda _: canceller,
        )
        for word in WORDS
    }
    for sound in speech(turn, prompts(), on_television()):
        if history.end >= longest * RATE:
            break
        for begin in pushed(history, sound):
            for word, listening in everyone.items():
                alarms[word] += hears(listening, history, begin)
    return history.end / RATE, alarms


def prompts() -> list[Path]:
    """The reported half."""
    return [f for f in EVERYBODY.prompts() if reported(f)]


@cache
def on_television() -> Voices:
    """Those who speak beside what is to be heard: of the reported half, too."""
    return Listed((), MEASURING.music, files=tuple(prompts()))


def speech(turn: int, files: Sequence[Path], others: Voices) -> Iterator[Sound]:
    """All prompts of `files` in conditions that take turns, at one loudness, (microphones, n) each;
    `others` are heard beside them. Every turn has a room of its own."""
    rng = np.random.default_rng((SEED, turn))
    noise = noisy(np.random.default_rng(SEED), 30 * RATE)
    talker, other = _room((SEED, 1_000 + turn))
    for index, file in enumerate(files):
        snr, music = CONDITIONS[(turn + index) % len(CONDITIONS)]
        if rng.random() < 0.5:  # somebody else, elsewhere: less of it sounded before
            talker, other = other, talker
        sound = decode(file)
        heard = _loud(convolve(talker, sound)[:, : len(sound)])
        begin = int(rng.integers(noise.shape[1]))
        rest = np.take(noise, np.arange(begin, begin + len(sound)), axis=1, mode="wrap")
        heard = heard + 10.0 ** (-snr / 20.0) * rest
        if music is not None:
            played = convolve(other, programme(rng, (len(sound) + 1) / RATE, others))
            heard = heard + 10.0 ** (music / 20.0) * _loud(played[:, : len(sound)])
        yield np.asarray(0.05 * heard, np.float32)


def _loud(sound: Sound) -> Sound:
    return np.asarray(sound / max(float(np.sqrt(np.mean(np.square(sound)))), 1e-6), np.float32)
