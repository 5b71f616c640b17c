"""What the embedded broker needs of amqtt: its password, and its connections' ends.

The only module that imports amqtt; `integrations.broker` imports this one when
a broker is started. Importing it without the extra `sim` is an ImportError.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import warnings
from dataclasses import dataclass, field
from typing import Any

with warnings.catch_warnings():
    # Deprecations inside the library are its maintainers' to mend.
    warnings.simplefilter("ignore", DeprecationWarning)
    from amqtt.broker import Broker
    from amqtt.contexts import BaseContext, BrokerConfig, ListenerConfig, ListenerType
    from amqtt.errors import BrokerError
    from amqtt.plugins.base import BaseAuthPlugin
    from amqtt.session import Session

__all__ = ["BrokerError", "PasswordPlugin", "TrackedBroker", "broker"]

_LOG = logging.getLogger(__name__)


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


class TrackedBroker(Broker):  # type: ignore[misc]
    """Remembers its connections, so that a client that never speaks ends with the broker.

    And gives nobody what they did not ask for.
    """

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

    async def _publish_retained_messages_for_subscription(
        self, subscription: tuple[str, int], session: Session
    ) -> None:
        # amqtt 0.12 greets every newcomer with what others have subscribed to.
        subscribers = self._subscriptions.get(subscription[0], ())
        if any(subscriber.client_id == session.client_id for subscriber, _ in subscribers):
            await super()._publish_retained_messages_for_subscription(subscription, session)


def broker(
    host: str, port: int, username: str, password: str, most_connections: int
) -> TrackedBroker:
    """A broker for one user, not started yet."""
    listener = ListenerConfig(
        type=ListenerType.TCP, bind=f"{host}:{port}", max_connections=most_connections
    )
    login = {"username": username, "password": password}
    return TrackedBroker(
        BrokerConfig(listeners={"default": listener}, plugins={f"{__name__}.PasswordPlugin": login})
    )
