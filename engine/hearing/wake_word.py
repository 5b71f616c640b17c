"""The wake word: which word was said, and when it began and ended.

Runs pymicro-wakeword where it is installed; where it is not, or the system's
C library is too old for its wheel, `open_wake_word` says so in words and
hearing goes on with speech only. Detection alone; where the word came from is
for `directions`.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from engine.errors import UserError
from engine.hearing.spectra import RATE, Real

NONE = "none"
WORDS = ("alexa", "hey_jarvis", "hey_mycroft", "okay_nabu")
"""Words whose models come with pymicro-wakeword 2.x."""

CUTOFFS = {"alexa": 0.75, "hey_jarvis": 0.6, "hey_mycroft": 0.6, "okay_nabu": 0.3}
"""Probability from which a word counts, per word. The package's own (0.85 to 0.97) suit a mouth
near the microphone. These let no false word pass in 2.6 hours of other speech, dry, in a room, in
noise and over music (the prompts whose names hash even); engine.bench.wake_words reports."""

TYPICAL_SECONDS = 0.8
"""How long such a word takes, said at ordinary pace; its network does not tell."""
DECISION_LAG = 0.1
"""From the word's end to the moment its network is sure, seconds."""
_REFRACTORY = 1.5
"""Seconds after a detection in which the same utterance is not counted again."""


@dataclass(frozen=True, slots=True)
class Spotted:
    """A wake word between two sample numbers, counted from the first sample heard."""

    word: str
    start: int
    end: int


class WakeWordSpotter(Protocol):
    """Streaming detection on one channel; a fake returns what a test wants."""

    word: str

    def listen(self, samples: Real) -> Spotted | None:
        """The next samples, any number of them, mono at 16 kHz."""

    def reset(self) -> None: ...


class MicroWakeWordSpotter:
    """microWakeWord networks by way of pymicro-wakeword."""

    def __init__(self, word: str) -> None:
        """Raises ImportError or OSError where the package cannot work here."""
        package: Any = importlib.import_module("pymicro_wakeword")
        self.word = word
        self._spotter = package.MicroWakeWord.from_builtin(package.Model(word))
        self._spotter.probability_cutoff = CUTOFFS[word]
        self._features = package.MicroWakeWordFeatures()
        self._heard = 0
        self._deaf_until = 0

    def reset(self) -> None:
        """Forget what was heard so far; sample numbers go on."""
        self._spotter.reset()
        self._features.reset()

    def listen(self, samples: Real) -> Spotted | None:
        """At most one word for each call; blocks are far shorter than a word."""
        self._heard += len(samples)
        pcm = (np.clip(samples, -1.0, 1.0) * 32767.0).astype("<i2").tobytes()
        found = False
        for features in self._features.process_streaming(pcm):
            found = bool(self._spotter.process_streaming(features)) or found
        if not found or self._heard < self._deaf_until:
            return None
        self._deaf_until = self._heard + int(_REFRACTORY * RATE)
        end = self._heard - int(DECISION_LAG * RATE)
        return Spotted(self.word, max(0, end - int(TYPICAL_SECONDS * RATE)), end)


def open_wake_word(word: str) -> tuple[WakeWordSpotter | None, str]:
    """A spotter for `word`, and a sentence for people where there is none.

    `none` gives (None, ""). A word without a model raises UserError; a package
    that is missing or cannot run here gives (None, reason): speech only.
    """
    if word == NONE:
        return None, ""
    if word not in WORDS:
        raise UserError(
            f"hearing.wake_word: no model for {word!r}", f"choose {', '.join(WORDS)} or {NONE}"
        )
    try:
        return MicroWakeWordSpotter(word), ""
    except ImportError:
        return None, (
            "no wake word: pymicro-wakeword is not installed, speech only; "
            "pip install 'heliotrope[hearing]' adds it"
        )
    except (OSError, RuntimeError, ValueError) as error:
        return None, (
            f"no wake word: pymicro-wakeword cannot run here ({error}), speech only; "
            "its wheel wants glibc 2.35 or newer (Debian 12, Ubuntu 22.04)"
        )
