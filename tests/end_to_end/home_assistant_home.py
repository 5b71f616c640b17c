"""A home for the tests: a real engine, Mosquitto and Home Assistant, and what is wrong in it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
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

Progress = Callable[[str], None]
Figures = dict[str, Any]


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
    await settled(home)
    known = await home.entities()
    return {
        "entities": len(known),
        "missing": sorted({e.key for e in ENTITIES} - known.keys()),
        "seconds": round(found, 1),
        "complaints": await complaints(home),
    }


# What Home Assistant says of a broker that was stopped under it, as the restarts do.
BROKER_WENT = (
    ["Error returned from MQTT server: The connection was lost."],
    ["failed to receive on socket: [Errno 104] Connection reset by peer"],
)


async def complaints(home: Home) -> list[str]:
    """Warnings and errors that Home Assistant has logged, but for that its broker went."""
    logged = await home.assistant.complaints()
    return [str(entry["message"]) for entry in logged if entry["message"] not in BROKER_WENT]


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


async def wrong(home: Home) -> list[str]:
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


async def settled(home: Home, limit: float = HANG) -> float:
    """Seconds until nothing is wrong. Raises TimeoutError with what is."""
    begun = time.monotonic()
    while True:
        try:
            problems = await wrong(home)
        except (OSError, aiomqtt.MqttError, RuntimeError) as error:
            problems = [str(error)]
        if not problems:
            return time.monotonic() - begun
        if time.monotonic() - begun > limit:
            raise TimeoutError("; ".join(problems))
        await asyncio.sleep(0.2)
