"""How many may be connected to the page's server at once, and who goes when it is full.

Anybody who reaches the port can open connections and say nothing; each takes one
of the engine's few files. Strangers go first, those of the address that has the
most of them; whoever was let in stays. It knows connections, and no request.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import Any

from aiohttp import web

_LOG = logging.getLogger(__name__)

MOST_CONNECTIONS = 64
"""Many pages and viewers at once, and a small part of the files that a process may open."""

IDLE_SECONDS = 12.0
"""For a request's head to arrive, the first or the next; the page asks more often than this."""

WARN_EVERY = 600.0  # s between two warnings that it is full


class Crowd:
    """The open connections of one server. `let_in` marks one as of somebody who may be here."""

    def __init__(self, most: int = MOST_CONNECTIONS) -> None:
        self._most = most
        self._open: dict[asyncio.BaseProtocol, asyncio.Transport] = {}
        self._let_in: set[asyncio.BaseProtocol] = set()
        self._warned: float | None = None

    def __len__(self) -> int:
        return len(self._open)

    def let_in(self, connection: asyncio.BaseProtocol) -> None:
        if connection in self._open:
            self._let_in.add(connection)

    def came(self, connection: asyncio.BaseProtocol, transport: asyncio.Transport) -> None:
        """Another connection; where there are too many, one has to go: maybe this."""
        self._open[connection] = transport
        if len(self._open) > self._most:
            self._send_away()

    def went(self, connection: asyncio.BaseProtocol) -> None:
        self._open.pop(connection, None)
        self._let_in.discard(connection)

    def _send_away(self) -> None:
        strangers = [each for each in self._open if each not in self._let_in]
        address = {each: _address(self._open[each]) for each in strangers}
        many = Counter(address.values())
        # The longest there of those, for one that has just come may be about to sign in.
        goes = max(strangers, key=lambda each: many[address[each]])
        now = asyncio.get_running_loop().time()
        if self._warned is None or now - self._warned >= WARN_EVERY:
            self._warned = now
            _LOG.warning(
                "the page has %d connections: more are closed, first those of %s",
                self._most,
                address[goes],
            )
        transport = self._open[goes]
        self.went(goes)
        # What it has not read yet must not keep it open.
        transport.abort()


def _address(transport: asyncio.Transport) -> str:
    peer = transport.get_extra_info("peername")
    return str(peer[0]) if peer else ""


class _Connection(web.RequestHandler):
    """A connection that tells the crowd of its coming and going."""

    __slots__ = ("_crowd",)

    def __init__(self, crowd: Crowd, manager: web.Server, **settings: Any) -> None:
        super().__init__(manager, **settings)
        self._crowd = crowd

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        assert isinstance(transport, asyncio.Transport)
        self._crowd.came(self, transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._crowd.went(self)
        super().connection_lost(exc)


class CrowdedSite(web.BaseSite):
    """A TCP site whose connections are counted by `crowd`."""

    def __init__(self, runner: web.AppRunner, host: str, port: int, crowd: Crowd) -> None:
        super().__init__(runner)
        self._host, self._port, self._crowd = host, port, crowd

    @property
    def name(self) -> str:
        return f"http://{self._host}:{self._port}"

    async def start(self) -> None:
        """Raises OSError where the port or the host cannot be had."""
        await super().start()
        loop = asyncio.get_running_loop()
        manager = self._runner.server
        assert manager is not None

        def connection() -> _Connection:
            # No access log: its lines would hold the tokens of links.
            return _Connection(
                self._crowd,
                manager,
                loop=loop,
                keepalive_timeout=IDLE_SECONDS,
                access_log=None,
            )

        self._server = await loop.create_server(connection, self._host, self._port)
