"""The audio loop on scripted microphones, a scripted ear and a clock of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import numpy as np
import pytest

from engine.core.types import Event, Health, Measured, VoiceHeard
from engine.hearing.ear import Heard, HeardDirection
from engine.loops.audio import AudioLoop, Surroundings
from engine.ports import AudioBlock, SourceEnded, SourceFailed, SourceTorn


class FakeClock:
    def __init__(self) -> None:
        self.t, self.slept = 0.0, list[float]()

    def now(self) -> float:
        return self.t

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.t += seconds
        await asyncio.sleep(0)


class ScriptedMicrophones:
    """`script` holds blocks' values and exceptions, in order; then the end."""

    channels = 2

    def __init__(
        self, script: list[float | Exception], opens: list[Exception | None] | None = None
    ):
        self.script, self.opens = list(script), list(opens or [])
        self.opened = self.closed = 0
        self.blocks: list[AudioBlock] = []

    def open(self) -> None:
        self.opened += 1
        failure = self.opens.pop(0) if self.opens else None
        if failure:
            raise failure

    def read(self) -> AudioBlock:
        step: float | Exception = self.script.pop(0) if self.script else SourceEnded("end")
        if isinstance(step, Exception):
            raise step
        self.blocks.append(AudioBlock(step, np.full((2, 512), 0.5, np.float32)))
        return self.blocks[-1]

    def close(self) -> None:
        self.closed += 1


class EchoingEar:
    """One decision a block, at the block's time."""

    def __init__(self) -> None:
        self.heard: list[float] = []
        self.forgotten = 0
        self.trouble: tuple[str, ...] = ()

    def listen(self, block: AudioBlock) -> list[Heard]:
        assert block.samples.any()
        self.heard.append(block.t)
        return [Heard(block.t, 0.9, None, False, (HeardDirection(10.0, 0.8, 4.0),))]

    def finish(self) -> list[Heard]:
        return [Heard(99.0, 0.7, None, False, ())]

    def forget(self) -> None:
        self.forgotten += 1

    def problems(self) -> tuple[str, ...]:
        return self.trouble


def loop_of(
    microphones: ScriptedMicrophones,
    *,
    live: bool = False,
    ear: EchoingEar | None = None,
    heading_at: Callable[[float], float] | None = None,
    moving_at: Callable[[float], bool] = lambda _: False,
    muted: Callable[[], bool] = lambda: False,
) -> tuple[AudioLoop, list[Event], FakeClock, EchoingEar]:
    events: list[Event] = []
    clock, listener = FakeClock(), ear or EchoingEar()
    around = Surroundings(heading_at, moving_at, muted)
    return (
        AudioLoop(microphones, listener, events.append, clock, around, live=live),
        events,
        clock,
        listener,
    )


def voices(events: list[Event]) -> list[VoiceHeard]:
    return [e for e in events if isinstance(e, VoiceHeard)]


def health(events: list[Event]) -> list[tuple[bool, str]]:
    return [(e.ok, e.detail) for e in events if isinstance(e, Health)]


async def test_a_recording_is_heard_to_its_end() -> None:
    microphones = ScriptedMicrophones([0.0, 0.1])
    loop, events, _, ear = loop_of(microphones)
    await loop.run()
    assert [v.t for v in voices(events)] == [0.0, 0.1, 99.0]
    assert health(events) == [(True, "")]
    assert microphones.closed
    assert ear.forgotten


async def test_blocks_are_overwritten_once_heard() -> None:
    microphones = ScriptedMicrophones([0.0, 0.1])
    loop, *_ = loop_of(microphones)
    await loop.run()
    assert not any(block.samples.any() for block in microphones.blocks)


async def test_an_array_on_the_head_turns_with_it() -> None:
    loop, events, *_ = loop_of(
        ScriptedMicrophones([1.0, 2.0]), heading_at=lambda t: 100.0 * t, moving_at=lambda t: t > 1.5
    )
    await loop.run()
    first, second, _ = voices(events)
    assert (first.directions[0].bearing, first.while_moving) == (110.0, False)
    assert (second.directions[0].bearing, second.while_moving) == (-150.0, True)


async def test_a_torn_block_is_counted_and_survived() -> None:
    loop, events, *_ = loop_of(ScriptedMicrophones([0.0, SourceTorn("torn"), 0.1]))
    await loop.run()
    assert loop.torn == 1
    assert [v.t for v in voices(events)] == [0.0, 0.1, 99.0]


class SlowComputer(ScriptedMicrophones):
    """Loses sound before every block from `first` to `last` seconds; a block lasts 0.5 s."""

    def __init__(self, clock: FakeClock, first: float, last: float, end: float) -> None:
        super().__init__([])
        self.clock, self.first, self.last, self.end = clock, first, last, end
        self.lost = 0
        self._just_lost = False

    def read(self) -> AudioBlock:
        if self.clock.t >= self.end:
            raise SourceEnded("end")
        self._just_lost = not self._just_lost and self.first <= self.clock.t <= self.last
        if self._just_lost:
            self.lost += 1
            raise SourceTorn("overrun, sound was lost")
        self.clock.t += 0.5
        return AudioBlock(self.clock.t, np.full((2, 512), 0.5, np.float32))


def slow_loop(first: float, last: float, end: float) -> tuple[AudioLoop, list[Event], SlowComputer]:
    events: list[Event] = []
    clock = FakeClock()
    microphones = SlowComputer(clock, first, last, end)
    return AudioLoop(microphones, EchoingEar(), events.append, clock), events, microphones


async def test_sound_that_is_lost_for_hours_does_not_fill_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    loop, _, microphones = slow_loop(0.0, 170.0, 171.0)
    await loop.run()
    assert loop.torn == microphones.lost > 300
    told = [r.getMessage() for r in caplog.records]
    assert len(told) == 3
    assert told[0] == "overrun, sound was lost (1 so far)"


async def test_sound_that_is_lost_for_long_is_bad_health_until_it_is_over() -> None:
    loop, events, _ = slow_loop(5.0, 60.0, 90.0)
    await loop.run()
    found = [(e.t, e.ok, e.detail) for e in events if isinstance(e, Health)]
    assert [(ok, detail) for _, ok, detail in found] == [
        (True, ""),
        (False, "again and again: overrun, sound was lost"),
        (True, ""),
    ]
    assert found[1][0] == pytest.approx(35.0, abs=3.0)
    assert found[2][0] == pytest.approx(70.0, abs=3.0)


async def test_sound_that_is_lost_now_and_then_is_no_bad_health() -> None:
    loop, events, _ = slow_loop(5.0, 30.0, 60.0)
    await loop.run()
    assert health(events) == [(True, "")]


class CheckedMicrophones(ScriptedMicrophones):
    trouble = ""


async def test_what_a_source_finds_wrong_with_itself_is_told_beside_the_rest() -> None:
    microphones = CheckedMicrophones([0.0, SourceFailed("lost; check the plug"), 5.0])
    microphones.trouble = "sound is clipped"
    close = microphones.close

    def mended() -> None:
        microphones.trouble = ""
        close()

    microphones.close = mended  # type: ignore[method-assign]
    ear = EchoingEar()
    ear.trouble = ("dead microphone: channel 2",)
    loop, events, *_ = loop_of(microphones, live=True, ear=ear)
    await loop.run()
    assert health(events) == [
        (False, "dead microphone: channel 2; sound is clipped"),
        (False, "lost; check the plug"),
        (False, "dead microphone: channel 2"),
    ]


class DriftingMicrophones(ScriptedMicrophones):
    drift_ppm: float | None = None


@pytest.mark.parametrize(("drift", "told"), [(None, []), (41.37, [41.4])])
async def test_the_microphones_drift_is_told_once_it_is_known(
    drift: float | None, told: list[float]
) -> None:
    microphones = DriftingMicrophones([0.0, 0.1, 0.2])
    microphones.drift_ppm = drift
    loop, events, *_ = loop_of(microphones)
    await loop.run()
    found = [(e.name, e.value) for e in events if isinstance(e, Measured)]
    assert found == [("microphone_drift_ppm", ppm) for ppm in told]


async def test_a_recording_that_cannot_be_opened_is_the_callers_affair() -> None:
    loop, *_ = loop_of(ScriptedMicrophones([], [SourceFailed("no such file; check the path")]))
    with pytest.raises(SourceFailed, match="no such file"):
        await loop.run()


async def test_a_missing_device_is_reported_once_and_retried_with_growing_pauses() -> None:
    gone = SourceFailed("unplugged; plug it in")
    microphones = ScriptedMicrophones([0.0], [gone] * 8)
    loop, events, clock, _ = loop_of(microphones, live=True)
    await loop.run()
    assert clock.slept == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]
    assert health(events) == [(False, "unplugged; plug it in"), (True, "")]


async def test_a_device_lost_in_mid_stream_comes_back() -> None:
    microphones = ScriptedMicrophones([0.0, SourceFailed("lost; check the plug"), 5.0])
    loop, events, clock, _ = loop_of(microphones, live=True)
    await loop.run()
    assert [v.t for v in voices(events)] == [0.0, 5.0, 99.0]
    assert health(events) == [(True, ""), (False, "lost; check the plug"), (True, "")]
    assert clock.slept == [1.0]


async def test_no_sound_is_kept_while_a_device_is_away() -> None:
    microphones = ScriptedMicrophones([0.0, SourceFailed("lost; check the plug"), 5.0])
    loop, _, clock, ear = loop_of(microphones, live=True)
    kept_in_pauses: list[bool] = []
    sleep = clock.sleep

    async def watched(seconds: float) -> None:
        kept_in_pauses.append(not ear.forgotten)
        await sleep(seconds)

    clock.sleep = watched  # type: ignore[method-assign]
    await loop.run()
    assert kept_in_pauses == [False]


async def test_a_mute_while_a_device_is_away_keeps_it_closed() -> None:
    microphones = ScriptedMicrophones([0.0, SourceFailed("lost; check the plug"), 5.0])
    loop, _, clock, _ = loop_of(microphones, live=True, muted=lambda: 0.5 < clock.t < 3.0)
    opened_at: list[float] = []
    open_ = microphones.open

    def noted() -> None:
        opened_at.append(clock.t)
        open_()

    microphones.open = noted  # type: ignore[method-assign]
    await loop.run()
    assert opened_at == [0.0, pytest.approx(3.0, abs=0.1)]


async def test_a_muted_live_device_is_closed_and_not_read() -> None:
    microphones = ScriptedMicrophones([0.0, 1.0])
    answers = iter([False] * 3 + [True] * 6)
    loop, events, clock, ear = loop_of(microphones, live=True, muted=lambda: next(answers, False))
    await loop.run()
    assert microphones.opened == 2
    assert len(clock.slept) >= 4
    assert ear.forgotten >= 2
    assert [v.t for v in voices(events)] == [0.0, 1.0, 99.0]


async def test_a_muted_recording_goes_on_unheard_and_is_overwritten() -> None:
    microphones = ScriptedMicrophones([0.0, 1.0, 2.0])
    loop, _, _, ear = loop_of(microphones, muted=lambda: len(microphones.blocks) == 2)
    await loop.run()
    assert ear.heard == [0.0, 2.0]
    assert not any(block.samples.any() for block in microphones.blocks)


async def test_trouble_with_the_sound_is_reported() -> None:
    ear = EchoingEar()
    ear.trouble = ("dead microphone: channel 2",)
    loop, events, *_ = loop_of(ScriptedMicrophones([0.0, 0.1]), ear=ear)
    await loop.run()
    assert health(events) == [(False, "dead microphone: channel 2")]


async def test_trouble_that_changes_with_every_block_is_told_every_two_seconds_at_most() -> None:
    class Worsening(EchoingEar):
        def problems(self) -> tuple[str, ...]:
            return (f"{len(self.heard)} samples were not numbers",)

    class Passing(ScriptedMicrophones):
        def read(self) -> AudioBlock:
            clock.t += 0.1
            return super().read()

    loop, events, clock, _ = loop_of(Passing([0.1 * i for i in range(100)]), ear=Worsening())
    await loop.run()
    assert len(health(events)) == 5


async def test_cancelling_closes_the_device() -> None:
    microphones = ScriptedMicrophones([float(i) for i in range(100_000)])
    started = asyncio.Event()
    loop = AudioLoop(microphones, EchoingEar(), lambda _: started.set(), FakeClock())
    task = asyncio.create_task(loop.run())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert microphones.closed
