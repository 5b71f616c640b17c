"""Which of Debian's telephone prompts are taught as none of the words, and which choose cutoffs.

Half of them are reported (`engine.bench.wake_words`); each prompt of the other half is for one of
the two. They are told apart by their files' names, so the few people who speak them are in all
three parts, as are two kinds of music: three pieces are taught and choose cutoffs, others are
reported.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from engine.bench.hearing import reported
from engine.bench.hearing_scenes import TRAINING, Listed
from engine.bench.wake_words import EVERYBODY


def taught(file: Path) -> bool:
    """Of those that are not reported: whether networks are taught with it."""
    digest = hashlib.sha1(file.name.encode(), usedforsecurity=False).hexdigest()
    return int(digest[5], 16) % 2 == 0


@cache
def taught_prompts() -> tuple[Path, ...]:
    return tuple(f for f in _tuned() if taught(f))


@cache
def cutoff_prompts() -> tuple[Path, ...]:
    return tuple(f for f in _tuned() if not taught(f))


def _tuned() -> list[Path]:
    return [f for f in EVERYBODY.prompts() if not reported(f)]


def on_television(files: tuple[Path, ...]) -> Listed:
    """Those who speak beside what is to be heard."""
    return Listed((), TRAINING.music, files=files)
