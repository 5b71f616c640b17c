"""What a home goes through, done to a real engine, Mosquitto and Home Assistant, and timed.

Every function returns plain figures and raises only where something hangs; what the figures must
be is said by the short test beside this file, and kept by `script/measure home_assistant`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiomqtt
from home_assistant_home import HANG, Figures, Home, Progress, appears, complaints, home, settled
from home_assistant_hostile import hostility

BIRTH = "homeassistant/status"

CALLS: tuple[tuple[str, str, str, str, tuple[Any, ...]], ...] = (
    # domain, service, key of the entity, argument, what to set in turn
    ("switch", "", "follow", "", ("turn_off", "turn_on")),
    ("select", "select_option", "motion", "option", ("chosen", "on_request", "all")),
    ("select", "select_option", "pace", "option", ("gentle", "brisk", "normal")),
    ("select", "select_option", "wake_word_response", "option", ("listen", "off", "turn")),
    ("select", "select_option", "mode", "option", ("manual", "paused", "follow")),
)
SHOWN = {"turn_on": "on", "turn_off": "off"}
PRESSES = ("centre", "stop", "look_around")


# ---------------------------------------------------------------- there and back


async def answers(home: Home, rounds: int) -> Figures:
    """Milliseconds from a service call to the state that it asked for; presses to their reply."""
    names = await home.entities()
    times: list[float] = []
    by_key: dict[str, list[float]] = {}
    async with home.assistant.watching() as watch:
        for _ in range(rounds):
            for domain, service, key, argument, values in CALLS:
                for value in values:
                    name = service or str(value)
                    data = {argument: value} if argument else {}
                    begun = time.monotonic()
                    await watch.service(domain, name, names[key], data)
                    at = await watch.until(names[key], SHOWN.get(value, value), begun, HANG)
                    by_key.setdefault(key, []).append((at - begun) * 1000.0)
    presses = await _presses(home, names, rounds)
    times = [t for found in by_key.values() for t in found]
    return {
        "calls": len(times),
        "median_ms": round(statistics.median(times), 1),
        "p95_ms": round(sorted(times)[int(0.95 * (len(times) - 1))], 1),
        "worst_ms": round(max(times), 1),
        "median_ms_by_entity": {k: round(statistics.median(v), 1) for k, v in by_key.items()},
        "presses": len(presses),
        "press_to_reply_median_ms": round(statistics.median(presses), 1),
    }


async def _presses(home: Home, names: dict[str, str], rounds: int) -> list[float]:
    times = []
    async with home.client() as client, home.assistant.watching() as watch:
        await client.subscribe(f"{home.engine.root}/reply")
        await client.subscribe(f"{home.engine.root}/error")
        for _ in range(rounds):
            for key in PRESSES:
                begun = time.monotonic()
                await watch.service("button", "press", names[key], {})
                async with asyncio.timeout(HANG):
                    async for message in client.messages:
                        body = json.loads(bytes(message.payload))  # type: ignore[arg-type]
                        if body["id"] == f"set/{key}":
                            break
                times.append((time.monotonic() - begun) * 1000.0)
    return times


# ----------------------------------------------------------------------- traffic


async def traffic(home: Home, seconds: float, looks: int) -> Figures:
    """Messages a second that the device sends: at rest with people about, and while it turns."""
    resting, turning, moved = 0, list[float](), False
    async with home.client() as client:
        await _set(client, home, "mode", "paused")
        await asyncio.sleep(5.0)
        await client.subscribe(f"{home.engine.root}/#")
        messages = client.messages
        for _ in range(3):
            resting, introduced = 0, False
            async with _until(seconds):
                async for message in messages:
                    # What is retained comes because this listens, and not because it is sent.
                    resting += not message.retain
                    met = str(message.topic) == f"{home.engine.root}/availability"
                    introduced = introduced or (met and not message.retain)
            # Home Assistant said that it is up, and was told everything once: that is no rest.
            if not introduced:
                break
        for look in range(looks + 3):
            # A busy computer may take longer than this listens: it is asked again.
            if look >= looks and moved:
                break
            await _set(client, home, "mode", "manual")
            await _set(client, home, "look_around", "PRESS")
            async with _until(12.0):
                async for message in messages:
                    topic = str(message.topic)
                    moved = moved or (topic.endswith("/moving") and message.payload == b"ON")
                    if topic.endswith("/state/heading"):
                        turning.append(time.monotonic())
        await _set(client, home, "mode", "follow")
    return {
        "at_rest_per_second": round(resting / seconds, 2),
        "headings": len(turning),
        "most_headings_in_a_second": most_in_a_second(turning),
        "turned": moved,
    }


def most_in_a_second(times: list[float]) -> int:
    """The most of ascending `times` that lie within one second of each other."""
    return max((sum(t <= other < t + 1.0 for other in times) for t in times), default=0)


@asynccontextmanager
async def _until(seconds: float) -> AsyncIterator[None]:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            yield


async def _set(client: aiomqtt.Client, home: Home, key: str, value: str) -> None:
    await client.publish(f"{home.engine.root}/set/{key}", value, qos=1)


# --------------------------------------------------------------- the engine's end


async def sudden_ends(home: Home, times: int) -> Figures:
    """kill -9: seconds until it is unavailable, and from the next start until it is back."""
    names = await home.entities()
    gone, back = [], []
    for _ in range(times):
        async with home.assistant.watching() as watch:
            begun = time.monotonic()
            home.engine.kill()
            gone.append(await watch.until(names["follow"], "unavailable", begun, HANG) - begun)
            begun = time.monotonic()
            home.engine.start()
            back.append(await watch.until(names["follow"], "on", begun, HANG) - begun)
            await settled(home)
    return {
        "times": times,
        "unavailable_after_s": {"median": _median(gone), "worst": round(max(gone), 2)},
        "back_after_s": {"median": _median(back), "worst": round(max(back), 2)},
    }


def _median(values: list[float]) -> float:
    return round(statistics.median(values), 2)


# ---------------------------------------------------------------------- restarts


async def restarts(home: Home, times: int, seed: int, progress: Progress) -> Figures:
    """Home Assistant, the broker, or both, in any order; what is wrong 10 s after the birth."""
    rng = random.Random(seed)
    order = [rng.choice(("home assistant", "broker", "both")) for _ in range(times)]
    right: list[float] = []
    wrong: list[str] = []
    known = await home.entities()
    paces = ("gentle", "brisk", "normal")
    for index, which in enumerate(order):
        progress(f"restart {index + 1} of {times}: {which}")
        begun = await _restart(home, which, paces[index % 3])
        try:
            await settled(home, 60.0)
        except TimeoutError as error:
            wrong.append(f"{index + 1} ({which}): {error}")
            continue
        right.append(time.monotonic() - begun)
        now = await home.entities()
        if now != known:
            wrong.append(f"{index + 1} ({which}): other entities")
        if (await home.states())["pace"] != paces[index % 3]:
            wrong.append(f"{index + 1} ({which}): an old state")
    return {
        "order": order,
        "seed": seed,
        "wrong": wrong,
        "right_after_birth_s": {"median": _median(right), "worst": round(max(right), 2)},
    }


async def _restart(home: Home, which: str, pace: str) -> float:
    """Do it, with something changing meanwhile; returns when Home Assistant said that it is up."""
    if which != "broker":
        await asyncio.to_thread(home.assistant.stop)
    if which != "home assistant":
        await asyncio.to_thread(home.broker.stop)
        await asyncio.to_thread(home.broker.start)
    async with home.client() as client:
        await client.subscribe(BIRTH)
        await client.subscribe(f"{home.engine.root}/state/pace")
        starting = asyncio.ensure_future(_up(home, which))
        asking = asyncio.ensure_future(_ask(client, home, pace))
        born, heard = 0.0, False
        async with asyncio.timeout(HANG):
            async for message in client.messages:
                if str(message.topic) == BIRTH and message.payload == b"online":
                    born = time.monotonic()
                heard = heard or message.payload == pace.encode()
                if heard:
                    asking.cancel()
                if born and heard:
                    break
        await starting
    return born


async def _ask(client: aiomqtt.Client, home: Home, pace: str) -> None:
    """The change, until the engine is back to hear of it."""
    while True:
        await client.publish(f"{home.engine.root}/set/pace", pace, qos=1)
        await asyncio.sleep(0.3)


async def _up(home: Home, which: str) -> None:
    if which != "broker":
        await asyncio.to_thread(home.assistant.start)
        await home.assistant.running()


# ----------------------------------------------------------------------- all of it


def measure(_data: Path | None, progress: Progress) -> Figures:
    """Everything, at the size that the targets ask for."""
    hass = Path(os.environ.get("HELIOTROPE_WORK") or Path.home() / ".cache" / "heliotrope-test")
    hass = hass / "homeassistant" / "venv" / "bin" / "hass"
    mosquitto = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
    if not hass.exists() or mosquitto is None:
        raise RuntimeError("run script/get-home-assistant, and apt install mosquitto")
    with tempfile.TemporaryDirectory() as place:
        progress("Home Assistant starts")
        with home(hass, mosquitto, Path(place)) as all_three:
            return asyncio.run(_measure(all_three, progress))


async def _measure(home: Home, progress: Progress) -> Figures:
    figures: Figures = {"appears": await appears(home)}
    progress("service calls")
    figures["answers"] = await answers(home, 10)
    progress("traffic")
    figures["traffic"] = await traffic(home, 60.0, 3)
    progress("kill -9")
    figures["sudden_ends"] = await sudden_ends(home, 10)
    figures["restarts"] = await restarts(home, 20, 20261, progress)
    progress("two hostile minutes")
    figures["hostility"] = await hostility(home, 120.0, 20262)
    figures["complaints_at_the_end"] = await complaints(home)
    return figures
