"""A message broker of our own on loopback, for a home or a desk that has none.

Wraps amqtt (MQTT 3.1.1) in this process's event loop. Listens on loopback
only, lets in nobody without the password that is made anew for every run, and
keeps nothing on disk. It knows nothing of what the messages mean.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from typing import Any

from engine.errors import UserError

_LOG = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
STOP_SECONDS = 1.0
MOST_CONNECTIONS = 64


class EmbeddedBroker:
    """`async with EmbeddedBroker() as broker:` and connect to `broker.host`, `broker.port`.

    Port 0 takes any free one; after the start `port` is the real one. Raises
    UserError where the extra `sim` is not installed or the port is taken.
    """

    host = LOOPBACK
    protocol = 4  # MQTT 3.1.1, by its level in the CONNECT packet

    def __init__(self, port: int = 0, username: str = "", password: str = "") -> None:
        self.port = port
        self.username = username or "heliotrope"
        self.password = password or secrets.token_urlsafe(24)
        self._broker: Any = None

    async def start(self) -> None:
        try:
            # Here and not above: it takes long to import, and most homes have a broker.
            from integrations import amqtt_parts
        except ImportError:
            raise UserError(
                "the embedded broker is not installed",
                "install heliotrope[sim], or set mqtt.host to your own broker, "
                "or mqtt.enabled to false",
            ) from None
        for name in ("amqtt", "transitions", "websockets"):
            # They log every packet, and a client that hangs up as an error.
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._broker = amqtt_parts.broker(
            self.host, self.port, self.username, self.password, MOST_CONNECTIONS
        )
        try:
            await self._broker.start()
        except amqtt_parts.BrokerError as problem:
            self._broker = None
            raise UserError(
                f"mqtt.port {self.port} on {self.host} cannot be used: {problem}",
                "set mqtt.port to a free one, or to 0 for any",
            ) from None
        server = self._broker._servers["default"].instance
        self.port = int(server.sockets[0].getsockname()[1])
        _LOG.info("embedded broker listens on %s:%d", self.host, self.port)

    async def stop(self) -> None:
        """Close every connection and the port, within `STOP_SECONDS`; safe to call twice."""
        broker, self._broker = self._broker, None
        if broker is None:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await broker.shutdown()
        connections = list(broker.open)
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    async def __aenter__(self) -> EmbeddedBroker:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
