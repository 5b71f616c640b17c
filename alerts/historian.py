"""The historian: listens to what everybody is told, and writes it down in the history.

Moments, changes of mode, alarm and shutter, alerts and their deliveries, who
looked and who came in. Collects for a second or two, then writes in one go in
its own thread; what cannot be written is dropped, for nothing waits on it.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable

from alerts.history import History, Past
from alerts.notice import Notice
from alerts.outbox import Attempt
from engine.core.types import Happened, Snapshot
from engine.loops.worker import Worker
from integrations.hub import Feed, Latest

_LOG = logging.getLogger(__name__)

WRITE_EVERY = 2.0
TIDY_EVERY = 3600.0
MOST_WAITING = 1000

# The lines of a snapshot whose changes are history.
WATCHED: tuple[tuple[str, Callable[[Snapshot], str]], ...] = (
    ("mode", lambda s: str(s.mode)),
    ("shutter", lambda s: str(s.shutter)),
    ("alarm", lambda s: str(getattr(s, "alarm", "armed" if s.armed else "disarmed"))),
    ("microphones", lambda s: "muted" if s.muted else "on"),
    ("problems", lambda s: "; ".join(s.problems)),
    # A day of following is no history; a night of pans is.
    ("motion", lambda s: "turning" if s.moving and s.armed else "resting"),
)


class Historian:
    """`run` it as a task; the other calls note something now. `keep` is seconds."""

    def __init__(
        self,
        history: History,
        keep: float,
        now: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.history = history
        self._keep, self._now, self._wall = keep, now, wall
        self._waiting: list[Past] = []
        self._worker = Worker("history")
        self._before: dict[str, str] = {}

    def note(self, key: str, kind: str, bearing: float | None = None, detail: str = "") -> None:
        self._put(Past(self._wall(), key, kind, bearing, detail))

    def happened(self, what: Happened) -> None:
        at = self._wall() - max(0.0, self._now() - what.t)
        self._put(Past(at, what.key, what.kind, what.bearing))

    def raised(self, notice: Notice) -> None:
        self._put(
            Past(notice.at, "alert", notice.kind, notice.bearing, f"{notice.title} [{notice.tag}]")
        )

    def attempted(self, attempt: Attempt) -> None:
        kind = "delivered" if attempt.ok else "failed"
        self._put(Past(attempt.at, "delivery", kind, None, f"{attempt.channel} [{attempt.tag}]"))

    def viewers(self, _all: tuple[str, ...], who: str, came: bool) -> None:
        self.note("viewer", "came" if came else "went", detail=who)

    def see(self, snapshot: Snapshot) -> None:
        """Note what has changed since the snapshot before."""
        for key, value_of in WATCHED:
            value = value_of(snapshot)
            if self._before.get(key) != value:
                known = key in self._before
                self._before[key] = value
                if known or key in ("mode", "shutter", "alarm"):
                    bearing = snapshot.heading if key == "motion" else None
                    self.note(key, value or "none", bearing)

    async def run(self, states: Latest[Snapshot], happened: Feed[Happened]) -> None:
        """Until cancelled."""
        try:
            await self._worker.run(self.history.open)
        except (sqlite3.Error, OSError) as problem:
            _LOG.error("no history is kept: %s", problem)
        self.note("engine", "started")
        tasks = [
            asyncio.create_task(self._listen(happened)),
            asyncio.create_task(self._watch(states)),
            asyncio.create_task(self._write()),
        ]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.note("engine", "stopped")
            left, self._waiting = self._waiting, []
            await self._worker.stop(lambda: self._finish(left), patience=1.0)
            self._worker = Worker("history")

    async def read(self, start: float, end: float, most: int) -> list[Past]:
        """What happened in [start, end); empty where there is no history."""
        try:
            await self._flush()
            return await self._worker.run(self.history.since, start, end, most)
        except sqlite3.Error:
            return []

    async def standing(self, start: float) -> list[Past]:
        """What went on at `start` already; empty where there is no history."""
        try:
            await self._flush()
            return await self._worker.run(self.history.standing, start)
        except sqlite3.Error:
            return []

    async def _listen(self, happened: Feed[Happened]) -> None:
        with happened.listening() as queue:
            while True:
                what = await queue.get()
                if what.key != "viewer":  # noted with who it was
                    self.happened(what)

    async def _watch(self, states: Latest[Snapshot]) -> None:
        async for snapshot in states.watch():
            self.see(snapshot)

    async def _write(self) -> None:
        tidied = float("-inf")
        while True:
            await asyncio.sleep(WRITE_EVERY)
            try:
                await self._flush()
                if self._now() - tidied >= TIDY_EVERY:
                    tidied = self._now()
                    await self._worker.run(self.history.forget, self._wall() - self._keep)
            except sqlite3.Error as problem:
                _LOG.debug("history: %s", problem)

    async def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        if waiting:
            await self._worker.run(self.history.add, waiting)

    def _finish(self, left: list[Past]) -> None:
        try:
            self.history.add(left)
        except sqlite3.Error:
            _LOG.debug("the last of the history was not written")
        self.history.close()

    def _put(self, past: Past) -> None:
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append(past)
