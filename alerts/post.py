"""The post office: a notice goes to the disk, then to every channel until it has arrived.

Each channel has its own queue, so that a slow one holds up no other. Failed
attempts come again with growing pauses; the newest revision of a tag replaces
the older ones that still wait. Channels in reserve take over where no other
has delivered in time. Time that passes is counted on the monotonic clock; the
wall clock only dates what people read. Decides nothing about rooms or people.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from alerts.channel import Channel, Undelivered
from alerts.notice import Notice, Parcel
from alerts.outbox import STANDBY, WAITING, Attempt, Entry, Outbox
from alerts.outbox_faults import OutboxFailed
from engine.loops.worker import Worker

_LOG = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 120.0
"""Seconds between attempts: doubling, each spread by half so that devices do not knock at once."""
JITTER = 0.5
SEND_SECONDS = 15.0
"""A channel that has said nothing for so long has failed."""
BAD_AFTER = 3
"""Failures in a row after which people are told that a channel does not work."""
LOOK_EVERY = 5.0
"""Seconds between two looks at the file, in which `heliotrope alerts retry` may have written."""
LIVE_EVERY = 30.0
"""Seconds between two notes of how long the waiting ones have waited."""
MOST_KEPT = 1000
DAY = 86_400.0

Told = Callable[[bool, str], None]


@dataclass(frozen=True, slots=True)
class Terms:
    """How patient the office is, in seconds; `keep` is how long what is settled is kept."""

    fallback_after: float = 20.0
    expire: float = DAY
    keep: float = 30 * DAY


@dataclass(slots=True)
class _Item:
    """One notice on one channel: `aged` seconds when it was taken up, at `since`."""

    notice: Notice
    revision: int
    aged: float
    since: float
    due: float
    tries: int = 0


@dataclass(slots=True)
class _Counter:
    """What waits at one channel, by tag, and whether the channel works."""

    channel: Channel
    items: dict[str, _Item] = field(default_factory=dict)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    failures: int = 0


class PostOffice:
    """`run` it as a task; `post` notices from its loop at any time, also before.

    `told(ok, detail)` hears when outbox or channels begin or cease to fail,
    `noted` of every attempt. `now` is monotonic, `wall` is seconds since 1970.
    """

    def __init__(
        self,
        outbox: Outbox,
        channels: Sequence[Channel],
        fallback: Sequence[Channel] = (),
        terms: Terms | None = None,
        *,
        now: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        told: Told = lambda _ok, _detail: None,
        noted: Callable[[Attempt], None] = lambda _: None,
    ) -> None:
        self._outbox = outbox
        self._first = tuple(channel.name for channel in channels)
        self._reserve = tuple(c.name for c in fallback if c.name not in self._first)
        self._counters = {c.name: _Counter(c) for c in (*fallback, *channels)}
        self._terms = terms or Terms()
        self._now, self._wall = now, wall
        self._told, self._noted = told, noted
        self._incoming: asyncio.Queue[Notice] = asyncio.Queue()
        self._standby: dict[str, float] = {}
        self._unsaved: dict[str, Notice] = {}
        self._troubles: dict[str, str] = {}
        self._worker = Worker("outbox")

    def post(self, notice: Notice) -> None:
        """Have `notice` kept, then delivered."""
        self._incoming.put_nowait(notice)

    def nudge(self) -> None:
        """A network is back: what waits is tried now."""
        for counter in self._counters.values():
            for item in counter.items.values():
                item.due = self._now()
            counter.wake.set()

    async def latest(self) -> Entry | None:
        """The newest notice that was kept, before or in this run."""
        try:
            newest = await self._worker.run(self._outbox.entries, 1)
        except OutboxFailed:
            return None
        return newest[0] if newest else None

    async def open(self) -> None:
        """Open the outbox and take up what an earlier run left; a failure is told, not raised."""
        try:
            await self._worker.run(self._outbox.open)
        except OutboxFailed as problem:
            self._trouble("outbox", str(problem))
        else:
            self._trouble("outbox", self._outbox.complaint)
        await self._look()

    async def run(self) -> None:
        """Until cancelled; what is undelivered then waits for the next run."""
        works = [self._take_in(), self._keep_house()]
        works += [self._serve(counter) for counter in self._counters.values()]
        tasks = [asyncio.create_task(work) for work in works]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._worker.stop(self._outbox.close, patience=1.0)
            self._worker = Worker("outbox")
            for counter in self._counters.values():
                await counter.channel.close()

    # ------------------------------------------------------------------- taking in

    async def _take_in(self) -> None:
        while True:
            notice = await self._incoming.get()
            revision = await self._keep(notice)
            now = self._now()
            for name in self._first:
                self._place(name, _Item(notice, revision, 0.0, now, now))
            if self._reserve and self._first:
                self._standby.setdefault(notice.tag, now)

    async def _keep(self, notice: Notice) -> int:
        """Its revision. Where it cannot be kept it goes out all the same, from memory."""
        try:
            revision = await self._put(notice)
        except OutboxFailed as problem:
            self._unsaved[notice.tag] = notice
            self._trouble("outbox", f"an alert could not be kept: {problem}")
            held = [c.items[notice.tag] for c in self._counters.values() if notice.tag in c.items]
            return 1 + max((item.revision for item in held), default=0)
        if not self._unsaved:
            self._trouble("outbox", self._outbox.complaint)
        return revision

    async def _put(self, notice: Notice) -> int:
        once = tuple(n for n, c in self._counters.items() if not c.channel.replaces)
        put = self._outbox.put
        return await self._worker.run(put, notice, self._first, self._reserve, once)

    def _place(self, name: str, item: _Item) -> None:
        """Before the channel, unless that takes no updates and has had the first."""
        counter = self._counters[name]
        earlier = counter.items.get(item.notice.tag)
        if item.revision > 1 and not counter.channel.replaces and earlier is None:
            return
        if earlier is not None:
            # An update does not hurry a channel that is being tried again with pauses.
            item.tries, item.due = earlier.tries, earlier.due
        counter.items[item.notice.tag] = item
        counter.wake.set()

    # --------------------------------------------------------------------- sending

    async def _serve(self, counter: _Counter) -> None:
        await counter.channel.open()
        while True:
            item = min(counter.items.values(), key=lambda i: i.due, default=None)
            wait = LOOK_EVERY if item is None else item.due - self._now()
            if item is None or wait > 0.0:
                counter.wake.clear()
                try:
                    async with asyncio.timeout(min(wait, LOOK_EVERY)):
                        await counter.wake.wait()
                except TimeoutError:
                    pass
                continue
            await self._attempt(counter, item)

    async def _attempt(self, counter: _Counter, item: _Item) -> None:
        begun = self._now()
        parcel = Parcel(item.notice, item.revision, item.aged + begun - item.since)
        ok, detail = await _send(counter.channel, parcel)
        attempt = Attempt(
            at=self._wall(),
            tag=item.notice.tag,
            channel=counter.channel.name,
            revision=item.revision,
            ok=ok,
            seconds=self._now() - begun,
            detail=detail,
        )
        self._settle(counter, item, ok, detail)
        try:
            await self._worker.run(self._outbox.note, attempt, not counter.channel.replaces)
            if ok and counter.channel.name in self._first and item.notice.tag in self._standby:
                del self._standby[item.notice.tag]
                await self._worker.run(self._outbox.relieve, item.notice.tag)
        except OutboxFailed as problem:
            self._trouble("outbox", f"the delivery log: {problem}")
        self._noted(attempt)

    def _settle(self, counter: _Counter, item: _Item, ok: bool, detail: str) -> None:
        tag, name = item.notice.tag, counter.channel.name
        held = counter.items.get(tag)
        if ok:
            counter.failures = 0
            self._trouble(name, "")
            self._unsaved.pop(tag, None)
            if held is not None and (held is item or not counter.channel.replaces):
                del counter.items[tag]
            elif held is not None:
                held.tries, held.due = 0, self._now()
            return
        counter.failures += 1
        if counter.failures >= BAD_AFTER:
            self._trouble(name, detail)
        if held is not None:
            held.tries += 1
            pause = min(FIRST_PAUSE * 2.0 ** (held.tries - 1), LONGEST_PAUSE)
            held.due = self._now() + pause * random.uniform(1 - JITTER, 1 + JITTER)

    # --------------------------------------------------------------- keeping house

    async def _keep_house(self) -> None:
        looked = lived = self._now()
        while True:
            await asyncio.sleep(min(1.0, max(self._terms.fallback_after / 4, 0.02)))
            now = self._now()
            try:
                await self._call_reserve(now)
                if now - looked >= LOOK_EVERY:
                    looked = now
                    if not self._outbox.is_open:
                        await self.open()
                    await self._look()
                    await self._save_again()
                if now - lived >= LIVE_EVERY:
                    await self._live(now - lived)
                    lived = now
            except OutboxFailed as problem:
                self._trouble("outbox", str(problem))

    async def _call_reserve(self, now: float) -> None:
        patience = self._terms.fallback_after
        for tag in [t for t, since in self._standby.items() if now - since >= patience]:
            del self._standby[tag]
            waiting = [c.items[tag] for c in self._counters.values() if tag in c.items]
            called = await self._in_reserve_for(tag) if waiting else []
            if not called:
                continue
            _LOG.warning("no channel has delivered an alert in time; trying those in reserve")
            newest = max(waiting, key=lambda item: item.revision)
            for counter in called:
                counter.items[tag] = replace(newest, due=now, tries=0)
                counter.wake.set()
            await self._worker.run(self._outbox.promote, tag)

    async def _in_reserve_for(self, tag: str) -> list[_Counter]:
        """Those in reserve but for such as take no updates and have had the first notice."""
        try:
            had = await self._worker.run(self._outbox.had, tag)
        except OutboxFailed:
            had = frozenset()  # better twice than never
        reserve = [self._counters[name] for name in self._reserve]
        return [c for c in reserve if c.channel.replaces or c.channel.name not in had]

    async def _look(self) -> None:
        """Take up what waits in the file and not here."""
        try:
            waiting = await self._worker.run(self._outbox.waiting)
        except OutboxFailed:
            return
        now = self._now()
        for entry in waiting:
            for delivery in entry.deliveries:
                counter = self._counters.get(delivery.channel)
                if counter is None or entry.notice.tag in counter.items:
                    continue
                if delivery.state == WAITING and delivery.delivered < entry.revision:
                    age = max(entry.lived, self._wall() - entry.notice.at, 0.0)
                    item = _Item(entry.notice, entry.revision, age, now, now)
                    counter.items[entry.notice.tag] = item
                    counter.wake.set()
                elif delivery.state == STANDBY:
                    self._standby.setdefault(entry.notice.tag, now - entry.lived)

    async def _save_again(self) -> None:
        """What only memory holds and nobody has been told may fit by now."""
        for tag, notice in list(self._unsaved.items()):
            await self._put(notice)
            self._unsaved.pop(tag, None)
        self._trouble("outbox", self._outbox.complaint)

    async def _live(self, seconds: float) -> None:
        for tag in await self._worker.run(self._outbox.live, seconds, self._terms.expire):
            _LOG.warning("an alert expired before any channel took it")
            self._standby.pop(tag, None)
            for counter in self._counters.values():
                counter.items.pop(tag, None)
        before = self._wall() - self._terms.keep
        await self._worker.run(self._outbox.forget, before, MOST_KEPT)

    def _trouble(self, part: str, detail: str) -> None:
        """Tell when the list of what does not work changes."""
        if self._troubles.get(part, "") == detail:
            return
        self._troubles.pop(part, None)
        if detail:
            self._troubles[part] = detail
        words = "; ".join(f"{part}: {text}" for part, text in self._troubles.items())
        self._told(not words, words)


async def _send(channel: Channel, parcel: Parcel) -> tuple[bool, str]:
    """Whether it arrived, and a word on it; never raises but for cancellation."""
    try:
        async with asyncio.timeout(SEND_SECONDS):
            return True, await channel.send(parcel)
    except Undelivered as problem:
        return False, str(problem)
    except TimeoutError:
        return False, "no answer"
    except Exception as problem:  # noqa: BLE001
        # A fault in one channel must not keep the others from telling.
        _LOG.error("channel %s failed", channel.name, exc_info=problem)
        return False, type(problem).__name__
