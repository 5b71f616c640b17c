"""Loopback servers that phones' services stand behind: Home Assistant's calls and ntfy's endpoint.

Small and faithful to what the real ones answer; each remembers what it was sent. `down` makes it
refuse, as a service in trouble does.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

TOKEN = "a-long-lived-token"  # noqa: S105 - of a loopback server


@dataclass
class Server:
    """Listens on loopback inside `async with`; `port` stays its own when it is started again."""

    port: int = 0
    down: bool = False
    runner: web.AppRunner | None = None

    def routes(self, app: web.Application) -> None:
        raise NotImplementedError

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        app = web.Application()
        self.routes(app)
        self.runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", self.port).start()
        self.port = int(self.runner.addresses[0][1])

    async def stop(self) -> None:
        runner, self.runner = self.runner, None
        if runner is not None:
            await runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


@dataclass
class Ntfy(Server):
    """ntfy's publishing endpoint: JSON to /, titles, priority and tags in headers or the body.

    https://docs.ntfy.sh/publish/, and its section "Updating notifications".
    """

    messages: list[dict[str, Any]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    """When each came, on the monotonic clock."""
    refused: str = ""
    """A topic that may not be written to."""
    attachments: bool = True
    """Without, it takes none: a server as it is installed, with no place set for them."""
    mute: bool = False
    """It takes messages and never says so, as one does whose answers are lost."""

    @property
    def shown(self) -> dict[str, dict[str, Any]]:
        """What a phone shows: the newest message of each sequence, by its name.

        A message without a sequence is one of its own, under the server's id.
        """
        return {message.get("sequence_id", message["id"]): message for message in self.messages}

    def routes(self, app: web.Application) -> None:
        app.router.add_post("/", self.publish)
        app.router.add_post("/{topic}", self.publish_file)

    async def publish(self, request: web.Request) -> web.Response:
        if self.down:
            return web.json_response({"code": 50301, "http": 503, "error": "down"}, status=503)
        body = json.loads(await request.read())
        if not body.get("topic"):
            return web.json_response({"code": 40009, "http": 400, "error": "topic"}, status=400)
        return await self.keep(body | self.headers(request))

    async def publish_file(self, request: web.Request) -> web.Response:
        data = await request.read()
        if not self.attachments:
            refused = {"code": 40014, "http": 400, "error": "attachments not allowed"}
            return web.json_response(refused, status=400)
        told = dict(request.query) | {"topic": request.match_info["topic"], "attached": len(data)}
        return await self.keep(told | self.headers(request))

    def headers(self, request: web.Request) -> dict[str, Any]:
        names = {"X-Tags": "tags", "X-Priority": "priority", "X-Click": "click", "X-Icon": "icon"}
        names |= {"X-Sequence-ID": "sequence_id", "X-Email": "email"}
        names["Authorization"] = "authorization"
        found = {key: request.headers[n] for n, key in names.items() if n in request.headers}
        return found | ({"tags": found["tags"].split(",")} if "tags" in found else {})

    async def keep(self, message: dict[str, Any]) -> web.Response:
        if message["topic"] == self.refused:
            return web.json_response({"code": 40301, "http": 403}, status=403)
        message = {"id": f"m{len(self.messages)}", "time": int(time.time()), **message}
        self.messages.append(message)
        self.times.append(time.monotonic())
        if self.mute:
            await asyncio.sleep(3600.0)
        return web.json_response({**message, "event": "message"})


@dataclass
class Companion(Server):
    """The part of Home Assistant that a channel talks to: services, and events of the phone."""

    services: tuple[str, ...] = ("mobile_app_phone",)
    admin: bool = True
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    listeners: set[web.WebSocketResponse] = field(default_factory=set)

    def routes(self, app: web.Application) -> None:
        app.router.add_post("/api/services/{domain}/{service}", self.service)
        app.router.add_get("/api/websocket", self.websocket)

    async def service(self, request: web.Request) -> web.Response:
        if self.down:
            return web.Response(status=502)
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.Response(status=401)
        domain, service = request.match_info["domain"], request.match_info["service"]
        if domain == "notify" and service not in self.services:
            return web.Response(status=400)
        self.times.append(time.monotonic())
        self.calls.append((f"{domain}.{service}", await request.json()))
        return web.json_response([])

    async def websocket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "auth_required"})
        login = await socket.receive_json()
        if login.get("access_token") != TOKEN:
            await socket.send_json({"type": "auth_invalid"})
            return socket
        await socket.send_json({"type": "auth_ok"})
        asked = await socket.receive_json()
        await socket.send_json({"id": asked["id"], "type": "result", "success": self.admin})
        self.listeners.add(socket)
        async for _ in socket:
            pass
        self.listeners.discard(socket)
        return socket

    async def press(self, action: str) -> None:
        """A button on the phone."""
        event = {"data": {"action": action}}
        for socket in self.listeners:
            await socket.send_json({"id": 1, "type": "event", "event": event})

    async def stop(self) -> None:
        for socket in list(self.listeners):
            await socket.close()
        await super().stop()


async def until(done: Any, seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        while not done():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
