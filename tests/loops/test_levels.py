"""The levels, read now and then: what is wrong with a switch is told once, and when it ends."""

from __future__ import annotations

import asyncio
import contextlib

from engine.core.types import Event, Health, ShutterState
from engine.loops.levels import EVERY, poll
from engine.sim.clock import ManualClock
from engine.sim.devices import SimulatedIndicator, SimulatedTouchScreen
from engine.sim.shutter import SimulatedMute, SimulatedShutter


class Wired(SimulatedShutter):
    """Counts how often it is read; its wire may be cut."""

    problem: str | None = None
    reads = 0

    @property
    def state(self) -> ShutterState:
        self.reads += 1
        if self.problem:
            raise OSError(self.problem)
        return super().state


async def test_a_cut_wire_is_told_when_it_is_cut_and_when_it_is_mended() -> None:
    clock, shutter, told = ManualClock(), Wired(), list[Event]()
    polling = asyncio.create_task(
        poll(
            shutter,
            SimulatedMute(),
            SimulatedIndicator(),
            SimulatedTouchScreen(),
            told.append,
            clock,
        )
    )
    await clock.advance(3.0 * EVERY)
    assert (shutter.reads, told) == (3, [])
    shutter.problem = "shutter.pin 17: lost; check the wiring"
    await clock.advance(2.0 * EVERY)
    assert shutter.reads == 5, "an error does not end it"
    shutter.problem = None
    await clock.advance(2.0 * EVERY)
    assert told == [
        Health(4.0 * EVERY, "shutter", False, "shutter.pin 17: lost; check the wiring"),
        Health(6.0 * EVERY, "shutter", True, ""),
    ]
    polling.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await polling
