"""The night's page: what happened, as a picture and to take along, and the stills that were kept.

Serves what the history and the evidence store give; it writes nothing, but
for deleting every still when an administrator asks.
"""

from __future__ import annotations

import asyncio
import datetime
import math
import time
from collections.abc import Awaitable, Callable

from aiohttp import web

from alerts.evidence import EvidenceStore
from alerts.history import Past, as_csv, as_json
from integrations.http.door import Route
from integrations.http.scopes import Scope

LONGEST_HOURS = 24.0 * 366
LATEST = 4e9  # s since 1970, and before it: what has a date everywhere
MOST_EVENTS = 20_000
USUAL_HOURS = 12.0

Read = Callable[[float, float, int], Awaitable[list[Past]]]
Standing = Callable[[float], Awaitable[list[Past]]]


async def _nothing(_: float) -> list[Past]:
    return []


class NightPages:
    """`read` and `standing` are the history's."""

    def __init__(
        self,
        read: Read,
        evidence: EvidenceStore,
        wall: Callable[[], float] = time.time,
        standing: Standing = _nothing,
    ) -> None:
        self._read, self._evidence, self._wall = read, evidence, wall
        self._standing = standing

    def routes(self) -> tuple[Route, ...]:
        return (
            Route("GET", "/history", self.history, Scope.VIEW),
            Route("GET", "/history.csv", self.table, Scope.VIEW),
            Route("GET", "/evidence/{name}", self.still, Scope.VIEW),
            Route("POST", "/evidence/delete", self.delete, Scope.ADMIN),
        )

    async def history(self, request: web.Request) -> web.StreamResponse:
        """JSON: the window, and what happened in it; `?hours=` or `?from=&to=` (since 1970).

        `before` is what went on at its beginning already: an alarm armed the evening before.
        """
        start, end = self._window(request)
        before = as_json(await self._standing(start))
        # In a thread: a year of events takes long, and the head turns meanwhile.
        events = await asyncio.to_thread(as_json, await self._read(start, end, MOST_EVENTS))
        body = f'{{"from":{start:.3f},"to":{end:.3f},"before":{before},"events":{events}}}'
        return web.Response(text=body, content_type="application/json")

    async def table(self, request: web.Request) -> web.StreamResponse:
        start, end = self._window(request)
        day = datetime.datetime.fromtimestamp(start).astimezone().strftime("%Y-%m-%d")
        return web.Response(
            text=await asyncio.to_thread(as_csv, await self._read(start, end, MOST_EVENTS)),
            content_type="text/csv",
            headers={"Content-Disposition": f'attachment; filename="heliotrope-{day}.csv"'},
        )

    async def still(self, request: web.Request) -> web.StreamResponse:
        file = self._evidence.path(request.match_info["name"])
        if file is None:
            raise web.HTTPNotFound
        return web.Response(body=file.read_bytes(), content_type="image/jpeg")

    async def delete(self, _: web.Request) -> web.StreamResponse:
        return web.json_response({"deleted": self._evidence.delete_all()})

    def _window(self, request: web.Request) -> tuple[float, float]:
        end = _number(request, "to", self._wall())
        hours = min(max(_number(request, "hours", USUAL_HOURS), 0.0), LONGEST_HOURS)
        start = _number(request, "from", end - 3600.0 * hours)
        return max(start, end - 3600.0 * LONGEST_HOURS), end


def _number(request: web.Request, name: str, usual: float) -> float:
    try:
        value = float(request.query.get(name, usual))
    except ValueError:
        raise web.HTTPBadRequest from None
    if not math.isfinite(value) or abs(value) > LATEST:
        raise web.HTTPBadRequest
    return value
