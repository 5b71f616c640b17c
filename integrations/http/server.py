"""The page's server: the room from above, live, and commands back.

aiohttp in the engine's event loop. `/health` answers everybody and says
nothing private; `/open/<token>` turns a one-time link into a session; all
else wants that session. It shows snapshots and passes validated commands on;
it decides nothing, and reads no file but its own static ones.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import time
from collections.abc import Awaitable, Callable
from importlib import resources

from aiohttp import web

from engine.core.types import Snapshot
from engine.errors import UserError
from integrations.commands import MOST_BYTES, SIMULATED_ONLY, VERBS, CommandError, parse
from integrations.http.access import LINK_SECONDS, Access
from integrations.http.guard import (
    FRAMED,
    HEADERS,
    host_is_ours,
    is_loopback,
    origin_is_ours,
    plain_page,
)
from integrations.http.live import KEEP_ALIVE_SECONDS, Live
from integrations.hub import Latest, Submit

_LOG = logging.getLogger(__name__)

HEALTHY_SECONDS = 15.0
"""Older than this, the last snapshot no longer says that the engine runs."""

STOP_SECONDS = 0.5

TYPES = {
    "html": "text/html",
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class PageServer:
    """`start`, `new_link`, `stop`; or `run` as an `Integration` does.

    `host` and `port` are where it listens (0: any free port; `port` is the
    real one after `start`). `simulated` offers the commands that only the
    simulated room has. `ingress_from` is the address of a proxy that lets only
    people in who are logged in to it. `now` is the engine's monotonic clock.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 8765,
        *,
        name: str = "Heliotrope",
        simulated: bool = False,
        ingress_from: str = "",
        now: Callable[[], float] = time.monotonic,
        access: Access | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self.name = name
        self.simulated = simulated
        self.ingress_from = ingress_from
        self.access = access or Access(now)
        self._now = now
        self._runner: web.AppRunner | None = None
        self._states: Latest[Snapshot] = Latest()
        self._submit: Submit | None = None
        self._live = Live()
        self._static = _static_files()

    @property
    def url(self) -> str:
        host = "localhost" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def new_link(self) -> str:
        """Another one-time link, good for `LINK_SECONDS`. Print it; never log it."""
        return f"{self.url}/open/{self.access.new_link()}"

    async def start(self, states: Latest[Snapshot], submit: Submit) -> None:
        """Listen. Raises UserError where the port or the host cannot be had."""
        self._states, self._submit = states, submit
        self._live = Live()
        app = web.Application(middlewares=[self._guard], client_max_size=MOST_BYTES)
        app.router.add_get("/health", self._health)
        # A previewer that asks for the head alone must not use the link up.
        app.router.add_get("/open/{token}", self._open, allow_head=False)
        app.router.add_get("/", self._page)
        app.router.add_get("/static/{file}", self._file)
        app.router.add_get("/about", self._about)
        app.router.add_get("/events", self._events)
        app.router.add_post("/command", self._command)
        # No access log: its lines would hold the tokens of links.
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=STOP_SECONDS)
        await runner.setup()
        site = web.TCPSite(runner, self.host, self.port)
        try:
            await site.start()
        except OSError as problem:
            await runner.cleanup()
            raise _cannot_listen(self.host, self.port, problem) from None
        self._runner = runner
        self.port = int(runner.addresses[0][1])
        if not is_loopback(self.host):
            _LOG.warning("the page listens on %s without encryption", self.host)

    async def stop(self) -> None:
        """Close every connection; safe to call twice."""
        runner, self._runner = self._runner, None
        self._live.stop()
        if runner is not None:
            await runner.cleanup()

    async def run(self, states: Latest[Snapshot], submit: Submit) -> None:
        """Start where that has not been done, and serve until cancelled."""
        if self._runner is None:
            await self.start(states, submit)
        try:
            await asyncio.Event().wait()
        finally:
            await self.stop()

    # ------------------------------------------------------------ who may pass

    @property
    def _cookie(self) -> str:
        # Cookies do not know ports: two devices on one machine need two names.
        return f"heliotrope_{self.port}"

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            response = await self._admit(request, handler)
        except web.HTTPException as refused:
            response = _plain(refused.status, refused.reason, "There is nothing here.")
        if not response.prepared:
            for header, value in (FRAMED if self._by_ingress(request) else HEADERS).items():
                response.headers.setdefault(header, value)
        return response

    def _by_ingress(self, request: web.Request) -> bool:
        """Whether Home Assistant's Ingress sends this, for somebody who is logged in there.

        The address is that of the connection itself, which nobody else on the
        container's network can have; no header is believed.
        """
        return bool(self.ingress_from) and request.remote == self.ingress_from

    async def _admit(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if self._by_ingress(request):
            elsewhere = request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin"
            if elsewhere and request.method != "GET":
                return _plain(403, "Not from here", "Commands come from this page only.")
            return await handler(request)
        if not host_is_ours(request.headers.get("Host", ""), self.host):
            return _plain(403, "Not here", "This address is not one of this device's own.")
        if request.path == "/health":
            return await handler(request)
        session = request.cookies.get(self._cookie)
        if self.access.allows(session):
            if request.method != "GET" and not origin_is_ours(
                request.headers.get("Origin"), request.headers.get("Host", "")
            ):
                return _plain(403, "Not from here", "Commands come from this page only.")
            return await handler(request)
        if "token" in request.match_info:
            # A right link opens whoever guessed before it: behind a proxy all share one address,
            # and 256 random bits need no lock, only an end to being asked.
            return await handler(request)
        if session is None:
            return _closed(request)
        return self._too_often(request) or _closed(request)

    def _too_often(self, request: web.Request) -> web.Response | None:
        """Note a wrong token; the refusal, where there were too many from this address."""
        address = request.remote or ""
        wait = self.access.locked_for(address)
        if wait <= 0.0:
            self.access.failed(address)
            return None
        refused = _plain(429, "Too many attempts", f"Try again in {wait:.0f} seconds.")
        refused.headers["Retry-After"] = f"{wait:.0f}"
        return refused

    async def _open(self, request: web.Request) -> web.StreamResponse:
        session = self.access.open(request.match_info["token"])
        if session is None:
            if self.access.allows(request.cookies.get(self._cookie)):
                return _to_page()
            return self._too_often(request) or _plain(
                401,
                "This link no longer works",
                f"A link opens the page once, within {LINK_SECONDS / 60:.0f} minutes. "
                "Press Enter where Heliotrope runs, and it prints another.",
            )
        response = _to_page()
        response.set_cookie(self._cookie, session, httponly=True, samesite="Strict", path="/")
        return response

    # ---------------------------------------------------------------- answers

    async def _events(self, request: web.Request) -> web.StreamResponse:
        if self._live.full:
            return _plain(503, "Too many pages", "Close one of the other pages first.")
        return await self._live.serve(request, self._states)

    async def _health(self, _: web.Request) -> web.StreamResponse:
        snapshot = self._states.value
        alive = snapshot is not None and self._now() - snapshot.t < HEALTHY_SECONDS
        return web.json_response(
            {"status": "ok" if alive else "starting" if snapshot is None else "stuck"},
            status=200 if alive else 503,
        )

    async def _page(self, _: web.Request) -> web.StreamResponse:
        return self._static_response("index.html")

    async def _file(self, request: web.Request) -> web.StreamResponse:
        return self._static_response(request.match_info["file"])

    def _static_response(self, name: str) -> web.Response:
        if name not in self._static:
            raise web.HTTPNotFound
        return web.Response(
            body=self._static[name],
            content_type=TYPES[name.rpartition(".")[2]],
            charset="utf-8",
        )

    async def _about(self, _: web.Request) -> web.StreamResponse:
        """What does not change while the page is open: name, commands, pace of updates."""
        offered = [verb for verb in VERBS if self.simulated or verb not in SIMULATED_ONLY]
        return web.json_response(
            {
                "name": self.name,
                "simulated": self.simulated,
                "commands": offered,
                "keep_alive_seconds": KEEP_ALIVE_SECONDS,
            }
        )

    async def _command(self, request: web.Request) -> web.StreamResponse:
        if request.content_type != "application/json":
            return _refused("", "a command is application/json", 415)
        assert self._submit is not None
        try:
            command = parse(await request.read(), t=self._now(), source="http")
        except CommandError as problem:
            return _refused(problem.id, str(problem), 400)
        if command.name in SIMULATED_ONLY and not self.simulated:
            return _refused(command.id, f"{command.name} is moved by hand on a real device", 400)
        reply = await self._submit(command)
        if not reply.ok:
            return _refused(reply.id, reply.message, 409)
        return web.json_response({"id": reply.id, "ok": True, "message": reply.message})


def _static_files() -> dict[str, bytes]:
    folder = resources.files("integrations.http") / "static"
    return {
        entry.name: entry.read_bytes()
        for entry in folder.iterdir()
        if entry.name.rpartition(".")[2] in TYPES
    }


def _plain(status: int, title: str, text: str) -> web.Response:
    body, headers = plain_page(title, text)
    return web.Response(status=status, text=body, content_type="text/html", headers=headers)


def _closed(request: web.Request) -> web.Response:
    response = _plain(
        401,
        "This page opens with a link",
        "Heliotrope prints a link when it starts, and another when you press Enter where it runs. "
        "Open that link in this browser.",
    )
    if request.path == "/" and request.headers.get("Sec-Fetch-Site") == "cross-site":
        # A link opened from another site: the strict cookie is sent only to a request of our own.
        response.headers["Refresh"] = "0; url=/"
    return response


def _to_page() -> web.Response:
    return web.Response(status=303, headers={"Location": "/"})


def _refused(command_id: str, message: str, status: int) -> web.Response:
    return web.json_response({"id": command_id, "ok": False, "message": message}, status=status)


def _cannot_listen(host: str, port: int, problem: OSError) -> UserError:
    if problem.errno == errno.EADDRINUSE:
        return UserError(
            f"http.port {port} is in use on {host}",
            "stop what uses it, or set http.port to another (0: any free one)",
        )
    if problem.errno == errno.EACCES:
        return UserError(f"http.port {port} may not be used", "choose one of 1024 or above")
    return UserError(
        f"http.host {host} cannot be listened on ({problem.strerror or problem})",
        "set http.host to an address of this machine, such as 127.0.0.1",
    )
