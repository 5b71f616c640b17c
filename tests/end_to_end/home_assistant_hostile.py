"""Whoever may write to the broker and means no good: what comes of it in a real home."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time

from home_assistant_home import HANG, RESTLESS, Figures, Home, wrong

from integrations.homeassistant.entities import ENTITIES

NEARLY = (
    b"",
    b"ON ",
    b"on",
    b"press",
    b"NaN",
    b"1e999",
    b"+-0",
    b'{"name":"stop","x":1}',
    b"{}",
    b"[",
)
ANY_TEXT = "set/message"
"""The one topic on which a line of text is no attack, whatever it says."""


async def hostility(home: Home, seconds: float, seed: int) -> Figures:
    """Random topics, sizes to 1 MB, no UTF-8: what changed, what was obeyed, what it cost.

    Nothing that is sent is a command, so that whatever is obeyed beside a text for the screen
    is a fault of the engine.
    """
    rng = random.Random(seed)
    at_rest = await _warm(home)
    before, heavy = await home.states(), home.engine.resident_mb()
    sent, refused, obeyed = 0, 0, set[str]()
    keys = [entity.key for entity in ENTITIES if entity.command] + ["nonsense", "ä", "x" * 200]
    async with home.client() as client:
        await client.subscribe(f"{home.engine.root}/error")
        await client.subscribe(f"{home.engine.root}/reply")

        async def count() -> None:
            nonlocal refused
            async for message in client.messages:
                body = json.loads(bytes(message.payload))  # type: ignore[arg-type]
                refused += not body["ok"]
                if body["ok"] and body["id"] != ANY_TEXT:
                    obeyed.add(body["id"])

        counting = asyncio.ensure_future(count())
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            topic = rng.choice(
                (
                    f"{home.engine.root}/command",
                    f"{home.engine.root}/set/{rng.choice(keys)}",
                    f"{home.engine.root}/{rng.randbytes(4).hex()}/x",
                    f"{home.broker.base_topic}/{rng.randbytes(3).hex()}/command",
                )
            )
            await client.publish(topic, _hostile(rng), qos=rng.choice((0, 1)))
            sent += 1
            await asyncio.sleep(0.01)
        await asyncio.sleep(2.0)
        counting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await counting
    after = await home.states()
    changed = {k for k in before.keys() | after.keys() if before.get(k) != after.get(k)}
    return {
        "seconds": seconds,
        "sent": sent,
        "answered_as_errors": refused,
        "obeyed": sorted(obeyed),
        "changed": sorted(changed - RESTLESS),
        "unavailable": sorted(k for k in RESTLESS if after.get(k) == "unavailable"),
        "alive": home.engine.alive,
        "resident_mb": round(heavy, 1),
        "grown_mb": round(home.engine.resident_mb() - heavy, 1),
        "grown_at_rest_before_mb": round(at_rest, 1),
        "wrong": await wrong(home),
    }


async def _warm(home: Home) -> float:
    """Wait until the engine uses its camera and has stopped to grow; the growth of the last look.

    A start's own memory (networks, the first picture) would pass for an attack's.
    """
    look = 10.0
    async with asyncio.timeout(HANG):
        while True:
            in_use = (await home.states())["camera_in_use"] == "on"
            before = home.engine.resident_mb()
            await asyncio.sleep(look if home.engine.camera != "none" else look / 10.0)
            grown = home.engine.resident_mb() - before
            if grown < 1.0 and (in_use or home.engine.camera == "none"):
                return grown


def _hostile(rng: random.Random) -> bytes:
    kind = rng.random()
    if kind < 0.2:
        return rng.choice(NEARLY)
    if kind < 0.25:
        return rng.randbytes(rng.randint(1, 1_000_000))
    if kind < 0.3:
        return b"[" * rng.randint(1, 100_000)
    if kind < 0.4:
        return json.dumps({"id": rng.random(), "name": "turn", "arguments": {}}).encode()
    # Never text: by chance that would be a number, and a number is a heading.
    return rng.randbytes(rng.randint(0, 200)) + b"\xff"
