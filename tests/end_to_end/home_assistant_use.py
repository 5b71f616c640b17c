"""What people do in Home Assistant with the entities of an engine, and what they then see there."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import aiohttp
import cv2
import numpy as np
from home_assistant_home import Home
from mosquitto import eventually

LIMIT = 240.0  # s; a guard: somebody comes into either simulated room within two minutes


async def call(home: Home, domain: str, name: str, key: str, **data: object) -> None:
    entity = (await home.entities())[key]
    await home.assistant.service(domain, name, entity_id=entity, **data)


async def state(home: Home, key: str) -> dict[str, Any]:
    entity = (await home.entities())[key]
    found: dict[str, Any] = await home.assistant.call("GET", f"/api/states/{entity}")
    return found


async def comes(home: Home, key: str, *expected: str) -> str:
    async def there() -> str | None:
        now = str((await state(home, key))["state"])
        return now if now in expected else None

    return str(await eventually(there, LIMIT))


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@asynccontextmanager
async def errors(home: Home) -> AsyncIterator[list[str]]:
    """What the device answers as errors inside the block."""
    said: list[str] = []
    async with home.client() as client:
        await client.subscribe(f"{home.engine.root}/error")

        async def listen() -> None:
            async for message in client.messages:
                answer = json.loads(bytes(message.payload))  # type: ignore[arg-type]
                said.append(answer["message"])

        listening = asyncio.ensure_future(listen())
        yield said
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


def shows_something(picture: bytes) -> bool:
    """Whether it is a JPEG of a room and not of the dark."""
    pixels = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    return pixels is not None and float(np.std(pixels)) > 10.0


async def still(home: Home, key: str, proxy: str) -> bytes:
    """The picture that Home Assistant shows of an entity."""
    entity = (await home.entities())[key]
    token = (await state(home, key))["attributes"]["access_token"]
    url = f"{home.assistant.url}/api/{proxy}/{entity}?token={token}"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.read()


async def snapshot(home: Home, token: str) -> dict[str, Any]:
    """The state that the page shows."""
    headers = {"Authorization": f"Bearer {token}"}
    url = f"http://127.0.0.1:{home.engine.settings['HTTP__PORT']}/events"
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.get(url) as answer,
    ):
        assert answer.status == 200
        line = await answer.content.readline()
        found: dict[str, Any] = json.loads(line.removeprefix(b"data: "))
        return found


async def command(home: Home, name: str, **arguments: object) -> None:
    """What no entity of Home Assistant's asks for."""
    body = json.dumps({"name": name, "arguments": arguments})
    async with home.client() as client:
        await client.publish(f"{home.engine.root}/command", body, qos=1)


async def shutter(home: Home, to: str) -> None:
    await command(home, "shutter", state=to)


async def frames(stream: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """The JPEGs of an MJPEG stream, until it ends."""
    data = b""
    while chunk := await stream.readany():
        data += chunk
        while (end := data.find(b"\xff\xd9")) >= 0:
            yield data[data.find(b"\xff\xd8") : end + 2]
            data = data[end + 2 :]
