"""Makes spoken examples of the wake words, and of what is none, by synthesised voices.

usage: python -m script.word_networks.voices [FOLDER [MOUTH ...]]   (resumable)

script/word_networks/get-voices FOLDER comes first: it fetches the engines, and the interpreter to
run this with, FOLDER/engines/venv/bin/python; nothing is fetched from here. FOLDER is
$HELIOTROPE_WORK or ~/.cache/heliotrope-voices if not given. FOLDER/raw holds what the engines said,
FOLDER/clips a folder for each word and one for what is none of them.

Every clip follows from its mouth, word and number, and is the same on every run (made on amd64). A
file that is there is not made again, so after a change of texts or voices begin without raw and
clips. Only freely licensed voices speak; `mouths` says which, why no others, and which are kept for
measuring.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

from script.word_networks.engines import EngineError, Utterance, say
from script.word_networks.mouths import MOUTHS, Engine, Mouth
from script.word_networks.phrases import NEGATIVES, WORDS, phrases
from script.word_networks.sounds import Sound, read, write
from script.word_networks.variations import Take, clip

SPEEDS = (1.0, 0.85, 1.2)
PITCHES = (1.0, 0.88, 1.15)
NATIVE = {"words": 45, "negatives": 44}
OTHER = {"words": 20, "negatives": 14}
"""Clips of a mouth: an accent is worth having, but most people who say the words speak English."""


def kinds(mouth: Mouth) -> dict[str, int]:
    """Clips to make of each word, and of what is none."""
    count = NATIVE if mouth.language == "en" else OTHER
    words = {word: 0 if word in mouth.unclear else count["words"] for word in WORDS}
    return {**words, NEGATIVES: count["negatives"]}


def utterances(mouth: Mouth, kind: str) -> list[Utterance]:
    """Each text of a word at each speed; each other text once."""
    texts = phrases(mouth.name, mouth.language).of(kind)
    if kind == NEGATIVES:
        return [Utterance(text, SPEEDS[i % len(SPEEDS)], 1.0) for i, text in enumerate(texts)]
    pitches = PITCHES if mouth.engine is not Engine.FESTIVAL else (1.0,)
    return [
        Utterance(text, speed, pitches[(i + j) % len(pitches)])
        for i, speed in enumerate(SPEEDS)
        for j, text in enumerate(texts)
    ]


def speak(mouth: Mouth, folder: Path) -> None:
    """Says everything if something is not there.

    All of it, unclear words too, and in this order: some of Festival's voices vary a sentence's
    tune by a random number that follows from how many they have said before.
    """
    texts = {
        raw_file(folder, mouth, kind, number): utterance
        for kind in kinds(mouth)
        for number, utterance in enumerate(utterances(mouth, kind))
    }
    if all(file.exists() for file in texts):
        return
    unpacked = folder / "engines" / "rhvoice"
    sounds = say(mouth.engine, mouth.voice, mouth.language, list(texts.values()), unpacked)
    for file, sound in zip(texts, sounds, strict=True):
        write(file, sound)


def raw_file(folder: Path, mouth: Mouth, kind: str, number: int) -> Path:
    return folder / "raw" / mouth.name / f"{kind}_{number:03d}.wav"


def clips(mouth: Mouth, kind: str, wanted: int, folder: Path) -> Iterator[tuple[Path, Sound]]:
    """Those that are not there yet."""
    count = len(utterances(mouth, kind))
    order = list(range(count))
    if kind == NEGATIVES:  # few of many: each mouth says others
        order = seeded(mouth.name).permutation(count).tolist()

    @cache
    def take(number: int) -> Take:
        return Take(read(raw_file(folder, mouth, kind, number)))

    for number in range(wanted):
        file = folder / "clips" / kind / f"{mouth.name}__{number}.wav"
        if not file.exists():
            said = take(order[number % count])
            rng = seeded(f"{mouth.name}/{kind}/{number}")
            yield file, clip(varied(said, kind, number, number < count, rng), said.rate)


def varied(take: Take, kind: str, number: int, first: bool, rng: np.random.Generator) -> np.ndarray:
    """As it was said, resized or revoiced, by turns; `first` when the text's first turn."""
    negative = kind == NEGATIVES
    if number % 3 == 0 if negative else first and number % 2 == 0:
        return take.samples
    if number % 4 == 3:
        return take.resized(rng)
    return take.revoiced(rng, narrow=negative)


def seeded(name: str) -> np.random.Generator:
    digest = hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()
    return np.random.default_rng(int(digest[:8], 16))


def main(folder: Path, names: list[str]) -> None:
    if unknown := set(names) - {mouth.name for mouth in MOUTHS}:
        sys.exit(f"voices: no mouth {', '.join(sorted(unknown))}; mouths.py has the names")
    chosen = [mouth for mouth in MOUTHS if not names or mouth.name in names]
    started = time.monotonic()
    for done, mouth in enumerate(chosen, 1):
        speak(mouth, folder)
        made = 0
        for kind, wanted in kinds(mouth).items():
            for file, sound in clips(mouth, kind, wanted, folder):
                write(file, sound)
                made += 1
        took = time.monotonic() - started
        print(f"{done} of {len(chosen)}, {mouth.name}, {made} new clips, {took:.0f} s", flush=True)


if __name__ == "__main__":
    usual = os.environ.get("HELIOTROPE_WORK") or Path.home() / ".cache" / "heliotrope-voices"
    try:
        main(Path(sys.argv[1] if sys.argv[1:] else usual).absolute(), sys.argv[2:])
    except EngineError as error:
        sys.exit(f"voices: {error}")
