"""The decision loop: events into the brain, its actions to whoever carries them out.

The one place where the pure core meets time: events arrive from any thread,
are put in order, and a tick is made when the brain asked for one. It decides
nothing itself. An action that fails is reported and loses no other.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from engine.core import brain
from engine.core.state import State
from engine.core.types import Action, AxisMoved, Event, PeopleSeen, Tick
from engine.ports import Clock

log = logging.getLogger(__name__)

MOST_WAITING = 1000
"""Events beyond this mean that the loop has stood still; the oldest senses are dropped."""

# What may be lost when the loop cannot keep up: the next one says the same, newer.
REPLACEABLE = (AxisMoved, PeopleSeen, Tick)

Effect = Callable[[Any], None]


class DecisionLoop:
    """`post` events from any thread; `run` as a task carries out what the brain decides.

    `effects` maps a kind of action to what carries it out, called in the event
    loop's thread; an action nobody carries out is dropped, which is said once
    at debug level.
    """

    def __init__(self, state: State, clock: Clock, effects: dict[type, Effect]) -> None:
        self.state = state
        self._clock = clock
        self.effects = effects
        self._waiting: deque[Event] = deque()
        self._lock = threading.Lock()
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._unheard: set[type] = set()
        self.dropped = 0
        self.steps = 0

    def post(self, event: Event) -> None:
        """Put an event before the brain; from any thread, never blocks."""
        with self._lock:
            if len(self._waiting) >= MOST_WAITING:
                self._make_room()
            self._waiting.append(event)
        loop = self._loop
        if loop is not None:
            # The loop may be closing while a sensor's thread has one more event.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._wake.set)

    def _make_room(self) -> None:
        kept = [e for e in self._waiting if not isinstance(e, REPLACEABLE)]
        self.dropped += len(self._waiting) - len(kept)
        self._waiting.clear()
        self._waiting.extend(kept[-MOST_WAITING // 2 :])

    async def run(self) -> None:
        """Until it is cancelled."""
        self._loop = asyncio.get_running_loop()
        deadline = self._clock.now()
        while True:
            if not self._waiting:
                await self._rest(deadline)
            self._wake.clear()
            if not self._waiting:
                self._waiting.append(Tick(self._clock.now()))
            while self._waiting:
                with self._lock:
                    event = self._waiting.popleft()
                deadline = self._step(event)
            # A flood of events must not starve the sensors' callbacks.
            await asyncio.sleep(0)

    async def _rest(self, deadline: float) -> None:
        """Until an event comes or the brain's deadline passes."""
        left = deadline - self._clock.now()
        if left <= 0.0:
            return
        sleeping = asyncio.ensure_future(self._clock.sleep(left))
        waking = asyncio.ensure_future(self._wake.wait())
        try:
            await asyncio.wait({sleeping, waking}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sleeping, waking):
                task.cancel()

    def _step(self, event: Event) -> float:
        self.state, actions, deadline = brain.step(self.state, event)
        self.steps += 1
        for action in actions:
            self._carry_out(action)
        return deadline

    def _carry_out(self, action: Action) -> None:
        effect = self.effects.get(type(action))
        if effect is None:
            if type(action) not in self._unheard:
                self._unheard.add(type(action))
                log.debug("nothing here carries out %s", type(action).__name__)
            return
        try:
            effect(action)
        except Exception:
            # One broken adapter must not take the shutter or the axis with it.
            log.exception("carrying out %s failed", type(action).__name__)
