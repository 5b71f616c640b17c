"""The beam beside the ear: where it points, and that its sound leaves only when it may.

Stands where the audio loop has its ear: every block goes to the ear and then
through the beam to the sink. The beam points where the light ring shows, and
when a voice moves it the ring is told. While the microphones are muted the
audio loop gives no blocks, and none leave. It finds no directions itself.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from engine.core.angles import difference
from engine.core.types import Event, Indicate, SoundKind, VoiceHeard
from engine.hearing.beam import Beam
from engine.hearing.ear import Ear, Heard
from engine.ports import AudioBlock, SoundSink

log = logging.getLogger(__name__)

LISTENING, BEAM = "listening", "beam"
HOLD = 8.0
"""Seconds in which the speaker of a wake word keeps the beam: a request's length."""
NEAR = 30.0
"""Degrees within which a voice is taken for the one that has the beam."""
SURE = 0.5
"""Confidence from which a voice may move the beam."""


class Beaming:
    """`engine.loops.audio.Listener` around an ear. `show` is the light ring."""

    def __init__(
        self,
        ear: Ear,
        beam: Beam,
        sink: SoundSink,
        show: Callable[[Indicate], None],
        heading_at: Callable[[float], float] | None = None,
    ) -> None:
        self._ear, self._beam, self._sink = ear, beam, sink
        self._show, self._heading_at = show, heading_at
        self._problem: str | None = None
        self._held_until = float("-inf")
        self._now = float("-inf")
        self.bearing: float | None = None

    def listen(self, block: AudioBlock) -> list[Heard]:
        """What the ear heard; the beam's sound goes to the sink."""
        heard = self._ear.listen(block)
        self._now = block.t
        if self.bearing is not None:
            turn = self._heading_at(block.t) if self._heading_at else 0.0
            self._beam.aim(self.bearing - turn)
        try:
            self._sink.write(self._beam.process(block.samples, speech=self._ear.speaking))
        except OSError as error:
            if self._problem is None:
                log.warning("the beam's sound cannot be written: %s", error.strerror or error)
            self._problem = f"the beam's sound cannot be written ({error.strerror or error})"
        else:
            self._problem = None
        return heard

    def finish(self) -> list[Heard]:
        return self._ear.finish()

    def forget(self) -> None:
        """All sound that is kept is let go, the ear's and the beam's."""
        self._ear.forget()
        self._beam.forget()

    def problems(self) -> tuple[str, ...]:
        return (*self._ear.problems(), *((self._problem,) if self._problem else ()))

    def close(self) -> None:
        self._sink.close()

    def noticed(self, event: Event) -> None:
        """A voice: whoever has the beam keeps it; after that it is the next sure one's."""
        if not isinstance(event, VoiceHeard) or event.ambiguous or event.wake_word is not None:
            return  # a wake word comes back as what the ring shows, if it is answered
        direct = [d for d in event.directions if d.kind is SoundKind.DIRECT]
        if not direct or direct[0].confidence < SURE:
            return
        bearing = direct[0].bearing
        mine = self.bearing is not None and abs(difference(bearing, self.bearing)) <= NEAR
        if mine or event.t >= self._held_until:
            self._point(bearing)
            self._show(Indicate(BEAM, bearing))

    def indicated(self, indication: Indicate) -> None:
        """The ring shows who is listened to: the beam goes there."""
        if indication.pattern == LISTENING and indication.bearing is not None:
            self._held_until = self._now + HOLD
            self._point(indication.bearing)

    def _point(self, bearing: float) -> None:
        self.bearing = bearing
