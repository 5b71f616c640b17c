"""A loop's own thread: calls in order, results and errors back, and an end that does not wait."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from engine.loops.worker import Worker


async def test_calls_happen_one_after_another_in_one_thread() -> None:
    worker, order, threads = Worker("test"), [], set()

    def call(number: int) -> int:
        order.append(number)
        threads.add(threading.current_thread())
        return number * number

    assert await asyncio.gather(*(worker.run(call, n) for n in range(5))) == [0, 1, 4, 9, 16]
    assert order == [0, 1, 2, 3, 4]
    (thread,) = threads
    assert thread is not threading.current_thread()
    assert thread.daemon
    assert await worker.stop()
    thread.join(5.0)
    assert not thread.is_alive()


async def test_an_error_comes_back_and_the_next_call_works() -> None:
    worker = Worker("test")
    with pytest.raises(ZeroDivisionError):
        await worker.run(lambda: 1 // 0)
    assert await worker.run(lambda: 7) == 7
    await worker.stop()


async def test_a_cancelled_call_is_not_waited_for_and_is_followed_by_the_last_one() -> None:
    worker, go_on, done = Worker("test"), threading.Event(), threading.Event()
    waiting = asyncio.create_task(worker.run(go_on.wait, 30.0))
    await asyncio.sleep(0.05)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    begun = time.monotonic()
    assert not await worker.stop(done.set, patience=0.05)
    assert time.monotonic() - begun < 5.0
    assert not done.is_set()
    go_on.set()
    assert done.wait(10.0)


async def test_a_call_cancelled_before_its_turn_never_happens() -> None:
    worker, go_on, called = Worker("test"), threading.Event(), threading.Event()
    first = asyncio.create_task(worker.run(go_on.wait, 30.0))
    second = asyncio.create_task(worker.run(called.set))
    await asyncio.sleep(0.05)
    second.cancel()
    await asyncio.sleep(0)
    go_on.set()
    await first
    assert await worker.stop(patience=10.0)
    assert not called.is_set()


async def test_stopping_what_never_ran_calls_nothing() -> None:
    assert await Worker("test").stop(lambda: pytest.fail("called"))
