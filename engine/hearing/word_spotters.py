"""Who listens for a wake word: the networks of one word, and what is said at all beside them.

A spotter is given sound and tells when the word was in it. Which networks it has, and how sure
they must be, is `wake_word`'s; what it is given to hear is `words`'.
"""

from __future__ import annotations

import importlib
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from engine.hearing.spectra import RATE, Real
from engine.hearing.word_network import Answering, log_odds, probability_of

LINGERS = 12
"""Steps of 10 ms for which a probability counts: two listeners are seldom sure in the same one."""
LASTS = {"alexa": 0.6, "hey_jarvis": 0.7, "hey_mycroft": 0.7, "okay_nabu": 0.7}
"""Seconds before the network is sure in which the word began, less its lag; it does not tell.
Of 60 voices, dry, the middle one."""
LAG = {"alexa": 0.1, "hey_jarvis": 0.02, "hey_mycroft": 0.0, "okay_nabu": 0.0}
"""From the word's end to the moment the package's network is sure, seconds, of the same voices.
Mycroft's is sure 30 ms before the end; Nabu's was by 180, and the taught one is about then."""
REFRACTORY = 1.5
"""Seconds after a detection in which the same utterance is not counted again."""
TOGETHER = 12
"""Chunks of 32 ms within which both have to be sure: one comes every 30 ms and is of half a word,
the other every 80 ms and of the whole."""
LEAST = -8.0
"""Log odds of an embedding that has heard too little to answer."""


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


class Once:
    """Counts the samples that a spotter hears, and lets the same utterance be found once."""

    def __init__(self, word: str) -> None:
        self._word = word
        self._heard = self._deaf_until = 0

    def begin_anew(self) -> None:
        """What follows may be found, whatever was before; sample numbers go on."""
        self._deaf_until = self._heard

    def found(self, samples: Real, *, sure: bool) -> Spotted | None:
        """Whether the word ended in these samples, which follow those of the last call."""
        self._heard += len(samples)
        if not sure or self._heard < self._deaf_until:
            return None
        self._deaf_until = self._heard + int(REFRACTORY * RATE)
        return spotted_at(self._word, self._heard)


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
        self._mean = 0.0
        self._once = Once(word)

    def reset(self) -> None:
        """Forget what was heard so far; sample numbers go on."""
        self._network.reset()
        self._features.reset()
        self._likely.clear()
        self._recent.clear()
        self._once.begin_anew()

    @property
    def likely(self) -> float:
        return max(self._likely, default=0.0)

    @property
    def mean(self) -> float:
        """The greatest mean of so many answers in what was heard last."""
        return self._mean

    def listen(self, samples: Real) -> Spotted | None:
        """At most one word for each call; blocks are to be far shorter than a word."""
        pcm = (np.clip(samples, -1.0, 1.0) * 32767.0).astype("<i2").tobytes()
        self._mean = 0.0
        for features in self._features.process_streaming(pcm):
            # It has something to say of every third one, of the others 0.
            likely = self._network.probability(features)
            self._likely.append(likely)
            self._recent.append(likely)
            self._mean = max(self._mean, sum(self._recent) / self._answers)
        return self._once.found(samples, sure=self._mean > self._cutoff)


def spotted_at(word: str, sample: int) -> Spotted:
    """`word`, of which a network is sure after so many samples."""
    end = sample - int(LAG[word] * RATE)
    return Spotted(word, max(0, end - int(LASTS[word] * RATE)), end)


class Embedding(Protocol):
    """Whatever answers as `speech_embedding.SpeechEmbedding` does."""

    def reset(self) -> None:
        """Forget what was heard so far."""

    def log_odds(self, sound: Real) -> list[float]:
        """Of the word, each time that the next samples complete what is asked about."""


class CloserSpotter:
    """Networks of the word itself, and one that tells words apart that it was never taught.

    The first know how the word sounds (`word_network`), the other what is said at all
    (`speech_embedding`). They seldom mistake the same sound, so their log odds are averaged. It is
    given chunks.
    """

    def __init__(
        self,
        word: str,
        spotter: MicroWakeWordSpotter,
        embedding: Embedding,
        cutoffs: Mapping[str, float],
    ) -> None:
        """`spotter` is asked how sure it is; what it finds by itself does not count."""
        self.word, self._cutoff = word, cutoffs[word]
        self._spotter, self._embedding = spotter, embedding
        self._means: deque[float] = deque(maxlen=TOGETHER)
        self._odds: deque[float] = deque(maxlen=TOGETHER)
        self._once = Once(word)

    def reset(self) -> None:
        """Forget what was heard so far; sample numbers go on."""
        self._spotter.reset()
        self._embedding.reset()
        self._means.clear()
        self._odds.clear()
        self._once.begin_anew()

    @property
    def likely(self) -> float:
        """By both together."""
        if not self._means:
            return 0.0
        return probability_of(0.5 * (max(self._means) + max(self._odds)))

    def listen(self, samples: Real) -> Spotted | None:
        self._spotter.listen(samples)
        self._means.append(log_odds(self._spotter.mean))
        self._odds.append(max(self._embedding.log_odds(samples), default=LEAST))
        return self._once.found(samples, sure=self.likely > self._cutoff)
