"""A message broker of our own on loopback, for a home or a desk that has none.

Wraps amqtt (MQTT 3.1.1) in this process's event loop. Listens on loopback
only, lets in nobody without the password that is made anew for every run, and
keeps nothing on disk. It knows nothing of what the messages mean.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import secrets
import warnings
from dataclasses import dataclass, field
from typing import Any

from engine.errors import UserError

_LOG = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
STOP_SECONDS = 1.0
MOST_CONNECTIONS = 64

try:
    with warnings.catch_warnings():
        # Deprecations inside the library are its maintainers' to mend.
        warnings.simplefilter("ignore", DeprecationWarning)
        from amqtt.broker import Broker as _Broker
        from amqtt.contexts import BaseContext, BrokerConfig, ListenerConfig, ListenerType
        from amqtt.errors import BrokerError
        from amqtt.plugins.base import BaseAuthPlugin
        from amqtt.session import Session
except ImportError:
    INSTALLED = False
else:
    INSTALLED = True

    class PasswordPlugin(BaseAuthPlugin):  # type: ignore[misc]
        """Lets in whoever knows the one user and its password."""

        @dataclass
        class Config:
            username: str = ""
            password: str = field(default="", repr=False)

        def __init__(self, context: BaseContext) -> None:
            super().__init__(context)
            self._known = (self.config.username, self.config.password)

        async def authenticate(self, *, session: Session) -> bool:
            given = (session.username or "", session.password or "")
            same = [
                hmac.compare_digest(ours.encode(), theirs.encode())
                for ours, theirs in zip(self._known, given, strict=True)
            ]
            return all(same) and bool(self._known[1])

    class TrackedBroker(_Broker):  # type: ignore[misc]
        """Remembers its connections, so that a client that never speaks ends with the broker."""

        def __init__(self, config: BrokerConfig) -> None:
            super().__init__(config)
            self.open: set[asyncio.Task[Any]] = set()

        async def stream_connected(
            self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, listener_name: str
        ) -> None:
            task = asyncio.current_task()
            assert task is not None
            self.open.add(task)
            try:
                await super().stream_connected(reader, writer, listener_name)
            except asyncio.CancelledError:
                # Only `EmbeddedBroker.stop` cancels; asyncio's streams of 3.11 trip over it.
                pass
            except Exception:  # noqa: BLE001
                # Whatever a broken client sends ends that client's connection and nothing else.
                _LOG.debug("a client's connection ended", exc_info=True)
            finally:
                self.open.discard(task)
                writer.close()


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
        if not INSTALLED:
            raise UserError(
                "the embedded broker is not installed",
                "install heliotrope[sim], or set mqtt.host to your own broker, "
                "or mqtt.enabled to false",
            )
        for name in ("amqtt", "transitions", "websockets"):
            # They log every packet, and a client that hangs up as an error.
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._broker = TrackedBroker(self._config())
        try:
            await self._broker.start()
        except BrokerError as problem:
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

    def _config(self) -> Any:
        return BrokerConfig(
            listeners={
                "default": ListenerConfig(
                    type=ListenerType.TCP,
                    bind=f"{self.host}:{self.port}",
                    max_connections=MOST_CONNECTIONS,
                )
            },
            plugins={
                f"{__name__}.PasswordPlugin": {
                    "username": self.username,
                    "password": self.password,
                }
            },
        )
