"""What is wrong with the sound itself, in sentences for people.

Judges what `history` notes as sound comes in, and lately rather than ever since:
a fault that is over is over, and one that begins after a week is told at once.
Shares are told in steps, so that one fault is one sentence while it lasts.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from engine.hearing.history import History
from engine.hearing.spectra import RATE

RECENT = 30
"""Seconds of sound that are judged together."""
SILENT_FOR = 5
"""Seconds without any sound on any channel that are no pause any more: even a quiet room hisses."""
TOLD = 0.1
"""Per cent of samples from which clipping is told: fewer bend no direction."""
STEPS = (50.0, 10.0, 1.0, TOLD)


class Faults:
    """Watches one history; `note` after every block."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._marks = deque([(0, 0, 0)])
        """Sample number, values that were no numbers and values clipped until then; each second."""

    def note(self) -> None:
        end = self._history.end
        if end - self._marks[-1][0] >= RATE:
            self._marks.append((end, self._history.broken_values, self._history.clipped_values))
        while len(self._marks) > 1 and self._marks[1][0] <= end - RECENT * RATE:
            self._marks.popleft()

    def found(self, *, whole: bool = False) -> list[str]:
        """Of the last `RECENT` seconds; `whole`: of all that was heard, as of a recording."""
        history = self._history
        begin, broken, clipped = (0, 0, 0) if whole else self._marks[0]
        broken, clipped = history.broken_values - broken, history.clipped_values - clipped
        if broken == 0 and self._silent(whole=whole):
            said = ["no sound on any channel: is it muted, or its gain zero?"]
        else:
            said = self._of_channels()
        total = max(1, history.end - begin) * history.channels
        if 100 * clipped > TOLD * total:
            said.append(f"{_share(clipped, total)} clipped")
        if broken:
            said.append(f"{_share(broken, total)} were not numbers")
        return said

    def _of_channels(self) -> list[str]:
        repeated = self._history.repeated()
        said = []
        if repeated:
            said.append(f"channels {' and '.join(map(str, repeated))} carry the very same sound")
        dead = [str(i) for i in np.flatnonzero(~self._history.alive()) if i not in repeated]
        if dead and len(dead) < self._history.channels:
            said.append(f"dead microphone: channel {', '.join(dead)} (counted from 0)")
        return said

    def _silent(self, *, whole: bool) -> bool:
        history = self._history
        if whole:
            return history.end > 0 and not history.sounded
        return history.end - history.silent_since >= SILENT_FOR * RATE


def _share(part: int, total: int) -> str:
    step = next((step for step in STEPS if 100 * part > step * total), None)
    return "some samples" if step is None else f"over {step:g} % of samples"
