"""A closer listen: what may be the wake word is heard once more, from where it came.

There is no time for a network for every direction; but a word that may have been said has one,
which is found in its own sound. A filter that expects the voice from there keeps more of it, and
less of a television and the room's echoes, than one that expects it from anywhere. A wrong
direction costs only this listen: those that made it doubt have heard from everywhere. Listens
only while they do, and decides nothing else.
"""

from __future__ import annotations

from engine.hearing.canceller import HELD_BACK, Canceller
from engine.hearing.directions import ELEVATIONS, Localiser
from engine.hearing.history import History
from engine.hearing.spectra import RATE
from engine.hearing.speech import CHUNK
from engine.hearing.wake_word import LEANS
from engine.hearing.word_spotters import WakeWordSpotter

WORD = int(0.7 * RATE)
"""Samples that tell where it comes from: most of a word, when its network begins to lean."""
BEFORE = int(2.5 * RATE)
"""Samples before a word that tell what the room sounds like without it."""
CATCH_UP = 47 * CHUNK
"""Samples, 1.5 s, that are heard once more: as many as a word that was found is let alone for
(`word_spotters.REFRACTORY`), so that it is not found again."""
LASTING = int(0.5 * RATE)
"""Samples for which it goes on; after that the direction is looked for anew."""


class CloserListen:
    """`hear` takes chunks in order, as numbers of samples in a history."""

    def __init__(self, spotter: WakeWordSpotter, localiser: Localiser) -> None:
        self._spotter, self._localiser = spotter, localiser
        self._aimed: Canceller | None = None
        self._first = self._until = 0

    def restart(self, start: int) -> None:
        """Sound that follows, from sample `start` on, does not join what was before."""
        self.stop()
        self._first = start
        self._spotter.reset()

    def stop(self) -> None:
        """What it listened to was the word, or no more can come of it."""
        self._aimed = None

    def hear(
        self, history: History, canceller: Canceller, start: int, end: int, likely: float
    ) -> int | None:
        """The sample at which it is sure of the word, in the chunk from `start` to `end` or before
        it. `likely` is the probability that others give the word just now; `canceller` has taken
        the chunk already."""
        if end > self._until:
            self.stop()
        if self._aimed is None:
            if likely <= LEANS[self._spotter.word] or not canceller.knows:
                return None
            azimuth = self._whence(history, end)
            if azimuth is None:
                return None
            self._aimed, self._until = canceller.towards(azimuth, ELEVATIONS[0]), end + LASTING
            self._spotter.reset()
            # Whole chunks, as many as are kept.
            kept = (start - max(history.start, self._first)) // CHUNK * CHUNK
            start = max(start - kept, end - CATCH_UP)
        left = self._aimed.process(history.span(start, end), history.alive())
        for begin in range(0, len(left), CHUNK):
            if self._spotter.listen(left[begin : begin + CHUNK]) is not None:
                return start + begin + CHUNK
        return None

    def _whence(self, history: History, end: int) -> float | None:
        """Degrees relative to the array; None where nothing is to be heard, or by too few."""
        if history.alive().sum() < 2:
            return None
        known = end - int(HELD_BACK * RATE)
        before = history.span(max(self._first, known - BEFORE), known)
        background = self._localiser.learn([before], history.alive())
        word = history.span(max(self._first, end - WORD), end)
        found = self._localiser.locate(word, background, history.alive())
        return found.directions[0].azimuth if found.directions else None
