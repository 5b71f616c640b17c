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
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiomqtt
from home_assistant import HomeAssistant
from mosquitto import Broker, end, eventually

from integrations.homeassistant.entities import ENTITIES
from integrations.homeassistant.entity import Entity

CHECKOUT = Path(__file__).resolve().parents[2]
HANG = 600.0  # s; a guard: a busy machine takes minutes to start Home Assistant
BIRTH = "homeassistant/status"

Progress = Callable[[str], None]
Figures = dict[str, Any]

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


@dataclass
class Engine:
    """The engine as its own process, in its simulated room without sound, on `broker`."""

    folder: Path
    broker: Broker
    name: str = "Kitchen"
    camera: str = "simulated"
    settings: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.folder / "engine.log"

    @property
    def id(self) -> str:
        return (self.folder / "state" / "device.id").read_text().strip()

    @property
    def root(self) -> str:
        return f"{self.broker.base_topic}/{self.id}"

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        clean = {k: v for k, v in os.environ.items() if not k.startswith("HELIOTROPE_")}
        chosen = {
            "STATE_DIR": str(self.folder / "state"),
            "DEVICE__NAME": self.name,
            "CAMERA__SOURCE": self.camera,
            "MICROPHONES__SOURCE": "none",
            "HTTP__PORT": "0",
            "MQTT__HOST": "127.0.0.1",
            "MQTT__PORT": str(self.broker.port),
            "MQTT__USERNAME": "device",
            "MQTT__PASSWORD": self.broker.passwords["device"],
            **self.settings,
        }
        own = {f"HELIOTROPE_{name}": value for name, value in chosen.items()}
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "engine", "run", "--quiet"],
                cwd=CHECKOUT,
                env={**clean, **own},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> None:
        if self.process is not None:
            end(self.process)

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def resident_mb(self) -> float:
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        return int(found[1]) / 1024.0 if found else 0.0


@dataclass
class Home:
    """All three, and what belongs to the device."""

    assistant: HomeAssistant
    engine: Engine

    @property
    def broker(self) -> Broker:
        return self.engine.broker

    @asynccontextmanager
    async def client(self) -> AsyncIterator[aiomqtt.Client]:
        login = {"username": "home", "password": self.broker.passwords["home"]}
        async with aiomqtt.Client("127.0.0.1", self.broker.port, **login) as client:
            yield client

    async def entities(self) -> dict[str, str]:
        """Entity ids by key, of this device, those that are on."""
        known = await self.assistant.entities()
        prefix = f"{self.engine.id}_"
        return {u.removeprefix(prefix): e for u, e in known.items() if u.startswith(prefix)}

    async def states(self) -> dict[str, str]:
        """States by key, of every entity that is enabled."""
        listed = {
            s["entity_id"]: s["state"] for s in await self.assistant.call("GET", "/api/states")
        }
        return {k: listed[e] for k, e in (await self.entities()).items() if e in listed}


def enabled(entity: Entity) -> bool:
    return bool(entity.options.get("enabled_by_default", True))


EXPECTED = {entity.key for entity in ENTITIES if enabled(entity)}


@contextmanager
def home(hass: Path, mosquitto: str, folder: Path) -> Iterator[Home]:
    """A broker, a Home Assistant, and an engine that is not started yet."""
    with Broker(folder / "mosquitto", mosquitto) as broker:
        assistant = HomeAssistant(hass, folder / "homeassistant", broker)
        engine = Engine(folder / "engine", broker)
        try:
            assistant.prepare()
            assistant.start()
            asyncio.run(assistant.onboard())
            yield Home(assistant, engine)
        finally:
            engine.stop()
            assistant.stop()


# ------------------------------------------------------------------ all is there


async def appears(home: Home) -> Figures:
    """From the engine's start until every entity is there; what Home Assistant complains of."""
    begun = time.monotonic()
    home.engine.start()

    async def all_there() -> bool:
        with contextlib.suppress(FileNotFoundError):
            return (await home.states()).keys() >= EXPECTED
        return False

    await eventually(all_there, HANG)
    found = time.monotonic() - begun
    await _settled(home)
    known = await home.entities()
    return {
        "entities": len(known),
        "missing": sorted({e.key for e in ENTITIES} - known.keys()),
        "seconds": round(found, 1),
        "complaints": await complaints(home),
    }


# What Home Assistant says of a broker that was stopped under it, as the restarts do.
BROKER_WENT = "Error returned from MQTT server: The connection was lost."


async def complaints(home: Home) -> list[str]:
    """Warnings and errors that Home Assistant has logged, but for that its broker went."""
    logged = await home.assistant.complaints()
    return [str(entry["message"]) for entry in logged if entry["message"] != [BROKER_WENT]]


async def _told(home: Home) -> dict[str, str]:
    """What the engine says on the broker, by key, and which entities are there."""
    told: dict[str, str] = {}
    async with home.client() as client:
        await client.subscribe(f"{home.engine.root}/state/+")
        await client.subscribe(f"{home.engine.root}/available/+")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                async for message in client.messages:
                    kind, key = str(message.topic).split("/")[-2:]
                    text = bytes(message.payload).decode()  # type: ignore[arg-type]
                    if kind == "available" and text == "offline":
                        told[key] = "unavailable"
                    elif kind == "state":
                        told.setdefault(key, text)
    return told


# What changes by itself from one look to the next, and so cannot be compared between two looks.
RESTLESS = {"heading", "reason", "moving", "people", "primary_bearing", "primary_distance"}
RESTLESS |= {"primary_engagement", "person_in_view", "person_present", "pet_present"}


def _as_shown(text: str) -> str:
    return {"ON": "on", "OFF": "off", "None": "unknown"}.get(text, text)


async def _wrong(home: Home) -> list[str]:
    """Entities that are lost, doubled, stuck, or show another state than the engine tells."""
    told, shown = await _told(home), await home.states()
    known = await home.entities()
    doubled = [f"{k}: {e}" for k, e in known.items() if re.search(r"_\d+$", e)]
    problems = [f"{key}: lost" for key in sorted(EXPECTED - shown.keys())] + doubled
    for key, state in shown.items():
        expected = _as_shown(told[key]) if key in told else None
        if key in RESTLESS:
            if state == "unavailable":
                problems.append(f"{key}: stuck")
        elif expected is not None and expected != state:
            problems.append(f"{key}: {state}, not {expected}")
        elif expected is None and state == "unavailable":
            problems.append(f"{key}: stuck")
    return problems


async def _settled(home: Home, limit: float = HANG) -> float:
    """Seconds until nothing is wrong. Raises TimeoutError with what is."""
    begun = time.monotonic()
    while True:
        try:
            problems = await _wrong(home)
        except (OSError, aiomqtt.MqttError, RuntimeError) as error:
            problems = [str(error)]
        if not problems:
            return time.monotonic() - begun
        if time.monotonic() - begun > limit:
            raise TimeoutError("; ".join(problems))
        await asyncio.sleep(0.2)


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
        async with _until(seconds):
            async for message in messages:
                # What is retained comes because this listens, and not because it is sent.
                resting += not message.retain
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
            await _settled(home)
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
            await _settled(home, 60.0)
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


# ------------------------------------------------------------------- hostile minutes

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
        "wrong": await _wrong(home),
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
