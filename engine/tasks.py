"""The tasks of a running engine: when they have ended, and how they are made to end.

The engine has ended when the last of its finite tasks has (the recordings that
are played), or when any task failed. What a task does is given to it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

log = logging.getLogger(__name__)

Work = Coroutine[Any, Any, None]

GOODBYES = (0.6, 0.2, 0.2, 0.2)
"""Seconds that what is told to end may take, each time that it is told."""


class Tasks:
    """`failed` hears of what a task raised, then `ended` that it is over; it may come again."""

    def __init__(self, failed: Callable[[BaseException], None], ended: Callable[[], None]) -> None:
        self._failed, self._ended = failed, ended
        self._all: set[asyncio.Task[None]] = set()
        self._unfinished: set[asyncio.Task[None]] = set()

    def start(self, works: Iterable[Work]) -> None:
        """Work that is without end, unless it fails."""
        for work in works:
            self._watch(asyncio.create_task(work))

    def start_finite(self, works: Iterable[Work]) -> None:
        """Work whose last one's end is the end of all."""
        tasks = [asyncio.create_task(work) for work in works]
        self._unfinished |= set(tasks)
        for task in tasks:
            self._watch(task)

    def _watch(self, task: asyncio.Task[None]) -> None:
        self._all.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        was_finite = task in self._unfinished
        self._unfinished.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            self._failed(error)
        if error is not None or (was_finite and not self._unfinished):
            self._ended()

    async def cancel(self, others: Iterable[asyncio.Task[None]] = ()) -> None:
        """Cancel all until they have ended, within bounds; `others` end by themselves.

        Once is not enough: `asyncio.wait_for`, which the MQTT client uses, may
        swallow a cancellation that comes in the moment of its success (gh-86296).
        """
        tasks, beside = set(self._all), set(others)
        for patience in GOODBYES:
            for task in tasks:
                task.cancel()
            if not tasks | beside:
                return
            done, left = await asyncio.wait(tasks | beside, timeout=patience)
            for task in done:
                if not task.cancelled():
                    task.exception()
            tasks, beside = tasks & left, beside & left
        if tasks:
            log.error("left behind: %s", ", ".join(sorted(str(t.get_coro()) for t in tasks)))
