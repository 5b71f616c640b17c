"""The decision loop: events in order, ticks at the brain's deadlines, and no action lost."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest

from engine.core import brain
from engine.core.settings import CoreSettings
from engine.core.state import State
from engine.core.types import (
    Action,
    AxisMoved,
    Command,
    Event,
    Label,
    MoveTo,
    PeopleSeen,
    Publish,
    Reply,
    ShutterChanged,
    ShutterState,
    Sighting,
    Tick,
)
from engine.loops import decisions
from engine.loops.decisions import MOST_WAITING, DecisionLoop
from engine.sim.clock import ManualClock


class Bench:
    """A loop on a clock that stands still; `events` is what reached the brain, in order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = ManualClock(100.0)
        self.events: list[Event] = []
        self.actions: list[Action] = []
        self.deadlines: list[float] = []
        self.first = brain.start(CoreSettings(), self.clock.now(), 0.0)
        self.loop = DecisionLoop(self.first, self.clock, {})
        self.real_step = real = brain.step

        def step(state: State, event: Event) -> tuple[State, tuple[Action, ...], float]:
            self.events.append(event)
            state, actions, deadline = real(state, event)
            self.actions += actions
            self.deadlines.append(deadline)
            return state, actions, deadline

        monkeypatch.setattr(decisions.brain, "step", step)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.loop.run())
        await asyncio.sleep(0)
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def without_ticks(self) -> list[Event]:
        return [event for event in self.events if not isinstance(event, Tick)]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


def moved(t: float, heading: float = 0.0) -> AxisMoved:
    return AxisMoved(t, heading, 0.0, 0.0, moving=False)


def command(name: str, number: int = 0) -> Command:
    return Command(100.0, name, {}, "test", str(number))


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_events_reach_the_brain_in_the_order_of_their_posting(bench: Bench) -> None:
    posted = [moved(100.0 + k / 10.0) for k in range(50)]
    for event in posted[:20]:
        bench.loop.post(event)
    async with bench.running():
        for event in posted[20:]:
            bench.loop.post(event)
        await settle()
    assert bench.without_ticks() == posted
    assert bench.loop.steps == len(bench.events)


async def test_a_tick_comes_at_the_deadline_and_not_before(bench: Bench) -> None:
    async with bench.running():
        bench.loop.post(moved(100.0))
        await settle()
        before = len(bench.events)
        deadline = bench.deadlines[-1]
        assert deadline > bench.clock.now()
        await bench.clock.advance((deadline - bench.clock.now()) * 0.9)
        assert len(bench.events) == before
        await bench.clock.advance(deadline - bench.clock.now())
        assert bench.events[before] == Tick(deadline)


async def test_an_event_does_not_wait_for_the_deadline(bench: Bench) -> None:
    async with bench.running():
        await settle()
        bench.loop.post(moved(100.0))
        await settle()
        assert bench.without_ticks() == [moved(100.0)]
        assert bench.clock.now() == 100.0


async def test_a_flood_loses_only_what_the_next_one_replaces(bench: Bench) -> None:
    asked = [command("zzz", k) for k in range(20)]
    closed = ShutterChanged(100.0, ShutterState.CLOSED)
    bench.loop.post(closed)
    for k in range(3 * MOST_WAITING):
        bench.loop.post(moved(100.0, heading=float(k)))
        if k % 150 == 0:
            bench.loop.post(asked[k // 150])
    async with bench.running():
        await settle()
    assert [e for e in bench.events if isinstance(e, Command)] == asked
    assert closed in bench.events
    headings = [e.heading for e in bench.events if isinstance(e, AxisMoved)]
    assert headings[-1] == 3 * MOST_WAITING - 1, "the newest was lost"
    assert headings == sorted(headings)
    assert bench.loop.dropped == 3 * MOST_WAITING - len(headings) > 0


async def test_an_effect_that_fails_loses_no_other(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    published: list[Any] = []
    replied: list[Any] = []

    def broken(action: Publish) -> None:
        published.append(action)
        raise OSError("the adapter is gone")

    bench.loop.effects.update({Publish: broken, Reply: replied.append})
    async with bench.running():
        for number in range(3):
            bench.loop.post(command("no such command", number))
        await settle()
    assert [reply.id for reply in replied] == ["0", "1", "2"]
    assert published
    assert "carrying out Publish failed" in caplog.text


async def test_events_may_come_from_any_thread(bench: Bench) -> None:
    def post(source: int) -> None:
        for number in range(100):
            bench.loop.post(command(f"zzz{source}", number))

    threads = [threading.Thread(target=post, args=(k,)) for k in range(4)]
    async with bench.running(), asyncio.timeout(30.0):
        for thread in threads:
            thread.start()
        while len(bench.without_ticks()) < 400:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    for source in range(4):
        ids = [e.id for e in bench.events if isinstance(e, Command) and e.name == f"zzz{source}"]
        assert ids == [str(k) for k in range(100)]


async def test_posting_after_the_loop_is_closed_raises_nothing() -> None:
    clock = ManualClock()
    loop = DecisionLoop(brain.start(CoreSettings(), 0.0, 0.0), clock, {})
    task = asyncio.create_task(loop.run())
    await settle()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    loop._loop = asyncio.new_event_loop()
    loop._loop.close()
    loop.post(moved(1.0))


async def test_the_same_events_give_the_same_actions_again(bench: Bench) -> None:
    async with bench.running():
        bench.loop.post(ShutterChanged(100.0, ShutterState.OPEN))
        for step in range(120):
            t = 100.0 + step / 10.0
            heading = bench.loop.state.move.heading if bench.loop.state.move else 0.0
            bench.loop.post(moved(t, heading))
            person = Sighting(70.0 - step / 2.0, 2.0, 0.9, Label.PERSON, distance=2.0)
            view = (heading - 90.0, heading + 90.0)
            bench.loop.post(PeopleSeen(t, (person,), heading, view))
            await bench.clock.advance(0.1)
    assert any(isinstance(action, MoveTo) for action in bench.actions)
    state, again = bench.first, []
    for event in bench.events:
        state, made, _ = bench.real_step(state, event)
        again += made
    assert again == bench.actions
    assert state == bench.loop.state
