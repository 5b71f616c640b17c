"""The wake word: which word was said, and when it began and ended.

Runs pymicro-wakeword where it is installed; where it is not, or the system's
C library is too old for its wheel, `open_wake_word` says so in words and
hearing goes on with speech only. Detection alone; where the word came from is
for `directions`.
"""

from __future__ import annotations

import importlib
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from engine.errors import UserError
from engine.hearing.spectra import RATE, Real
from engine.hearing.word_network import Answering, Jury, open_network

NONE = "none"
WORDS = ("alexa", "hey_jarvis", "hey_mycroft", "okay_nabu")
"""Words whose networks come with pymicro-wakeword 2.5."""

CLEANED = {"alexa": 0.985, "hey_jarvis": 0.98, "hey_mycroft": 0.95, "okay_nabu": 0.82}
"""Probability from which a word counts, per word, in sound without what sounded before; networks
say it in steps of 1/256. All of these were chosen by what script/word_networks/cutoffs shows: 31
utterances of each word in rooms (one recorded voice in 15, flite's in 16), each with three
televisions, and 5.1 hours of other speech, 0.32 of these hours different, in noise, music or with
somebody else. Hey Jarvis was heard there twice, Alexa and Okay Nabu once, Hey Mycroft never.
engine.bench.wake_words reports another half, which made Alexa's stricter once: 0.93 here, 0.96 in
`NEAR` and 0.75 in `NEARLY` made no mistake in the 0.32 hours, but nine in its 0.87."""
NEAR = {"alexa": 0.987, "hey_jarvis": 0.985, "hey_mycroft": 0.994, "okay_nabu": 0.8}
"""The same in the sound of one microphone as it is."""
CLOSER = {"alexa": 0.94, "hey_jarvis": 0.965, "hey_mycroft": 0.9, "okay_nabu": 0.28}
"""Of the mean of `ANSWERS` by the package's network and the taught one together (`Jury`), in sound
from where it came."""
ANSWERS = 5
"""Answers of the closer listen's networks, 30 ms apart, that are averaged: half a word's, where
other speech sounds like it for an answer or three. The first two listeners need no mean, which
would come 120 ms later: what is clear they tell at once."""
NEARLY = {"alexa": 0.97, "hey_jarvis": 0.5, "hey_mycroft": 0.93, "okay_nabu": 0.5}
"""Probability that is enough where both of the first two find it."""
LEANS = {"alexa": 0.2, "hey_jarvis": 0.15, "hey_mycroft": 0.15, "okay_nabu": 0.12}
"""Probability in either of the first two from which they lean towards the word, and a third listens
closer: 12 to 74 times in an hour of other speech. From 0.08 on Alexa was heard three times in the
same 5.1 hours of it."""
CLEANED_TAUGHT = ("okay_nabu",)
"""Words whose own network is unsure in noise alone: the taught one hears them without what sounded
before, too. Of the others it finds no more there, and makes the closer listen's mistakes."""
LINGERS = 12
"""Steps of 10 ms for which both go on."""

LASTS = {"alexa": 0.6, "hey_jarvis": 0.7, "hey_mycroft": 0.7, "okay_nabu": 0.7}
"""Seconds before the network is sure in which the word began, less its lag; it does not tell.
Of 60 voices, dry, the middle one."""
LAG = {"alexa": 0.1, "hey_jarvis": 0.02, "hey_mycroft": 0.0, "okay_nabu": 0.0}
"""From the word's end to the moment the package's network is sure, seconds, of the same voices.
Mycroft's is sure 30 ms before the end; Nabu's was by 180, and the taught one is about then."""
REFRACTORY = 1.5
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

    @property
    def likely(self) -> float:
        """The greatest probability that it gave the word just now."""

    def listen(self, samples: Real) -> Spotted | None:
        """The next samples, any number of them, mono at 16 kHz."""

    def reset(self) -> None: ...


class MicroWakeWordSpotter:
    """microWakeWord networks by way of pymicro-wakeword."""

    def __init__(
        self,
        word: str,
        network: Answering,
        cutoffs: Mapping[str, float],
        *,
        answers: int = 1,
        features: Any = None,
    ) -> None:
        """A word counts when the mean of so many `answers` of the network passes its cutoff.
        `features` is what makes them of sound, of its own where it is None."""
        self.word, self._cutoff = word, cutoffs[word]
        self._likely: deque[float] = deque(maxlen=LINGERS)
        self._network = network
        self._answers = answers
        self._recent: deque[float] = deque(maxlen=answers * self._network.stride)
        package: Any = importlib.import_module("pymicro_wakeword")
        self._features = features or package.MicroWakeWordFeatures()
        self._heard = 0
        self._deaf_until = 0

    def reset(self) -> None:
        """Forget what was heard so far; sample numbers go on."""
        self._network.reset()
        self._features.reset()
        self._likely.clear()
        self._recent.clear()
        self._deaf_until = self._heard

    @property
    def likely(self) -> float:
        return max(self._likely, default=0.0)

    def listen(self, samples: Real) -> Spotted | None:
        """At most one word for each call; blocks are to be far shorter than a word."""
        self._heard += len(samples)
        pcm = (np.clip(samples, -1.0, 1.0) * 32767.0).astype("<i2").tobytes()
        sure = False
        for features in self._features.process_streaming(pcm):
            # It has something to say of every third one, of the others 0.
            likely = self._network.probability(features)
            self._likely.append(likely)
            self._recent.append(likely)
            sure = sure or sum(self._recent) > self._answers * self._cutoff
        if not sure or self._heard < self._deaf_until:
            return None
        self._deaf_until = self._heard + int(REFRACTORY * RATE)
        return spotted_at(self.word, self._heard)


def spotted_at(word: str, sample: int) -> Spotted:
    """`word`, of which a network is sure after so many samples."""
    end = sample - int(LAG[word] * RATE)
    return Spotted(word, max(0, end - int(LASTS[word] * RATE)), end)


@dataclass(frozen=True, slots=True)
class Spotters:
    """The listeners of one word; what each is given, `words` says.

    `cleaned` is for sound without what sounded before, `near` for a microphone as it is, `closer`
    for what is listened to closer. `nearly` is the probability that is enough where both of the
    first two give it.
    """

    cleaned: WakeWordSpotter
    near: WakeWordSpotter | None = None
    closer: WakeWordSpotter | None = None
    nearly: float = 1.0


def spotters_of(word: str, cleaned: Any = None, near: Any = None) -> Spotters:
    """All listeners of `word`; `cleaned` and `near` make features for those two, of their own where
    they are None. Raises as `open_network` does."""
    first, second, jury = networks_of(word)
    return Spotters(
        cleaned=MicroWakeWordSpotter(word, first, CLEANED, features=cleaned),
        near=MicroWakeWordSpotter(word, second, NEAR, features=near),
        closer=MicroWakeWordSpotter(word, jury, CLOSER, answers=ANSWERS),
        nearly=NEARLY[word],
    )


def networks_of(word: str) -> tuple[Answering, Answering, Answering]:
    """Of the listeners that are given cleaned sound, a microphone as it is, and a closer listen.
    Raises as `open_network` does."""
    jury = Jury([open_network(word, taught=taught) for taught in (False, True)])
    first = open_network(word, taught=word in CLEANED_TAUGHT)
    return first, open_network(word, taught=False), jury


def open_wake_word(word: str) -> tuple[Spotters | None, str]:
    """The spotters of `word`, and a sentence for people where there are none.

    `none` gives (None, ""). A package that is missing or cannot run here gives
    (None, reason): speech only. Raises UserError for a word without a network,
    and where a network that ships with the engine is damaged.
    """
    if word == NONE:
        return None, ""
    if word not in WORDS:
        raise UserError(
            f"hearing.wake_word: no model for {word!r}", f"choose {', '.join(WORDS)} or {NONE}"
        )
    try:
        return spotters_of(word), ""
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
