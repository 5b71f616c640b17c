"""The ear: a stream of blocks in, decisions about voices out.

Keeps the last seconds of sound, asks whether somebody speaks and whether the
wake word fell, and has the stretch that matters located against the
background before it. One decision for every half second of speech and one for
every wake word, in the array's own azimuths; `voice_heard` turns one into
world bearings. Holds no device, no clock and no thread.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.core.angles import wrap
from engine.core.types import SoundDirection, VoiceHeard
from engine.hearing.arrays import MicrophoneArray
from engine.hearing.directions import Background, Localiser
from engine.hearing.faults import Faults
from engine.hearing.history import History
from engine.hearing.order import ChannelOrder
from engine.hearing.own_motion import HeadMotion, OwnMotion
from engine.hearing.polarity import Polarity
from engine.hearing.quiet import BEFORE_SPEECH, chunk_runs, quiet_chunks
from engine.hearing.reading import HeardDirection, Location
from engine.hearing.spectra import RATE, Real
from engine.hearing.speech import CHUNK, SileroVoice, VoiceActivity
from engine.hearing.wake_word import Spotters
from engine.hearing.word_spotters import Spotted
from engine.hearing.words import WordListening
from engine.ports import AudioBlock, Samples

__all__ = ["Ear", "EarSettings", "HeadMotion", "Heard", "HeardDirection", "voice_heard"]

DECISION = 16
"""Chunks of speech (32 ms each) to a decision: 0.51 s."""
SHORTEST = 6
"""Chunks of speech at the end of an utterance that still make a decision: 0.19 s."""
PAUSE = 8
"""Chunks without speech that end an utterance: 0.26 s."""
FEWEST_AT_REST = 12
"""Chunks with the head at rest that tell the background: 0.4 s."""
BACKGROUND = 1.0
"""Seconds of sound before an utterance that stand for the background."""
HYSTERESIS = 0.15
"""Speech goes on down to this much below the threshold that it began at."""
LEAD_IN = CHUNK
"""Samples before a stretch that are located with it: onsets tell most."""
GAP = 0.1
"""A block that comes this many seconds off its time does not join the one before."""
KEEP = 6.0
"""Seconds of sound that are kept."""


@dataclass(frozen=True, slots=True)
class EarSettings:
    """`speech_threshold`: probability from which a chunk counts as speech.
    `min_confidence`: directions below it are not reported."""

    speech_threshold: float = 0.5
    min_confidence: float = 0.3


@dataclass(frozen=True, slots=True)
class Heard:
    """One decision. `t` is the centre of the stretch that it is about, in block time.

    `directions` (array azimuths, strongest first) is empty when refused;
    `ambiguous` says that there was too much to choose from, not too little.
    """

    t: float
    speech: float
    wake_word: str | None
    ambiguous: bool
    directions: tuple[HeardDirection, ...]


class Ear:
    """Hearing for one array. `listen` takes blocks of any length, in order."""

    def __init__(
        self,
        array: MicrophoneArray,
        settings: EarSettings | None = None,
        *,
        wake_word: Spotters | None = None,
        voice: VoiceActivity | None = None,
        axis: HeadMotion | None = None,
    ) -> None:
        """`wake_word` comes from `open_wake_word`; None hears speech only. `axis` is what turns
        the head, whose noise is then learned; None where nothing does."""
        self.array = array
        self._settings = settings or EarSettings()
        self._voice = voice or SileroVoice()
        self._localiser = Localiser(array)
        self._words: WordListening | None = None
        if wake_word is not None:
            self._words = WordListening(array, wake_word, localiser=self._localiser)
        self._order, self._polarity = ChannelOrder(array), Polarity(array)
        self._history = History(array.channels, int(KEEP * RATE))
        self._faults = Faults(self._history)
        self._motion: OwnMotion | None = None
        if axis is not None:
            self._motion = OwnMotion(axis, self._localiser, CHUNK, int(KEEP * RATE) // CHUNK)
        self._t0: float | None = None
        self._next = 0
        self._restart(0)

    def listen(self, block: AudioBlock) -> list[Heard]:
        """Decisions that this block completed. Raises ValueError for a wrong channel count."""
        start = self._history.end
        due = self._t0 + start / RATE if self._t0 is not None else block.t
        if abs(block.t - due) > GAP:
            self._restart(start)
        self._history.push(block.samples)
        self._faults.note()
        self._t0 = block.t - start / RATE
        heard: list[Heard] = []
        while self._next + CHUNK <= self._history.end:
            heard += self._chunk()
        return heard

    @property
    def speaking(self) -> bool:
        """Whether an utterance goes on: it began, and its pause has not come yet."""
        return self._onset is not None

    def finish(self) -> list[Heard]:
        """Decisions still open when a recording ends."""
        return self._close_utterance()

    def forget(self) -> None:
        """Overwrite all sound that is kept; what follows is heard afresh (the mute)."""
        self._history.clear()
        self._restart(self._history.end)

    def problems(self, *, whole: bool = False) -> tuple[str, ...]:
        """What is wrong with the sound itself, in sentences for people; lately, or in the `whole`
        of it, as with a recording."""
        said = self._faults.found(whole=whole)
        said += [p for p in (self._polarity.problem, self._order.problem) if p is not None]
        return tuple(said)

    def _restart(self, start: int) -> None:
        """Forget utterance and background: what follows does not join what was before."""
        self._next = start
        self._probabilities: deque[float] = deque(maxlen=int(KEEP * RATE) // CHUNK)
        self._background: Background | None = None
        self._at_rest = True
        if self._motion is not None:
            self._motion.restart()
        self._window: list[float] = []
        self._window_start = start
        self._onset: int | None = None
        self._silent = 0
        self._voice.reset()
        if self._words is not None:
            self._words.restart(start)

    def _chunk(self) -> list[Heard]:
        """Hear the next chunk."""
        begin, self._next = self._next, self._next + CHUNK
        mono = self._mono(begin, self._next)
        probability = self._voice.probability(mono)
        heard = self._advance(begin, probability)
        if self._motion is not None:
            self._motion.note(self._time(begin + CHUNK // 2))
            first = self._next - CHUNK * len(self._probabilities)
            self._motion.learn(self._quiet, first, self._history.span, BEFORE_SPEECH)
        if self._words is not None:

            def already_mixed(start: int, end: int) -> Real:
                return mono if (start, end) == (begin, self._next) else self._mono(start, end)

            spotted = self._words.hear(self._history, begin, probability, already_mixed)
            if spotted is not None:
                heard.append(self._decide_wake_word(spotted))
        return heard

    def _mono(self, start: int, end: int) -> Real:
        sound, alive = self._history.span(start, end), self._history.alive()
        if not alive.any():
            return np.asarray(sound[0], np.float32)
        return np.asarray((sound if alive.all() else sound[alive]).mean(axis=0), np.float32)

    def _advance(self, begin: int, probability: float) -> list[Heard]:
        """Move the utterance on by one chunk."""
        threshold = self._settings.speech_threshold
        if self._onset is None:
            if probability < threshold:
                self._probabilities.append(probability)
                return []
            self._background = self._learn_background(begin, begin) or self._background
            self._onset = self._window_start = begin
            self._silent = 0
        self._probabilities.append(probability)
        self._window.append(probability)
        self._silent = self._silent + 1 if probability < threshold - HYSTERESIS else 0
        if self._silent >= PAUSE:
            return self._close_utterance()
        if len(self._window) >= DECISION:
            return self._decide_window(self._window)
        return []

    def _close_utterance(self) -> list[Heard]:
        if self._onset is None:
            return []
        kept = self._window[: len(self._window) - self._silent]
        heard = self._decide_window(kept) if len(kept) >= SHORTEST else []
        self._onset, self._window = None, []
        return heard

    def _decide_window(self, window: list[float]) -> list[Heard]:
        """A decision about `window`, the chunks that begin at `_window_start`."""
        start, end = self._window_start, self._window_start + len(window) * CHUNK
        self._window_start, self._window = end, []
        if sum(window) / len(window) < self._settings.speech_threshold / 2.0:
            return []
        return [self._decide(start, end, max(window), None)]

    def _decide_wake_word(self, spotted: Spotted) -> Heard:
        start = spotted.start
        end = max(spotted.end, start + CHUNK)
        if self._onset is not None and start - RATE // 2 < self._onset < end - RATE // 4:
            start = self._onset
        if self._onset is None:
            self._background = self._learn_background(start, self._next) or self._background
        first = max(0, (start - self._next) // CHUNK)
        recent = list(self._probabilities)[first:] or [0.0]
        count = min(len(recent), (end - start) // CHUNK + 1)
        return self._decide(start, end, max(recent[-count:]), spotted.word)

    def _decide(self, start: int, end: int, speech: float, wake_word: str | None) -> Heard:
        first = start - LEAD_IN
        if wake_word is None and self._onset is not None:
            # The end of an utterance is mostly echo: what came before tells where it is from.
            first = min(first, max(self._onset - LEAD_IN, end - DECISION * CHUNK))
        sound = self._history.span(first, end)
        background, turned, centre = self._background, None, self._time((start + end) / 2)
        moving = False
        if self._motion is not None:
            count = sound.shape[1]
            begin = self._time(end - count)
            moving = self._motion.moves(begin, count)
            turned = self._motion.turned(begin, count, centre)
            if background is not None and self._at_rest:
                background = background.beside(self._motion.expected(begin, count))
        found = Location(())
        if self._as_described(sound, end - sound.shape[1], moving=moving):
            found = self._localiser.locate(sound, background, self._history.alive(), turned)
        sure = tuple(d for d in found.directions if d.confidence >= self._settings.min_confidence)
        return Heard(centre, speech, wake_word, found.ambiguous and bool(sure), sure)

    def _as_described(self, sound: Samples, begins: int, *, moving: bool) -> bool:
        """Whether the channels are what the array says, as far as it can be told just now.

        `begins` is the number of the first sample.
        """
        alive = self._history.alive()
        if moving:
            return self._polarity.trusted(alive) and self._order.problem is None
        if not self._polarity.look(sound, alive, begins):
            return False
        return self._order.look(sound) if alive.all() else self._order.problem is None

    def _time(self, sample: float) -> float:
        return (self._t0 or 0.0) + sample / RATE

    def _quiet(self) -> list[bool]:
        threshold = self._settings.speech_threshold - HYSTERESIS
        return quiet_chunks(list(self._probabilities), threshold)

    def _learn_background(self, before: int, judged: int) -> Background | None:
        """The sound field of the last second without speech before sample `before`.

        Up to sample `judged` it is known whether somebody speaks.
        """
        first = judged - CHUNK * len(self._probabilities)
        quiet, self._at_rest = self._quiet(), True
        if self._motion is not None:
            calm = [q and s for q, s in zip(quiet, self._motion.still, strict=True)]
            # The motor's noise is added where it is needed; not knowing the room is worse.
            self._at_rest = sum(calm) >= min(sum(quiet), FEWEST_AT_REST)
            quiet = calm if self._at_rest else quiet
        runs = chunk_runs(quiet, int(BACKGROUND * RATE) // CHUNK)
        segments = [
            self._history.span(first + a * CHUNK, min(before, first + b * CHUNK)) for a, b in runs
        ]
        return self._localiser.learn(segments, self._history.alive())


def voice_heard(
    heard: Heard,
    heading_at: Callable[[float], float] | None,
    while_moving: bool = False,
) -> VoiceHeard:
    """`heard` in world bearings.

    `heading_at` is the head's heading at a time for an array on the head, None
    for one on the base, where azimuth and bearing are the same.
    """
    turn = heading_at(heard.t) if heading_at is not None else 0.0
    return VoiceHeard(
        t=heard.t,
        directions=tuple(
            SoundDirection(wrap(d.azimuth + turn), d.confidence, d.spread, d.kind)
            for d in heard.directions
        ),
        speech=heard.speech,
        wake_word=heard.wake_word,
        ambiguous=heard.ambiguous,
        while_moving=while_moving,
    )
