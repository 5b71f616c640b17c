"""The audio loop: blocks from the microphones to the ear, voices to the brain.

Reading and hearing happen in a worker thread. A live device that is missing
or lost is reported as Health and tried again with growing pauses; a recording
that ends ends the loop. While the microphones are muted a live device is
closed, and what other sources give is overwritten unheard (the event of the
mute's edge is its own port's business). Decides nothing about voices.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.core.types import Event, Health, Measured
from engine.hearing.ear import Heard, voice_heard
from engine.loops.torn_sound import TornSound
from engine.loops.worker import Worker
from engine.ports import (
    AudioBlock,
    Clock,
    Microphones,
    SampleClocked,
    SelfChecking,
    SourceEnded,
    SourceFailed,
    SourceTorn,
)

PART = "microphones"
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds between attempts to open a missing device, doubling."""
MUTE_POLL = 0.05
REPORT_EVERY = 2.0
"""Seconds between two looks at what is wrong with the sound."""
DRIFT = "microphone_drift_ppm"
TELL_DRIFT_EVERY = 60.0


class Listener(Protocol):
    """What the loop needs of `engine.hearing.ear.Ear`."""

    def listen(self, block: AudioBlock) -> list[Heard]: ...

    def finish(self) -> list[Heard]: ...

    def forget(self) -> None: ...

    def problems(self) -> tuple[str, ...]: ...


def _never(_: float) -> bool:
    return False


def _open() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the loop asks of the rest, from the event loop's thread.

    `heading_at` is None for an array on the base. `moving_at` tells whether
    the motor ran at a time. `muted` is the microphone mute.
    """

    heading_at: Callable[[float], float] | None = None
    moving_at: Callable[[float], bool] = _never
    muted: Callable[[], bool] = _open


class AudioLoop:
    """`run` it as a task; it returns when a recording has ended."""

    def __init__(
        self,
        microphones: Microphones,
        ear: Listener,
        emit: Callable[[Event], None],
        clock: Clock,
        surroundings: Surroundings | None = None,
        *,
        live: bool = True,
    ) -> None:
        """`emit` is called in the event loop's thread. `live` False: a recording."""
        self._microphones = microphones
        self._ear = ear
        self._emit = emit
        self._clock = clock
        self._around = surroundings or Surroundings()
        self._live = live
        self._was_muted = False
        self._health: tuple[bool, str] | None = None
        self._reported = self._drift_told = float("-inf")
        self._worker = Worker(PART)
        self._torn = TornSound()
        self.blocks = 0

    @property
    def torn(self) -> int:
        """How often sound was lost."""
        return self._torn.count

    async def run(self) -> None:
        """Until a recording ends. Raises SourceFailed for a recording that cannot be opened."""
        pause = FIRST_PAUSE
        try:
            while True:
                before = self.blocks
                try:
                    await self._mind_mute()
                    await self._worker.run(self._microphones.open)
                    await self._listen()
                except SourceEnded:
                    self._tell(self._ear.finish())
                    return
                except SourceFailed as error:
                    if not self._live:
                        raise
                    self._microphones.close()
                    self._torn.over()
                    self._report(ok=False, detail=str(error))
                    # Otherwise its sound would be kept for as long as the device stays away.
                    self._ear.forget()
                    pause = FIRST_PAUSE if self.blocks > before else pause
                    await self._clock.sleep(pause)
                    pause = min(2.0 * pause, LONGEST_PAUSE)
        finally:
            self._microphones.close()
            # A read that was under way may have opened them again.
            worker, self._worker = self._worker, Worker(PART)
            await worker.stop(self._microphones.close)
            self._ear.forget()

    async def _listen(self) -> None:
        """Blocks until something is raised, or a live device was closed by the mute."""
        while True:
            if self._around.muted() and self._live:
                self._microphones.close()
                return
            try:
                block = await self._worker.run(self._microphones.read)
            except SourceTorn as error:
                self._torn.note(self._clock.now(), error)
                continue
            if await self._mind_mute_of(block):
                continue
            self.blocks += 1
            self._tell(await self._worker.run(self._ear.listen, block))
            block.samples.fill(0.0)
            self._check_sound()

    async def _mind_mute(self) -> None:
        """Before opening a live device: wait until it is not muted."""
        while self._live and self._note_mute():
            await self._clock.sleep(MUTE_POLL)

    async def _mind_mute_of(self, block: AudioBlock) -> bool:
        """Whether `block` fell to the mute; then it is overwritten."""
        if not self._note_mute():
            return False
        block.samples.fill(0.0)
        return True

    def _note_mute(self) -> bool:
        muted = self._around.muted()
        if muted != self._was_muted:
            self._was_muted = muted
            if muted:
                self._ear.forget()
        return muted

    def _tell(self, decisions: Sequence[Heard]) -> None:
        for heard in decisions:
            moving = self._around.moving_at(heard.t)
            self._emit(voice_heard(heard, self._around.heading_at, moving))

    def _check_sound(self) -> None:
        now = self._clock.now()
        if now - self._reported < REPORT_EVERY:
            return
        problems = self._ear.problems()
        self._report(ok=not problems, detail="; ".join(problems))
        self._reported = now
        self._tell_drift(now)

    def _trouble(self) -> str:
        """What is wrong on the way here, which the sound itself does not show."""
        lost, source = self._torn.lasting(self._clock.now()), self._microphones
        seen = source.trouble if isinstance(source, SelfChecking) else ""
        return "; ".join(filter(None, (lost, seen)))

    def _tell_drift(self, now: float) -> None:
        """How fast the microphones' clock and the one that pictures are stamped by part."""
        if now - self._drift_told < TELL_DRIFT_EVERY:
            return
        if isinstance(self._microphones, SampleClocked):
            drift = self._microphones.drift_ppm
            if drift is not None:
                self._drift_told = now
                self._emit(Measured(now, DRIFT, round(drift, 1)))

    def _report(self, *, ok: bool, detail: str) -> None:
        """Health, when it has changed. After what else is reported, sound is looked at anew."""
        self._reported = float("-inf")
        if source := self._trouble():
            ok, detail = False, "; ".join(filter(None, (detail, source)))
        if self._health != (ok, detail):
            self._health = (ok, detail)
            self._emit(Health(self._clock.now(), PART, ok, detail))
