"""Alarms and breaking glass beside the ear: what sounded, and where, to the brain.

Stands where the audio loop has its ear, like the beam: every block goes to the ear and to
the detector. The direction comes from the same maps as a voice's; a steady tone alone may
point two ways, and then there is no bearing. Nothing is heard while the microphones are
muted, for then no block comes. It decides nothing about alerts.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.core.angles import wrap
from engine.core.types import Event, SoundHeard
from engine.hearing.alarm_sounds import AlarmSound, AlarmSounds
from engine.hearing.arrays import MicrophoneArray
from engine.hearing.directions import Localiser
from engine.hearing.ear import Heard
from engine.hearing.history import History
from engine.hearing.spectra import RATE
from engine.loops.audio import Listener
from engine.ports import AudioBlock

KEPT = 2.5
"""Seconds of sound for the direction: a burst is judged a second after it began."""
BEFORE = 0.1
"""Seconds before a sound that its direction is sought with: a tone that never pauses is background
until something stands beside it."""
GAP = 0.05
"""Seconds between where a block should begin and does, beyond which rhythms start anew."""
AGAIN = 4.0
"""Seconds in which the same sound is told once."""


class AlarmListening:
    """`engine.loops.audio.Listener` around another. `tell` is called in the worker's thread."""

    def __init__(
        self,
        ear: Listener,
        array: MicrophoneArray,
        tell: Callable[[Event], None],
        heading_at: Callable[[float], float] | None = None,
        min_confidence: float = 0.3,
    ) -> None:
        """`heading_at` is None for an array on the base."""
        self._ear, self._tell, self._heading_at = ear, tell, heading_at
        self._min_confidence = min_confidence
        self._sounds = AlarmSounds()
        self._history = History(array.channels, int(KEPT * RATE))
        self._localiser = Localiser(array, learned=False)
        self._due: float | None = None
        self._start = 0
        self._told: dict[str, float] = {}

    def listen(self, block: AudioBlock) -> list[Heard]:
        """What the ear heard; alarms and crashes are told on the way."""
        heard = self._ear.listen(block)
        if self._due is None or abs(block.t - self._due) > GAP:
            self._restart()
        count = block.samples.shape[1]
        self._history.push(block.samples)
        self._due = block.t + count / RATE
        alive = self._history.alive()
        samples = self._history.span(self._history.end - count, self._history.end)
        # One microphone: the sum of several cancels what is high and comes from the side.
        one = samples[int(np.argmax(alive))]
        for sound in self._sounds.listen(np.asarray(one, np.float32)):
            self._found(sound)
        return heard

    def finish(self) -> list[Heard]:
        return self._ear.finish()

    def forget(self) -> None:
        self._ear.forget()
        self._history.clear()
        self._restart()

    def problems(self) -> tuple[str, ...]:
        return self._ear.problems()

    def _restart(self) -> None:
        self._sounds = AlarmSounds()
        self._start = self._history.end
        self._due = None

    def _found(self, sound: AlarmSound) -> None:
        assert self._due is not None
        t = self._due - (self._history.end - self._start - sound.start) / RATE
        if t - self._told.get(sound.kind, float("-inf")) < AGAIN:
            return
        self._told[sound.kind] = t
        first = max(self._start, self._start + sound.start - int(BEFORE * RATE))
        stretch = self._history.span(first, self._start + sound.end)
        bearing = self._bearing(stretch, t) if stretch.shape[1] >= RATE // 20 else None
        self._tell(SoundHeard(t, sound.kind, bearing, sound.confidence))

    def _bearing(self, stretch: np.ndarray, t: float) -> float | None:
        found = self._localiser.locate(stretch, None, self._history.alive())
        sure = [d for d in found.directions if d.confidence >= self._min_confidence]
        if not sure or found.ambiguous:
            return None
        turn = self._heading_at(t) if self._heading_at is not None else 0.0
        return wrap(sure[0].azimuth + turn)
