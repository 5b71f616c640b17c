"""One suite over both clocks; and what only a clock that one advances can promise."""

from __future__ import annotations

import asyncio

import pytest

from engine.hardware.clock import MonotonicClock
from engine.ports import Clock
from engine.sim.clock import ManualClock


@pytest.fixture(params=[MonotonicClock, ManualClock])
def clock(request: pytest.FixtureRequest) -> Clock:
    made: Clock = request.param()
    return made


async def wait_for(clock: Clock, task: asyncio.Task[None]) -> None:
    if isinstance(clock, ManualClock):
        await clock.advance(1.0)
    await asyncio.wait_for(task, 10.0)


def test_is_a_clock(clock: Clock) -> None:
    assert isinstance(clock, Clock)


async def test_sleeps_at_least_as_long_as_asked(clock: Clock) -> None:
    start = clock.now()
    task = asyncio.create_task(clock.sleep(0.02))
    await wait_for(clock, task)
    # asyncio may wake a timer one resolution of the clock early.
    assert clock.now() - start >= 0.02 - 0.002


@pytest.mark.parametrize("seconds", [0.0, -1.0])
async def test_no_time_to_wait_still_lets_others_run(clock: Clock, seconds: float) -> None:
    ran = []
    task = asyncio.create_task(asyncio.sleep(0, ran.append(1)))
    before = clock.now()
    await clock.sleep(seconds)
    await task
    assert ran == [1]
    assert clock.now() - before < 5.0


async def test_a_cancelled_sleeper_wakes_nobody(clock: Clock) -> None:
    task = asyncio.create_task(clock.sleep(3600.0))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    if isinstance(clock, ManualClock):
        assert clock.sleepers == 0
        await clock.advance(7200.0)


async def test_sleepers_wake_in_order_each_at_its_own_time() -> None:
    clock = ManualClock(start=100.0)
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((name, clock.now()))

    tasks = [
        asyncio.create_task(sleeper(name, seconds))
        for name, seconds in (("c", 3.0), ("a", 1.0), ("b", 2.0), ("a again", 1.0))
    ]
    await clock.advance(10.0)
    assert woken == [("a", 101.0), ("a again", 101.0), ("b", 102.0), ("c", 103.0)]
    assert clock.now() == 110.0
    await asyncio.gather(*tasks)


async def test_a_loop_that_sleeps_again_keeps_its_own_pace() -> None:
    clock = ManualClock()
    ticks: list[float] = []

    async def loop() -> None:
        while True:
            await clock.sleep(0.25)
            ticks.append(clock.now())

    task = asyncio.create_task(loop())
    await clock.advance(1.0)
    assert ticks == [0.25, 0.5, 0.75, 1.0]
    task.cancel()


async def test_nobody_wakes_early() -> None:
    clock = ManualClock()
    task = asyncio.create_task(clock.sleep(1.0))
    await clock.advance(0.999)
    assert not task.done()
    await clock.advance(0.001)
    await task


async def test_time_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="backwards"):
        await ManualClock().advance(-1.0)
