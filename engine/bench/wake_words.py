"""Wake words: how many are heard through a room, and how often one is heard that nobody said.

Real speakers and synthesised ones (`wake_word_voices`) through simulated rooms,
with noise and a television; and hours of Debian's telephone prompts, which
hold none of the words, dry, in rooms, in noise and over music: those whose
names hash odd, as the cutoffs were chosen on the others. Takes long; nothing
calls it but script/measure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from engine.bench.hearing import reported
from engine.bench.hearing_scenes import (
    MEASURING,
    TRAINING,
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
from engine.hearing.spectra import RATE
from engine.hearing.wake_word import WORDS, WakeWordSpotter, open_wake_word

Progress = Callable[[str], None]

SEED = 31_337
RT60 = 0.5
SNR = 10.0
TELEVISION = -5.0
"""dB relative to the talker while the word sounds; clips hold silence, too."""
DISTANCE = 3.0
QUIET_BEFORE, QUIET_AFTER = 1.5, 1.0
CHUNK = 512
ROOMS = 20
SYNTHETIC_SHARE = 5
"""A synthesised utterance goes through one room for so many of a recorded one: there are more."""
EVERYBODY = Voices((*MEASURING.speakers, *TRAINING.speakers), slice(None))
CONDITIONS = (
    "dry",
    "in a room",
    "in noise",
    "over music",
    "in another room",
    "in more noise",
    "over loud music",
)


def measure(
    data_dir: Path | None, progress: Progress, *, rooms: int = ROOMS, hours: float = 6.2
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
        "conditions": {"rt60_s": RT60, "snr_db": SNR, "television_db": TELEVISION},
    }


def recall(data_dir: Path, progress: Progress, rooms: int) -> dict[str, Any]:
    """Of every word and kind of speaker: mixes, and the share in per cent in which it was heard."""
    heard: dict[str, dict[str, list[bool]]] = {}
    for word in WORDS:
        groups = heard.setdefault(word, {})
        for number, said in enumerate(everybody(word, data_dir)):
            for room in range(rooms if said.group == "recorded" else rooms // SYNTHETIC_SHARE):
                progress(f"wake words: {word}, {said.group} {said.speaker}, room {room + 1}")
                mixed = through_a_room(said.sound, (SEED, number, room))
                groups.setdefault(said.group, []).append(spotted(word, mixed))
    kinds = sorted({group for found in heard.values() for group in found})
    total = {g: [hit for found in heard.values() for hit in found.get(g, [])] for g in kinds}
    return {
        **{word: _shares(found) for word, found in heard.items()},
        "all": _shares(total),
        # Formant synthesis is told apart: hardly a human mouth sounds like it.
        "recorded_and_flite": _share(total["recorded"] + total.get("flite", [])),
    }


def _shares(heard: dict[str, list[bool]]) -> dict[str, dict[str, float]]:
    return {group: _share(hits) for group, hits in heard.items()}


def _share(hits: list[bool]) -> dict[str, float]:
    return {"mixes": len(hits), "heard": round(100.0 * float(np.mean(hits)), 1)}


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


def through_a_room(clip: Sound, seed: tuple[int, ...]) -> Sound:
    """What the ear gives its spotter: the mean of six microphones in a room, with noise and TV."""
    rng = np.random.default_rng((*seed, 1))
    from_talker, from_television = _room(seed)
    before, count = int(QUIET_BEFORE * RATE), len(clip) + int((QUIET_BEFORE + QUIET_AFTER) * RATE)
    dry = np.pad(clip, (before, count - before - len(clip)))
    talker = convolve(from_talker, dry)[:, :count]
    television = convolve(from_television, programme(rng, (count + 1) / RATE))[:, :count]
    noise = diffuse(rng, count, load_array("respeaker_6").positions)
    said = slice(before, before + len(clip))
    spoken = talker[:, said][:, np.abs(clip) > 0.1 * np.abs(clip).max()]
    others = (television[:, said], noise[:, said])
    level = [float(np.sqrt(np.mean(np.square(part)))) for part in (spoken, *others)]
    gains = (1.0, 10.0 ** (TELEVISION / 20.0), 10.0 ** (-SNR / 20.0))
    parts = zip((talker, television, noise), level, gains, strict=True)
    mixed = sum(0.05 * gain / loud * part for part, loud, gain in parts)
    return np.asarray(np.mean(mixed, axis=0), np.float32)


def spotted(word: str, sound: Sound) -> bool:
    spotter = opened(word)
    chunks = (sound[i : i + CHUNK] for i in range(0, len(sound) - CHUNK + 1, CHUNK))
    return any(spotter.listen(chunk) is not None for chunk in chunks)


def opened(word: str) -> WakeWordSpotter:
    spotter, why = open_wake_word(word)
    if spotter is None:
        raise UserError(why)
    return spotter


def false_alarms(progress: Progress, hours: float) -> dict[str, Any]:
    """Hours of speech without any of the words, and each word's false detections in an hour."""
    spotters = {word: opened(word) for word in WORDS}
    alarms, heard = dict.fromkeys(WORDS, 0), 0
    for sound in speech():
        if heard >= hours * 3600 * RATE:
            break
        heard += len(sound)
        progress(f"wake words: {heard / RATE / 3600:.2f} h of other speech")
        for begin in range(0, len(sound) - CHUNK + 1, CHUNK):
            for word, spotter in spotters.items():
                alarms[word] += spotter.listen(sound[begin : begin + CHUNK]) is not None
    return {
        "hours": round(heard / RATE / 3600, 2),
        "distinct_hours": round(sum(len(decode(f)) for f in prompts()) / RATE / 3600, 2),
        "per_hour": {w: round(n * 3600 * RATE / max(1, heard), 2) for w, n in alarms.items()},
    }


def prompts() -> list[Path]:
    """The reported half, every prompt once: Debian has some speakers in more than one folder."""
    return list({f.resolve(): f for f in EVERYBODY.prompts() if reported(f)})


def speech() -> Iterator[Sound]:
    """All prompts under every condition in turn, at one loudness."""
    rng = np.random.default_rng(SEED)
    array = load_array("respeaker_6")
    size, device, places, _ = layout(rng)
    rooms = room_responses(rng, size, device + array.positions, places, RT60, array.positions)
    for condition in CONDITIONS:
        for file in prompts():
            sound = decode(file)
            loud = 0.05 * sound / max(float(np.sqrt(np.mean(np.square(sound)))), 1e-6)
            if condition.endswith("room"):
                response = rooms[condition == "in another room"][:1]
                loud = convolve(response, loud)[0, : len(loud)]
                loud *= 0.05 / max(float(np.sqrt(np.mean(np.square(loud)))), 1e-6)
            elif condition.endswith("noise"):
                snr = SNR if condition == "in noise" else SNR / 2.0
                loud = loud + 0.05 * 10.0 ** (-snr / 20.0) * rng.standard_normal(len(loud))
            elif condition.endswith("music"):
                loudness = TELEVISION if condition == "over music" else 0.0
                music = programme(rng, (len(loud) + 1) / RATE, EVERYBODY)[: len(loud)]
                loud = loud + 0.05 * 10.0 ** (loudness / 20.0) * music
            yield np.asarray(loud, np.float32)
