"""A closer listen: what may be the wake word is heard once more, from where it came.

Listening to all directions takes no network's time to spare; a word that may have been said has
one direction, which is found in its own sound. A filter that expects the voice from there keeps
more of it, and less of a television and the room's echoes, than one that expects it from
anywhere. Only while it may be the word; finds no words by itself, and decides nothing else.
"""

from __future__ import annotations

from engine.hearing.canceller import HELD_BACK, Canceller
from engine.hearing.directions import Localiser
from engine.hearing.history import History
from engine.hearing.spectra import RATE
from engine.hearing.speech import CHUNK
from engine.hearing.wake_word import WakeWordSpotter

WORD = int(0.7 * RATE)
"""Samples that tell where it comes from: most of a word, when its network begins to lean."""
BEFORE = int(2.5 * RATE)
"""Samples before a word that tell what the room sounds like without it."""
CATCH_UP = 47 * CHUNK
"""Samples, 1.5 s, that are heard once more."""
LASTING = int(0.5 * RATE)
"""Samples for which it goes on; after that the direction is looked for anew."""


class CloserListen:
    """`hear` takes chunks in order, as numbers of samples in a history."""

    def __init__(self, spotter: WakeWordSpotter, localiser: Localiser) -> None:
        self._spotter, self._localiser = spotter, localiser
        self._aimed: Canceller | None = None
        self._until = 0

    def restart(self) -> None:
        """What follows does not join what was before."""
        self._aimed = None

    def hear(
        self, history: History, canceller: Canceller, start: int, end: int, *, maybe: bool
    ) -> bool:
        """Whether the chunk from `start` to `end` completes the word. `maybe` says that others
        lean towards it just now; `canceller` has taken the chunk already."""
        if end > self._until:
            self._aimed = None
        if self._aimed is None:
            if not maybe:
                return False
            azimuth = self._whence(history, end)
            if azimuth is None:
                return False
            self._aimed, self._until = canceller.towards(azimuth), end + LASTING
            self._spotter.reset()
            start = max(start - (start - history.start) // CHUNK * CHUNK, end - CATCH_UP)
        left = self._aimed.process(history.span(start, end), history.alive())
        return self._spotter.listen(left) is not None

    def _whence(self, history: History, end: int) -> float | None:
        """Degrees relative to the array; None where there is nothing to be heard."""
        known = end - int(HELD_BACK * RATE)
        background = self._localiser.learn(
            [history.span(max(history.start, known - BEFORE), known)], history.alive()
        )
        found = self._localiser.locate(history.span(end - WORD, end), background, history.alive())
        return found.directions[0].azimuth if found.directions else None
