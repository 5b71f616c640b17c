"""Who says the wake words when they are measured: recorded speakers and two synthesisers.

The clips of ../shared/data are real voices; flite's (diphones and units cut
from real speakers) and espeak-ng's (formants, further from any mouth) come
from Debian packages of those names and are left out where they are missing.
It only makes dry sound; what became of it is for `wake_words`.
"""

from __future__ import annotations

import itertools
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.bench.hearing_scenes import Sound
from engine.hardware.wav import WavReader
from engine.hearing.spectra import RATE

SPELT = {
    "alexa": "alexa",
    "hey_jarvis": "hey jarvis",
    "hey_mycroft": "hey mycroft",
    "okay_nabu": "okay naboo",
}
"""How a synthesiser must read a word to say it."""
FLITE_VOICES = ("awb", "kal16", "rms", "slt")
FLITE_STRETCH = (0.9, 1.0, 1.2)
ESPEAK_VOICES = ("en-us", "en-gb", "en-us+f2", "en-us+m3")
ESPEAK_WORDS_A_MINUTE = (130, 160)


@dataclass(frozen=True, eq=False)
class Said:
    """One dry utterance of `word`, mono 16 kHz; `group` says what kind of mouth it came from."""

    word: str
    group: str
    speaker: str
    sound: Sound


def everybody(word: str, data_dir: Path) -> Iterator[Said]:
    """All utterances of `word` that can be had here."""
    for clip in sorted((data_dir / "wake_words" / word).glob("*.wav")):
        yield Said(word, "recorded", clip.stem, read_mono(clip))
    for group, voices, paces, program in (
        ("flite", FLITE_VOICES, FLITE_STRETCH, flite),
        ("espeak-ng", ESPEAK_VOICES, ESPEAK_WORDS_A_MINUTE, _espeak),
    ):
        if shutil.which(group):
            for voice, pace in itertools.product(voices, paces):
                sound = synthesised(program(SPELT[word], voice, pace))
                yield Said(word, group, f"{voice} {pace:g}", sound)


def flite(text: str, voice: str, stretch: float) -> list[str]:
    return ["flite", "-voice", voice, "--setf", f"duration_stretch={stretch}", "-t", text, "-o"]


def _espeak(text: str, voice: str, words_a_minute: float) -> list[str]:
    return ["espeak-ng", "-v", voice, "-s", f"{words_a_minute:.0f}", text, "-w"]


def synthesised(command: list[str]) -> Sound:
    """What `command` says when it is given a file's name; silence around it is cut off."""
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "said.wav")
        subprocess.run([*command, file], check=True, capture_output=True)
        raw = subprocess.run(
            ["ffmpeg", "-v", "error", "-i", file, "-f", "f32le", "-ac", "1", "-ar", str(RATE), "-"],
            check=True,
            capture_output=True,
        ).stdout
    sound = np.frombuffer(raw, np.float32)
    loud = np.flatnonzero(np.abs(sound) > 0.02 * np.abs(sound).max())
    return sound[loud[0] : loud[-1] + 1]


def read_mono(path: Path) -> Sound:
    """The first channel of a wav file."""
    reader = WavReader(path)
    try:
        return np.asarray(reader.read(1 << 24)[0])
    finally:
        reader.close()
