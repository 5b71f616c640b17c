"""A running engine's tasks: what ends it, and that everything does end."""

from __future__ import annotations

import asyncio
import contextlib

from engine.tasks import Tasks


class Told:
    def __init__(self) -> None:
        self.failures: list[BaseException] = []
        self.ended = asyncio.Event()
        self.tasks = Tasks(self.failures.append, self.ended.set)


async def forever() -> None:
    await asyncio.Event().wait()


async def fails() -> None:
    raise OSError("broken")


async def soon() -> None:
    await asyncio.sleep(0)


async def turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_it_ends_with_the_last_finite_task() -> None:
    told = Told()
    first, last = asyncio.Event(), asyncio.Event()
    told.tasks.start([forever()])
    told.tasks.start_finite([wait(first), wait(last)])
    first.set()
    await turns()
    assert not told.ended.is_set()
    last.set()
    await asyncio.wait_for(told.ended.wait(), 10)
    assert told.failures == []
    await told.tasks.cancel()


async def wait(event: asyncio.Event) -> None:
    await event.wait()


async def test_what_returns_though_it_is_endless_ends_nothing() -> None:
    told = Told()
    told.tasks.start([soon(), forever()])
    await turns()
    assert not told.ended.is_set()
    await told.tasks.cancel()


async def test_a_failure_is_told_before_the_end() -> None:
    told = Told()
    told.tasks.start([fails(), forever()])
    await asyncio.wait_for(told.ended.wait(), 10)
    assert [str(error) for error in told.failures] == ["broken"]
    await told.tasks.cancel()


async def test_cancelling_ends_nothing_by_itself_and_is_repeated() -> None:
    told = Told()
    cancelled = 0

    async def stubborn() -> None:
        nonlocal cancelled
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled += 1
                if cancelled == 2:
                    raise

    told.tasks.start([stubborn()])
    told.tasks.start_finite([forever()])
    await turns()
    await told.tasks.cancel()
    assert cancelled == 2
    assert not told.ended.is_set()
    assert told.failures == []
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(told.ended.wait(), 0.01)
