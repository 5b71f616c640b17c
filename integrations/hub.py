"""The one place where the engine and everything outside it meet.

Hands the newest snapshot to whoever watches, and carries commands to the
engine and their replies back to whoever asked. It decides nothing, validates
nothing (`commands` does) and knows no protocol; it lives in one event loop.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Generic, Protocol, TypeVar

from engine.core.types import Command, Happened, Reply, Snapshot

T = TypeVar("T")

Submit = Callable[[Command], Awaitable[Reply]]
"""Carries a validated command to the engine and brings its reply; never raises."""

Admit = Callable[[Command], Awaitable[Command | Reply]]
"""Judges a command before the engine sees it: the command to deliver, or why not."""

Handler = Callable[[Command], Reply]
"""Answers at once a command that is none of the brain's business."""

REPLY_SECONDS = 2.0
"""How long a command waits for its reply; the brain answers within milliseconds."""

MOST_PENDING = 64
"""More commands than these waiting at once are a fault or an attack, not a person."""


class Latest(Generic[T]):
    """A value that is replaced, with any number of watchers of the newest one.

    A watcher that is slow misses values, never the last one, and holds up nobody.
    """

    def __init__(self) -> None:
        self._value: T | None = None
        self._version = 0
        self._changed = asyncio.Event()

    @property
    def value(self) -> T | None:
        """The newest value, None before the first."""
        return self._value

    def put(self, value: T) -> None:
        self._value = value
        self._version += 1
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def newer(self, than: int = 0) -> tuple[int, T]:
        """The newest value and its version, once that version is above `than` (0: any value)."""
        while self._version <= than:
            await self._changed.wait()
        value = self._value
        assert value is not None
        return self._version, value

    async def watch(self) -> AsyncIterator[T]:
        """The present value, if there is one, and then always the newest; without end."""
        version = 0
        while True:
            version, value = await self.newer(version)
            yield value


class Feed(Generic[T]):
    """Things that happen, to whoever listens while they happen; nothing is kept for later.

    A listener that is slow loses the oldest, and holds up nobody.
    """

    def __init__(self, most_waiting: int = 64) -> None:
        self._most_waiting = most_waiting
        self._listeners: set[asyncio.Queue[T]] = set()

    def put(self, happened: T) -> None:
        for queue in self._listeners:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(happened)

    @contextmanager
    def listening(self) -> Iterator[asyncio.Queue[T]]:
        """A queue that fills inside the block, from its first line on."""
        queue: asyncio.Queue[T] = asyncio.Queue(self._most_waiting)
        self._listeners.add(queue)
        try:
            yield queue
        finally:
            self._listeners.discard(queue)


class Integration(Protocol):
    """Something outside that shows the engine's state and brings commands.

    `run` lasts until it is cancelled, survives the absence of what it talks
    to, and raises `UserError` only for what a person must put right at start.
    """

    async def run(self, states: Latest[Snapshot], submit: Submit) -> None: ...


class Hub:
    """Snapshots and what happened out, commands in.

    `deliver` puts a command before the engine (into its queue; it must not
    block); the engine's `Reply` comes back through `answer`. `local` answers
    commands that never reach the brain, such as the simulated shutter. Ids of
    commands are replaced by serial numbers on the way in and restored on the
    way out, so that two senders may use the same id.
    """

    def __init__(
        self,
        deliver: Callable[[Command], None],
        local: Mapping[str, Handler] | None = None,
        reply_seconds: float = REPLY_SECONDS,
        admit: Admit | None = None,
    ) -> None:
        self.states: Latest[Snapshot] = Latest()
        self.happened: Feed[Happened] = Feed()
        self._deliver = deliver
        self._local = dict(local or {})
        self._reply_seconds = reply_seconds
        self._admit = admit
        self._serial = itertools.count(1)
        self._pending: dict[str, asyncio.Future[Reply]] = {}

    def serve(self, local: Mapping[str, Handler]) -> None:
        """Further commands that never reach the brain."""
        self._local.update(local)

    def publish(self, snapshot: Snapshot) -> None:
        """Show this snapshot; called on every change, and at least every 5 s."""
        self.states.put(snapshot)

    def answer(self, reply: Reply) -> None:
        """The engine's answer to a command delivered before; a late or unasked one is dropped."""
        waiting = self._pending.get(reply.id)
        if waiting is not None and not waiting.done():
            waiting.set_result(reply)

    async def submit(self, command: Command) -> Reply:
        """Deliver `command`, wait for its reply; refuses rather than raises."""
        handler = self._local.get(command.name)
        if handler is not None:
            return handler(command)
        if len(self._pending) >= MOST_PENDING:
            return refusal(command, "too many commands at once; try again")
        if self._admit is not None:
            admitted = await self._admit(command)
            if isinstance(admitted, Reply):
                return admitted
            command = admitted
        serial = f"{command.source}-{next(self._serial)}"
        waiting: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._pending[serial] = waiting
        try:
            self._deliver(replace(command, id=serial))
            async with asyncio.timeout(self._reply_seconds):
                reply = await waiting
        except TimeoutError:
            return refusal(command, f"the engine did not answer within {self._reply_seconds:g} s")
        finally:
            del self._pending[serial]
        return replace(reply, source=command.source, id=command.id)


def refusal(command: Command, message: str) -> Reply:
    """A reply that says why `command` did nothing."""
    return Reply(command.source, command.id, ok=False, message=message)
