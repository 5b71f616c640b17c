"""The page's server: the room from above, live, and commands back.

aiohttp in the engine's event loop. One table says what each route takes to be
let in; `door` sees to it. It shows snapshots and passes validated commands
on; it decides nothing, and reads no file but its own static ones.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import time
from collections.abc import Callable, Iterable
from importlib import resources

from aiohttp import web

from engine.core.types import ShutterState, Snapshot
from engine.errors import UserError
from integrations.commands import MOST_BYTES, SIMULATED_ONLY, VERBS, CommandError, parse
from integrations.http.access import Access
from integrations.http.answers import plain
from integrations.http.checkin import CheckIn, LiveView
from integrations.http.crowd import CrowdedSite
from integrations.http.door import Door, Route
from integrations.http.guard import is_loopback
from integrations.http.live import KEEP_ALIVE_SECONDS, Live
from integrations.http.scopes import Pass, Scope, scope_of_command
from integrations.http.tokens import TokenStore
from integrations.http.way_in import WayIn
from integrations.hub import Latest, Submit
from integrations.snapshot_json import encode, to_json

_LOG = logging.getLogger(__name__)

HEALTHY_SECONDS = 15.0
"""Older than this, the last snapshot no longer says that the engine runs."""

STOP_SECONDS = 0.5

COMMAND_LINE = Pass("the command line", Scope.ADMIN)
"""Whoever may read the state directory."""

TYPES = {
    "html": "text/html",
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
}


class PageServer:
    """`start`, `new_link`, `stop`; or `run` as an `Integration` does.

    `host` and `port` are where it listens (0: any free port; `port` is the
    real one after `start`). `simulated` offers the commands that only the
    simulated room has. `ingress_from` is the address of a proxy that lets only
    people in who are logged in to it. `public` is the address of a proxy of the
    owner's. `now` is the engine's monotonic clock. `live` is where the camera's
    pictures come from, `tokens` who else may come in, `more` further routes,
    `code_wanted` whether disarming takes a code now.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 8765,
        *,
        name: str = "Heliotrope",
        simulated: bool = False,
        ingress_from: str = "",
        public: str = "",
        now: Callable[[], float] = time.monotonic,
        access: Access | None = None,
        tokens: TokenStore | None = None,
        live: LiveView | None = None,
        more: Iterable[Route] = (),
        code_wanted: Callable[[], bool] = lambda: False,
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
        self.door = Door(
            self.access, tokens, host, ingress_from, lambda: f"heliotrope_{self.port}", public
        )
        self.checkin = CheckIn(live or LiveView(), self.door, self._may_look)
        self._more = tuple(more)
        self._code_wanted = code_wanted
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
        app = web.Application(middlewares=[self.door.middleware], client_max_size=MOST_BYTES)
        self.door.hang(app, self.routes())
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=STOP_SECONDS)
        await runner.setup()
        site = CrowdedSite(runner, self.host, self.port, self.door.crowd)
        try:
            await site.start()
        except OSError as problem:
            await runner.cleanup()
            raise _cannot_listen(self.host, self.port, problem) from None
        self._runner = runner
        self.port = int(runner.addresses[0][1])
        if not is_loopback(self.host):
            _LOG.warning("the page listens on %s without encryption", self.host)

    def routes(self) -> tuple[Route, ...]:
        """Every route, and what it takes."""
        own = (
            Route("GET", "/health", self._health, None, head=True),
            Route("GET", "/open/{token}", self.door.open, None),
            Route("GET", "/look/{ticket}", self.door.look, None),
            Route("GET", "/sign-in", self.door.to_sign_in, None),
            Route("POST", "/sign-in", self.door.sign_in, None),
            Route("POST", "/leave", self.door.leave, Scope.VIEW),
            Route("GET", "/", self._page, Scope.VIEW, head=True),
            Route("GET", "/night", self._night, Scope.VIEW, head=True),
            Route("GET", "/static/{file}", self._file, Scope.VIEW, head=True),
            Route("GET", "/about", self._about, Scope.VIEW, head=True),
            Route("GET", "/state", self._state, Scope.VIEW, head=True),
            Route("GET", "/events", self._events, Scope.VIEW),
            Route("GET", "/camera/still", self.checkin.still, Scope.VIEW),
            Route("GET", "/camera/stream", self.checkin.stream, Scope.VIEW),
            Route("POST", "/command", self._command, Scope.CONTROL),
        )
        return (*own, *self._more)

    def new_ticket(self, seconds: float, base: str = "") -> str:
        """A signed link for a notification's button, under `base` where phones reach the page."""
        return f"{(base or self.url).rstrip('/')}/look/{self.access.sign(seconds)}"

    def new_way_in(self) -> WayIn:
        """Where this server is, and a token of this run for the owner's command line."""
        return WayIn(self.url, self.access.new_token(COMMAND_LINE))

    def _may_look(self) -> bool:
        snapshot = self._states.value
        return snapshot is not None and snapshot.shutter is ShutterState.OPEN

    async def stop(self) -> None:
        """Close every connection; safe to call twice."""
        runner, self._runner = self._runner, None
        self._live.stop()
        self.checkin.stop()
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

    # ---------------------------------------------------------------- answers

    async def _state(self, _: web.Request) -> web.StreamResponse:
        """The whole state once, as each event of `/events` has it, and `now` on its clock."""
        snapshot = self._states.value
        if snapshot is None:
            return plain(503, "Not yet", "The engine is starting.")
        body = to_json({**encode(snapshot), "now": round(self._now(), 3)})
        return web.Response(text=body, content_type="application/json")

    async def _events(self, request: web.Request) -> web.StreamResponse:
        if self._live.full:
            return plain(503, "Too many pages", "Close one of the other pages first.")

        def allowed() -> bool:
            holder = self.door.holder(request)
            return holder is not None and holder.scope.covers(Scope.VIEW)

        return await self._live.serve(request, self._states, allowed)

    async def _health(self, _: web.Request) -> web.StreamResponse:
        snapshot = self._states.value
        alive = snapshot is not None and self._now() - snapshot.t < HEALTHY_SECONDS
        return web.json_response(
            {"status": "ok" if alive else "starting" if snapshot is None else "stuck"},
            status=200 if alive else 503,
        )

    async def _page(self, _: web.Request) -> web.StreamResponse:
        return self._static_response("index.html")

    async def _night(self, _: web.Request) -> web.StreamResponse:
        return self._static_response("night.html")

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

    async def _about(self, request: web.Request) -> web.StreamResponse:
        """What seldom changes: name, commands, pace of updates; and the engine's clock.

        Whether disarming takes a code is told to those only who may disarm.
        """
        scope = self.door.admitted(request).scope
        offered = [
            verb
            for verb in VERBS
            if (self.simulated or verb not in SIMULATED_ONLY)
            and scope.covers(scope_of_command(verb))
        ]
        return web.json_response(
            {
                "name": self.name,
                "scope": str(scope),
                "session": self.door.has_session(request),
                "simulated": self.simulated,
                "commands": offered,
                "keep_alive_seconds": KEEP_ALIVE_SECONDS,
                "now": round(self._now(), 3),
                "code": "disarm" in offered and self._code_wanted(),
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
        needs = scope_of_command(command.name)
        if not self.door.admitted(request).scope.covers(needs):
            return _refused(command.id, f"{command.name} takes the scope {needs}", 403)
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
