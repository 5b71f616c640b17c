"""An engine that obeys and remembers, and its device before a real Home Assistant."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from home_assistant import HomeAssistant
from mosquitto import eventually

from engine.core.types import AlarmState, Command, FollowPolicy, Mode, Pace, Reply, WakeWordResponse
from integrations import sample
from integrations.homeassistant.entities import ENTITIES
from integrations.homeassistant.entity import Entity
from integrations.hub import Hub
from integrations.mqtt.bus import Broker
from integrations.mqtt.device import MqttDevice

DEVICE = "smoke"


class Engine:
    """Obeys `follow`, `mode` and `turn`, and remembers everything it was asked."""

    def __init__(self) -> None:
        self.asked: list[Command] = []
        self.hub = Hub(self.ask)
        imagined = sample.at(4.9)
        moments = {"last_alert": time.time() - 3600.0, "next_pan": time.time() + 600.0}
        measures = {**imagined.measures, **moments}
        self.snapshot = replace(imagined, t=time.monotonic(), measures=measures)

    def ask(self, command: Command) -> None:
        self.asked.append(command)
        match command.name, dict(command.arguments):
            case "follow", {"policy": policy}:
                self.show(follow=FollowPolicy(str(policy)))
            case "mode", {"mode": mode}:
                self.show(mode=Mode(str(mode)))
            case "turn", {"heading": heading}:
                self.show(heading=heading)
            case "pace", {"pace": pace}:
                self.show(pace=Pace(str(pace)))
            case "wake_word", {"response": response}:
                self.show(wake_word_response=WakeWordResponse(str(response)))
            case "arm", {"mode": mode}:
                self.show(alarm=AlarmState(f"armed_{mode}"), armed=True)
            case "disarm", _:
                self.show(alarm=AlarmState.DISARMED, armed=False)
            case "presence", {"home": there}:
                self.show(someone_home=there == "on")
        self.hub.answer(Reply(command.source, command.id, ok=True, message=""))

    def show(self, **changes: object) -> None:
        now = time.monotonic()
        self.snapshot = replace(self.snapshot, t=now, **changes)  # type: ignore[arg-type]
        self.hub.publish(self.snapshot)

    def was_asked(self, name: str) -> bool:
        return any(command.name == name for command in self.asked)


@asynccontextmanager
async def device(home: HomeAssistant, engine: Engine) -> AsyncIterator[MqttDevice]:
    """The device on Home Assistant's broker, with no more rights than the docs ask for."""
    broker = home.broker
    login = Broker("127.0.0.1", broker.port, "device", broker.passwords["device"])
    running = MqttDevice(
        login,
        DEVICE,
        "Kitchen",
        base_topic=broker.base_topic,
        happened=engine.hub.happened,
    )
    life = asyncio.ensure_future(running.run(engine.hub.states, engine.hub.submit))
    engine.show()
    try:
        yield running
    finally:
        life.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await life


def shown(entity: Entity) -> bool:
    return bool(entity.options.get("enabled_by_default", True))


async def ids(home: HomeAssistant) -> dict[str, str]:
    """Entity ids by our key, once all of them are there."""

    async def all_there() -> dict[str, str] | None:
        known = await home.entities()
        found = {e.key: known.get(f"{DEVICE}_{e.key}") for e in ENTITIES if shown(e)}
        return {key: str(name) for key, name in found.items()} if all(found.values()) else None

    found: dict[str, str] = await eventually(all_there)
    return found


async def state_is(home: HomeAssistant, entity: str, expected: str) -> None:
    async def there() -> bool:
        return await home.state(entity) == expected

    await eventually(there)
