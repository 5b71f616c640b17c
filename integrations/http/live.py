"""Snapshots to browsers as server-sent events: changed ones only, the newest for the slow.

Knows the engine only by its snapshots, and a browser only by how fast it
reads; who may listen is decided before.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

from aiohttp import web

from engine.core.types import Snapshot
from integrations.http.guard import HEADERS
from integrations.hub import Latest
from integrations.snapshot_json import encode, to_json

_LOG = logging.getLogger(__name__)

MOST_PER_SECOND = 20.0
"""Messages a page gets at most; faster than this is not seen, only paid for."""

KEEP_ALIVE_SECONDS = 5.0
"""A page that hears nothing for three times this calls the connection lost."""

LOOK_AGAIN_SECONDS = 1.0
"""Between two looks at whether whoever listens still may."""

MOST_PAGES = 16
STUCK_SECONDS = 30.0


class Live:
    """The open streams of one server."""

    def __init__(self) -> None:
        self._streams: set[asyncio.Task[object]] = set()
        self._stopping = False

    @property
    def full(self) -> bool:
        return len(self._streams) >= MOST_PAGES

    def stop(self) -> None:
        """End every stream now."""
        self._stopping = True
        for stream in self._streams:
            stream.cancel()

    async def serve(
        self, request: web.Request, states: Latest[Snapshot], allowed: Callable[[], bool]
    ) -> web.StreamResponse:
        """Send until the browser goes away, reads nothing for `STUCK_SECONDS`, is not `allowed`
        to any more (a token revoked, a session left), or `stop`."""
        response = web.StreamResponse(
            headers={**HEADERS, "Content-Type": "text/event-stream; charset=utf-8"}
        )
        task = asyncio.current_task()
        assert task is not None
        self._streams.add(task)
        try:
            await response.prepare(request)
            await _send_all(request, response, states, allowed)
        except (ConnectionError, TimeoutError):
            _LOG.debug("a page went away")
        except asyncio.CancelledError:
            if not self._stopping:
                raise
        finally:
            self._streams.discard(task)
        return response


async def _send_all(
    request: web.Request,
    response: web.StreamResponse,
    states: Latest[Snapshot],
    allowed: Callable[[], bool],
) -> None:
    now = asyncio.get_running_loop().time
    version, sent, judged = 0, now(), now()
    shown: Snapshot | None = None
    while True:
        text = b""
        try:
            async with asyncio.timeout(LOOK_AGAIN_SECONDS):
                version, snapshot = await states.newer(version)
            if shown is None or replace(snapshot, t=shown.t) != shown:
                shown, text = snapshot, event(snapshot)
        except TimeoutError:
            pass
        if now() - judged >= LOOK_AGAIN_SECONDS:
            judged = now()
            if not allowed():
                return
        if not text and now() - sent >= KEEP_ALIVE_SECONDS:
            text = b": still here\n\n"
        if text:
            sent = now()
            async with asyncio.timeout(STUCK_SECONDS):
                await response.write(text)
                await _drained(request)
        await asyncio.sleep(1.0 / MOST_PER_SECOND)


def event(snapshot: Snapshot) -> bytes:
    """`snapshot` as one server-sent event."""
    return f"data: {to_json(encode(snapshot))}\n\n".encode("ascii")


async def _drained(request: web.Request) -> None:
    """Wait until the browser has taken what was sent, so that the next is really the newest."""
    transport = request.transport
    while transport is not None and transport.get_write_buffer_size() > 0:  # noqa: ASYNC110
        await asyncio.sleep(1.0 / MOST_PER_SECOND)
