"""What the wake word's listeners are given to hear, and when.

One hears the sound without what sounded before (`canceller`). That may take off a talker, too, who
was speaking before the word; so a second one hears a microphone as it is. Either may find
the word, or both when they nearly are sure; where either leans towards it, a third one listens
closer (`closer`). The word counts once. All sleep while nothing has sounded like a voice for a
while. Decides nothing else.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.hearing.arrays import MicrophoneArray
from engine.hearing.canceller import DELAY, HELD_BACK, MEMORY, Canceller
from engine.hearing.closer import CATCH_UP, CloserListen
from engine.hearing.directions import Localiser
from engine.hearing.history import History
from engine.hearing.spectra import RATE, Real
from engine.hearing.speech import CHUNK
from engine.hearing.wake_word import Spotters
from engine.hearing.word_spotters import REFRACTORY, Spotted, spotted_at

STIRRING = 0.03
"""Probability of speech from which the networks listen. Of 48 words said 3 m away in a room, 10 dB
over noise and 5 dB over a television, the least had a chunk of 0.08."""
ASLEEP_AFTER = 2.0
"""Seconds without any stir after which they sleep."""
LEARNED_FROM = int((HELD_BACK + MEMORY) * RATE) // CHUNK * CHUNK


class WordListening:
    """`hear` takes chunks in order, as numbers of samples in a history."""

    def __init__(
        self,
        array: MicrophoneArray,
        spotters: Spotters,
        *,
        localiser: Localiser | None = None,
        canceller: Callable[[MicrophoneArray], Canceller] = Canceller,
    ) -> None:
        """`localiser` tells where to listen closer. Without `spotters.near`, or with one
        microphone alone, `spotters.cleaned` hears their mean, and no other is asked."""
        self._new_canceller = canceller
        self._array, self._spotter, self._nearly = array, spotters.cleaned, spotters.nearly
        self._near = spotters.near if array.channels > 1 else None
        self._canceller = canceller(array)
        self._closer: CloserListen | None = None
        if self._near is not None and spotters.closer is not None:
            self._closer = CloserListen(spotters.closer, localiser or Localiser(array))
        self._given = self._unheard = self._stirred = self._deaf_until = 0
        self._awake = True

    def restart(self, start: int) -> None:
        """Sound that follows, from sample `start` on, does not join what was before."""
        # The spotters count what they were given; the rest of a chunk is never given.
        self._unheard += start - self._given
        self._given = self._stirred = start
        self._awake = True  # there is nothing before it to learn from
        self._canceller = self._new_canceller(self._array)
        self._spotter.reset()
        if self._near is not None:
            self._near.reset()
        if self._closer is not None:
            self._closer.restart(start)

    def hear(
        self, history: History, begin: int, probability: float, mono: Callable[[int, int], Real]
    ) -> Spotted | None:
        """The chunk that begins at `begin`, and what was slept through before it.

        `probability` is that of speech in it; `mono` gives the samples between two numbers.
        """
        if probability >= STIRRING:
            self._stirred = begin
        if begin - self._stirred > int(ASLEEP_AFTER * RATE):
            if self._awake:
                self._fall_asleep()
            return None
        end = begin + CHUNK
        # On waking, what led up to the stir, too.
        start = max(self._given, end - CATCH_UP)
        if not self._awake and self._near is not None:
            self._learn_anew(history, start)
        self._awake = True
        self._unheard += start - self._given
        self._given = end
        sure = self._found(history, start, end, mono)
        if sure is None or end < self._deaf_until:
            return None
        self._deaf_until = end + int(REFRACTORY * RATE)
        if self._closer is not None:
            self._closer.stop()
        return Spotted(sure.word, sure.start + self._unheard, sure.end + self._unheard)

    def _fall_asleep(self) -> None:
        """Let go of the sound that the filters hold: nobody knows for how long it would be."""
        self._awake = False
        self._canceller = self._new_canceller(self._array)
        if self._closer is not None:
            self._closer.stop()

    def _learn_anew(self, history: History, start: int) -> None:
        """What sounded before `start`, which was slept through."""
        count = min(start - history.start, LEARNED_FROM) // CHUNK * CHUNK
        self._canceller.learn(history.span(start - count, start))

    def _found(
        self, history: History, start: int, end: int, mono: Callable[[int, int], Real]
    ) -> Spotted | None:
        if self._near is None:
            return self._spotter.listen(mono(start, end))
        sound, alive = history.span(start, end), history.alive()
        left = self._canceller.process(sound, alive)
        # One microphone: their mean lacks what reaches them out of step, most of all from 2 kHz on.
        one = sound[int(np.argmax(alive))]
        found, near = self._spotter.listen(left), self._near.listen(one)
        if near is not None:
            return near
        if found is not None:
            return Spotted(found.word, max(0, found.start - DELAY), found.end - DELAY)
        less, more = sorted((self._spotter.likely, self._near.likely))
        if less > self._nearly:
            return spotted_at(self._near.word, end - self._unheard)
        if self._closer is not None and start >= self._deaf_until:
            sure = self._closer.hear(history, self._canceller, start, end, more)
            if sure is not None:
                return spotted_at(self._spotter.word, sure - self._unheard - DELAY)
        return None
