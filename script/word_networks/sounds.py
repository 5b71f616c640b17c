"""Sounds of one channel in 16 bits, and their WAV files."""

from __future__ import annotations

import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True, eq=False)
class Sound:
    samples: np.ndarray
    """int16"""
    rate: int


def read(file: Path) -> Sound:
    with wave.open(str(file), "rb") as wav:
        if wav.getnchannels() != 1 or wav.getsampwidth() != 2:
            raise ValueError(f"{file}: not one channel of 16 bits; delete it and run this again")
        return Sound(np.frombuffer(wav.readframes(wav.getnframes()), "<i2"), wav.getframerate())


def write(file: Path, sound: Sound) -> None:
    """A file is there as a whole or not at all, so that an interrupted run can go on."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    with wave.open(str(part), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(sound.rate)
        wav.writeframes(sound.samples.astype("<i2").tobytes())
    part.rename(file)
