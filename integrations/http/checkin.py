"""The live view: MJPEG and a still for whoever was let in, and everybody can see that they look.

Frames come one at a time and the newest wins, so that a slow viewer costs
himself frames and nobody else anything. Without a viewer nothing is encoded.
The shutter's edge ends every stream at once, what was not sent yet included.
Who may look is decided at the door.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from aiohttp import web

from engine.core.types import PeopleSeen
from integrations.http.answers import plain
from integrations.http.door import Door
from integrations.http.guard import HEADERS
from integrations.http.scopes import Scope

_LOG = logging.getLogger(__name__)

MOST_VIEWERS = 8
FIRST_FRAME_SECONDS = 5.0
"""A camera that gives no frame for so long gives none now."""
STUCK_SECONDS = 10.0
"""A viewer that takes nothing for so long has gone."""
LOOK_AGAIN_SECONDS = 1.0
LINGER_SECONDS = 30.0
"""Stills that follow one another within so long are one visit, shown and noted once."""
DRAIN_SECONDS = 0.02

BOUNDARY = "heliotrope-frame"

Changed = Callable[[tuple[str, ...], str, bool], None]
"""Hears of the viewers there are now, by name, and of the one who came (True) or went."""


@dataclass(frozen=True, slots=True)
class _Picture:
    number: int
    data: bytes


@dataclass(slots=True)
class _Glances:
    """Of one viewer: how many stills are on their way, and what ends the visit after them."""

    under_way: int = 0
    over: asyncio.TimerHandle | None = None


class LiveView:
    """Who looks, and the newest picture. A `PictureSink`; lives in one event loop.

    `drop` may come from any thread and ends every stream.
    """

    def __init__(self, changed: Changed = lambda _all, _who, _came: None) -> None:
        self.changed = changed
        self._viewers: list[str] = []
        self._glances: dict[str, _Glances] = {}
        self._waiting = 0
        self._picture: _Picture | None = None
        self._number = 0
        self._dropped = 0
        self._news = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def viewers(self) -> tuple[str, ...]:
        return tuple(self._viewers)

    @property
    def waiting(self) -> int:
        """How many wait for pictures now; of a viewer of stills the visit outlasts that."""
        return self._waiting

    @property
    def dropped(self) -> int:
        """How often everything had to end."""
        return self._dropped

    def wants(self, _seen: PeopleSeen | None) -> bool:
        return self._waiting > 0

    def offer(self, _t: float, data: bytes, _seen: PeopleSeen | None) -> None:
        self._number += 1
        self._picture = _Picture(self._number, data)
        self._wake()

    def drop(self) -> None:
        self._dropped += 1
        self._picture = None
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):  # the loop has closed
                loop.call_soon_threadsafe(self._ended)

    @contextmanager
    def looking(self, who: str) -> Iterator[None]:
        """Inside the block `who` counts as a viewer, and is shown as one."""
        self._came(who)
        try:
            with self._served():
                yield
        finally:
            self._went(who)

    @contextmanager
    def glancing(self, who: str) -> Iterator[None]:
        """The same for one picture; `who` is shown on for `LINGER_SECONDS`, were it not dropped."""
        visit = self._glances.get(who)
        if visit is None:
            visit = self._glances[who] = _Glances()
            self._came(who)
        if visit.over is not None:
            visit.over.cancel()
        visit.under_way += 1
        before = self._dropped
        try:
            with self._served():
                yield
        finally:
            visit.under_way -= 1
            if visit.under_way == 0 and self._dropped != before:
                self._glanced(who)
            elif visit.under_way == 0:
                loop = asyncio.get_running_loop()
                visit.over = loop.call_later(LINGER_SECONDS, self._glanced, who)

    def end_glances(self) -> None:
        """Whoever waits for no picture looks no more."""
        for who in [who for who, visit in self._glances.items() if visit.under_way == 0]:
            self._glanced(who)

    def _glanced(self, who: str) -> None:
        visit = self._glances.pop(who)
        if visit.over is not None:
            visit.over.cancel()
        self._went(who)

    @contextmanager
    def _served(self) -> Iterator[None]:
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._picture = None

    def _came(self, who: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._viewers.append(who)
        self.changed(self.viewers, who, True)

    def _went(self, who: str) -> None:
        self._viewers.remove(who)
        self.changed(self.viewers, who, False)

    async def newer(self, than: int, unless: int) -> _Picture | None:
        """The next picture after number `than`; None once `dropped` is not `unless` any more."""
        while True:
            if self._dropped != unless:
                return None
            if self._picture is not None and self._picture.number > than:
                return self._picture
            await self._news.wait()

    def _ended(self) -> None:
        self.end_glances()
        self._wake()

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()


class CheckIn:
    """The handlers of the live view. `open_now` says whether the shutter lets anybody look."""

    def __init__(self, live: LiveView, door: Door, open_now: Callable[[], bool]) -> None:
        self.live = live
        self._door = door
        self._open_now = open_now
        self._streams: set[asyncio.Task[object]] = set()

    def stop(self) -> None:
        for stream in self._streams:
            stream.cancel()
        self.live.end_glances()

    async def still(self, request: web.Request) -> web.StreamResponse:
        """One picture, from now."""
        refused = self._refused()
        if refused:
            return refused
        with self.live.glancing(self._door.admitted(request).who):
            picture = await self._first(self.live.dropped)
        if picture is None:
            return _no_picture()
        return web.Response(body=picture.data, content_type="image/jpeg")

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Pictures until the viewer or the shutter ends it, or the token is revoked."""
        refused = self._refused()
        if refused:
            return refused
        task = asyncio.current_task()
        assert task is not None
        self._streams.add(task)
        response = web.StreamResponse(
            headers={
                **HEADERS,
                "Content-Type": f"multipart/x-mixed-replace; boundary={BOUNDARY}",
                "Connection": "close",
            }
        )
        try:
            with self.live.looking(self._door.admitted(request).who):
                return await self._send_all(request, response)
        except (ConnectionError, TimeoutError):
            _LOG.debug("a viewer went away")
            return response
        finally:
            self._streams.discard(task)
            if request.transport is not None and response.prepared:
                # What waits in buffers is a picture of before the end.
                request.transport.abort()

    async def _send_all(
        self, request: web.Request, response: web.StreamResponse
    ) -> web.StreamResponse:
        round_ = self.live.dropped
        picture = await self._first(round_)
        if picture is None:
            return _no_picture()
        await response.prepare(request)
        judged = asyncio.get_running_loop().time()
        while picture is not None and self.live.dropped == round_:
            head = (
                f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\n"
                f"Content-Length: {len(picture.data)}\r\n\r\n"
            )
            async with asyncio.timeout(STUCK_SECONDS):
                await response.write(head.encode() + picture.data + b"\r\n")
                await self._drained(request, round_)
            now = asyncio.get_running_loop().time()
            if now - judged >= LOOK_AGAIN_SECONDS:
                judged = now
                holder = self._door.holder(request)
                if holder is None or not holder.scope.covers(Scope.VIEW):
                    break
            picture = await self.live.newer(picture.number, round_)
        return response

    async def _drained(self, request: web.Request, round_: int) -> None:
        """Until the viewer has taken it, so that the next one sent is really the newest."""
        transport = request.transport
        while transport is not None and self.live.dropped == round_:
            if transport.get_write_buffer_size() == 0:
                return
            await asyncio.sleep(DRAIN_SECONDS)

    async def _first(self, round_: int) -> _Picture | None:
        try:
            async with asyncio.timeout(FIRST_FRAME_SECONDS):
                return await self.live.newer(self.live._number, round_)
        except TimeoutError:
            return None

    def _refused(self) -> web.Response | None:
        if not self._open_now():
            return plain(503, "Shutter closed", "The shutter is closed: there is no picture.")
        if self.live.waiting >= MOST_VIEWERS:
            return plain(503, "Too many viewers", "Close one of the other live views first.")
        return None


def _no_picture() -> web.Response:
    return plain(503, "No picture", "The camera gives no picture now.")
