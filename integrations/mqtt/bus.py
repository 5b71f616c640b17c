"""The `Bus` port over a real broker, through aiomqtt; and what a lost one raises.

One connected session. Reconnecting is `life`'s; the meaning of topics is
`device`'s. Credentials go to the broker and nowhere else, least of all a log.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from engine.ports import Message

CONNECT_SECONDS = 5.0
TCP_SECONDS = 1.5
"""A stop waits for a connection attempt under way, so that attempt must be short."""

GOODBYE_SECONDS = 0.5
KEEP_ALIVE_SECONDS = 15

PROMPT = ((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),)
"""An acknowledgement and a state are two small packets: without this the second one waits some
40 ms until the broker's system has acknowledged the first (RFC 896 and RFC 1122, 4.2.3.2)."""
FAILURE = 0x80
"""Codes of MQTT from here on say that something was refused."""

NOBODY_LISTENS = 0x10
MOST_WAITING = 256
"""Messages from the broker that wait to be read; a flood beyond this is dropped."""

LONGEST = 16_384
"""Bytes that are kept of a payload. No command is nearly as long, and `MOST_WAITING` whole
ones of a megabyte would be the memory of a small computer."""

MOST_PACKET = 2 << 20
"""Bytes of a packet that the broker may send at all; MQTT 3.1.1 has no way to say so."""


class BusLost(Exception):
    """The broker cannot be reached or has gone; the message is for people."""


class ProtocolRefused(BusLost):
    """The broker was reached and did not accept this version of MQTT."""


class LoginRefused(BusLost):
    """The broker was reached and did not accept user and password."""


class Refused(Exception):
    """The broker is there and did not take a message or a subscription; for people."""


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is and how to log in. `protocol` is 5, 4 (3.1.1), or None for either."""

    host: str
    port: int
    username: str = ""
    password: str = field(default="", repr=False)
    protocol: int | None = None
    tls: ssl.SSLContext | None = field(default=None, repr=False)


def client_id(device_id: str) -> str:
    """An id no other client has: two with the same one throw each other out without end."""
    return f"heliotrope-{device_id}-{secrets.token_hex(4)}"


class _Inbox(asyncio.Queue[aiomqtt.Message]):
    """Messages that wait, each with no more than the beginning of its payload."""

    def put_nowait(self, item: aiomqtt.Message) -> None:
        if isinstance(item.payload, bytes):
            item.payload = item.payload[:LONGEST]
        super().put_nowait(item)


class _Client(aiomqtt.Client):
    """aiomqtt's, which drops what the broker answers to a message; here it can be asked for.

    `answers`: by message, the codes other than success (MQTT 5, section 3.4.2.1), taken out by
    whoever published it. MQTT 3.1.1 has no such codes.
    """

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._codes: dict[int, ReasonCode] = {}

    def _on_publish(
        self, client: Any, userdata: Any, mid: int, reason_code: ReasonCode, properties: Any
    ) -> None:
        if reason_code.value and mid in self._pending_publishes:
            self._codes[mid] = reason_code
        super()._on_publish(client, userdata, mid, reason_code, properties)

    @contextlib.contextmanager
    def _pending_call(self, mid: int, value: Any, pending_dict: dict[int, Any]) -> Iterator[None]:
        try:
            with super()._pending_call(mid, value, pending_dict):
                yield
        finally:
            code = self._codes.pop(mid, None)
        if code is not None:
            raise _Answer(code)


class _Answer(Exception):
    """What the broker said to a message, other than that all is well."""

    def __init__(self, code: ReasonCode) -> None:
        super().__init__(str(code))
        self.value = int(code.value)


def _limits() -> Properties:
    limits = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    limits.MaximumPacketSize = MOST_PACKET
    return limits


class MqttBus:
    """`Bus` over a connected client. Every call raises BusLost once the connection is gone.

    `publish` and `subscribe` raise Refused where the broker says no; with MQTT 3.1.1 it has no
    word for that to a message, and `publish` always returns True.
    Of a payload over `LONGEST` bytes only the beginning comes.
    """

    def __init__(self, client: _Client) -> None:
        self._client = client

    async def publish(self, message: Message, qos: int = 0) -> bool:
        try:
            await self._client.publish(message.topic, message.payload, qos, message.retain)
        except aiomqtt.MqttError as problem:
            raise BusLost(str(problem)) from None
        except _Answer as answer:
            if answer.value >= FAILURE:
                raise Refused(f"the broker does not take {message.topic} ({answer})") from None
            return answer.value != NOBODY_LISTENS
        return True

    async def subscribe(self, topic_filter: str) -> None:
        try:
            codes = await self._client.subscribe(topic_filter, qos=1)
        except aiomqtt.MqttError as problem:
            raise BusLost(str(problem)) from None
        for code in codes:
            if (code.value if isinstance(code, ReasonCode) else code) >= FAILURE:
                raise Refused(f"the broker does not give {topic_filter} ({code})")

    async def messages(self) -> AsyncIterator[Message]:
        try:
            async for message in self._client.messages:
                payload = message.payload if isinstance(message.payload, bytes) else b""
                yield Message(str(message.topic), payload, message.retain)
        except aiomqtt.MqttError as problem:
            raise BusLost(str(problem)) from None


@asynccontextmanager
async def connected(
    broker: Broker, protocol: int, identifier: str, will: Message | None = None
) -> AsyncIterator[MqttBus]:
    """A session with `broker`. Raises BusLost, or what kind of it is known."""
    client = _Client(
        broker.host,
        broker.port,
        username=broker.username or None,
        password=broker.password or None,
        identifier=identifier,
        protocol=aiomqtt.ProtocolVersion(protocol),
        clean_session=None if protocol == aiomqtt.ProtocolVersion.V5 else True,
        will=aiomqtt.Will(will.topic, will.payload, 1, will.retain) if will else None,
        tls_context=broker.tls,
        timeout=CONNECT_SECONDS,
        keepalive=KEEP_ALIVE_SECONDS,
        queue_type=_Inbox,
        max_queued_incoming_messages=MOST_WAITING,
        socket_options=PROMPT,
        properties=_limits() if protocol == aiomqtt.ProtocolVersion.V5 else None,
    )
    client.pending_calls_threshold = MOST_WAITING
    client._client.connect_timeout = TCP_SECONDS
    entered = False
    try:
        await client.__aenter__()
        entered = True
    except aiomqtt.MqttError as problem:
        raise _why(problem) from None
    except ValueError as problem:
        raise BusLost(f"the broker's address or login is unusable: {problem}") from None
    finally:
        if not entered:
            # aiomqtt leaves the socket of an attempt that failed or was cancelled open.
            client._client.on_disconnect = None
            client._client.disconnect()
    try:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            # `asyncio.wait_for` of Python 3.11 may swallow a cancellation (gh-86296).
            raise asyncio.CancelledError
        yield MqttBus(client)
    finally:
        client.timeout = GOODBYE_SECONDS
        # A connection that is gone already needs no goodbye.
        with contextlib.suppress(aiomqtt.MqttError):
            await client.__aexit__(None, None, None)


def _why(problem: aiomqtt.MqttError) -> BusLost:
    if isinstance(problem, aiomqtt.MqttCodeError):
        code = problem.rc
        value = code.value if isinstance(code, ReasonCode) else code
        # paho gives the codes of 3.1.1 the numbers of MQTT 5: section 3.2.2.2 of version 5.
        if value in {0x84, 1}:
            return ProtocolRefused("the broker does not speak this version of MQTT")
        if value in {0x86, 0x87, 4, 5}:
            return LoginRefused("the broker refused user and password")
        return BusLost(f"the broker refused the connection ({code})")
    if "CERTIFICATE_VERIFY_FAILED" in str(problem):
        return BusLost("the broker's certificate is not trusted; check mqtt.ca_file and mqtt.host")
    if "timed out" in str(problem):
        # Old brokers close the connection, or say nothing, on a version they do not know.
        return ProtocolRefused("the broker did not answer")
    return BusLost(str(problem))
